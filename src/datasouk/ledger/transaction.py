"""The transaction payload: which outputs are spent, which are created, and the proof that their owners agree.

Implements TIP-7, with the syntactic rules of iota.go v2.0.1: everything that can
be judged without knowing the ledger, so that an object which breaks one cannot be made. Left out, because they need the
ledger: balances, dust, and whether a signature belongs to the address it unlocks (see `datasouk.ledger.signatures` for
the last one).

A transaction without its proof is the *essence*; the hash of the essence is what is signed.
"""

from dataclasses import dataclass
from typing import Self

from datasouk.ledger.binary import Reader, Writer, require_ascending, require_length, require_range, require_unique
from datasouk.ledger.digest import blake2b_256
from datasouk.ledger.errors import BadUnlock, Duplicate, FieldsDisagree, UnknownType
from datasouk.ledger.indexation import Indexation
from datasouk.ledger.outputs import MAX_OUTPUTS, TOKEN_SUPPLY_IOTA, Output, UtxoInput, make_output_id

__all__ = [
    "ESSENCE_TYPE",
    "MAX_INPUTS",
    "REFERENCE_UNLOCK_TYPE",
    "SIGNATURE_TYPE_ED25519",
    "SIGNATURE_UNLOCK_TYPE",
    "TRANSACTION_TYPE",
    "Essence",
    "ReferenceUnlock",
    "SignatureUnlock",
    "Transaction",
    "Unlock",
]

TRANSACTION_TYPE = 0
ESSENCE_TYPE = 0
SIGNATURE_UNLOCK_TYPE = 0
REFERENCE_UNLOCK_TYPE = 1
SIGNATURE_TYPE_ED25519 = 0
MAX_INPUTS = 127


@dataclass(frozen=True, slots=True)
class SignatureUnlock:
    """Unlock block with a signature over the hash of the essence.

    | offset | size | field | meaning |
    |---|---|---|---|
    | 0 | 1 | unlock type | 0 |
    | 1 | 1 | signature type | 0, Ed25519 |
    | 2 | 32 | public key | |
    | 34 | 64 | signature | |

    Raises:
        WrongLength: The key is not 32 or the signature not 64 bytes.
    """

    public_key: bytes
    signature: bytes

    def __post_init__(self) -> None:
        """Check the lengths."""
        require_length("public key", self.public_key, 32)
        require_length("signature", self.signature, 64)

    def to_bytes(self) -> bytes:
        """98 bytes."""
        return bytes([SIGNATURE_UNLOCK_TYPE, SIGNATURE_TYPE_ED25519]) + self.public_key + self.signature


@dataclass(frozen=True, slots=True)
class ReferenceUnlock:
    """Unlock block of an input whose address an earlier input has already signed for.

    | offset | size | field | meaning |
    |---|---|---|---|
    | 0 | 1 | unlock type | 1 |
    | 1 | 2 | reference | position of an earlier signature block, 0 to 126 |

    Raises:
        OutOfRange: The reference is above 126.
    """

    reference: int

    def __post_init__(self) -> None:
        """Check the position."""
        require_range("unlock reference", self.reference, 0, MAX_INPUTS - 1)

    def to_bytes(self) -> bytes:
        """3 bytes."""
        return bytes([REFERENCE_UNLOCK_TYPE]) + self.reference.to_bytes(2, "little")


Unlock = SignatureUnlock | ReferenceUnlock


