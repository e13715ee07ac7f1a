"""What to ask a node, and how to read what it answers: REST without input or output.

A `Call` says what to send and turns the answer into a value or an error; whoever has it does the sending, with whatever
HTTP client fits: `datasouk.node.external` and `datasouk.client.node` do.

The node may be anybody's, so its answers are hostile: their length is limited, messages must hash to the id that was
asked for, and every answer must be about what was asked. What does not fit is a `NodeUnavailable`, since the same call
to an honest node would have worked.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar
from urllib.parse import quote, urlsplit

from datasouk.ledger.address import Address
from datasouk.ledger.answers import (
    Balance,
    MessageMetadata,
    MilestoneInfo,
    NodeError,
    NodeInfo,
    NodeRefused,
    NodeUnavailable,
    NotInLedger,
    OutputState,
)
from datasouk.ledger.answers_json import (
    balance_from_json,
    ids_from_json,
    info_from_json,
    metadata_from_json,
    milestone_from_json,
    output_state_from_json,
)
from datasouk.ledger.binary import U32_MAX, require_length, require_range
from datasouk.ledger.digest import DIGEST_BYTES
from datasouk.ledger.errors import FieldsDisagree, FormatError
from datasouk.ledger.inclusion_path import InclusionPath
from datasouk.ledger.indexation import MAX_INDEX_BYTES
from datasouk.ledger.json import payload_to_json
from datasouk.ledger.json_reader import MAX_JSON_BYTES, JsonObject, parse_json
from datasouk.ledger.message import MAX_MESSAGE_BYTES, Message, Payload, compute_message_id
from datasouk.ledger.milestone import Milestone
from datasouk.ledger.outputs import OUTPUT_ID_BYTES, OutputType, make_output_id, split_output_id

__all__ = [
    "MAX_ANSWER_BYTES",
    "Call",
    "NodeAddress",
    "balance",
    "check_attached",
    "children",
    "find",
    "inclusion_path",
    "info",
    "message",
    "metadata",
    "milestone",
    "output",
    "outputs",
    "poll_delays",
    "raw",
    "read_coordinator_keys",
    "submit",
]

T = TypeVar("T")
MAX_ANSWER_BYTES = MAX_JSON_BYTES
_API = "/api/v1"
_MAX_ERROR_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and the way to read its answer.

    Attributes:
        method: GET or POST.
        path: Path and query, ASCII.
        body: JSON to send; None for GET.
        kind: What is looked up, for `NotInLedger`; empty if nothing is.
        name: Its name.
        read: From the body of an answer with a status of success to the value.
    """

    method: str
    path: str
    read: Callable[[bytes], T]
    kind: str = ""
    name: str = ""
    body: bytes | None = None

    def answer(self, status: int, body: bytes) -> T:
        """Read an answer.

        Args:
            status: The HTTP status.
            body: At most `MAX_ANSWER_BYTES`; whoever reads it from the net sees to that.

        Raises:
            NotInLedger: The node does not know what was asked for.
            NodeRefused: It will never take this.
            NodeUnavailable: It is not healthy or overloaded, or its answer makes no sense.
        """
        if not 200 <= status < 300:
            raise self._error(status, body)
        try:
            return self.read(body)
        except FormatError as error:
            raise NodeUnavailable(f"the node's answer to {self.method} {self.path} makes no sense: {error}") from error

    def _error(self, status: int, body: bytes) -> NodeError:
        text = f"the node answered {status}{_error_text(body)}"
        if status == 404 and self.kind:
            return NotInLedger(self.kind, self.name)
        if status in (400, 403, 405, 413, 415, 422):
            return NodeRefused(text)
        return NodeUnavailable(text)


def info() -> Call[NodeInfo]:
    """The state of the node and of its network."""
    return Call("GET", f"{_API}/info", lambda body: info_from_json(_data(body)))


