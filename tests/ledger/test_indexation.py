import pytest
from hypothesis import given
from tests.ledger.strategies import indexations, relaxed

from datasouk.ledger import Indexation
from datasouk.ledger.binary import Reader
from datasouk.ledger.errors import OutOfRange, Truncated, UnknownType
from datasouk.ledger.indexation import MAX_DATA_BYTES


def test_layout() -> None:
    assert Indexation(b"ab", b"xyz").to_bytes() == b"\x02\0\0\0" + b"\x02\0ab" + b"\x03\0\0\0xyz"


def test_data_may_be_left_out() -> None:
    assert Indexation(b"a") == Indexation(b"a", b"")


@pytest.mark.parametrize("size", [0, 65])
def test_index_outside_its_limits_is_refused(size: int) -> None:
    with pytest.raises(OutOfRange, match=f"index length: {size} is not within 1 to 64"):
        Indexation(bytes(size))
    with pytest.raises(OutOfRange):
        Indexation.read(Reader(b"\x02\0\0\0" + size.to_bytes(2, "little") + bytes(size + 4), "payload"))


@pytest.mark.parametrize("size", [1, 64])
def test_index_at_its_limits_is_allowed(size: int) -> None:
    Indexation(bytes(size))


def test_data_longer_than_any_message_is_refused() -> None:
    assert MAX_DATA_BYTES == 32_704
    Indexation(b"a", bytes(MAX_DATA_BYTES))
    with pytest.raises(OutOfRange, match="data length"):
        Indexation(b"a", bytes(MAX_DATA_BYTES + 1))


def test_data_length_beyond_the_bytes_is_refused_before_anything_is_built() -> None:
    with pytest.raises(Truncated, match="data: needs 4294967295 bytes"):
        Indexation.read(Reader(b"\x02\0\0\0\x01\0a\xff\xff\xff\xff", "payload"))


def test_other_payload_type_is_refused() -> None:
    with pytest.raises(UnknownType):
        Indexation.read(Reader(b"\x03\0\0\0", "payload"))


@relaxed
@given(indexations)
def test_wire_round_trip(payload: Indexation) -> None:
    reader = Reader(payload.to_bytes(), "payload")
    assert Indexation.read(reader) == payload
    reader.finish()
