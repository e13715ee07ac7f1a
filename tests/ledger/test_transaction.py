from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from tests.ledger.chrysalis import entries
from tests.ledger.strategies import damaged, relaxed, transactions

from datasouk.ledger import (
    TOKEN_SUPPLY_IOTA,
    Address,
    Essence,
    Indexation,
    LedgerError,
    Output,
    OutputType,
    ReferenceUnlock,
    SignatureUnlock,
    Transaction,
    UtxoInput,
)
from datasouk.ledger.binary import Reader
from datasouk.ledger.errors import (
    BadUnlock,
    Duplicate,
    FieldsDisagree,
    NotAscending,
    OutOfRange,
    UnknownType,
    WrongLength,
)
from datasouk.ledger.json import payload_from_json, payload_to_json

_A, _B = Address(b"\xaa" * 32), Address(b"\xbb" * 32)
_IN = tuple(UtxoInput(bytes([n]) * 32, 0) for n in range(128))
_SIGNED = SignatureUnlock(bytes(32), bytes(64))
_ESSENCE = Essence(_IN[:3], (Output(_A, 1),))


def _read(data: bytes) -> Transaction:
    reader = Reader(data, "payload")
    transaction = Transaction.read(reader)
    reader.finish()
    return transaction


class TestVectors:
    @entries("transactions")
    def test_bytes_ids_and_json(self, entry: dict[str, Any]) -> None:
        data = bytes.fromhex(entry["payloadBytes"])
        transaction = _read(data)
        assert transaction == payload_from_json(entry["payload"])
        assert transaction.to_bytes() == data
        assert transaction.essence.to_bytes().hex() == entry["essenceBytes"]
        assert transaction.essence.signing_hash().hex() == entry["essenceHash"]
        assert transaction.transaction_id().hex() == entry["transactionId"]
        assert [output_id.hex() for output_id in transaction.output_ids()] == entry["outputIds"]
        expected = entry["payload"]
        assert payload_to_json(transaction) == {
            **expected,
            "essence": {"payload": None, **expected["essence"]},
        }

    @entries("transactions")
    def test_sorting_the_parts_gives_the_essence_again(self, entry: dict[str, Any]) -> None:
        essence = _read(bytes.fromhex(entry["payloadBytes"])).essence
        assert Essence.sorted(essence.inputs[::-1], essence.outputs[::-1], essence.payload) == essence


class TestEssence:
    @pytest.mark.parametrize("count", [0, 128])
    def test_number_of_inputs_is_limited(self, count: int) -> None:
        with pytest.raises(OutOfRange, match=f"input count: {count} is not within 1 to 127"):
            Essence(_IN[:count], (Output(_A, 1),))

    @pytest.mark.parametrize("count", [0, 128])
    def test_number_of_outputs_is_limited(self, count: int) -> None:
        outputs = tuple(Output(Address(bytes([n]) * 32), 1) for n in range(count))
        with pytest.raises(OutOfRange, match=f"output count: {count} is not within 1 to 127"):
            Essence(_IN[:1], outputs)

    def test_127_of_each_are_allowed(self) -> None:
        outputs = tuple(Output(Address(bytes([n]) * 32), 1) for n in range(127))
        essence = Essence(_IN[:127], outputs)
        assert Essence.read(Reader(essence.to_bytes(), "essence")) == essence

    def test_inputs_are_sorted_by_little_endian_index(self) -> None:
        one, two, ten = (UtxoInput(bytes(32), index) for index in (1, 2, 10))
        Essence((one, two, ten), (Output(_A, 1),))
        with pytest.raises(NotAscending, match="inputs"):
            Essence((one, ten, two), (Output(_A, 1),))

    def test_input_twice_is_refused(self) -> None:
        with pytest.raises(Duplicate, match="inputs: entry 1 repeats entry 0"):
            Essence((_IN[0], _IN[0]), (Output(_A, 1),))

    def test_unsorted_outputs_are_refused(self) -> None:
        with pytest.raises(NotAscending, match="outputs"):
            Essence(_IN[:1], (Output(_B, 1), Output(_A, 1)))

    def test_second_output_of_a_type_to_an_address_is_refused(self) -> None:
        with pytest.raises(Duplicate, match=r"outputs \(type, address\)"):
            Essence(_IN[:1], (Output(_A, 1), Output(_A, 2)))
        Essence(_IN[:1], (Output(_A, 1), Output(_A, 10**6, OutputType.DUST_ALLOWANCE)))

    def test_sum_above_the_supply_is_refused(self) -> None:
        Essence(_IN[:1], (Output(_A, TOKEN_SUPPLY_IOTA - 1), Output(_B, 1)))
        with pytest.raises(OutOfRange, match="sum of output amounts: 2779530283277762"):
            Essence(_IN[:1], (Output(_A, TOKEN_SUPPLY_IOTA), Output(_B, 1)))

    def test_other_essence_type_is_refused(self) -> None:
        with pytest.raises(UnknownType, match="essence type"):
            Essence.read(Reader(b"\x01", "essence"))

    def test_embedded_payload_must_be_an_indexation_of_exact_length(self) -> None:
        essence = Essence(_IN[:1], (Output(_A, 1),), Indexation(b"ab"))
        data = bytearray(essence.to_bytes())
        assert data[-16:-12] == b"\x0c\0\0\0"
        data[-16] += 1
        with pytest.raises(LedgerError):
            Essence.read(Reader(bytes(data) + b"x", "essence"))
        data[-16] -= 1
        data[-12] = 3
        with pytest.raises(UnknownType):
            Essence.read(Reader(bytes(data), "essence"))


