import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.node import sample_events as events

from datasouk.ledger import Message
from datasouk.node.events import Event, TransactionIncluded
from datasouk.node.mqtt_packets import InvalidFilter
from datasouk.node.mqtt_topics import (
    MAX_FILTER_LEVELS,
    TOPICS,
    Publication,
    StateKind,
    StateQuery,
    SubscriptionIndex,
    check_filter,
    publications,
    state_query,
)

relaxed = settings(deadline=None, max_examples=100)

MESSAGE_ID = events.data_message().message_id().hex()
METADATA_TOPIC = f"messages/{MESSAGE_ID}/metadata"
OUTPUT_TOPIC = f"outputs/{'22' * 32}0100"
ADDRESS_TOPICS = (
    f"addresses/{events.ADDRESS.to_bech32(hrp='atoi')}/outputs",
    f"addresses/ed25519/{'33' * 32}/outputs",
)


def published(event: Event, listens_to: Callable[[str], bool] = lambda _: True) -> dict[str, bytes]:
    found: list[Publication] = list(publications(event, hrp=events.HRP, listens_to=listens_to))
    return {topic: each.encode() for each in found for topic in each.topics}


def decoded(event: Event) -> dict[str, Any]:
    return {topic: json.loads(payload) for topic, payload in published(event).items()}


class TestPublications:
    def test_attached_data_message(self) -> None:
        raw = events.data_message().to_bytes()
        found = published(events.attached())
        assert json.loads(found.pop(METADATA_TOPIC)) == {
            "messageId": MESSAGE_ID,
            "parentMessageIds": ["11" * 32],
            "isSolid": True,
            "shouldPromote": False,
            "shouldReattach": False,
        }
        assert found == {"messages": raw, f"messages/indexation/{b'datasouk'.hex()}": raw}

    def test_attached_message_without_index(self) -> None:
        message = Message(1, (events.PARENT,))
        assert set(published(events.attached(message))) == {
            "messages",
            f"messages/{message.message_id().hex()}/metadata",
        }

    def test_referenced_message(self) -> None:
        metadata = {
            "messageId": MESSAGE_ID,
            "parentMessageIds": ["11" * 32],
            "isSolid": True,
            "referencedByMilestoneIndex": 7,
            "ledgerInclusionState": "noTransaction",
        }
        assert decoded(events.referenced()) == {METADATA_TOPIC: metadata, "messages/referenced": metadata}

    def test_conflicting_message_tells_why(self) -> None:
        metadata = decoded(events.conflicting())["messages/referenced"]
        assert (metadata["ledgerInclusionState"], metadata["conflictReason"]) == ("conflicting", 4)

    def test_milestone(self) -> None:
        payload = {"index": 7, "timestamp": 1_700_000_000}
        assert decoded(events.milestone()) == {"milestones/latest": payload, "milestones/confirmed": payload}

    def test_included_transaction(self) -> None:
        event = TransactionIncluded(events.TRANSACTION_ID, b"raw")
        assert published(event) == {f"transactions/{'22' * 32}/included-message": b"raw"}

    def test_created_and_spent_output(self) -> None:
        output = {"type": 1, "address": {"type": 0, "address": "33" * 32}, "amount": 2_000_000}
        common = {"messageId": "11" * 32, "transactionId": "22" * 32, "outputIndex": 1, "output": output}
        created = common | {"isSpent": False, "ledgerIndex": 7}
        spent = common | {"isSpent": True, "ledgerIndex": 8}
        topics = (OUTPUT_TOPIC, *ADDRESS_TOPICS)
        assert decoded(events.created()) == dict.fromkeys(topics, created)
        assert decoded(events.spent()) == dict.fromkeys(topics, spent)

    def test_nothing_is_made_for_nobody(self) -> None:
        for event in _EVERY_EVENT:
            assert published(event, lambda _: False) == {}
        assert set(published(events.created(), lambda first: first == "outputs")) == {OUTPUT_TOPIC}
        assert set(published(events.created(), lambda first: first == "addresses")) == set(ADDRESS_TOPICS)

    def test_every_topic_is_in_the_list_and_every_listed_one_is_published(self) -> None:
        """But for receipts, which this node never issues."""
        patterns = {each.template: re.sub(r"\{[^}]*\}", "[0-9a-z]+", each.template) for each in TOPICS}
        topics = {topic for event in _EVERY_EVENT for topic in published(event)}
        matched = {name for topic in topics for name, pattern in patterns.items() if re.fullmatch(pattern, topic)}
        assert all(any(re.fullmatch(pattern, topic) for pattern in patterns.values()) for topic in topics)
        assert set(patterns) - matched == {"receipts"}


_EVERY_EVENT: tuple[Event, ...] = (
    events.attached(),
    events.referenced(),
    events.milestone(),
    TransactionIncluded(events.TRANSACTION_ID, b"raw"),
    events.created(),
)


