"""Messages, the vertices of the Tangle, and drafts of messages that a node completes.

Implements TIP-6 (message structure, syntactic rules, ids) and the network id of HORNET. Proof of work is separate: a
message is valid here whatever its nonce is worth.
"""

from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Self

from datasouk.ledger.binary import U64_MAX, Reader, Writer, require_range
from datasouk.ledger.digest import DIGEST_BYTES, blake2b_256
from datasouk.ledger.errors import FieldsDisagree, UnknownType
from datasouk.ledger.indexation import INDEXATION_TYPE, Indexation
from datasouk.ledger.milestone import MILESTONE_TYPE, Milestone
from datasouk.ledger.parents import MAX_PARENTS, MIN_PARENTS, check_parents
from datasouk.ledger.transaction import TRANSACTION_TYPE, Transaction

__all__ = [
    "GENESIS_MESSAGE_ID",
    "MAX_MESSAGE_BYTES",
    "MIN_MESSAGE_BYTES",
    "NONCE_BYTES",
    "Message",
    "MessageDraft",
    "Payload",
    "compute_message_id",
    "compute_network_id",
]

MIN_MESSAGE_BYTES = 53  # One parent, no payload.
MAX_MESSAGE_BYTES = 32_768
NONCE_BYTES = 8
GENESIS_MESSAGE_ID = bytes(DIGEST_BYTES)  # A parent that is always known: the message before the first one.

Payload = Transaction | Milestone | Indexation


def compute_message_id(data: bytes) -> bytes:
    """The id of a message from its wire form: BLAKE2b-256 of all its bytes, 32 bytes."""
    return blake2b_256(data)


def compute_network_id(name: str) -> int:
    """The number by which messages name their network.

    Args:
        name: For example "private_tangle1".

    Returns:
        The first eight bytes of BLAKE2b-256 of the name in UTF-8, read as little-endian u64.
    """
    return int.from_bytes(blake2b_256(name.encode())[:8], "little")


