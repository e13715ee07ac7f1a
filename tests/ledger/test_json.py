import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from tests.ledger.chrysalis import VECTORS
from tests.ledger.strategies import messages, relaxed

from datasouk.ledger import FormatError, Indexation, Message, MessageDraft
from datasouk.ledger.errors import FieldsDisagree, MissingField, NotHex, OutOfRange, UnknownType, WrongLength, WrongType
from datasouk.ledger.json import draft_from_json, message_from_json, message_to_json, parse_json

_BY_NAME: dict[str, Any] = {entry["name"]: entry["json"] for entry in VECTORS["messages"]}
_FULL = ["tx-with-indexation", "tx-4in-mixed-keys", "milestone-2parents-2keys-receipt", "indexation-text"]
_OPTIONAL = {"data", "payload", "receipt"}


def _fields(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all fields of all objects inside a value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in entries:
        if isinstance(name, str):
            yield (*path, name)
        yield from _fields(each, (*path, name))


def _cases() -> list[Any]:
    return [
        pytest.param(name, path, id=f"{name}:{'.'.join(map(str, path))}")
        for name in _FULL
        for path in _fields(_BY_NAME[name])
    ]


def _changed(name: str, path: tuple[Any, ...], change: Any) -> Any:
    value = copy.deepcopy(_BY_NAME[name])
    parent = value
    for step in path[:-1]:
        parent = parent[step]
    if change is _DROP:
        del parent[path[-1]]
    else:
        parent[path[-1]] = change
    return value


_DROP = object()


@pytest.mark.parametrize(("name", "path"), _cases())
def test_each_field_is_required_and_typed(name: str, path: tuple[Any, ...]) -> None:
    for absent in (_DROP, None):
        value = _changed(name, path, absent)
        if path[-1] in _OPTIONAL:
            message_from_json(value)
        else:
            with pytest.raises(MissingField, match=rf"\b{path[-1]}: is missing"):
                message_from_json(value)
    with pytest.raises(WrongType, match=rf"\b{path[-1]}(\[0\])?: is "):
        message_from_json(_changed(name, path, 1.5))


@pytest.mark.parametrize("name", _FULL)
def test_upper_case_hex_is_the_same(name: str) -> None:
    def upper(value: Any) -> Any:
        if isinstance(value, dict):
            return {field: upper(each) for field, each in value.items()}
        return (
            [upper(each) for each in value]
            if isinstance(value, list)
            else value.upper()
            if isinstance(value, str)
            else value
        )

    assert message_from_json(upper(_BY_NAME[name])) == message_from_json(_BY_NAME[name])


@pytest.mark.parametrize("name", _FULL)
def test_unknown_fields_are_ignored(name: str) -> None:
    assert message_from_json({**_BY_NAME[name], "messageId": 5}) == message_from_json(_BY_NAME[name])


def test_data_may_be_missing_but_is_always_written() -> None:
    value = _changed("indexation-text", ("payload", "data"), _DROP)
    message = message_from_json(value)
    assert message.payload == Indexation(b"HELLO")
    written = message_to_json(message)["payload"]
    assert written == {"type": 2, "index": "48454c4c4f", "data": ""}


def test_absent_payload_is_written_as_null() -> None:
    assert message_to_json(Message(1, (bytes(32),)))["payload"] is None


@pytest.mark.parametrize("name", ["networkId", "nonce"])
def test_64_bit_numbers_are_text(name: str) -> None:
    for wrong in (1, "", "-1", "1.0", "0x10", "18446744073709551616"):
        with pytest.raises((WrongType, OutOfRange), match=name):
            message_from_json(_changed("indexation-text", (name,), wrong))
    big = message_from_json(_changed("indexation-text", (name,), "18446744073709551615"))
    assert message_to_json(big)[name] == "18446744073709551615"


@pytest.mark.parametrize("wrong", ["48454c4c4", "0x48", "4 8", "zz"])
def test_anything_but_hex_is_refused(wrong: str) -> None:
    with pytest.raises(NotHex, match=r"payload\.index: its \d+ characters are not an even number of hex"):
        message_from_json(_changed("indexation-text", ("payload", "index"), wrong))


def test_wrong_length_is_named_by_path() -> None:
    value = _changed("tx-with-indexation", ("payload", "essence", "outputs", 0, "address", "address"), "00")
    with pytest.raises(WrongLength, match=r"essence\.outputs\[0\]\.address\.address: is 1 bytes long, must be 32"):
        message_from_json(value)


@pytest.mark.parametrize(
    ("name", "path", "kind"),
    [
        ("indexation-text", ("payload", "type"), 3),
        ("tx-with-indexation", ("payload", "essence", "type"), 1),
        ("tx-with-indexation", ("payload", "essence", "payload", "type"), 0),
        ("tx-with-indexation", ("payload", "essence", "inputs", 0, "type"), 1),
        ("tx-with-indexation", ("payload", "essence", "outputs", 0, "type"), 2),
        ("tx-with-indexation", ("payload", "essence", "outputs", 0, "address", "type"), 1),
        ("tx-with-indexation", ("payload", "unlockBlocks", 0, "type"), 2),
        ("tx-with-indexation", ("payload", "unlockBlocks", 0, "signature", "type"), 1),
        ("milestone-2parents-2keys-receipt", ("payload", "receipt", "type"), 2),
        ("milestone-2parents-2keys-receipt", ("payload", "receipt", "transaction", "type"), 3),
        ("milestone-2parents-2keys-receipt", ("payload", "receipt", "transaction", "input", "type"), 0),
        ("milestone-2parents-2keys-receipt", ("payload", "receipt", "transaction", "output", "type"), 0),
    ],
)
def test_unknown_type_is_named_by_path(name: str, path: tuple[Any, ...], kind: int) -> None:
    with pytest.raises(UnknownType, match=rf"\.type: type {kind} is not allowed here"):
        message_from_json(_changed(name, path, kind))


def test_lists_are_limited_before_they_are_read() -> None:
    with pytest.raises(OutOfRange, match="parentMessageIds count: 9 is not within 0 to 8"):
        message_from_json(_changed("indexation-text", ("parentMessageIds",), ["x"] * 9))
    with pytest.raises(OutOfRange, match=r"payload\.essence\.inputs count: 128 is not within 0 to 127"):
        message_from_json(_changed("tx-with-indexation", ("payload", "essence", "inputs"), ["x"] * 128))


class TestDraft:
    @pytest.mark.parametrize("value", [{}, {"networkId": "0", "parentMessageIds": [], "payload": None, "nonce": ""}])
    def test_everything_may_be_open(self, value: object) -> None:
        assert draft_from_json(value) == MessageDraft()

    def test_payload_alone(self) -> None:
        draft = draft_from_json({"payload": {"type": 2, "index": "61"}})
        assert draft == MessageDraft(payload=Indexation(b"a"))

    def test_parents_alone(self) -> None:
        assert draft_from_json({"parentMessageIds": ["11" * 32]}) == MessageDraft(parents=(b"\x11" * 32,))

    def test_complete_message_leaves_nothing_open(self) -> None:
        message = message_from_json(_BY_NAME["indexation-text"])
        draft = draft_from_json(_BY_NAME["indexation-text"])
        assert draft.complete(network_id=1, parents=(bytes(32),)) == message

    def test_nonce_without_network_id_is_refused(self) -> None:
        with pytest.raises(FieldsDisagree):
            draft_from_json({"nonce": "5"})

    @pytest.mark.parametrize(
        "value",
        [[], {"networkId": 5}, {"nonce": 0}, {"parentMessageIds": {}}, {"parentMessageIds": ["11"]}, {"payload": []}],
        ids=str,
    )
    def test_what_is_there_must_be_right(self, value: object) -> None:
        with pytest.raises(FormatError):
            draft_from_json(value)


@pytest.mark.slow
@relaxed
@given(messages())
def test_round_trip_through_text(message: Message) -> None:
    text = json.dumps(message_to_json(message)).encode()
    assert message_from_json(parse_json(text)) == message
