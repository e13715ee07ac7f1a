import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.strategies import relaxed

from datasouk.ledger.binary import (
    U8_MAX,
    U16_MAX,
    U32_MAX,
    U64_MAX,
    Reader,
    Writer,
    require_ascending,
    require_length,
    require_range,
    require_unique,
)
from datasouk.ledger.errors import (
    Duplicate,
    NotAscending,
    OutOfRange,
    TrailingBytes,
    Truncated,
    UnknownType,
    WrongLength,
)


def test_integers_are_little_endian() -> None:
    reader = Reader(bytes(range(1, 16)), "numbers")
    assert [reader.u8("a"), reader.u16("b"), reader.u32("c"), reader.u64("d")] == [
        0x01,
        0x0302,
        0x07060504,
        0x0F0E0D0C0B0A0908,
    ]
    reader.finish()


@relaxed
@given(st.integers(0, U8_MAX), st.integers(0, U16_MAX), st.integers(0, U32_MAX), st.integers(0, U64_MAX), st.binary())
def test_what_is_written_is_read(a: int, b: int, c: int, d: int, raw: bytes) -> None:
    writer = Writer()
    writer.u8(a)
    writer.u16(b)
    writer.u32(c)
    writer.u64(d)
    writer.payload(raw or None)
    reader = Reader(writer.to_bytes(), "everything")
    assert (reader.u8("a"), reader.u16("b"), reader.peek_u32("c"), reader.u32("c"), reader.u64("d")) == (a, b, c, c, d)
    payload = reader.payload("payload")
    assert (payload.take(payload.remaining, "raw") if payload else b"") == raw
    reader.finish()


@pytest.mark.parametrize("read", [Reader.u16, Reader.u32, Reader.u64])
def test_reading_past_the_end_names_field_and_sizes(read: object) -> None:
    with pytest.raises(Truncated, match=r"colour: needs \d bytes, but only 1 are left") as caught:
        read(Reader(b"x", "thing"), "colour")  # type: ignore[operator]
    assert (caught.value.field, caught.value.available) == ("colour", 1)


def test_empty_reader_has_no_byte() -> None:
    with pytest.raises(Truncated):
        Reader(b"", "thing").u8("colour")


def test_take_at_the_exact_end_is_allowed() -> None:
    reader = Reader(b"abc", "thing")
    assert reader.take(3, "all") == b"abc"
    assert reader.take(0, "nothing") == b""


def test_left_over_bytes_are_refused() -> None:
    reader = Reader(b"abc", "thing")
    reader.u8("first")
    with pytest.raises(TrailingBytes, match="thing: 2 bytes are left over"):
        reader.finish()


def test_list_of_digests_checks_its_whole_length_first() -> None:
    with pytest.raises(Truncated) as caught:
        Reader(bytes(64), "thing").digests(255, 32, "keys")
    assert (caught.value.wanted, caught.value.available) == (255 * 32, 64)


def test_list_of_digests_is_cut_evenly() -> None:
    assert Reader(b"aabbcc!", "thing").digests(3, 2, "pairs") == (b"aa", b"bb", b"cc")


def test_payload_longer_than_the_rest_is_refused() -> None:
    with pytest.raises(Truncated, match="body: needs 5 bytes, but only 4"):
        Reader(b"\x05\0\0\0abcd", "thing").payload("body")


def test_unexpected_type_names_what_is_allowed() -> None:
    with pytest.raises(UnknownType, match="kind: type 7 is not allowed here, only 2"):
        Reader(b"\x07", "thing").expect_u8(2, "kind")
    with pytest.raises(UnknownType, match="kind: type 7 is not allowed here, only 2"):
        Reader(b"\x07\0\0\0", "thing").expect_u32(2, "kind")


@pytest.mark.parametrize("value", [1, 5])
def test_range_includes_both_limits(value: int) -> None:
    require_range("size", value, 1, 5)


@pytest.mark.parametrize("value", [0, 6, -1, 10**4000])
def test_number_outside_its_range_is_refused(value: int) -> None:
    with pytest.raises(OutOfRange, match=r"size: .* is not within 1 to 5"):
        require_range("size", value, 1, 5)


def test_wrong_length_names_both() -> None:
    require_length("key", b"abc", 3)
    with pytest.raises(WrongLength, match="key: is 2 bytes long, must be 3"):
        require_length("key", b"ab", 3)


def test_order_is_bytewise_and_strict() -> None:
    require_ascending("ids", [])
    require_ascending("ids", [b"a", b"b", b"ba"])
    with pytest.raises(NotAscending, match="entry 2 is smaller than entry 1"):
        require_ascending("ids", [b"a", b"c", b"b"])
    with pytest.raises(Duplicate, match="entry 1 repeats entry 0"):
        require_ascending("ids", [b"a", b"a"])


def test_repeated_entry_is_found_at_any_distance() -> None:
    require_unique("names", ["a", "b"])
    with pytest.raises(Duplicate, match="names: entry 2 repeats entry 0"):
        require_unique("names", ["a", "b", "a"])
