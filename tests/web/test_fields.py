import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasouk.market.errors import InvalidField, MissingField
from datasouk.web.fields import Fields, read_form, read_json, read_query

HOSTILE_JSON = {
    "broken": b'{"a": ',
    "null": b"null",
    "text": b'"abc"',
    "number": b"5",
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": [-Infinity]}',
    "too great a number": b'{"a": 1e999}',
    "an endless integer": b'{"a": ' + b"9" * 5000 + b"}",
    "a long integer": b'{"a": ' + b"9" * 401 + b"}",
    "repeated keys": b'{"a": 1, "a": 1}',
    "repeated keys below": b'{"a": [{"b": 1, "b": 2}]}',
    "repeated keys, spelled otherwise": rb'{"a": 1, "\u0061": 1}',
    "33 levels": b'{"a":' * 33 + b"1" + b"}" * 33,
    "thousands of levels": b"[" * 100_000,
    "thousands of levels, closed": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "no UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "two values": b"{} {}",
    "single quotes": b"{'a': 1}",
}


@pytest.mark.parametrize("name", HOSTILE_JSON)
def test_hostile_json_is_refused(name: str) -> None:
    with pytest.raises(InvalidField):
        read_json(HOSTILE_JSON[name])


def test_json_without_fields() -> None:
    assert read_json(b"").get("a") is None
    assert read_json(b"[1, 2]").get("a") is None


def test_32_levels_are_read_and_many_beside_each_other() -> None:
    assert read_json(b'{"a":' * 32 + b"1" + b"}" * 32).get("a") is not None
    assert read_json(b'{"a": [' + b"{}," * 100 + b"{}]}").get("a") is not None


@given(st.binary(max_size=200))
def test_no_body_does_more_than_be_refused(body: bytes) -> None:
    for read in (read_json, read_form, read_query):
        try:
            read(body)
        except InvalidField:
            continue


def test_a_null_and_an_empty_text_are_absent() -> None:
    fields = Fields({"a": None, "b": "", "c": 0, "d": False})
    assert [fields.get(name) for name in "abcde"] == [None, None, 0, False, None]
    for name in "abe":
        with pytest.raises(MissingField):
            fields.required(name)


@pytest.mark.parametrize("value", [1, True, [], {}, "a\x00b", "\ud800", "x" * 2001])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(InvalidField):
        Fields({"a": value}).text("a")


def test_a_field_may_have_two_names_but_not_two_values() -> None:
    assert Fields({"device": "x"}).required("deviceId", "device") == "x"
    assert Fields({"deviceId": "x", "device": "x"}).required("deviceId", "device") == "x"
    with pytest.raises(InvalidField):
        Fields({"deviceId": "x", "device": "y"}).required("deviceId", "device")


def test_forms_are_flat() -> None:
    fields = read_form(b"userId=abc&packet%5Btime%5D=5&empty=&umlaut=%C3%A4+b")
    assert fields.text("userId") == "abc"
    assert fields.get("packet") is None
    assert fields.get("empty") is None
    assert fields.text("umlaut") == "ä b"


@pytest.mark.parametrize(
    "text", [b"a=1&a=2", b"a=1&a=1", b"a=%ff", b"a=\xff", b"&".join([b"a%d=1" % n for n in range(65)])]
)
def test_hostile_forms_and_queries_are_refused(text: bytes) -> None:
    for read in (read_form, read_query):
        with pytest.raises(InvalidField):
            read(text)
