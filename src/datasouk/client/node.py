"""A node's REST interface, plain and blocking, with the standard library alone: for sensors, scripts and notebooks.

The calls are those of `datasouk.market.ports.Node` by name, and what they check is the same: see
`datasouk.ledger.calls`. One connection is kept open between calls; a client is for one thread at a time.

    with NodeClient("http://127.0.0.1:14265") as node:
        message_id = node.submit_data(b"my index", b"21.5")
        node.wait_included(message_id, timeout_seconds=30)
"""

import http.client
import io
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

from datasouk import __version__
from datasouk.ledger import Address, Indexation, Message, OutputType, Payload, calls
from datasouk.ledger.answers import (
    Balance,
    MessageMetadata,
    MilestoneInfo,
    NodeInfo,
    NodeTimeout,
    NodeUnavailable,
    NotInLedger,
    OutputState,
)
from datasouk.ledger.calls import MAX_ANSWER_BYTES, Call, NodeAddress
from datasouk.ledger.inclusion_path import InclusionPath

__all__ = ["NodeClient"]

T = TypeVar("T")
_CONNECT_SECONDS = 10.0
_CHUNK_BYTES = 65_536


class NodeClient:
    """A node behind a URL.

    Args:
        url: Such as "http://127.0.0.1:14265". Proxies that the environment names are not used.
        timeout_seconds: For a whole request; proof of work, which the node does for us, may take long.
        coordinator_keys: The keys of the network's coordinator, 32 bytes each, if they are known beforehand.

    Raises:
        ValueError: The URL is not one of a node.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 60.0, coordinator_keys: Sequence[bytes] = ()) -> None:
        self._address = NodeAddress.from_url(url)
        self._timeout_seconds = timeout_seconds
        self._coordinator_keys = tuple(coordinator_keys)
        self._deadline = 0.0
        kind = http.client.HTTPSConnection if self._address.is_encrypted else http.client.HTTPConnection
        self._connection = kind(self._address.host, self._address.port, timeout=min(timeout_seconds, _CONNECT_SECONDS))
        self._connection.response_class = self._make_response  # type: ignore[assignment]

    def __enter__(self) -> Self:
        """Nothing to do: the connection is made when it is needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        self._connection.close()

    def info(self) -> NodeInfo:
        """The state of the node and of its network."""
        return self._do(calls.info())

    def submit(self, payload: Payload | None, *, parents: Sequence[bytes] | None = None) -> bytes:
        """Attach a payload; returns the message id once the message was read back and is the right one.

        Raises:
            NodeRefused: Against the rules of the ledger, too long, or with unknown parents.
            NodeUnavailable: The node cannot be reached, is overloaded, or does not do what it says.
        """
        message_id = self._do(calls.submit(payload, parents=parents))
        try:
            found = self.message(message_id)
        except NotInLedger as error:
            raise NodeUnavailable("the node does not know the message that it says it has attached") from error
        calls.check_attached(found, payload, parents=parents)
        return message_id

    def submit_data(self, index: bytes, data: bytes) -> bytes:
        """Attach data under an index; returns the message id.

        Args:
            index: 1 to 64 bytes.
            data: At most about 32,600 bytes.

        Raises:
            OutOfRange: A length is outside its limits.
            NodeRefused, NodeUnavailable: As for `submit`.
        """
        return self.submit(Indexation(index, data))

    def message(self, message_id: bytes) -> Message:
        """A message by its id."""
        return self._do(calls.message(message_id))

    def raw(self, message_id: bytes) -> bytes:
        """A message's bytes."""
        return self._do(calls.raw(message_id))

    def find(self, index: bytes) -> list[bytes]:
        """Ids of the messages that carry this index, as many as the node is willing to list."""
        return self._do(calls.find(index))

    def metadata(self, message_id: bytes) -> MessageMetadata:
        """What the node knows about a message beside its content."""
        return self._do(calls.metadata(message_id))

    def children(self, message_id: bytes) -> list[bytes]:
        """Ids of the messages that have this one as a parent."""
        return self._do(calls.children(message_id))

    def milestone(self, index: int) -> MilestoneInfo:
        """A milestone by its index."""
        return self._do(calls.milestone(index))

    def output(self, output_id: bytes) -> OutputState:
        """An output, spent or not."""
        return self._do(calls.output(output_id))

    def outputs(
        self, address: Address, *, include_spent: bool = False, output_type: OutputType | None = None
    ) -> list[bytes]:
        """Ids of an address's outputs, unspent ones first."""
        return self._do(calls.outputs(address, include_spent=include_spent, output_type=output_type))

    def balance(self, address: Address) -> Balance:
        """What an address holds."""
        return self._do(calls.balance(address))

    def inclusion_path(self, message_id: bytes) -> InclusionPath:
        """Proof that a message is in the ledger, not yet verified; only datasouk's own nodes give it."""
        return self._do(calls.inclusion_path(message_id))

    def wait_included(self, message_id: bytes, *, timeout_seconds: float) -> MessageMetadata:
        """Ask again and again until a milestone references the message; a node that is away for a while is no failure.

        Raises:
            NodeTimeout: No milestone has, yet.
            NodeUnavailable: The node could not be reached the last time either.
            NotInLedger: The node does not know the message.
        """
        end = time.monotonic() + timeout_seconds
        for delay in calls.poll_delays():
            trouble: NodeUnavailable | None = None
            try:
                found = self.metadata(message_id)
                if found.referenced_by is not None:
                    return found
            except NodeUnavailable as error:
                trouble = error
            left = end - time.monotonic()
            if left <= 0:
                raise trouble or NodeTimeout(
                    f"no milestone references {message_id.hex()} after {timeout_seconds} seconds"
                )
            time.sleep(min(delay, left))
        raise AssertionError("the delays never end")

    def reattach(self, message_id: bytes) -> bytes:
        """Attach the same payload once more, with new parents; returns the new message's id."""
        return self.submit(self.message(message_id).payload)

    def coordinator_keys(self) -> tuple[bytes, ...]:
        """The keys with which this network's milestones are signed.

        Those given to the constructor if there are any. Otherwise those that the node's latest milestone names, which
        is the node's own word: who relies on proofs gets the keys from somewhere else.
        """
        if self._coordinator_keys:
            return self._coordinator_keys
        latest = self.milestone(self.info().latest_milestone_index)
        return calls.read_coordinator_keys(self.message(latest.message_id))

    def _do(self, call: Call[T]) -> T:
        if self._is_stale():
            self._connection.close()
        is_first_try_on_kept_connection = self._connection.sock is not None and call.method == "GET"
        try:
            try:
                status, body = self._exchange(call)
            except (http.client.HTTPException, ConnectionError):
                if not is_first_try_on_kept_connection:
                    raise
                self._connection.close()
                status, body = self._exchange(call)
        except TimeoutError as error:
            self._connection.close()
            raise NodeUnavailable(f"the node did not answer within {self._timeout_seconds} seconds") from error
        except (http.client.HTTPException, OSError) as error:
            self._connection.close()
            raise NodeUnavailable(f"the node cannot be reached: {str(error) or type(error).__name__}") from error
        except BaseException:
            self._connection.close()  # Half an answer may be left in it.
            raise
        return call.answer(status, body)

    def _exchange(self, call: Call[T]) -> tuple[int, bytes]:
        self._deadline = time.monotonic() + self._timeout_seconds
        headers = {"accept": "*/*", "accept-encoding": "identity", "user-agent": f"datasouk/{__version__}"}
        if call.body is not None:
            headers["content-type"] = "application/json"
        if self._connection.sock is not None:
            self._connection.sock.settimeout(self._timeout_seconds)  # What the last answer left is too short.
        self._connection.request(call.method, self._address.prefix + call.path, call.body, headers)
        with self._connection.getresponse() as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise NodeUnavailable("the node compresses its answers, which it was asked not to do")
            body = bytearray()
            while chunk := response.read1(_CHUNK_BYTES):
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise NodeUnavailable(f"the node's answer is longer than {MAX_ANSWER_BYTES} bytes")
            return response.status, bytes(body)

    def _is_stale(self) -> bool:
        """Whether the node has closed the connection, or sends what nobody asked for."""
        sock = self._connection.sock
        if sock is None:
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            return bool(selector.select(0))

    def _make_response(self, sock: socket.socket, **options: Any) -> http.client.HTTPResponse:
        timed: Any = _TimedSocket(sock, lambda: self._deadline)
        return http.client.HTTPResponse(timed, **options)


class _TimedSocket:
    """What `http.client` reads an answer from, with one deadline for all of it; its own time-out is for each read."""

    def __init__(self, sock: socket.socket, deadline: Callable[[], float]) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        """A file over the socket."""
        return io.BufferedReader(_TimedReader(self._sock, self._deadline))


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Callable[[], float]) -> None:
        super().__init__()
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline() - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)
