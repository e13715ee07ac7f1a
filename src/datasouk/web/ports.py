"""What the web application needs of the marketplace.

The rules of accounts, devices and streams it calls directly; what moves tokens is behind `Money`, for which tests have
a fake without a ledger.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from datasouk.ledger.address import Address
from datasouk.market.devices import Devices
from datasouk.market.funding import Funded
from datasouk.market.records import Account
from datasouk.market.streams import Streams
from datasouk.market.users import Caller, Users
from datasouk.web.captcha import Captcha
from datasouk.web.limits import RateLimits
from datasouk.web.mail import Mailer
from datasouk.web.metrics import Metrics
from datasouk.web.options import WebOptions
from datasouk.web.places import Places

__all__ = ["Market", "Money", "Readiness"]


class Money(Protocol):
    """What moves tokens.  Each call raises `datasouk.market.errors.MarketError` for what it refuses."""

    async def fund(self, caller: Caller, /) -> Funded:
        """Give an account a wallet, or refill the one it has (P2, D18)."""

    async def buy(self, caller: Caller, device_id: str) -> None:
        """Buy a device's stream; nothing happens if the caller may read it already (P5, D5).

        Raises:
            DeviceNotFound: No device has this id.
        """

    async def balance(self, account: Account, /) -> int | None:
        """What an account's wallet holds, the protected rest included; None if it has no wallet."""

    async def spendable(self, address: Address) -> int:
        """What any address holds on the ledger, less the protected rest, at least 0."""

    async def give(self, address: Address, /) -> bytes:
        """Send a little to any address (the faucet); returns the message id, 32 bytes."""


class Readiness(Protocol):
    """What tells whether the marketplace can work."""

    async def problems(self) -> dict[str, str]:
        """What is wrong, in words, by the part that it is wrong with; empty if all is well."""

    async def warnings(self) -> dict[str, str]:
        """What will be wrong soon."""

    async def gauges(self) -> dict[str, float]:
        """Numbers for the metrics, by name: the operator's balance, what waits to be settled."""


@dataclass(frozen=True, slots=True)
class Market:
    """What handlers work with.

    Attributes:
        unspent: Tells the sum of the ledger's unspent outputs; None where nobody can.
    """

    users: Users
    devices: Devices
    streams: Streams
    money: Money
    readiness: Readiness
    options: WebOptions
    limits: RateLimits
    captcha: Captcha
    mailer: Mailer
    places: Places
    metrics: Metrics
    unspent: Callable[[], Awaitable[int]] | None = None
