import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.strategies import addresses, digests, outputs, relaxed

from datasouk.ledger import TOKEN_SUPPLY_IOTA, Address, FormatError, Output
from datasouk.ledger.answers import (
    Balance,
    ConflictReason,
    HistoryEntry,
    LedgerInclusion,
    MessageMetadata,
    MilestoneInfo,
    NodeInfo,
    OutputState,
    UtxoChanges,
)
from datasouk.ledger.answers_json import (
    balance_from_json,
    balance_to_json,
    history_entry_from_json,
    history_entry_to_json,
    ids_from_json,
    ids_to_json,
    info_from_json,
    info_to_json,
    metadata_from_json,
    metadata_to_json,
    milestone_from_json,
    milestone_to_json,
    output_state_from_json,
    output_state_to_json,
    utxo_changes_from_json,
    utxo_changes_to_json,
)
from datasouk.ledger.errors import FieldsDisagree, InvalidJson, MissingField, OutOfRange, UnknownType, WrongType
from datasouk.ledger.json_reader import parse_json

_INFO = NodeInfo(
    name="datasouk",
    version="0.1.0",
    is_healthy=True,
    network_name="private_tangle1",
    bech32_hrp="atoi",
    min_pow_score=4000.0,
    messages_per_second=1.5,
    referenced_messages_per_second=1.0,
    referenced_rate_percent=66.7,
    latest_milestone_timestamp=1_700_000_000,
    latest_milestone_index=7,
    confirmed_milestone_index=6,
    pruning_index=0,
    features=("PoW", "Faucet"),
)
_ID, _OTHER_ID = b"\x11" * 32, b"\x22" * 32
_UNREFERENCED = MessageMetadata(_ID, (_OTHER_ID,), should_promote=False, should_reattach=False)
_CONFLICTING = MessageMetadata(
    _ID,
    (_OTHER_ID,),
    referenced_by=5,
    inclusion=LedgerInclusion.CONFLICTING,
    conflict_reason=ConflictReason.INPUT_NOT_FOUND,
)
_UNSPENT = OutputState(_ID, _OTHER_ID, 3, Output(Address(_ID), 1_000_000), 9)
_SPENT = OutputState(_ID, _OTHER_ID, 3, Output(Address(_ID), 1_000_000), 9, 8, _ID)
_BALANCE = Balance(Address(_ID), 5, True, 9)
_ENTRY = HistoryEntry(_ID, _OTHER_ID, 4, 1_700_000_000, LedgerInclusion.INCLUDED, 1, 2, -5)

indexes = st.integers(0, 2**32 - 1)
times = st.integers(0, 2**64 - 1)
rates = st.floats(0, 1e9)
texts = st.text(max_size=40)
infos = st.builds(
    NodeInfo,
    texts,
    texts,
    st.booleans(),
    texts,
    st.sampled_from(["iota", "atoi", "x-1"]),
    rates,
    rates,
    rates,
    rates,
    times,
    indexes,
    indexes,
    indexes,
    st.lists(texts, max_size=4).map(tuple),
)
output_ids = st.binary(min_size=34, max_size=34)
id_lists = st.lists(output_ids, max_size=4).map(tuple)
milestones = st.builds(MilestoneInfo, indexes, digests, times)
balances = st.builds(Balance, addresses, st.integers(0, TOKEN_SUPPLY_IOTA), st.booleans(), indexes)
changes = st.builds(UtxoChanges, indexes, id_lists, id_lists)
output_states = st.one_of(
    st.builds(OutputState, digests, digests, st.integers(0, 126), outputs, indexes),
    st.builds(OutputState, digests, digests, st.integers(0, 126), outputs, indexes, indexes, digests),
)
entries = st.builds(
    HistoryEntry,
    digests,
    digests,
    indexes,
    times,
    st.sampled_from(LedgerInclusion),
    st.integers(1, 127),
    st.integers(1, 127),
    st.integers(-TOKEN_SUPPLY_IOTA, TOKEN_SUPPLY_IOTA),
)


@st.composite
def metadata(draw: st.DrawFn) -> MessageMetadata:
    parents = tuple(draw(st.lists(digests, min_size=1, max_size=8)))
    if draw(st.booleans()):
        flags = st.none() | st.booleans()
        return MessageMetadata(
            draw(digests), parents, draw(st.booleans()), should_promote=draw(flags), should_reattach=draw(flags)
        )
    inclusion = draw(st.sampled_from(LedgerInclusion))
    reason = ConflictReason.NONE
    if inclusion is LedgerInclusion.CONFLICTING:
        reason = draw(st.sampled_from([each for each in ConflictReason if each]))
    return MessageMetadata(
        draw(digests), parents, True, draw(indexes), inclusion, reason, milestone_index=draw(st.none() | indexes)
    )


