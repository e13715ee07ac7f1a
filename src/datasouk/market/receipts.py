"""Receipts: proof that a movement of tokens was a line item of a transaction in the ledger.

A receipt holds the line item and the hashes of all line items of its group.  Whoever has the transaction, from us or
from any node, sees that these hashes are the ones it carries, and so that the line item is part of what was signed;
that the transaction is in the ledger is the ledger's own proof (`datasouk.ledger.inclusion`).
"""

from dataclasses import dataclass
from typing import Self

from datasouk.ledger.binary import Reader
from datasouk.ledger.digest import DIGEST_BYTES
from datasouk.ledger.errors import FormatError
from datasouk.ledger.transaction import Transaction
from datasouk.market.movements import SETTLEMENT_INDEX, Movement, SettledMovement, group_digest
from datasouk.market.payment_errors import ReceiptRefused

__all__ = ["Receipt", "read_transaction", "verify_receipt"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a buyer gets.

    Attributes:
        movement: The line item.
        position: Its place among the line items, from 0.
        transaction_id: 32 bytes.
        message_id: A message that carries the transaction, 32 bytes.
        leaves: The hash of each line item of the group, 32 bytes.
    """

    movement: Movement
    position: int
    transaction_id: bytes
    message_id: bytes
    leaves: tuple[bytes, ...]

    @classmethod
    def of(cls, settled: SettledMovement) -> Self:
        """The receipt for a settled movement."""
        starts = range(0, len(settled.leaves), DIGEST_BYTES)
        leaves = tuple(settled.leaves[start : start + DIGEST_BYTES] for start in starts)
        return cls(settled.movement, settled.position, settled.transaction_id, settled.message_id, leaves)


def verify_receipt(receipt: Receipt, transaction: Transaction) -> None:
    """Confirm that a receipt's line item is one of a transaction's.

    Args:
        receipt: From anybody.
        transaction: As it is in the ledger.

    Raises:
        ReceiptRefused: It is not; the text says where they part.
    """
    if transaction.transaction_id() != receipt.transaction_id:
        raise ReceiptRefused(f"the transaction is not {receipt.transaction_id.hex()}, which the receipt names")
    payload = transaction.essence.payload
    if payload is None or payload.index != SETTLEMENT_INDEX:
        raise ReceiptRefused("the transaction carries no line items")
    if any(len(leaf) != DIGEST_BYTES for leaf in receipt.leaves):
        raise ReceiptRefused(f"leaves: each must be {DIGEST_BYTES} bytes long")
    if group_digest(b"".join(receipt.leaves)) != payload.data:
        raise ReceiptRefused("the hashes of the line items are not those that the transaction carries")
    if not 0 <= receipt.position < len(receipt.leaves):
        raise ReceiptRefused(f"position must be 0 to {len(receipt.leaves) - 1}, it is {receipt.position}")
    if receipt.leaves[receipt.position] != receipt.movement.leaf():
        raise ReceiptRefused(f"line item {receipt.position} of the transaction is another one")


def read_transaction(raw: bytes) -> Transaction:
    """Read a transaction payload.

    Raises:
        ReceiptRefused: These are no bytes of a transaction.
    """
    reader = Reader(raw, "transaction")
    try:
        transaction = Transaction.read(reader)
        reader.finish()
    except FormatError as error:
        raise ReceiptRefused(f"not a transaction: {error}") from error
    return transaction
