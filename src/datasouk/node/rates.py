"""How many messages a second come in and are confirmed, over the last ten seconds."""

from collections import deque

__all__ = ["Rates"]

_WINDOW_SECONDS = 10


class Rates:
    """Counts by the second; forgets what is older than the window."""

    def __init__(self) -> None:
        self._attached: deque[list[int]] = deque(maxlen=_WINDOW_SECONDS + 1)
        self._referenced: deque[list[int]] = deque(maxlen=_WINDOW_SECONDS + 1)

    def count_attached(self, now: float, count: int = 1) -> None:
        """Messages have been attached."""
        _count(self._attached, int(now), count)

    def count_referenced(self, now: float, count: int) -> None:
        """Messages have been referenced by a milestone."""
        _count(self._referenced, int(now), count)

    def per_second(self, now: float) -> tuple[float, float]:
        """Attached and referenced messages a second."""
        first = int(now) - _WINDOW_SECONDS
        attached, referenced = (
            sum(count for second, count in counts if first <= second < int(now)) / _WINDOW_SECONDS
            for counts in (self._attached, self._referenced)
        )
        return attached, referenced


def _count(counts: deque[list[int]], second: int, count: int) -> None:
    if counts and counts[-1][0] == second:
        counts[-1][1] += count
    else:
        counts.append([second, count])
