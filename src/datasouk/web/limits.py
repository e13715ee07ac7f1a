"""How often a client may ask: sliding windows, counted by network address and by account.

A window that slides exactly would keep the time of every request.  Two counts do nearly as well::

    estimate = count of the running window + count of the one before * share of it that still counts

The counts are kept for a bounded number of keys; when there are more, the oldest half is forgotten.
"""

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass

from datasouk.web.http import HttpRefused

__all__ = ["RateLimits", "RateRules", "group_of"]

_MOST_KEYS = 65_536
_IPV6_BITS = 64  # What a provider gives to one customer at least.


@dataclass(frozen=True, slots=True)
class RateRules:
    """How many are too many, each in a minute unless it says something else.

    Attributes:
        requests: Of one address.
        refusals: Credentials of one address that were wrong.
        changes: Of one account: devices, wallets, purchases.
        gifts_an_hour: Calls of one address that give tokens or send mail to the operator.
    """

    requests: int = 6000
    refusals: int = 300
    changes: int = 600
    gifts_an_hour: int = 120


class _Window:
    """One rule: so many in so many seconds."""

    __slots__ = ("_before", "_counts", "_number", "limit", "seconds")

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._number = 0
        self._counts: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def count(self, key: str, now: float, *, add: int) -> float:
        """Add to a key's count (0: only look); returns 0 if it is within the limit, else how many seconds to wait."""
        number, into = divmod(now, self.seconds)
        if number != self._number:
            self._before = self._counts if number == self._number + 1 else {}
            self._counts = {}
            self._number = int(number)
        counted = self._counts.get(key, 0)
        if counted + self._before.get(key, 0) * (1 - into / self.seconds) + max(add, 1) > self.limit:
            return max(self.seconds - into, 1)
        if add:
            if len(self._counts) >= _MOST_KEYS and key not in self._counts:
                for old in list(self._counts)[: _MOST_KEYS // 2]:
                    del self._counts[old]
            self._counts[key] = counted + add
        return 0


class RateLimits:
    """All rules together.

    Args:
        rules: None: nothing is limited.
        clock: Seconds, from any start.
    """

    def __init__(self, rules: RateRules | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        if rules is not None:
            self._windows = {
                "requests": _Window(rules.requests, 60),
                "refusals": _Window(rules.refusals, 60),
                "changes": _Window(rules.changes, 60),
                "gifts": _Window(rules.gifts_an_hour, 3600),
            }

    def admit(self, address: str) -> None:
        """Count a request, unless the address has sent too many, or too many wrong credentials.

        Raises:
            HttpRefused: 429.
        """
        if self._windows:
            group = group_of(address)
            self._count("refusals", group, add=0)
            self._count("requests", group)

    def count_refusal(self, address: str) -> None:
        """Count wrong credentials."""
        if self._windows:
            self._windows["refusals"].count(group_of(address), self._clock(), add=1)

    def count_change(self, account_id: str) -> None:
        """Count a change that an account makes.

        Raises:
            HttpRefused: 429.
        """
        if self._windows:
            self._count("changes", account_id)

    def count_gift(self, address: str) -> None:
        """Count a call that costs the operator something.

        Raises:
            HttpRefused: 429.
        """
        if self._windows:
            self._count("gifts", group_of(address))

    def _count(self, rule: str, key: str, *, add: int = 1) -> None:
        window = self._windows[rule]
        wait = window.count(key, self._clock(), add=add)
        if wait:
            message = f"too many {rule}: at most {window.limit} in {window.seconds:g} s, try again in {wait:.0f} s"
            raise HttpRefused(429, "too_many", message, ((b"retry-after", b"%d" % (int(wait) + 1)),))


def group_of(address: str) -> str:
    """Whom an address stands for: itself, or its /64 if it is one of IPv6."""
    if ":" not in address:
        return address
    try:
        network = ipaddress.IPv6Network((address.partition("%")[0], _IPV6_BITS), strict=False)
    except ValueError:
        return address
    return str(network.network_address)
