"""Which topics the node publishes, with which payloads, and who listens to them.

Topics and payloads are those of HORNET 1.2 (plugins/mqtt): JSON for milestones, metadata and outputs, the bytes of the
message for messages.  Wildcards follow chapter 4.7 of the standard "MQTT Version 3.1.1".  Receipts are a topic that can
be subscribed to, but this node never issues any.

What costs is done only for listeners: `SubscriptionIndex` tells whether anyone can be interested before a topic is
even written out, and a payload is encoded once for all its topics and subscribers.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from datasouk.ledger.answers import MessageMetadata, MilestoneInfo, OutputState
from datasouk.ledger.answers_json import metadata_to_json, output_state_to_json
from datasouk.ledger.indexation import Indexation
from datasouk.ledger.json import Json
from datasouk.ledger.outputs import make_output_id
from datasouk.node.events import (
    Event,
    MessageAttached,
    MessageReferenced,
    MilestoneConfirmed,
    OutputChanged,
    TransactionIncluded,
)
from datasouk.node.mqtt_packets import InvalidFilter

__all__ = [
    "MAX_FILTER_LEVELS",
    "TOPICS",
    "Publication",
    "StateKind",
    "StateQuery",
    "SubscriptionIndex",
    "TopicKind",
    "check_filter",
    "metadata_payload",
    "milestone_payload",
    "output_payload",
    "publications",
    "state_query",
]

MAX_FILTER_LEVELS = 5
"""``addresses/ed25519/{address}/outputs`` has four levels, and ``#`` behind them would still match it (4.7.1.2)."""

_MILESTONES_LATEST = "milestones/latest"
_MILESTONES_CONFIRMED = "milestones/confirmed"
_MESSAGES = "messages"
_MESSAGES_REFERENCED = "messages/referenced"

_S = TypeVar("_S", bound=Hashable)


@dataclass(frozen=True, slots=True)
class TopicKind:
    """A topic as the reference page lists it.

    Attributes:
        template: Parts in braces stand for ids, addresses and indexes.
        payload: What the payload is.
        sends_state: Whether the current state is sent at once to who subscribes.
    """

    template: str
    payload: str
    sends_state: bool


TOPICS = (
    TopicKind(_MILESTONES_LATEST, "milestone", sends_state=True),
    TopicKind(_MILESTONES_CONFIRMED, "milestone", sends_state=True),
    TopicKind(_MESSAGES, "message bytes", sends_state=False),
    TopicKind("messages/indexation/{index}", "message bytes", sends_state=False),
    TopicKind("messages/{messageId}/metadata", "metadata", sends_state=True),
    TopicKind(_MESSAGES_REFERENCED, "metadata", sends_state=False),
    TopicKind("transactions/{transactionId}/included-message", "message bytes", sends_state=True),
    TopicKind("outputs/{outputId}", "output", sends_state=True),
    TopicKind("addresses/{bech32Address}/outputs", "output", sends_state=False),
    TopicKind("addresses/ed25519/{address}/outputs", "output", sends_state=False),
    TopicKind("receipts", "receipt", sends_state=False),
)


class StateKind(StrEnum):
    """Of what the current state is sent on subscription."""

    MILESTONE = "milestone"
    METADATA = "metadata"
    OUTPUT = "output"
    INCLUDED_MESSAGE = "included message"


@dataclass(frozen=True, slots=True)
class StateQuery:
    """Which state a subscription asks for.

    Attributes:
        id: Of the message or transaction, 32 bytes, or of the output, 34 bytes; empty for milestones.
    """

    kind: StateKind
    id: bytes


_STATE_PATTERNS = (
    (StateKind.MILESTONE, re.compile(r"milestones/(?:latest|confirmed)()")),
    (StateKind.METADATA, re.compile(r"messages/([0-9a-f]{64})/metadata")),
    (StateKind.OUTPUT, re.compile(r"outputs/([0-9a-f]{68})")),
    (StateKind.INCLUDED_MESSAGE, re.compile(r"transactions/([0-9a-f]{64})/included-message")),
)