def submit(payload: Payload | None, *, parents: Sequence[bytes] | None = None) -> Call[bytes]:
    """Attach a payload; the answer is the id that the node claims, which `raw` proves."""
    fields: dict[str, object] = {} if payload is None else {"payload": payload_to_json(payload)}
    if parents:
        fields["parentMessageIds"] = [parent.hex() for parent in sorted(set(parents))]
    body = json.dumps(fields).encode()

    def read(answer: bytes) -> bytes:
        return JsonObject(_data(answer)).hex("messageId", length=DIGEST_BYTES)

    return Call("POST", f"{_API}/messages", read, body=body)


def raw(message_id: bytes) -> Call[bytes]:
    """A message's bytes, which hash to the id."""
    require_length("message id", message_id, DIGEST_BYTES)

    def read(answer: bytes) -> bytes:
        require_range("message length", len(answer), 0, MAX_MESSAGE_BYTES)
        if compute_message_id(answer) != message_id:
            raise FieldsDisagree("message", f"is another one than {message_id.hex()}")
        return answer

    return _look_up("message", message_id.hex(), f"messages/{message_id.hex()}/raw", read)


def message(message_id: bytes) -> Call[Message]:
    """A message by its id."""
    bytes_call = raw(message_id)
    return _look_up(
        bytes_call.kind,
        bytes_call.name,
        f"messages/{message_id.hex()}/raw",
        lambda answer: Message.from_bytes(bytes_call.read(answer)),
    )


def find(index: bytes) -> Call[list[bytes]]:
    """Ids of the messages that carry an index."""
    require_range("index length", len(index), 1, MAX_INDEX_BYTES)

    def read(answer: bytes) -> list[bytes]:
        fields = _data(answer)
        _require_same("index", JsonObject(fields).hex("index"), index)
        return ids_from_json(fields, "messageIds", length=DIGEST_BYTES)

    return Call("GET", f"{_API}/messages?index={index.hex()}", read)


def metadata(message_id: bytes) -> Call[MessageMetadata]:
    """What the node knows about a message beside its content."""
    require_length("message id", message_id, DIGEST_BYTES)

    def read(answer: bytes) -> MessageMetadata:
        found = metadata_from_json(_data(answer))
        _require_same("messageId", found.message_id, message_id)
        return found

    return _look_up("message", message_id.hex(), f"messages/{message_id.hex()}/metadata", read)


def children(message_id: bytes) -> Call[list[bytes]]:
    """Ids of the messages that have this one as a parent."""
    require_length("message id", message_id, DIGEST_BYTES)

    def read(answer: bytes) -> list[bytes]:
        fields = _data(answer)
        _require_same("messageId", JsonObject(fields).hex("messageId"), message_id)
        return ids_from_json(fields, "childrenMessageIds", length=DIGEST_BYTES)

    return Call("GET", f"{_API}/messages/{message_id.hex()}/children", read)


def milestone(index: int) -> Call[MilestoneInfo]:
    """A milestone by its index."""
    require_range("milestone index", index, 0, U32_MAX)

    def read(answer: bytes) -> MilestoneInfo:
        found = milestone_from_json(_data(answer))
        if found.index != index:
            raise FieldsDisagree("index", f"is {found.index}, asked for was {index}")
        return found

    return _look_up("milestone", str(index), f"milestones/{index}", read)


def output(output_id: bytes) -> Call[OutputState]:
    """An output, spent or not."""
    split_output_id(output_id)

    def read(answer: bytes) -> OutputState:
        found = output_state_from_json(_data(answer))
        _require_same("output id", make_output_id(found.transaction_id, found.output_index), output_id)
        return found

    return _look_up("output", output_id.hex(), f"outputs/{output_id.hex()}", read)


def outputs(
    address: Address, *, include_spent: bool = False, output_type: OutputType | None = None
) -> Call[list[bytes]]:
    """Ids of an address's outputs, unspent ones first."""
    options = ["include-spent=true"] if include_spent else []
    if output_type is not None:
        options.append(f"type={int(output_type)}")
    query = f"?{'&'.join(options)}" if options else ""

    def read(answer: bytes) -> list[bytes]:
        fields = _data(answer)
        _require_same("address", JsonObject(fields).hex("address"), address.digest)
        ids = ids_from_json(fields, "outputIds", length=OUTPUT_ID_BYTES)
        for each in ids:
            split_output_id(each)
        return ids

    return Call("GET", f"{_API}/addresses/ed25519/{address.digest.hex()}/outputs{query}", read)


