"""What the web application needs of the marketplace.

The rules of accounts, devices and streams it calls directly; what moves tokens is behind `Money`, so that it can be
settled in groups, against any node, or by a fake in tests.
"""

from dataclasses import dataclass
from typing import Protocol

from datasouk.ledger.address import Address
from datasouk.market.devices import Devices
from datasouk.market.records import Account
from datasouk.market.streams import Streams
from datasouk.market.users import Caller, Users
from datasouk.web.captcha import Captcha
from datasouk.web.limits import RateLimits
from datasouk.web.mail import Mailer
from datasouk.web.metrics import Metrics
from datasouk.web.options import WebOptions
from datasouk.web.places import Places

__all__ = ["Funding", "Market", "Money", "Readiness"]


@dataclass(frozen=True, slots=True)
class Funding:
    """Tokens that the operator gave.

    Attributes:
        message_id: Of the message that carries them, 32 bytes.
        is_first: Whether the wallet was made for it.
    """

    message_id: bytes
    is_first: bool


class Money(Protocol):
    """What moves tokens.  Each call raises `datasouk.market.errors.MarketError` for what it refuses."""

    async def fund(self, caller: Caller, /) -> Funding:
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

    async def gauges(self) -> dict[str, float]:
        """Numbers for the metrics, by name: the operator's balance, what waits to be settled."""


@dataclass(frozen=True, slots=True)
class Market:
    """What handlers work with."""

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