def state_query(topic_filter: str) -> StateQuery | None:
    """The state to send to who subscribes; None for wildcards and for topics without a state (as HORNET does it)."""
    for kind, pattern in _STATE_PATTERNS:
        if match := pattern.fullmatch(topic_filter):
            return StateQuery(kind, bytes.fromhex(match[1]))
    return None


@dataclass(frozen=True, slots=True)
class Publication:
    """One payload and the topics it goes to; `encode` makes the payload anew each time."""

    topics: tuple[str, ...]
    encode: Callable[[], bytes]


def publications(event: Event, *, hrp: str, listens_to: Callable[[str], bool]) -> Iterator[Publication]:
    """What an event publishes.

    Args:
        event: What has happened.
        hrp: Human-readable part of the network's addresses.
        listens_to: Whether anyone can be interested in topics that begin with this level; others are left out.
    """
    match event:
        case MessageAttached():
            if listens_to("messages"):
                yield Publication(_message_topics(event), lambda: event.raw)
                topic = f"messages/{event.message_id.hex()}/metadata"
                yield Publication((topic,), lambda: metadata_payload(event.metadata))
        case MessageReferenced(metadata):
            if listens_to("messages"):
                topic = f"messages/{metadata.message_id.hex()}/metadata"
                yield Publication((topic, _MESSAGES_REFERENCED), lambda: metadata_payload(metadata))
        case MilestoneConfirmed(milestone):
            if listens_to("milestones"):
                yield Publication((_MILESTONES_LATEST, _MILESTONES_CONFIRMED), lambda: milestone_payload(milestone))
        case TransactionIncluded(transaction_id, raw):
            if listens_to("transactions"):
                yield Publication((f"transactions/{transaction_id.hex()}/included-message",), lambda: raw)
        case OutputChanged(output):
            if topics := _output_topics(output, hrp, listens_to):
                yield Publication(topics, lambda: output_payload(output))


def _message_topics(event: MessageAttached) -> tuple[str, ...]:
    """HORNET knows an index only in the message's own payload, not inside a transaction."""
    payload = event.message.payload
    if isinstance(payload, Indexation):
        return _MESSAGES, f"messages/indexation/{payload.index.hex()}"
    return (_MESSAGES,)


def _output_topics(state: OutputState, hrp: str, listens_to: Callable[[str], bool]) -> tuple[str, ...]:
    topics: tuple[str, ...] = ()
    if listens_to("outputs"):
        topics += (f"outputs/{make_output_id(state.transaction_id, state.output_index).hex()}",)
    if listens_to("addresses"):
        address = state.output.address
        topics += (
            f"addresses/{address.to_bech32(hrp=hrp)}/outputs",
            f"addresses/ed25519/{address.digest.hex()}/outputs",
        )
    return topics


def milestone_payload(milestone: MilestoneInfo) -> bytes:
    """JSON of ``milestones/latest`` and ``milestones/confirmed``; the timestamp in seconds since 1970."""
    return _encode({"index": milestone.index, "timestamp": milestone.timestamp_seconds})


def metadata_payload(metadata: MessageMetadata) -> bytes:
    """JSON of a message's metadata, as REST has it."""
    return _encode(metadata_to_json(metadata))


def output_payload(state: OutputState) -> bytes:
    """JSON of an output; unlike in REST without the milestone and transaction that spent it."""
    value = output_state_to_json(state)
    return _encode({name: value[name] for name in value if not name.endswith("Spent") or name == "isSpent"})


