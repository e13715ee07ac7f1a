from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.chrysalis import VECTORS, entries
from tests.ledger.strategies import damaged, drafts, messages, relaxed

from datasouk.ledger import (
    MAX_MESSAGE_BYTES,
    FormatError,
    Indexation,
    LedgerError,
    Message,
    MessageDraft,
    Milestone,
    compute_message_id,
    compute_network_id,
)
from datasouk.ledger.errors import (
    Duplicate,
    FieldsDisagree,
    NotAscending,
    OutOfRange,
    TrailingBytes,
    UnknownType,
    WrongLength,
)
from datasouk.ledger.json import message_from_json, message_to_json, payload_from_json

_PARENTS = (b"\x01" * 32, b"\x02" * 32)
_MESSAGE = Message(7, _PARENTS, payload=Indexation(b"a", b"b"), nonce=9)


class TestVectors:
    @entries("messages")
    def test_bytes_to_object_and_back(self, entry: dict[str, Any]) -> None:
        data = bytes.fromhex(entry["bytes"])
        message = Message.from_bytes(data)
        assert message.to_bytes() == data
        assert len(data) == entry["length"]
        assert message.message_id().hex() == compute_message_id(data).hex() == entry["messageId"]

    @entries("messages")
    def test_json_to_object_and_bytes(self, entry: dict[str, Any]) -> None:
        message = message_from_json(entry["json"])
        assert message.to_bytes().hex() == entry["bytes"]
        assert message.message_id().hex() == entry["messageId"]

    @entries("messages")
    def test_bytes_to_json(self, entry: dict[str, Any]) -> None:
        found = message_to_json(Message.from_bytes(bytes.fromhex(entry["bytes"])))
        assert _without_nulls(found) == entry["json"]
        assert set(found) == {"networkId", "parentMessageIds", "payload", "nonce"}

    @entries("invalidMessages", "items", name="reason")
    def test_invalid_message_is_refused(self, entry: dict[str, Any]) -> None:
        with pytest.raises(FormatError):
            Message.from_bytes(bytes.fromhex(entry["bytes"]))
        with pytest.raises(FormatError):
            MessageDraft.from_bytes(bytes.fromhex(entry["bytes"]))

    def test_longest_message(self) -> None:
        expected = VECTORS["maxSize"]
        first = bytes.fromhex(expected["firstBytes"])
        assert expected["maxMessageBytes"] == MAX_MESSAGE_BYTES
        data = first.ljust(expected["serializedLength"], b"\0")
        message = Message.from_bytes(data)
        assert isinstance(message.payload, Indexation)
        assert len(message.payload.data) == expected["largestDataLength"]
        assert message.message_id().hex() == expected["messageIdWithZeroData"]
        longer = Indexation(message.payload.index, bytes(expected["largestDataLength"] + 1))
        with pytest.raises(OutOfRange, match="message length: 32769 is not within 53 to 32768"):
            replace(message, payload=longer)

    @entries("networkId")
    def test_network_id(self, entry: dict[str, Any]) -> None:
        network_id = compute_network_id(entry["name"])
        assert str(network_id) == entry["networkId"]
        assert network_id.to_bytes(8, "little").hex() == entry["littleEndianHex"]


