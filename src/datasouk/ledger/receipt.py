"""Receipt and treasury transaction: how tokens of the legacy network were moved over, inside a milestone.

Implements TIP-17 (RFC-0035) as far as parsing and writing go, with the limits of iota.go v2.0.1 and bee. Our own
coordinator never issues them; they are here so that milestones of a public network can be read.
"""

from dataclasses import dataclass
from typing import Self

from datasouk.ledger.address import Address
from datasouk.ledger.binary import (
    U32_MAX,
    Reader,
    Writer,
    require_ascending,
    require_length,
    require_range,
    require_unique,
)
from datasouk.ledger.digest import DIGEST_BYTES
from datasouk.ledger.errors import OutOfRange
from datasouk.ledger.outputs import DUST_THRESHOLD_IOTA, TOKEN_SUPPLY_IOTA

__all__ = [
    "MAX_FUNDS",
    "RECEIPT_TYPE",
    "TAIL_HASH_BYTES",
    "TREASURY_INPUT_TYPE",
    "TREASURY_OUTPUT_TYPE",
    "TREASURY_TRANSACTION_TYPE",
    "MigratedFunds",
    "Receipt",
    "TreasuryTransaction",
]

RECEIPT_TYPE = 3
TREASURY_TRANSACTION_TYPE = 4
TREASURY_INPUT_TYPE = 1
TREASURY_OUTPUT_TYPE = 2
MAX_FUNDS = 127
TAIL_HASH_BYTES = 49  # 243 trits of the legacy network, five in a byte.
_TREASURY_BYTES = 46


@dataclass(frozen=True, slots=True)
class MigratedFunds:
    """Tokens that one bundle of the legacy network moved to an address.

    | offset | size | field | meaning |
    |---|---|---|---|
    | 0 | 49 | tail transaction hash | 243 trits, five in a byte |
    | 49 | 33 | address | see `Address` |
    | 82 | 8 | deposit | in iota, at least 1,000,000 |

    Raises:
        WrongLength: The hash is not 49 bytes.
        OutOfRange: The deposit is outside its limits.
    """

    tail_transaction_hash: bytes
    address: Address
    deposit_iota: int

    def __post_init__(self) -> None:
        """Check hash and deposit."""
        require_length("tail transaction hash", self.tail_transaction_hash, TAIL_HASH_BYTES)
        require_range("deposit", self.deposit_iota, DUST_THRESHOLD_IOTA, TOKEN_SUPPLY_IOTA)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read 90 bytes."""
        tail_hash = reader.take(TAIL_HASH_BYTES, "tail transaction hash")
        return cls(tail_hash, Address.read(reader), reader.u64("deposit"))

    def to_bytes(self) -> bytes:
        """90 bytes; entries are sorted by them."""
        writer = Writer()
        writer.raw(self.tail_transaction_hash)
        self.address.write(writer)
        writer.u64(self.deposit_iota)
        return writer.to_bytes()


@dataclass(frozen=True, slots=True)
class TreasuryTransaction:
    """What remains in the treasury after a receipt.

    | offset | size | field | meaning |
    |---|---|---|---|
    | 0 | 4 | type | 4 |
    | 4 | 1 | input type | 1 |
    | 5 | 32 | milestone id | the milestone that made the treasury output which is spent |
    | 37 | 1 | output type | 2 |
    | 38 | 8 | amount | in iota, may be 0 |

    Raises:
        WrongLength: The id is not 32 bytes.
        OutOfRange: The amount is above the supply.
    """

    milestone_id: bytes
    amount_iota: int

    def __post_init__(self) -> None:
        """Check both fields."""
        require_length("treasury milestone id", self.milestone_id, DIGEST_BYTES)
        require_range("treasury amount", self.amount_iota, 0, TOKEN_SUPPLY_IOTA)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read the payload, from its type on."""
        reader.expect_u32(TREASURY_TRANSACTION_TYPE, "receipt payload type")
        reader.expect_u8(TREASURY_INPUT_TYPE, "treasury input type")
        milestone_id = reader.take(DIGEST_BYTES, "treasury milestone id")
        reader.expect_u8(TREASURY_OUTPUT_TYPE, "treasury output type")
        return cls(milestone_id, reader.u64("treasury amount"))

    def to_bytes(self) -> bytes:
        """The payload, from its type on; 46 bytes."""
        writer = Writer()
        writer.u32(TREASURY_TRANSACTION_TYPE)
        writer.u8(TREASURY_INPUT_TYPE)
        writer.raw(self.milestone_id)
        writer.u8(TREASURY_OUTPUT_TYPE)
        writer.u64(self.amount_iota)
        return writer.to_bytes()


@dataclass(frozen=True, slots=True)
class Receipt:
    """Which migrated funds a milestone books.

    | size | field | meaning |
    |---|---|---|
    | 4 | type | 3 |
    | 4 | migrated at | milestone index of the legacy network |
    | 1 | final | 0 or 1: whether this is the last receipt for that index |
    | 2 | funds count | 1 to 127 |
    | 90 each | funds | ascending by their bytes, one for each tail transaction hash |
    | 4 | payload length | |
    | 46 | payload | treasury transaction |

    Raises:
        OutOfRange: A number, count or the sum of deposits is outside its limits.
        NotAscending: The funds are not sorted.
        Duplicate: A tail transaction hash occurs twice.
    """

    migrated_at: int
    is_final: bool
    funds: tuple[MigratedFunds, ...]
    transaction: TreasuryTransaction

    def __post_init__(self) -> None:
        """Check limits, order, uniqueness and the sum."""
        require_range("migrated at", self.migrated_at, 0, U32_MAX)
        require_range("funds count", len(self.funds), 1, MAX_FUNDS)
        require_unique("funds (tail transaction hash)", [each.tail_transaction_hash for each in self.funds])
        require_ascending("funds", [each.to_bytes() for each in self.funds])
        require_range("sum of deposits", sum(each.deposit_iota for each in self.funds), 1, TOKEN_SUPPLY_IOTA)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read the payload, from its type on."""
        reader.expect_u32(RECEIPT_TYPE, "milestone payload type")
        migrated_at = reader.u32("migrated at")
        final = reader.u8("final")
        require_range("final", final, 0, 1)
        count = reader.u16("funds count")
        require_range("funds count", count, 1, MAX_FUNDS)
        funds = tuple(MigratedFunds.read(reader) for _ in range(count))
        treasury_reader = reader.payload("receipt payload")
        if treasury_reader is None:
            raise OutOfRange("receipt payload length", 0, _TREASURY_BYTES, _TREASURY_BYTES)
        transaction = TreasuryTransaction.read(treasury_reader)
        treasury_reader.finish()
        return cls(migrated_at, final == 1, funds, transaction)

    def to_bytes(self) -> bytes:
        """The payload, from its type on."""
        writer = Writer()
        writer.u32(RECEIPT_TYPE)
        writer.u32(self.migrated_at)
        writer.u8(self.is_final)
        writer.u16(len(self.funds))
        for entry in self.funds:
            writer.raw(entry.to_bytes())
        writer.payload(self.transaction.to_bytes())
        return writer.to_bytes()
