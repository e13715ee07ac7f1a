"""Outputs, the tokens of the ledger in portions, and the inputs that spend them.

Implements the output and input types of TIP-7, the dust allowance output of TIP-8, and output ids. Left out: the
treasury's input and output, which only receipts have.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from datasouk.ledger.address import Address
from datasouk.ledger.binary import Reader, Writer, require_length, require_range
from datasouk.ledger.digest import DIGEST_BYTES
from datasouk.ledger.errors import UnknownType

__all__ = [
    "DUST_THRESHOLD_IOTA",
    "MAX_OUTPUTS",
    "MAX_OUTPUT_INDEX",
    "OUTPUT_ID_BYTES",
    "TOKEN_SUPPLY_IOTA",
    "UTXO_INPUT_TYPE",
    "Output",
    "OutputType",
    "UtxoInput",
    "make_output_id",
    "split_output_id",
]

TOKEN_SUPPLY_IOTA = 2_779_530_283_277_761  # (3^33 - 1) / 2, the whole supply.
DUST_THRESHOLD_IOTA = 1_000_000  # Below it an output is dust; a dust allowance output must reach it.
MAX_OUTPUTS = 127
MAX_OUTPUT_INDEX = MAX_OUTPUTS - 1
OUTPUT_ID_BYTES = DIGEST_BYTES + 2
UTXO_INPUT_TYPE = 0


class OutputType(IntEnum):
    """What an output is for."""

    SINGLE = 0
    """Tokens that one signature spends."""
    DUST_ALLOWANCE = 1
    """The same, and while it is unspent its address may hold dust outputs."""


def make_output_id(transaction_id: bytes, index: int) -> bytes:
    """Name an output.

    Args:
        transaction_id: 32 bytes.
        index: Position among the outputs of that transaction, 0 to 126.

    Returns:
        34 bytes: the id and the index as u16, little-endian.

    Raises:
        WrongLength: The id is not 32 bytes.
        OutOfRange: The index is above 126.
    """
    require_length("transaction id", transaction_id, DIGEST_BYTES)
    require_range("output index", index, 0, MAX_OUTPUT_INDEX)
    return transaction_id + index.to_bytes(2, "little")


def split_output_id(output_id: bytes) -> tuple[bytes, int]:
    """Take the name of an output apart, the inverse of `make_output_id`.

    Raises:
        WrongLength: It is not 34 bytes.
        OutOfRange: The index is above 126.
    """
    require_length("output id", output_id, OUTPUT_ID_BYTES)
    index = int.from_bytes(output_id[DIGEST_BYTES:], "little")
    require_range("output index", index, 0, MAX_OUTPUT_INDEX)
    return output_id[:DIGEST_BYTES], index


@dataclass(frozen=True, slots=True)
class UtxoInput:
    """An output that is to be spent.

    | offset | size | field | meaning |
    |---|---|---|---|
    | 0 | 1 | type | 0 |
    | 1 | 32 | transaction id | the transaction that created the output |
    | 33 | 2 | output index | its position there, 0 to 126 |

    Raises:
        WrongLength: The id is not 32 bytes.
        OutOfRange: The index is above 126.
    """

    transaction_id: bytes
    output_index: int

    def __post_init__(self) -> None:
        """Check both fields."""
        require_length("transaction id", self.transaction_id, DIGEST_BYTES)
        require_range("transaction output index", self.output_index, 0, MAX_OUTPUT_INDEX)

    @property
    def output_id(self) -> bytes:
        """The output's name, 34 bytes."""
        return make_output_id(self.transaction_id, self.output_index)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read 35 bytes."""
        reader.expect_u8(UTXO_INPUT_TYPE, "input type")
        return cls(reader.take(DIGEST_BYTES, "transaction id"), reader.u16("transaction output index"))

    def to_bytes(self) -> bytes:
        """35 bytes; inputs are sorted by them, so with the index in little-endian."""
        return bytes([UTXO_INPUT_TYPE]) + self.output_id


@dataclass(frozen=True, slots=True)
class Output:
    """Tokens that are to belong to an address.

    | offset | size | field | meaning |
    |---|---|---|---|
    | 0 | 1 | type | 0 single, 1 dust allowance |
    | 1 | 33 | address | see `Address` |
    | 34 | 8 | amount | in iota |

    Attributes:
        address: Who may spend it.
        amount_iota: 1 to the supply; a dust allowance at least 1,000,000.
        type: What it is for.

    Raises:
        OutOfRange: The amount is outside its limits.
    """

    address: Address
    amount_iota: int
    type: OutputType = OutputType.SINGLE

    def __post_init__(self) -> None:
        """Check the amount."""
        allowance = self.type is OutputType.DUST_ALLOWANCE
        field = "dust allowance amount" if allowance else "output amount"
        require_range(field, self.amount_iota, DUST_THRESHOLD_IOTA if allowance else 1, TOKEN_SUPPLY_IOTA)

    @property
    def is_dust(self) -> bool:
        """Whether it is so small that its address needs a dust allowance."""
        return self.amount_iota < DUST_THRESHOLD_IOTA

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read 42 bytes."""
        kind = reader.u8("output type")
        if kind > OutputType.DUST_ALLOWANCE:
            raise UnknownType("output type", kind, tuple(OutputType))
        return cls(Address.read(reader), reader.u64("output amount"), OutputType(kind))

    def to_bytes(self) -> bytes:
        """42 bytes; outputs are sorted by them."""
        writer = Writer()
        writer.u8(self.type)
        self.address.write(writer)
        writer.u64(self.amount_iota)
        return writer.to_bytes()
