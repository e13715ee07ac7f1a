from dataclasses import replace

import pytest
from hypothesis import given
from tests.ledger.strategies import damaged, receipts, relaxed

from datasouk.ledger import TOKEN_SUPPLY_IOTA, Address, LedgerError, MigratedFunds, Receipt, TreasuryTransaction
from datasouk.ledger.binary import Reader
from datasouk.ledger.errors import Duplicate, NotAscending, OutOfRange, TrailingBytes, UnknownType, WrongLength

_FUNDS = MigratedFunds(bytes(49), Address(bytes(32)), 1_000_000)
_LATER = replace(_FUNDS, tail_transaction_hash=b"\x01" * 49)
_TREASURY = TreasuryTransaction(bytes(32), 0)
_RECEIPT = Receipt(7, True, (_FUNDS, _LATER), _TREASURY)


def _read(data: bytes) -> Receipt:
    reader = Reader(data, "receipt")
    receipt = Receipt.read(reader)
    reader.finish()
    return receipt


def test_sizes_of_the_parts() -> None:
    assert len(_FUNDS.to_bytes()) == 90
    assert len(_TREASURY.to_bytes()) == 46
    assert len(_RECEIPT.to_bytes()) == 4 + 4 + 1 + 2 + 2 * 90 + 4 + 46


def test_layout() -> None:
    funds = bytes(49) + b"\0" + bytes(32) + (1_000_000).to_bytes(8, "little")
    treasury = b"\x04\0\0\0" + b"\x01" + bytes(32) + b"\x02" + bytes(8)
    expected = b"\x03\0\0\0" + b"\x07\0\0\0" + b"\x01" + b"\x01\0" + funds + b"\x2e\0\0\0" + treasury
    assert replace(_RECEIPT, funds=(_FUNDS,)).to_bytes() == expected


@pytest.mark.parametrize("deposit", [999_999, TOKEN_SUPPLY_IOTA + 1])
def test_deposit_outside_its_limits_is_refused(deposit: int) -> None:
    with pytest.raises(OutOfRange, match="deposit"):
        replace(_FUNDS, deposit_iota=deposit)


def test_sum_of_deposits_above_the_supply_is_refused() -> None:
    with pytest.raises(OutOfRange, match="sum of deposits"):
        replace(_RECEIPT, funds=(_FUNDS, replace(_LATER, deposit_iota=TOKEN_SUPPLY_IOTA)))


def test_tail_hash_must_be_49_bytes() -> None:
    with pytest.raises(WrongLength, match="tail transaction hash"):
        replace(_FUNDS, tail_transaction_hash=bytes(50))


def test_treasury_fields_are_limited() -> None:
    with pytest.raises(OutOfRange, match="treasury amount"):
        TreasuryTransaction(bytes(32), TOKEN_SUPPLY_IOTA + 1)
    with pytest.raises(WrongLength, match="treasury milestone id"):
        TreasuryTransaction(bytes(33), 0)


@pytest.mark.parametrize("count", [0, 128])
def test_number_of_funds_is_limited(count: int) -> None:
    entries = tuple(replace(_FUNDS, tail_transaction_hash=bytes([n]) * 49) for n in range(count))
    with pytest.raises(OutOfRange, match=f"funds count: {count} is not within 1 to 127"):
        replace(_RECEIPT, funds=entries)


def test_funds_are_sorted_and_unique() -> None:
    with pytest.raises(NotAscending, match="funds"):
        replace(_RECEIPT, funds=(_LATER, _FUNDS))
    with pytest.raises(Duplicate, match="tail transaction hash"):
        replace(_RECEIPT, funds=(_FUNDS, replace(_FUNDS, deposit_iota=2_000_000)))


def test_legacy_index_must_fit_32_bits() -> None:
    with pytest.raises(OutOfRange, match="migrated at"):
        replace(_RECEIPT, migrated_at=2**32)


def test_final_is_0_or_1() -> None:
    data = bytearray(_RECEIPT.to_bytes())
    data[8] = 2
    with pytest.raises(OutOfRange, match="final: 2 is not within 0 to 1"):
        _read(bytes(data))


def test_receipt_needs_a_treasury_transaction_and_nothing_more() -> None:
    data = _RECEIPT.to_bytes()
    with pytest.raises(OutOfRange, match="receipt payload length: 0"):
        _read(data[:-50] + bytes(4))
    with pytest.raises(TrailingBytes, match="receipt payload: 1 bytes"):
        _read(data[:-50] + b"\x2f\0\0\0" + data[-46:] + b"x")
    with pytest.raises(UnknownType, match="receipt payload type"):
        _read(data[:-46] + b"\x02" + data[-45:])


@pytest.mark.slow
@relaxed
@given(receipts)
def test_wire_round_trip(receipt: Receipt) -> None:
    assert _read(receipt.to_bytes()) == receipt


@pytest.mark.slow
@relaxed
@given(damaged(receipts.map(Receipt.to_bytes)))
def test_damaged_bytes_are_refused_or_canonical(data: bytes) -> None:
    try:
        receipt = _read(data)
    except LedgerError:
        return
    assert receipt.to_bytes() == data
