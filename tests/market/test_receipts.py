from dataclasses import replace

import pytest
from tests.settlement_fakes import some_movement

from datasouk.ledger import Address, Essence, Indexation, Output, Transaction, UtxoInput
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import sign_transaction
from datasouk.market.movements import SETTLEMENT_INDEX, SettledMovement, group_digest
from datasouk.market.payment_errors import ReceiptRefused
from datasouk.market.receipts import Receipt, read_transaction, verify_receipt

MOVEMENTS = [some_movement(number) for number in range(5)]
LEAVES = b"".join(movement.leaf() for movement in MOVEMENTS)


def a_transaction(payload: Indexation | None) -> Transaction:
    essence = Essence((UtxoInput(bytes(32), 0),), (Output(Address(bytes(32)), 1_000_000),), payload)
    return sign_transaction(essence, [SigningKey(bytes(32))])


TRANSACTION = a_transaction(Indexation(SETTLEMENT_INDEX, group_digest(LEAVES)))
RECEIPT = Receipt.of(
    SettledMovement(MOVEMENTS[3], 3, TRANSACTION.transaction_id(), b"m" * 32, TRANSACTION.to_bytes(), LEAVES)
)


def test_a_receipt_of_a_line_item_is_verified() -> None:
    assert len(RECEIPT.leaves) == 5
    verify_receipt(RECEIPT, read_transaction(TRANSACTION.to_bytes()))


@pytest.mark.parametrize(
    ("receipt", "text"),
    [
        (replace(RECEIPT, movement=replace(MOVEMENTS[3], amount_iota=1)), "line item 3"),
        (replace(RECEIPT, movement=MOVEMENTS[2]), "line item 3"),
        (replace(RECEIPT, position=2), "line item 2"),
        (replace(RECEIPT, position=5), "position must be 0 to 4, it is 5"),
        (replace(RECEIPT, position=-2), "position must be 0 to 4"),
        (replace(RECEIPT, transaction_id=bytes(32)), "the transaction is not 0000"),
        (replace(RECEIPT, leaves=RECEIPT.leaves[:4]), "not those that the transaction carries"),
        (replace(RECEIPT, leaves=(b"".join(RECEIPT.leaves),)), "must be 32 bytes long"),
        (replace(RECEIPT, leaves=()), "not those"),
    ],
)
def test_a_receipt_that_was_changed_is_refused(receipt: Receipt, text: str) -> None:
    with pytest.raises(ReceiptRefused, match=text):
        verify_receipt(receipt, TRANSACTION)


@pytest.mark.parametrize("payload", [None, Indexation(b"other", group_digest(LEAVES))])
def test_a_transaction_that_is_no_settlement_is_refused(payload: Indexation | None) -> None:
    other = a_transaction(payload)
    with pytest.raises(ReceiptRefused, match="carries no line items"):
        verify_receipt(replace(RECEIPT, transaction_id=other.transaction_id()), other)


@pytest.mark.parametrize("raw", [b"", b"\x00", TRANSACTION.to_bytes()[:-1], TRANSACTION.to_bytes() + b"\x00"])
def test_other_bytes_are_no_transaction(raw: bytes) -> None:
    with pytest.raises(ReceiptRefused, match="not a transaction"):
        read_transaction(raw)