def balance(address: Address) -> Call[Balance]:
    """What an address holds."""

    def read(answer: bytes) -> Balance:
        found = balance_from_json(_data(answer))
        _require_same("address", found.address.digest, address.digest)
        return found

    return Call("GET", f"{_API}/addresses/ed25519/{address.digest.hex()}", read)


def inclusion_path(message_id: bytes) -> Call[InclusionPath]:
    """Proof that a message is in the ledger, not yet verified; nodes of other make do not have this route."""
    require_length("message id", message_id, DIGEST_BYTES)
    name = message_id.hex()
    return Call(
        "GET",
        f"/api/plugins/inclusion/paths/{name}",
        lambda body: InclusionPath.from_json(_data(body)),
        "inclusion path",
        name,
    )


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """Where a node's REST interface is.

    Attributes:
        is_encrypted: By TLS.
        host: Name or address.
        port: TCP port.
        prefix: What stands before ``/api`` in every path; empty, or begins with a slash.
    """

    is_encrypted: bool
    host: str
    port: int
    prefix: str

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read an address such as "http://127.0.0.1:14265".

        Raises:
            ValueError: It is not http or https, has no host, or holds more than host, port and path; a password in a
                URL would end in logs.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a node's URL has the form http://HOST:PORT or https://HOST")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("a node's URL holds no user name, password, query or fragment")
        is_encrypted = parts.scheme == "https"
        port = parts.port or (443 if is_encrypted else 80)
        return cls(is_encrypted, parts.hostname, port, quote(parts.path.rstrip("/"), safe="/%"))

    @property
    def origin(self) -> str:
        """Scheme, host and port, as in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_encrypted else 'http'}://{host}:{self.port}"


def check_attached(found: Message, payload: Payload | None, *, parents: Sequence[bytes] | None = None) -> None:
    """Confirm that a message, found under the id that the node gave for it, is what was to be attached.

    Raises:
        NodeUnavailable: It is another one.
    """
    if found.payload != payload or (parents and found.parents != tuple(sorted(set(parents)))):
        raise NodeUnavailable("the node answered the id of a message that is not the one submitted")


def read_coordinator_keys(found: Message) -> tuple[bytes, ...]:
    """The keys with which a milestone says it is signed.

    Raises:
        NodeUnavailable: The message is no milestone.
    """
    if not isinstance(found.payload, Milestone):
        raise NodeUnavailable("what the node calls its latest milestone is none")
    return found.payload.essence.public_keys


def poll_delays(*, first_seconds: float = 0.05, longest_seconds: float = 1.0) -> Iterator[float]:
    """How long to wait between one question and the next, growing by half each time."""
    delay = first_seconds
    while True:
        yield delay
        delay = min(delay * 1.5, longest_seconds)


def _look_up(kind: str, name: str, path: str, read: Callable[[bytes], T]) -> Call[T]:
    return Call("GET", f"{_API}/{path}", read, kind, name)


def _data(body: bytes) -> object:
    """What the envelope of success holds; one that holds an error is none."""
    reader = JsonObject(parse_json(body))
    return reader.value("data")


def _require_same(field: str, found: bytes, wanted: bytes) -> None:
    if found != wanted:
        raise FieldsDisagree(field, f"is {found.hex()}, asked for was {wanted.hex()}")


def _error_text(body: bytes) -> str:
    """What the envelope of failure says, if it is one, on one line."""
    try:
        text = JsonObject(parse_json(body)).child("error").text("message")
    except FormatError:
        return ""
    return ": " + "".join(character if character.isprintable() else " " for character in text[:_MAX_ERROR_LENGTH])