@dataclass(frozen=True, slots=True)
class Message:
    """A message; the object keeps its wire form, so that writing it and hashing it again cost next to nothing.

    | size | field | meaning |
    |---|---|---|
    | 8 | network id | see `compute_network_id` |
    | 1 | parent count | 1 to 8 |
    | 32 each | parents | message ids, ascending bytewise, unique |
    | 4 | payload length | 0 = none |
    | n | payload | transaction (0), milestone (1) or indexation (2) |
    | 8 | nonce | makes the proof of work |

    All of it is 53 to 32,768 bytes.

    Attributes:
        network_id: 0 to 2^64 - 1.
        parents: 1 to 8 ids, 32 bytes each.
        payload: None for a message that only approves its parents.
        nonce: 0 to 2^64 - 1.

    Raises:
        OutOfRange: A number, the number of parents or the length of it all is outside its limits.
        WrongLength: A parent is not 32 bytes.
        NotAscending: The parents are not sorted.
        Duplicate: A parent occurs twice.
        FieldsDisagree: The payload is a milestone with other parents than the message.
    """

    network_id: int
    parents: tuple[bytes, ...]
    _: KW_ONLY
    payload: Payload | None = None
    nonce: int = 0
    _wire: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check every field and the length of the whole."""
        require_range("network id", self.network_id, 0, U64_MAX)
        require_range("nonce", self.nonce, 0, U64_MAX)
        check_parents("parents", self.parents)
        if isinstance(self.payload, Milestone) and self.payload.essence.parents != self.parents:
            raise FieldsDisagree("milestone parents", "are not the parents of the message that carries the milestone")
        wire = _write(self.network_id, self.parents, self.payload, self.nonce)
        require_range("message length", len(wire), MIN_MESSAGE_BYTES, MAX_MESSAGE_BYTES)
        object.__setattr__(self, "_wire", wire)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the wire form.

        Args:
            data: 53 to 32,768 bytes, exactly one message.

        Raises:
            FormatError: The bytes break any rule of the protocol.
        """
        require_range("message length", len(data), MIN_MESSAGE_BYTES, MAX_MESSAGE_BYTES)
        network_id, parents, payload, nonce = _read(data, min_parents=MIN_PARENTS)
        message = cls(network_id, parents, payload=payload, nonce=nonce)
        assert message._wire == data, "the wire form is canonical: two byte strings never make the same object"
        return message

    def to_bytes(self) -> bytes:
        """The wire form."""
        return self._wire

    def message_id(self) -> bytes:
        """BLAKE2b-256 of the wire form, 32 bytes."""
        return blake2b_256(self._wire)

    def with_nonce(self, nonce: int) -> Self:
        """The same message with another nonce.

        Raises:
            OutOfRange: The nonce does not fit 64 bits.
        """
        return replace(self, nonce=nonce)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDraft:
    """A message as a client hands it in: what it leaves open, the node fills in.

    The wire form is that of `Message`, with two liberties: there may be no parents, and a network id or nonce of 0
    means "not set". So 0 never occurs in the object; the node tries the nonce 0 by itself.

    Attributes:
        network_id: None: the node's own.
        parents: None: the node's tips.
        payload: None for a message that only approves its parents.
        nonce: None: the node does the proof of work.

    Raises:
        OutOfRange: A number or the number of parents is outside its limits.
        WrongLength, NotAscending, Duplicate: As for `Message`.
        FieldsDisagree: A nonce without a network id, which no proof of work can be about (HORNET refuses it, too).
    """

    network_id: int | None = None
    parents: tuple[bytes, ...] | None = None
    payload: Payload | None = None
    nonce: int | None = None

    def __post_init__(self) -> None:
        """Check what is there."""
        if self.network_id is not None:
            require_range("network id", self.network_id, 1, U64_MAX)
        if self.nonce is not None:
            require_range("nonce", self.nonce, 1, U64_MAX)
            if self.network_id is None:
                raise FieldsDisagree("nonce", f"is {self.nonce}, but no network id is given: one needs the other")
        if self.parents is not None:
            check_parents("parents", self.parents)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the wire form of a message that may lack parents, network id and nonce.

        Args:
            data: 21 to 32,768 bytes.

        Raises:
            FormatError: The bytes break any other rule of the protocol.
        """
        require_range("message length", len(data), MIN_MESSAGE_BYTES - DIGEST_BYTES, MAX_MESSAGE_BYTES)
        network_id, parents, payload, nonce = _read(data, min_parents=0)
        return cls(network_id=network_id or None, parents=parents or None, payload=payload, nonce=nonce or None)

    def to_bytes(self) -> bytes:
        """The wire form, with 0 for what is left open."""
        return _write(self.network_id or 0, self.parents or (), self.payload, self.nonce or 0)

    def complete(self, *, network_id: int, parents: tuple[bytes, ...], nonce: int = 0) -> Message:
        """Make the message, taking from the arguments only what the draft leaves open.

        Args:
            network_id: 0 to 2^64 - 1.
            parents: 1 to 8 message ids, ascending; `sorted(set(ids))` makes them so.
            nonce: 0 to 2^64 - 1.

        Raises:
            FormatError: The result would break a rule, for example be too long.
        """
        return Message(
            network_id if self.network_id is None else self.network_id,
            parents if self.parents is None else self.parents,
            payload=self.payload,
            nonce=nonce if self.nonce is None else self.nonce,
        )


def _read(data: bytes, *, min_parents: int) -> tuple[int, tuple[bytes, ...], Payload | None, int]:
    reader = Reader(data, "message")
    network_id = reader.u64("network id")
    parent_count = reader.u8("parents count")
    require_range("parents count", parent_count, min_parents, MAX_PARENTS)
    parents = reader.digests(parent_count, DIGEST_BYTES, "parents")
    payload_reader = reader.payload("payload")
    payload = _read_payload(payload_reader) if payload_reader else None
    nonce = reader.u64("nonce")
    reader.finish()
    return network_id, parents, payload, nonce


def _read_payload(reader: Reader) -> Payload:
    payload: Payload
    kind = reader.peek_u32("payload type")
    if kind == TRANSACTION_TYPE:
        payload = Transaction.read(reader)
    elif kind == MILESTONE_TYPE:
        payload = Milestone.read(reader)
    elif kind == INDEXATION_TYPE:
        payload = Indexation.read(reader)
    else:
        raise UnknownType("payload type", kind, (TRANSACTION_TYPE, MILESTONE_TYPE, INDEXATION_TYPE))
    reader.finish()
    return payload


def _write(network_id: int, parents: tuple[bytes, ...], payload: Payload | None, nonce: int) -> bytes:
    writer = Writer()
    writer.u64(network_id)
    writer.u8(len(parents))
    writer.raw(b"".join(parents))
    writer.payload(payload.to_bytes() if payload else None)
    writer.u64(nonce)
    return writer.to_bytes()
