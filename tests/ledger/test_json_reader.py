from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.strategies import relaxed

from datasouk.ledger import LedgerError
from datasouk.ledger.errors import InvalidJson, MissingField, NotHex, OutOfRange, UnknownType, WrongLength, WrongType
from datasouk.ledger.json_reader import MAX_JSON_BYTES, JsonObject, parse_json


class TestParseJson:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            (b"", "not valid at character 0"),
            (b'{"a":', "not valid at character 5"),
            (b'{"a":1} x', "Extra data"),
            (b'"\xff"', "byte 1 is not UTF-8"),
            (b"\xef\xbb\xbf{}", "not valid"),
            (b'{"a":1,"a":2}', "names one of its fields twice"),
            (b'[{"b":{"a":1,"a":1}}]', "names one of its fields twice"),
            (b"NaN", "holds NaN"),
            (b"-Infinity", "holds -Infinity"),
            (b"9" * 5000, "too many digits"),
            (b"[" * 200_000, "nested too deeply"),
            (b'{"a":' * 100_000, "nested too deeply"),
        ],
        ids=range(12),
    )
    def test_rubbish_is_refused_with_a_reason(self, text: bytes, reason: str) -> None:
        with pytest.raises(InvalidJson, match=reason):
            parse_json(text)

    def test_text_is_limited(self) -> None:
        parse_json(b'"' + b"x" * (MAX_JSON_BYTES - 2) + b'"')
        with pytest.raises(OutOfRange, match="JSON length: 1048577 is not within 0 to 1048576"):
            parse_json(b" " * (MAX_JSON_BYTES + 1))

    @relaxed
    @given(st.binary(max_size=60))
    def test_random_bytes_are_read_or_refused(self, data: bytes) -> None:
        try:
            parse_json(data)
        except LedgerError:
            return


def _object(value: object) -> JsonObject:
    return JsonObject({"outer": {"field": value}}).child("outer")


_READERS: dict[str, Callable[[JsonObject], object]] = {
    "integer": lambda each: each.integer("field"),
    "boolean": lambda each: each.boolean("field"),
    "text": lambda each: each.text("field"),
    "decimal": lambda each: each.decimal_text("field"),
    "hex": lambda each: each.hex("field"),
    "list": lambda each: each.hex_list("field", maximum=2),
    "child": lambda each: each.child("field"),
    "children": lambda each: each.children("field", maximum=2),
}
_RIGHT: dict[str, list[object]] = {
    "integer": [0, -5, 10**30],
    "boolean": [True, False],
    "text": ["", "abc"],
    "decimal": ["0", "18446744073709551615", "007"],
    "hex": ["", "00", "abCD"],
    "list": [[], ["00"], ["00", "11"]],
    "child": [{}],
    "children": [[], [{}]],
}
_WRONG: dict[str, list[object]] = {
    "integer": [True, 1.0, "1", [], {}],
    "boolean": [0, 1, "true", []],
    "text": [1, [], {}, True],
    "decimal": [1, "", "-1", "+1", "1.0", " 1", "0x1", "１", "1_0", "1" * 21, "18446744073709551616"],
    "hex": [1, "0", "0x00", "0g", "00 11", " 00", "00\n", "０0", [], {}],
    "list": ["00", {}, ["00", 1], ["00", None], ["0"], ["00", "11", "22"]],
    "child": [[], "x", 1, True],
    "children": [{}, "x", [{}, 1], [None], [{}, {}, {}]],
}


def _cases(table: dict[str, list[object]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("kind", "value"), [(kind, value) for kind, values in table.items() for value in values]
    )


@_cases(_RIGHT)
def test_right_value_is_read(kind: str, value: object) -> None:
    _READERS[kind](_object(value))


@_cases(_WRONG)
def test_wrong_value_is_refused_by_its_path(kind: str, value: object) -> None:
    with pytest.raises((WrongType, NotHex, OutOfRange), match=r"^outer\.field"):
        _READERS[kind](_object(value))


@pytest.mark.parametrize("kind", _READERS)
def test_null_and_absent_fields_are_missing(kind: str) -> None:
    with pytest.raises(MissingField, match=r"^outer\.field: is missing"):
        _READERS[kind](_object(None))
    with pytest.raises(MissingField, match=r"^field: is missing"):
        _READERS[kind](JsonObject({}))


def test_has_means_present_and_not_null() -> None:
    fields = JsonObject({"zero": 0, "null": None})
    assert [fields.has("zero"), fields.has("null"), fields.has("absent")] == [True, False, False]


def test_outermost_value_must_be_an_object() -> None:
    with pytest.raises(WrongType, match="JSON: is a list, must be an object"):
        JsonObject([])


def test_length_of_hex_is_in_bytes() -> None:
    assert _object("AABB").hex("field", length=2) == b"\xaa\xbb"
    with pytest.raises(WrongLength, match=r"outer\.field: is 2 bytes long, must be 3"):
        _object("aabb").hex("field", length=3)
    with pytest.raises(WrongLength, match=r"outer\.field\[1\]: is 1 bytes long, must be 2"):
        _object(["aabb", "aa"]).hex_list("field", length=2, maximum=2)


def test_kind_is_one_of_those_allowed() -> None:
    assert JsonObject({"type": 2}).kind(1, 2) == 2
    with pytest.raises(UnknownType, match="type: type 3 is not allowed here, only 1, 2"):
        JsonObject({"type": 3}).kind(2, 1)
    with pytest.raises(WrongType):
        JsonObject({"type": True}).kind(1)


class TestNumber:
    @pytest.mark.parametrize("value", [0, -1, 1.5, 2**80])
    def test_is_read(self, value: float) -> None:
        assert JsonObject({"x": value}).number("x") == value

    @pytest.mark.parametrize("value", [True, "1", None, [], 1e999, 10**400], ids=str)
    def test_anything_else_is_refused(self, value: object) -> None:
        with pytest.raises(InvalidJson):
            JsonObject({"x": value}).number("x")


class TestTextList:
    def test_is_read(self) -> None:
        assert JsonObject({"x": ["a", ""]}).text_list("x", maximum=2) == ("a", "")

    @pytest.mark.parametrize("value", ["ab", [1], [None], ["a", "b", "c"], {}], ids=str)
    def test_anything_else_is_refused(self, value: object) -> None:
        with pytest.raises(LedgerError):
            JsonObject({"x": value}).text_list("x", maximum=2)
