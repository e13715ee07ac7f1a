"""What happens in the node, for whoever wants to be told at once.

Events are published after the disk has them, on the event loop, in the order in which they happened.  A listener is a
plain function; it must return quickly and never raise: what is slow belongs in a queue of the listener's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from datasouk.ledger.answers import MessageMetadata, MilestoneInfo, OutputState
from datasouk.ledger.message import Message

__all__ = [
    "Event",
    "EventHub",
    "Listener",
    "MessageAttached",
    "MessageReferenced",
    "MilestoneConfirmed",
    "OutputChanged",
    "TransactionIncluded",
]


@dataclass(frozen=True, slots=True)
class MessageAttached:
    """A message has become part of the Tangle: any message, milestones and checkpoints too.

    Attributes:
        message_id: 32 bytes.
        raw: Its bytes.
        metadata: As it is now: solid, not yet referenced.
    """

    message_id: bytes
    raw: bytes
    message: Message
    metadata: MessageMetadata


@dataclass(frozen=True, slots=True)
class MessageReferenced:
    """A milestone references a message."""

    metadata: MessageMetadata


@dataclass(frozen=True, slots=True)
class MilestoneConfirmed:
    """A milestone is out, and everything below it confirmed; follows the events of all that it references."""

    milestone: MilestoneInfo


@dataclass(frozen=True, slots=True)
class TransactionIncluded:
    """A transaction was applied to the ledger.

    Attributes:
        transaction_id: 32 bytes.
        raw: The bytes of the message that carried it.
    """

    transaction_id: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class OutputChanged:
    """An output was created or spent; ``output.is_spent`` tells which."""

    output: OutputState


Event = MessageAttached | MessageReferenced | MilestoneConfirmed | TransactionIncluded | OutputChanged
Listener = Callable[[Event], None]


class EventHub:
    """Hands each event to every listener."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens; if not, no event need be made."""
        return bool(self._listeners)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; returns the function that removes it again."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, event: Event) -> None:
        """Tell all listeners."""
        for listener in tuple(self._listeners):
            listener(event)