def _encode(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def check_filter(topic_filter: str) -> None:
    """Refuse a filter that breaks the rules for wildcards.

    Raises:
        InvalidFilter: It is empty, ``+`` or ``#`` shares a level with other characters, or ``#`` is not last (4.7.1).
    """
    levels = topic_filter.split("/")
    if not topic_filter:
        raise InvalidFilter("topic filter: is empty")
    if any(("+" in level or "#" in level) and len(level) > 1 for level in levels):
        raise InvalidFilter("topic filter: a wildcard must be a level of its own")
    if "#" in levels[:-1]:
        raise InvalidFilter("topic filter: nothing may follow #")


class _Level(Generic[_S]):
    """A level of filters with wildcards: who ends here, who ends here with ``#``, and what follows."""

    __slots__ = ("below", "children", "here")

    def __init__(self) -> None:
        self.here: set[_S] = set()
        self.below: set[_S] = set()
        self.children: dict[str, _Level[_S]] = {}

    @property
    def is_empty(self) -> bool:
        return not (self.here or self.below or self.children)


class SubscriptionIndex(Generic[_S]):
    """Finds the subscribers of a topic.

    Filters without wildcards are looked up; the others are a tree of levels, so that a topic costs by its own number
    of levels and not by the number of filters.
    """

    def __init__(self) -> None:
        self._exact: dict[str, set[_S]] = {}
        self._wild: _Level[_S] = _Level()
        self._first_levels: Counter[str] = Counter()
        self._count = 0

    def __len__(self) -> int:
        """Number of subscriptions: pairs of filter and subscriber."""
        return self._count

    def listens_to(self, first_level: str) -> bool:
        """Whether any filter can match topics that begin with this level."""
        count = self._first_levels
        return bool(count[first_level] or count["#"] or count["+"])

    def add(self, topic_filter: str, subscriber: _S) -> None:
        """Add a subscription that is not there yet; the filter has passed `check_filter`."""
        self._holders(topic_filter).add(subscriber)
        self._first_levels[topic_filter.split("/", 1)[0]] += 1
        self._count += 1

    def remove(self, topic_filter: str, subscriber: _S) -> None:
        """Remove a subscription that is there, and what is empty without it."""
        self._holders(topic_filter).remove(subscriber)
        first_level = topic_filter.split("/", 1)[0]
        self._first_levels[first_level] -= 1
        if not self._first_levels[first_level]:
            del self._first_levels[first_level]
        self._count -= 1
        if not _is_wild(topic_filter):
            if not self._exact[topic_filter]:
                del self._exact[topic_filter]
            return
        path = [self._wild]
        names = _names(topic_filter)
        for name in names:
            path.append(path[-1].children[name])
        for parent, name in zip(reversed(path[:-1]), reversed(names), strict=True):
            if not parent.children[name].is_empty:
                break
            del parent.children[name]

    def subscribers(self, topic: str) -> frozenset[_S]:
        """Everyone with a filter that matches, once each.

        Args:
            topic: Without wildcards.
        """
        found = frozenset(self._exact.get(topic, ()))
        return found if self._wild.is_empty else found.union(*self._match(topic))

    def _holders(self, topic_filter: str) -> set[_S]:
        """The set in which the subscribers of a filter are, made if need be."""
        if not _is_wild(topic_filter):
            return self._exact.setdefault(topic_filter, set())
        level = self._wild
        for name in _names(topic_filter):
            if name not in level.children:
                level.children[name] = _Level()
            level = level.children[name]
        return level.below if topic_filter.endswith("#") else level.here

    def _match(self, topic: str) -> Iterator[set[_S]]:
        levels = [self._wild]
        for depth, name in enumerate(topic.split("/")):
            hidden = depth == 0 and name.startswith("$")  # 4.7.2: no wildcard in the first place finds these.
            if not hidden:
                yield from (level.below for level in levels)
            names = (name,) if hidden else (name, "+")
            levels = [level.children[each] for level in levels for each in names if each in level.children]
        for level in levels:
            yield level.here
            yield level.below  # 4.7.1.2: "sport/#" finds "sport", too.


def _is_wild(topic_filter: str) -> bool:
    return "+" in topic_filter or "#" in topic_filter


def _names(topic_filter: str) -> list[str]:
    """The levels of a filter without ``#``."""
    names = topic_filter.split("/")
    return names[:-1] if names[-1] == "#" else names