class TestUnlocks:
    @pytest.mark.parametrize("count", [0, 2, 4])
    def test_as_many_unlock_blocks_as_inputs(self, count: int) -> None:
        with pytest.raises(FieldsDisagree, match=f"there are {count}, must be as many as inputs, 3"):
            Transaction(_ESSENCE, tuple(SignatureUnlock(bytes([n]) * 32, bytes(64)) for n in range(count)))

    def test_equal_signature_blocks_are_refused(self) -> None:
        with pytest.raises(Duplicate, match="unlock blocks: entry 2 repeats entry 0"):
            Transaction(_ESSENCE, (_SIGNED, ReferenceUnlock(0), _SIGNED))

    def test_two_signatures_of_one_key_are_for_the_ledger_to_judge(self) -> None:
        other = replace(_SIGNED, signature=b"\x01" * 64)
        Transaction(_ESSENCE, (_SIGNED, other, ReferenceUnlock(1)))

    @pytest.mark.parametrize("references", [(0, 0), (2, 0), (1, 0), (0, 1), (0, 2), (0, 126)])
    def test_reference_must_name_an_earlier_signature(self, references: tuple[int, int]) -> None:
        unlocks = (_SIGNED, ReferenceUnlock(references[0]), ReferenceUnlock(references[1]))
        if references == (0, 0):
            assert Transaction(_ESSENCE, unlocks).signature_of(2) == _SIGNED
        else:
            with pytest.raises(BadUnlock, match=r"entry \d refers to entry \d+, no earlier signature block"):
                Transaction(_ESSENCE, unlocks)

    def test_reference_in_first_place_is_refused(self) -> None:
        with pytest.raises(BadUnlock):
            Transaction(_ESSENCE, (ReferenceUnlock(0), _SIGNED, ReferenceUnlock(1)))

    @pytest.mark.parametrize("reference", [-1, 127])
    def test_reference_beyond_any_input_is_refused(self, reference: int) -> None:
        with pytest.raises(OutOfRange, match="unlock reference"):
            ReferenceUnlock(reference)

    def test_lengths_of_key_and_signature(self) -> None:
        with pytest.raises(WrongLength, match="public key"):
            SignatureUnlock(bytes(31), bytes(64))
        with pytest.raises(WrongLength, match="signature"):
            SignatureUnlock(bytes(32), bytes(63))

    def test_unknown_types_are_refused(self) -> None:
        head = b"\0\0\0\0" + _ESSENCE.to_bytes() + b"\x03\0"
        with pytest.raises(UnknownType, match="unlock type: type 2 is not allowed here, only 0, 1"):
            _read(head + b"\x02")
        with pytest.raises(UnknownType, match="signature type: type 1"):
            _read(head + b"\0\x01")
        with pytest.raises(OutOfRange, match="unlock block count: 0"):
            _read(head[:-2] + b"\0\0")


@pytest.mark.slow
@relaxed
@given(transactions())
def test_wire_and_json_round_trip(transaction: Transaction) -> None:
    assert _read(transaction.to_bytes()) == transaction
    assert payload_from_json(payload_to_json(transaction)) == transaction


@pytest.mark.slow
@relaxed
@given(damaged(transactions().map(Transaction.to_bytes)))
def test_damaged_bytes_are_refused_or_canonical(data: bytes) -> None:
    try:
        transaction = _read(data)
    except LedgerError:
        return
    assert transaction.to_bytes() == data