@dataclass(frozen=True, slots=True)
class Essence:
    """What a transaction does; its hash is what the owners of the inputs sign.

    | size | field | meaning |
    |---|---|---|
    | 1 | type | 0 |
    | 2 | input count | 1 to 127 |
    | 35 each | inputs | ascending by their bytes, unique |
    | 2 | output count | 1 to 127 |
    | 42 each | outputs | ascending by their bytes, one for each (type, address) |
    | 4 | payload length | 0 = none |
    | n | payload | indexation only |

    Attributes:
        inputs: What is spent; sort with `Essence.sorted`.
        outputs: What is created; their amounts sum to at most the supply.
        payload: An index to find the transaction by.

    Raises:
        OutOfRange: A count or the sum is outside its limits.
        NotAscending: Inputs or outputs are not sorted.
        Duplicate: An input, or an output's (type, address), occurs twice.
    """

    inputs: tuple[UtxoInput, ...]
    outputs: tuple[Output, ...]
    payload: Indexation | None = None

    def __post_init__(self) -> None:
        """Check counts, order, uniqueness and the sum."""
        require_range("input count", len(self.inputs), 1, MAX_INPUTS)
        require_range("output count", len(self.outputs), 1, MAX_OUTPUTS)
        require_ascending("inputs", [each.to_bytes() for each in self.inputs])
        require_unique("outputs (type, address)", [(each.type, each.address) for each in self.outputs])
        require_ascending("outputs", [each.to_bytes() for each in self.outputs])
        require_range("sum of output amounts", sum(each.amount_iota for each in self.outputs), 1, TOKEN_SUPPLY_IOTA)

    @classmethod
    def sorted(
        cls, inputs: tuple[UtxoInput, ...], outputs: tuple[Output, ...], payload: Indexation | None = None
    ) -> Self:
        """Make an essence from inputs and outputs in any order."""
        return cls(tuple(sorted(inputs, key=UtxoInput.to_bytes)), tuple(sorted(outputs, key=Output.to_bytes)), payload)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read an essence."""
        reader.expect_u8(ESSENCE_TYPE, "essence type")
        input_count = reader.u16("input count")
        require_range("input count", input_count, 1, MAX_INPUTS)
        inputs = tuple(UtxoInput.read(reader) for _ in range(input_count))
        output_count = reader.u16("output count")
        require_range("output count", output_count, 1, MAX_OUTPUTS)
        outputs = tuple(Output.read(reader) for _ in range(output_count))
        payload_reader = reader.payload("essence payload")
        payload = None
        if payload_reader is not None:
            payload = Indexation.read(payload_reader)
            payload_reader.finish()
        return cls(inputs, outputs, payload)

    def to_bytes(self) -> bytes:
        """The essence as it is hashed and signed."""
        writer = Writer()
        writer.u8(ESSENCE_TYPE)
        writer.u16(len(self.inputs))
        for each_input in self.inputs:
            writer.raw(each_input.to_bytes())
        writer.u16(len(self.outputs))
        for each_output in self.outputs:
            writer.raw(each_output.to_bytes())
        writer.payload(self.payload.to_bytes() if self.payload else None)
        return writer.to_bytes()

    def signing_hash(self) -> bytes:
        """What Ed25519 signs: BLAKE2b-256 of the essence, 32 bytes."""
        return blake2b_256(self.to_bytes())


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction payload.

    | size | field | meaning |
    |---|---|---|
    | 4 | type | 0 |
    | n | essence | see `Essence` |
    | 2 | unlock block count | as many as inputs |
    | 98 or 3 each | unlock blocks | the i-th unlocks the i-th input |

    Attributes:
        essence: What it does.
        unlocks: One for each input; no two equal signature blocks; a reference names an earlier signature block.

    Raises:
        FieldsDisagree: There are not as many unlock blocks as inputs.
        Duplicate: A signature block occurs twice (a reference belongs in the place of the second).
        BadUnlock: A reference names itself, a later block, another reference or nothing.
    """

    essence: Essence
    unlocks: tuple[Unlock, ...]

    def __post_init__(self) -> None:
        """Check the unlock blocks against each other and the number of inputs."""
        if len(self.unlocks) != len(self.essence.inputs):
            count = len(self.essence.inputs)
            raise FieldsDisagree("unlock blocks", f"there are {len(self.unlocks)}, must be as many as inputs, {count}")
        signature_positions: dict[SignatureUnlock, int] = {}
        for position, unlock in enumerate(self.unlocks):
            if isinstance(unlock, SignatureUnlock):
                if unlock in signature_positions:
                    raise Duplicate("unlock blocks", position, signature_positions[unlock])
                signature_positions[unlock] = position
            elif unlock.reference not in signature_positions.values():
                raise BadUnlock(position, unlock.reference)

    def signature_of(self, position: int) -> SignatureUnlock:
        """The signature block that unlocks an input, following a reference.

        Args:
            position: Position of the input, 0 to the number of inputs minus one.
        """
        unlock = self.unlocks[position]
        if isinstance(unlock, ReferenceUnlock):
            unlock = self.unlocks[unlock.reference]
        assert isinstance(unlock, SignatureUnlock), "the constructor admits references to signature blocks only"
        return unlock

    def transaction_id(self) -> bytes:
        """BLAKE2b-256 of the whole payload from its type on, unlock blocks included; 32 bytes."""
        return blake2b_256(self.to_bytes())

    def output_ids(self) -> tuple[bytes, ...]:
        """Names of the outputs, 34 bytes each, in the order of the essence."""
        transaction_id = self.transaction_id()
        return tuple(make_output_id(transaction_id, index) for index in range(len(self.essence.outputs)))

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read the payload, from its type on."""
        reader.expect_u32(TRANSACTION_TYPE, "payload type")
        essence = Essence.read(reader)
        count = reader.u16("unlock block count")
        require_range("unlock block count", count, 1, MAX_INPUTS)
        return cls(essence, tuple(_read_unlock(reader) for _ in range(count)))

    def to_bytes(self) -> bytes:
        """The payload, from its type on."""
        writer = Writer()
        writer.u32(TRANSACTION_TYPE)
        writer.raw(self.essence.to_bytes())
        writer.u16(len(self.unlocks))
        for unlock in self.unlocks:
            writer.raw(unlock.to_bytes())
        return writer.to_bytes()


def _read_unlock(reader: Reader) -> Unlock:
    kind = reader.u8("unlock type")
    if kind == SIGNATURE_UNLOCK_TYPE:
        reader.expect_u8(SIGNATURE_TYPE_ED25519, "signature type")
        return SignatureUnlock(reader.take(32, "public key"), reader.take(64, "signature"))
    if kind == REFERENCE_UNLOCK_TYPE:
        return ReferenceUnlock(reader.u16("unlock reference"))
    raise UnknownType("unlock type", kind, (SIGNATURE_UNLOCK_TYPE, REFERENCE_UNLOCK_TYPE))