_PAIRS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], Any], Callable[[object], Any]]] = {
    "info": (infos, info_to_json, info_from_json),
    "metadata": (metadata(), metadata_to_json, metadata_from_json),
    "milestone": (milestones, milestone_to_json, milestone_from_json),
    "output state": (output_states, output_state_to_json, output_state_from_json),
    "balance": (balances, balance_to_json, balance_from_json),
    "utxo changes": (changes, utxo_changes_to_json, utxo_changes_from_json),
    "history entry": (entries, history_entry_to_json, history_entry_from_json),
}
_EXAMPLES = [
    ("info", _INFO),
    ("metadata", _UNREFERENCED),
    ("metadata", _CONFLICTING),
    ("milestone", MilestoneInfo(7, _ID, 1_700_000_000)),
    ("output state", _UNSPENT),
    ("output state", _SPENT),
    ("balance", _BALANCE),
    ("utxo changes", UtxoChanges(7, (_ID + b"\0\0",), ())),
    ("history entry", _ENTRY),
]
_OPTIONAL = {"shouldPromote", "shouldReattach"}


@pytest.mark.slow
@pytest.mark.parametrize("name", _PAIRS)
@relaxed
@given(data=st.data())
def test_round_trip_through_text(name: str, data: st.DataObject) -> None:
    values, to_json, from_json = _PAIRS[name]
    value = data.draw(values)
    assert from_json(parse_json(json.dumps(to_json(value)).encode())) == value


@pytest.mark.parametrize(("name", "value"), _EXAMPLES, ids=[f"{name}-{n}" for n, (name, _) in enumerate(_EXAMPLES)])
def test_each_field_is_required_and_typed(name: str, value: object) -> None:
    _, to_json, from_json = _PAIRS[name]
    fields = to_json(value)
    for field in fields:
        wrong = copy.deepcopy(fields)
        wrong[field] = {"not": "this"}
        with pytest.raises(FormatError):
            from_json(wrong)
        del wrong[field]
        if field not in _OPTIONAL:
            with pytest.raises((MissingField, FieldsDisagree)):
                from_json(wrong)
    others: list[object] = [None, [], "x", 5]
    for wrong_value in others:
        with pytest.raises(WrongType):
            from_json(wrong_value)


class TestSpelling:
    def test_of_info(self) -> None:
        assert info_to_json(_INFO) == {
            "name": "datasouk",
            "version": "0.1.0",
            "isHealthy": True,
            "networkId": "private_tangle1",
            "bech32HRP": "atoi",
            "minPoWScore": 4000,
            "messagesPerSecond": 1.5,
            "referencedMessagesPerSecond": 1,
            "referencedRate": 66.7,
            "latestMilestoneTimestamp": 1_700_000_000,
            "latestMilestoneIndex": 7,
            "confirmedMilestoneIndex": 6,
            "pruningIndex": 0,
            "features": ["PoW", "Faucet"],
        }

    def test_whole_numbers_have_no_point_as_in_go(self) -> None:
        assert '"minPoWScore": 4000,' in json.dumps(info_to_json(_INFO))

    def test_of_metadata_before_and_after_a_milestone(self) -> None:
        before = {"messageId": "11" * 32, "parentMessageIds": ["22" * 32], "isSolid": True}
        assert metadata_to_json(_UNREFERENCED) == {**before, "shouldPromote": False, "shouldReattach": False}
        after = {**before, "referencedByMilestoneIndex": 5}
        assert metadata_to_json(_CONFLICTING) == {
            **after,
            "ledgerInclusionState": "conflicting",
            "conflictReason": 3,
        }
        milestone = MessageMetadata(_ID, (_OTHER_ID,), True, 5, LedgerInclusion.NO_TRANSACTION, milestone_index=5)
        assert metadata_to_json(milestone) == {
            **after,
            "ledgerInclusionState": "noTransaction",
            "milestoneIndex": 5,
        }

    def test_of_an_output_unspent_and_spent(self) -> None:
        fields = {
            "messageId": "11" * 32,
            "transactionId": "22" * 32,
            "outputIndex": 3,
            "isSpent": False,
            "ledgerIndex": 9,
            "output": {"type": 0, "address": {"type": 0, "address": "11" * 32}, "amount": 1_000_000},
        }
        assert output_state_to_json(_UNSPENT) == fields
        spent = {**fields, "isSpent": True, "milestoneIndexSpent": 8, "transactionIdSpent": "11" * 32}
        assert output_state_to_json(_SPENT) == spent

    def test_of_the_rest(self) -> None:
        assert list(balance_to_json(_BALANCE)) == ["addressType", "address", "balance", "dustAllowed", "ledgerIndex"]
        assert utxo_changes_to_json(UtxoChanges(7, (), ())) == {"index": 7, "createdOutputs": [], "consumedOutputs": []}
        assert milestone_to_json(MilestoneInfo(7, _ID, 5)) == {"index": 7, "messageId": "11" * 32, "timestamp": 5}
        assert list(history_entry_to_json(_ENTRY)) == [
            "messageId",
            "transactionId",
            "referencedByMilestoneIndex",
            "milestoneTimestampReferenced",
            "ledgerInclusionState",
            "inputsCount",
            "outputsCount",
            "addressBalanceChange",
        ]


