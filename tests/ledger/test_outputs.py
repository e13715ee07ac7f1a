import pytest
from hypothesis import given
from tests.ledger.strategies import inputs, outputs, relaxed

from datasouk.ledger import (
    DUST_THRESHOLD_IOTA,
    TOKEN_SUPPLY_IOTA,
    Address,
    Output,
    OutputType,
    UtxoInput,
    make_output_id,
    split_output_id,
)
from datasouk.ledger.binary import Reader
from datasouk.ledger.errors import OutOfRange, UnknownType, WrongLength

_ADDRESS = Address(bytes(32))


class TestOutput:
    @pytest.mark.parametrize("amount", [0, -1, TOKEN_SUPPLY_IOTA + 1, 2**64])
    def test_amount_outside_its_limits_is_refused(self, amount: int) -> None:
        with pytest.raises(OutOfRange, match=f"output amount: {amount} is not within 1 to 2779530283277761"):
            Output(_ADDRESS, amount)

    def test_allowance_below_a_million_is_refused(self) -> None:
        Output(_ADDRESS, DUST_THRESHOLD_IOTA, OutputType.DUST_ALLOWANCE)
        with pytest.raises(OutOfRange, match="dust allowance amount: 999999 is not within 1000000"):
            Output(_ADDRESS, DUST_THRESHOLD_IOTA - 1, OutputType.DUST_ALLOWANCE)

    def test_dust_begins_below_a_million(self) -> None:
        assert Output(_ADDRESS, 999_999).is_dust
        assert not Output(_ADDRESS, 1_000_000).is_dust

    def test_layout(self) -> None:
        output = Output(Address(b"\xaa" * 32), 1_000_000, OutputType.DUST_ALLOWANCE)
        assert output.to_bytes() == b"\x01\0" + b"\xaa" * 32 + (1_000_000).to_bytes(8, "little")

    def test_treasury_output_is_not_allowed(self) -> None:
        with pytest.raises(UnknownType, match="output type: type 2 is not allowed here, only 0, 1"):
            Output.read(Reader(b"\x02" + bytes(41), "output"))

    @relaxed
    @given(outputs)
    def test_wire_round_trip(self, output: Output) -> None:
        assert Output.read(Reader(output.to_bytes(), "output")) == output


class TestUtxoInput:
    def test_layout_has_a_little_endian_index(self) -> None:
        assert UtxoInput(b"\xaa" * 32, 126).to_bytes() == b"\0" + b"\xaa" * 32 + b"\x7e\0"

    def test_index_above_126_is_refused(self) -> None:
        with pytest.raises(OutOfRange, match="transaction output index: 127 is not within 0 to 126"):
            UtxoInput(bytes(32), 127)

    def test_treasury_input_is_not_allowed(self) -> None:
        with pytest.raises(UnknownType, match="input type: type 1"):
            UtxoInput.read(Reader(b"\x01" + bytes(34), "input"))

    def test_transaction_id_must_be_32_bytes(self) -> None:
        with pytest.raises(WrongLength, match="transaction id"):
            UtxoInput(bytes(31), 0)

    @relaxed
    @given(inputs)
    def test_wire_round_trip(self, each: UtxoInput) -> None:
        assert UtxoInput.read(Reader(each.to_bytes(), "input")) == each
        assert split_output_id(each.output_id) == (each.transaction_id, each.output_index)


class TestOutputId:
    def test_shape(self) -> None:
        assert make_output_id(b"\xaa" * 32, 2) == b"\xaa" * 32 + b"\x02\0"

    @pytest.mark.parametrize("index", [-1, 127])
    def test_index_outside_its_limits_is_refused(self, index: int) -> None:
        with pytest.raises(OutOfRange):
            make_output_id(bytes(32), index)

    def test_damaged_output_ids_are_refused(self) -> None:
        with pytest.raises(WrongLength, match="output id: is 33 bytes long, must be 34"):
            split_output_id(bytes(33))
        with pytest.raises(OutOfRange, match="output index: 32512"):
            split_output_id(bytes(32) + b"\0\x7f")
        with pytest.raises(WrongLength):
            make_output_id(bytes(31), 0)
