"""Another node, reached by its REST interface.

Implements the `Node` interface of `datasouk.market.ports` for any Chrysalis node: HORNET, bee, or datasouk's own in
another process. The node need not be trusted: see `datasouk.ledger.calls` for what is checked.
"""

import asyncio
from collections.abc import Sequence
from typing import Self, TypeVar

import httpx2

from datasouk import __version__
from datasouk.ledger import Address, Message, OutputType, Payload, calls
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

__all__ = ["ExternalNode"]

T = TypeVar("T")
_CONNECT_SECONDS = 5.0
_MAX_CONNECTIONS = 64
_ATTEMPTS = 2  # A connection that was kept open may turn out to be closed, once.


class ExternalNode:
    """A node behind a URL.

    Args:
        url: Such as "http://127.0.0.1:14265".
        coordinator_keys: The keys of the network's coordinator, 32 bytes each, if they are known beforehand.
        timeout_seconds: For a whole request; proof of work, which the node does for us, may take long.
        transport: Another way to reach the node, for tests.

    Raises:
        ValueError: The URL is not one of a node.
    """

    def __init__(
        self,
        url: str,
        *,
        coordinator_keys: Sequence[bytes] = (),
        timeout_seconds: float = 60.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        address = NodeAddress.from_url(url)
        self._prefix = address.prefix
        self._coordinator_keys = tuple(coordinator_keys)
        self._timeout_seconds = timeout_seconds
        self._http = httpx2.AsyncClient(
            base_url=address.origin,
            # Whoever compresses may send a kilobyte that grows to a megabyte; and hexadecimal digits are cheap.
            headers={"accept-encoding": "identity", "user-agent": f"datasouk/{__version__}"},
            timeout=httpx2.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds)),
            limits=httpx2.Limits(max_connections=_MAX_CONNECTIONS, max_keepalive_connections=_MAX_CONNECTIONS),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        """Nothing to do: connections are made when they are needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def info(self) -> NodeInfo:
        """The state of the node and of its network."""
        return await self._do(calls.info())

    async def submit(self, payload: Payload | None, *, parents: Sequence[bytes] | None = None) -> bytes:
        """Attach a payload; returns the message id once the message was read back and is the right one."""
        message_id = await self._do(calls.submit(payload, parents=parents))
        try:
            found = await self.message(message_id)
        except NotInLedger as error:
            raise NodeUnavailable("the node does not know the message that it says it has attached") from error
        calls.check_attached(found, payload, parents=parents)
        return message_id

    async def message(self, message_id: bytes) -> Message:
        """A message by its id."""
        return await self._do(calls.message(message_id))

    async def raw(self, message_id: bytes) -> bytes:
        """A message's bytes."""
        return await self._do(calls.raw(message_id))

    async def find(self, index: bytes) -> list[bytes]:
        """Ids of the messages that carry this index, as many as the node is willing to list."""
        return await self._do(calls.find(index))

    async def metadata(self, message_id: bytes) -> MessageMetadata:
        """What the node knows about a message beside its content."""
        return await self._do(calls.metadata(message_id))

    async def children(self, message_id: bytes) -> list[bytes]:
        """Ids of the messages that have this one as a parent."""
        return await self._do(calls.children(message_id))

    async def milestone(self, index: int) -> MilestoneInfo:
        """A milestone by its index."""
        return await self._do(calls.milestone(index))

    async def output(self, output_id: bytes) -> OutputState:
        """An output, spent or not."""
        return await self._do(calls.output(output_id))

    async def outputs(
        self, address: Address, *, include_spent: bool = False, output_type: OutputType | None = None
    ) -> list[bytes]:
        """Ids of an address's outputs, unspent ones first."""
        return await self._do(calls.outputs(address, include_spent=include_spent, output_type=output_type))

    async def balance(self, address: Address) -> Balance:
        """What an address holds."""
        return await self._do(calls.balance(address))

    async def inclusion_path(self, message_id: bytes) -> InclusionPath:
        """Proof that a message is in the ledger, not yet verified; only datasouk's own nodes give it."""
        return await self._do(calls.inclusion_path(message_id))

    async def wait_included(self, message_id: bytes, *, timeout_seconds: float) -> MessageMetadata:
        """Ask again and again until a milestone references the message; a node that is away for a while is no failure.

        Raises:
            NodeTimeout: No milestone has, yet.
            NodeUnavailable: The node could not be reached the last time either.
            NotInLedger: The node does not know the message.
        """
        end = asyncio.get_running_loop().time() + timeout_seconds
        for delay in calls.poll_delays():
            trouble: NodeUnavailable | None = None
            try:
                found = await self.metadata(message_id)
                if found.referenced_by is not None:
                    return found
            except NodeUnavailable as error:
                trouble = error
            left = end - asyncio.get_running_loop().time()
            if left <= 0:
                raise trouble or NodeTimeout(
                    f"no milestone references {message_id.hex()} after {timeout_seconds} seconds"
                )
            await asyncio.sleep(min(delay, left))
        raise AssertionError("the delays never end")

    async def reattach(self, message_id: bytes) -> bytes:
        """Attach the same payload once more, with new parents; returns the new message's id."""
        return await self.submit((await self.message(message_id)).payload)

    async def coordinator_keys(self) -> tuple[bytes, ...]:
        """The keys with which this network's milestones are signed.

        Those given to the constructor if there are any. Otherwise those that the node's latest milestone names, which
        is the node's own word: it proves nothing about this node, but fixes what it must keep to from now on. Who
        relies on proofs gets the keys from somewhere else.
        """
        if self._coordinator_keys:
            return self._coordinator_keys
        latest = await self.milestone((await self.info()).latest_milestone_index)
        return calls.read_coordinator_keys(await self.message(latest.message_id))

    async def _do(self, call: Call[T]) -> T:
        attempts = _ATTEMPTS if call.method == "GET" else 1
        while True:
            attempts -= 1
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    status, body = await self._exchange(call)
                break
            except (TimeoutError, httpx2.TimeoutException) as error:
                raise NodeUnavailable(f"the node did not answer within {self._timeout_seconds} seconds") from error
            except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
                if not attempts or isinstance(error, httpx2.ConnectError):
                    raise NodeUnavailable(
                        f"the node cannot be reached: {str(error) or type(error).__name__}"
                    ) from error
        return call.answer(status, body)

    async def _exchange(self, call: Call[T]) -> tuple[int, bytes]:
        headers = {"content-type": "application/json"} if call.body is not None else {}
        body = bytearray()
        async with self._http.stream(
            call.method, f"{self._prefix}{call.path}", content=call.body, headers=headers
        ) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise NodeUnavailable("the node compresses its answers, which it was asked not to do")
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise NodeUnavailable(f"the node's answer is longer than {MAX_ANSWER_BYTES} bytes")
            return response.status_code, bytes(body)
