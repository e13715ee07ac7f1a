"""The part of the Tangle that no milestone references yet: the graph the next milestone will confirm.

It lives in memory and is small: a milestone takes all of it.  Everything older is on disk and cannot change.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from datasouk.ledger import MAX_PARENTS, Message, Transaction

__all__ = ["Pending", "Tangle", "checkpoint_groups"]


@dataclass(frozen=True, slots=True)
class Pending:
    """A message that waits for its milestone.

    Attributes:
        seq: Its row number in the database.
        message_id: 32 bytes.
    """

    seq: int
    message_id: bytes
    message: Message
    raw: bytes


class Tangle:
    """All messages that wait, and which of them nobody builds on yet."""

    def __init__(self) -> None:
        self._pending: dict[bytes, Pending] = {}
        # A dictionary as an ordered set: the oldest tip first.
        self._tips: dict[bytes, None] = {}
        self._by_transaction: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._pending

    @property
    def ids(self) -> list[bytes]:
        """All messages that wait, oldest first."""
        return list(self._pending)

    @property
    def tips(self) -> list[bytes]:
        """Messages without children, oldest first."""
        return list(self._tips)

    def get(self, message_id: bytes) -> Pending | None:
        """A message that waits."""
        return self._pending.get(message_id)

    def add(self, pending: Pending) -> None:
        """A message has been attached."""
        self._pending[pending.message_id] = pending
        self._tips[pending.message_id] = None
        for parent in pending.message.parents:
            self._tips.pop(parent, None)
        if isinstance(pending.message.payload, Transaction):
            self._by_transaction.setdefault(pending.message.payload.transaction_id(), pending.message_id)

    def remove(self, message_ids: Sequence[bytes]) -> None:
        """A milestone references these."""
        for message_id in message_ids:
            pending = self._pending.pop(message_id)
            self._tips.pop(message_id, None)
            if isinstance(pending.message.payload, Transaction):
                self._by_transaction.pop(pending.message.payload.transaction_id(), None)

    def carriers(self, transaction: Transaction) -> list[bytes]:
        """The waiting messages whose outputs this transaction spends: it must come after them, so build on them."""
        inputs = transaction.essence.inputs
        found = (self._by_transaction.get(spent.transaction_id) for spent in inputs)
        return list(dict.fromkeys(message_id for message_id in found if message_id is not None))

    def cone(self, roots: Sequence[bytes], extra: dict[bytes, Pending]) -> Iterator[Pending]:
        """The waiting messages that some roots build on, in white-flag order: parents first, in listed order.

        Args:
            roots: Message ids, such as a milestone's parents.
            extra: Messages that are not attached yet and belong to the graph too, by id.
        """
        seen: set[bytes] = set()
        # Depth-first without recursion: each entry is visited twice, before and after its parents.
        stack = [(root, False) for root in reversed(roots)]
        while stack:
            message_id, parents_done = stack.pop()
            pending = self._pending.get(message_id) or extra.get(message_id)
            if pending is None:
                continue
            if parents_done:
                yield pending
            elif message_id not in seen:
                seen.add(message_id)
                stack.append((message_id, True))
                stack.extend((parent, False) for parent in reversed(pending.message.parents) if parent not in seen)


def checkpoint_groups(ids: Sequence[bytes], most_roots: int) -> Generator[list[bytes], bytes, list[bytes]]:
    """Which ids each checkpoint message has to take, so that a few roots reach them all, in as few steps as can be.

    Level by level, eight by eight; a group of one moves up as it is.  The caller makes a message of each group and
    sends its id back into the generator, whose value at the end is the list of roots.

    Args:
        ids: The messages to reach.
        most_roots: How many roots the milestone takes.
    """
    level = list(ids)
    while len(level) > most_roots:
        above = []
        for start in range(0, len(level), MAX_PARENTS):
            group = level[start : start + MAX_PARENTS]
            above.append(group[0] if len(group) == 1 else (yield group))
        level = above
    return level