class TestHostileAnswer:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "x" * 129),
            ("bech32HRP", "ATOI"),
            ("bech32HRP", ""),
            ("bech32HRP", "a" * 51),
            ("minPoWScore", float("inf")),
            ("minPoWScore", True),
            ("minPoWScore", 10**400),
            ("messagesPerSecond", "1"),
            ("latestMilestoneIndex", 2**32),
            ("latestMilestoneIndex", -1),
            ("latestMilestoneTimestamp", 2**64),
            ("features", ["x"] * 65),
            ("features", [5]),
        ],
    )
    def test_info_out_of_bounds(self, field: str, value: object) -> None:
        with pytest.raises(FormatError):
            info_from_json({**info_to_json(_INFO), field: value})

    def test_infinite_number_in_text(self) -> None:
        text = json.dumps(info_to_json(_INFO)).replace("4000", "1e999").encode()
        with pytest.raises(InvalidJson, match="minPoWScore: is too large a number"):
            info_from_json(parse_json(text))

    @pytest.mark.parametrize(
        "change",
        [
            {"ledgerInclusionState": "included"},
            {"ledgerInclusionState": None},
            {"referencedByMilestoneIndex": None},
            {"conflictReason": None},
            {"conflictReason": 0},
        ],
        ids=str,
    )
    def test_metadata_that_contradicts_itself(self, change: dict[str, object]) -> None:
        with pytest.raises(FieldsDisagree):
            metadata_from_json({**metadata_to_json(_CONFLICTING), **change})

    def test_unknown_words_and_numbers(self) -> None:
        with pytest.raises(WrongType, match="ledgerInclusionState: is another word"):
            metadata_from_json({**metadata_to_json(_CONFLICTING), "ledgerInclusionState": "perhaps"})
        with pytest.raises(UnknownType):
            metadata_from_json({**metadata_to_json(_CONFLICTING), "conflictReason": 77})
        with pytest.raises(UnknownType):
            balance_from_json({**balance_to_json(_BALANCE), "addressType": 8})

    def test_output_that_is_spent_and_is_not(self) -> None:
        for change in ({"isSpent": True}, {"milestoneIndexSpent": 5}, {"transactionIdSpent": "11" * 32}):
            with pytest.raises(FieldsDisagree):
                output_state_from_json({**output_state_to_json(_UNSPENT), **change})

    def test_more_tokens_than_there_are(self) -> None:
        with pytest.raises(OutOfRange):
            balance_from_json({**balance_to_json(_BALANCE), "balance": TOKEN_SUPPLY_IOTA + 1})
        with pytest.raises(OutOfRange):
            history_entry_from_json({**history_entry_to_json(_ENTRY), "addressBalanceChange": -TOKEN_SUPPLY_IOTA - 1})


def test_lists_of_ids() -> None:
    assert ids_from_json({"messageIds": ids_to_json([_ID, _OTHER_ID])}, "messageIds", length=32) == [_ID, _OTHER_ID]
    with pytest.raises(FormatError):
        ids_from_json({"messageIds": ["11"]}, "messageIds", length=32)
    with pytest.raises(MissingField):
        ids_from_json({"others": []}, "messageIds", length=32)