class TestStateQuery:
    @pytest.mark.parametrize(
        ("topic", "query"),
        [
            ("milestones/latest", StateQuery(StateKind.MILESTONE, b"")),
            ("milestones/confirmed", StateQuery(StateKind.MILESTONE, b"")),
            (f"messages/{'ab' * 32}/metadata", StateQuery(StateKind.METADATA, b"\xab" * 32)),
            (f"outputs/{'ab' * 34}", StateQuery(StateKind.OUTPUT, b"\xab" * 34)),
            (f"transactions/{'ab' * 32}/included-message", StateQuery(StateKind.INCLUDED_MESSAGE, b"\xab" * 32)),
        ],
    )
    def test_topics_with_a_state(self, topic: str, query: StateQuery) -> None:
        assert state_query(topic) == query

    @pytest.mark.parametrize(
        "topic",
        [
            "milestones",
            "milestones/+",
            "milestones/latest/",
            "#",
            "messages",
            "messages/referenced",
            f"messages/{'AB' * 32}/metadata",
            f"messages/{'ab' * 31}/metadata",
            f"messages/{'ab' * 32}/metadata\n",
            f"outputs/{'ab' * 32}",
            f"outputs/{'ab' * 34}/",
            f"messages/indexation/{'ab' * 32}",
            "receipts",
        ],
    )
    def test_topics_without(self, topic: str) -> None:
        assert state_query(topic) is None

    def test_agrees_with_the_list(self) -> None:
        for each in TOPICS:
            size = 68 if "outputId" in each.template else 64
            topic = re.sub(r"\{[^}]*\}", "0" * size, each.template)
            assert (state_query(topic) is not None) == each.sends_state


class TestCheckFilter:
    @pytest.mark.parametrize("text", ["a", "/", "a//b", "+", "#", "+/+", "a/+/b", "a/#", "/#", "+/#", "$SYS/#", " "])
    def test_good(self, text: str) -> None:
        check_filter(text)

    @pytest.mark.parametrize("text", ["", "a#", "#a", "a/#/b", "#/", "##", "a+", "+a/b", "a/++", "a/b#", "+#"])
    def test_bad(self, text: str) -> None:
        with pytest.raises(InvalidFilter):
            check_filter(text)


def matches(topic_filter: str, topic: str) -> bool:
    """4.7, read as slowly as possible."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for position, level in enumerate(wanted):
        if level == "#":
            return len(levels) >= position
        if position == len(levels) or level not in ("+", levels[position]):
            return False
    return len(wanted) == len(levels)


_level = st.sampled_from(["a", "b", "", "$s"])
_topics = st.lists(_level, min_size=1, max_size=4).map("/".join).filter(bool)
_wild = st.tuples(st.lists(_level | st.just("+"), max_size=4), st.sampled_from([[], ["#"], ["a"], ["+"]]))
_filters = _wild.map(lambda parts: "/".join(parts[0] + parts[1])).filter(bool)


class TestIndex:
    @pytest.mark.parametrize(
        ("topic_filter", "topic", "expected"),
        [
            ("sport/tennis/player1/#", "sport/tennis/player1", True),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
            ("sport/#", "sport", True),
            ("#", "sport/tennis", True),
            ("sport/tennis/+", "sport/tennis/player1", True),
            ("sport/tennis/+", "sport/tennis/player1/ranking", False),
            ("sport/+", "sport", False),
            ("sport/+", "sport/", True),
            ("+/+", "/finance", True),
            ("/+", "/finance", True),
            ("+", "/finance", False),
            ("#", "$SYS/monitor", False),
            ("+/monitor", "$SYS/monitor", False),
            ("$SYS/#", "$SYS/monitor", True),
            ("$SYS/+", "$SYS/monitor", True),
            ("ACCOUNTS", "Accounts", False),
        ],
    )
    def test_examples_of_the_standard(self, topic_filter: str, topic: str, expected: bool) -> None:
        index: SubscriptionIndex[str] = SubscriptionIndex()
        index.add(topic_filter, "me")
        assert (index.subscribers(topic) == {"me"}) is expected is matches(topic_filter, topic)

    @relaxed
    @given(st.sets(st.tuples(_filters, st.integers(0, 3)), max_size=12), st.lists(_topics, max_size=6), st.data())
    def test_equals_comparing_each_filter(
        self, pairs: set[tuple[str, int]], topics: list[str], data: st.DataObject
    ) -> None:
        index: SubscriptionIndex[int] = SubscriptionIndex()
        for topic_filter, who in pairs:
            index.add(topic_filter, who)
        gone = data.draw(st.sets(st.sampled_from(sorted(pairs)))) if pairs else set()
        for topic_filter, who in gone:
            index.remove(topic_filter, who)
        left = pairs - gone
        assert len(index) == len(left)
        for topic in topics:
            assert index.subscribers(topic) == {who for each, who in left if matches(each, topic)}
            if index.subscribers(topic) and not topic.startswith("$"):
                assert index.listens_to(topic.split("/")[0])

    @relaxed
    @given(st.sets(st.tuples(_filters, st.integers(0, 3)), max_size=12))
    def test_nothing_is_left_of_what_is_removed(self, pairs: set[tuple[str, int]]) -> None:
        index: SubscriptionIndex[int] = SubscriptionIndex()
        for topic_filter, who in pairs:
            index.add(topic_filter, who)
        for topic_filter, who in pairs:
            index.remove(topic_filter, who)
        assert not index
        assert not index._exact
        assert index._wild.is_empty
        assert not index._first_levels

    def test_tells_who_cannot_be_interested(self) -> None:
        index: SubscriptionIndex[str] = SubscriptionIndex()
        index.add("messages/+/metadata", "a")
        assert index.listens_to("messages")
        assert not index.listens_to("outputs")
        index.add("+/latest", "b")
        assert index.listens_to("outputs")

    def test_deepest_useful_filter_is_allowed(self) -> None:
        deepest = max(each.template.count("/") + 1 for each in TOPICS)
        assert deepest + 1 == MAX_FILTER_LEVELS