class TestMessage:
    @pytest.mark.parametrize("number", [-1, 2**64])
    def test_numbers_must_fit_64_bits(self, number: int) -> None:
        with pytest.raises(OutOfRange, match="network id"):
            Message(number, _PARENTS)
        with pytest.raises(OutOfRange, match="nonce"):
            _MESSAGE.with_nonce(number)

    def test_parents_are_checked(self) -> None:
        with pytest.raises(OutOfRange, match="parents count: 0"):
            Message(7, ())
        with pytest.raises(NotAscending):
            Message(7, _PARENTS[::-1])
        with pytest.raises(Duplicate):
            Message(7, _PARENTS[:1] * 2)
        with pytest.raises(WrongLength):
            Message(7, (bytes(31),))

    @pytest.mark.parametrize("size", [0, 52, 32_769])
    def test_length_is_checked_before_anything_else(self, size: int) -> None:
        with pytest.raises(OutOfRange, match=f"message length: {size} is not within 53 to 32768"):
            Message.from_bytes(bytes(size))

    def test_trailing_bytes_are_refused(self) -> None:
        with pytest.raises(TrailingBytes, match="message: 1 bytes"):
            Message.from_bytes(_MESSAGE.to_bytes() + b"\0")

    @pytest.mark.parametrize("kind", [3, 4, 5, 2**32 - 1])
    def test_other_payload_types_are_refused(self, kind: int) -> None:
        data = Message(7, _PARENTS[:1]).to_bytes()
        with pytest.raises(UnknownType, match=f"payload type: type {kind} is not allowed here, only 0, 1, 2"):
            Message.from_bytes(data[:-12] + b"\x04\0\0\0" + kind.to_bytes(4, "little") + data[-8:])

    def test_payload_must_fill_its_length(self) -> None:
        data = bytearray(_MESSAGE.to_bytes())
        at = 8 + 1 + 64
        assert data[at] == 12
        data[at] = 13
        with pytest.raises(TrailingBytes, match="payload: 1 bytes"):
            Message.from_bytes(bytes(data) + b"\0")

    def test_milestone_must_have_the_parents_of_its_message(self) -> None:
        payload = payload_from_json(VECTORS["milestones"][0]["payload"])
        assert isinstance(payload, Milestone)
        Message(7, payload.essence.parents, payload=payload)
        with pytest.raises(FieldsDisagree, match="milestone parents"):
            Message(7, _PARENTS, payload=payload)

    def test_changing_the_nonce_changes_its_last_eight_bytes(self) -> None:
        other = _MESSAGE.with_nonce(2**64 - 1)
        assert other.to_bytes() == _MESSAGE.to_bytes()[:-8] + b"\xff" * 8
        assert other != _MESSAGE
        assert other.with_nonce(9) == _MESSAGE

    def test_repr_shows_no_second_copy_of_the_bytes(self) -> None:
        assert "_wire" not in repr(_MESSAGE)

    @pytest.mark.slow
    @relaxed
    @given(messages())
    def test_wire_and_json_round_trip(self, message: Message) -> None:
        assert Message.from_bytes(message.to_bytes()) == message
        assert message_from_json(message_to_json(message)) == message

    @relaxed
    @given(st.binary(max_size=600))
    def test_random_bytes_are_refused_or_canonical(self, data: bytes) -> None:
        _refused_or_canonical(data)

    @pytest.mark.slow
    @relaxed
    @given(damaged(messages().map(Message.to_bytes)))
    def test_damaged_bytes_are_refused_or_canonical(self, data: bytes) -> None:
        _refused_or_canonical(data)

    @entries("messages")
    def test_every_cut_is_refused(self, entry: dict[str, Any]) -> None:
        data = bytes.fromhex(entry["bytes"])
        for size in range(0, len(data), 1 + len(data) // 300):
            with pytest.raises(FormatError):
                Message.from_bytes(data[:size])


class TestMessageDraft:
    def test_empty_draft(self) -> None:
        draft = MessageDraft.from_bytes(bytes(21))
        assert draft == MessageDraft()
        assert draft.to_bytes() == bytes(21)

    @pytest.mark.parametrize("size", [20, 32_769])
    def test_length_is_limited(self, size: int) -> None:
        with pytest.raises(OutOfRange, match="message length"):
            MessageDraft.from_bytes(bytes(size))

    def test_nonce_without_network_id_is_refused(self) -> None:
        with pytest.raises(FieldsDisagree, match="nonce: is 5, but no network id is given"):
            MessageDraft(nonce=5)
        with pytest.raises(FieldsDisagree):
            MessageDraft.from_bytes(bytes(20) + b"\x01")

    def test_given_parents_must_be_sorted(self) -> None:
        with pytest.raises(NotAscending):
            MessageDraft(parents=_PARENTS[::-1])

    def test_zero_is_not_a_value(self) -> None:
        with pytest.raises(OutOfRange, match="network id"):
            MessageDraft(network_id=0)
        with pytest.raises(OutOfRange, match="nonce"):
            MessageDraft(network_id=1, nonce=0)
        with pytest.raises(OutOfRange, match="parents count"):
            MessageDraft(parents=())

    def test_complete_fills_in_what_is_open(self) -> None:
        draft = MessageDraft(payload=_MESSAGE.payload)
        assert draft.complete(network_id=7, parents=_PARENTS, nonce=9) == _MESSAGE

    def test_complete_keeps_what_is_given(self) -> None:
        draft = MessageDraft(network_id=7, parents=_PARENTS, payload=_MESSAGE.payload, nonce=9)
        assert draft.complete(network_id=1, parents=(bytes(32),), nonce=1) == _MESSAGE

    def test_complete_refuses_what_becomes_too_long(self) -> None:
        draft = MessageDraft(payload=Indexation(b"a", bytes(32_704)))
        draft.complete(network_id=7, parents=_PARENTS[:1])
        with pytest.raises(OutOfRange, match="message length: 32800"):
            draft.complete(network_id=7, parents=_PARENTS)

    @pytest.mark.slow
    @relaxed
    @given(drafts())
    def test_wire_round_trip(self, draft: MessageDraft) -> None:
        assert MessageDraft.from_bytes(draft.to_bytes()) == draft

    @pytest.mark.slow
    @relaxed
    @given(messages().filter(lambda message: message.network_id > 0 and message.nonce > 0))
    def test_every_message_is_a_draft_with_nothing_open(self, message: Message) -> None:
        draft = MessageDraft.from_bytes(message.to_bytes())
        assert draft.complete(network_id=1, parents=_PARENTS) == message


def _refused_or_canonical(data: bytes) -> None:
    for kind in (Message, MessageDraft):
        try:
            message = kind.from_bytes(data)
        except LedgerError:
            continue
        assert message.to_bytes() == data


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
