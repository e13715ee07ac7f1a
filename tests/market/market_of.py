"""A marketplace for tests: the rules over a store, with a clock that is moved by hand."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.market.description_samples import device
from tests.market_fakes import Clock, MemoryStore

from datasouk.market.descriptions import read_description
from datasouk.market.devices import Devices, Registered
from datasouk.market.payment_errors import OperatorWalletEmpty
from datasouk.market.ports import Store
from datasouk.market.purchases import Purchases
from datasouk.market.records import Device
from datasouk.market.rules import Rules
from datasouk.market.secrets import Vault
from datasouk.market.streams import Streams
from datasouk.market.users import NewAccount, Users

T = TypeVar("T")
KEY = b"\x01" * 32


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine; one that hangs fails."""

    async def limited() -> T:
        return await asyncio.wait_for(coroutine, 60)

    return asyncio.run(limited())


class FakeMoney:
    """Remembers what it was asked; fails as often as it is told to."""

    def __init__(self) -> None:
        self.endowed: list[str] = []
        self.paid_out: list[str] = []
        self.failures = 0
        self.is_empty = False

    async def endow(self, device: Device) -> None:
        if self.is_empty:
            raise OperatorWalletEmpty(2_000_000)
        if device.device_id not in self.endowed:
            self.endowed.append(device.device_id)

    async def pay_out(self, device: Device) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the node is away")
        self.paid_out.append(device.device_id)
        if device.device_id in self.endowed:
            self.endowed.remove(device.device_id)


@dataclass(frozen=True)
class Market:
    store: Store
    vault: Vault
    clock: Clock
    money: FakeMoney
    users: Users
    devices: Devices
    purchases: Purchases
    streams: Streams

    async def register(self, account: NewAccount, device_id: str = "ws-1", **changes: Any) -> Registered:
        fields = device(**{"owner": account.user_id} | changes)
        return await self.devices.register(account.account, read_description(device_id, fields))


def market_of(store: Store | None = None, rules: Rules | None = None, keys: tuple[bytes, ...] = (KEY,)) -> Market:
    store, rules, vault, clock, money = store or MemoryStore(), rules or Rules(), Vault(keys), Clock(), FakeMoney()
    users = Users(store, vault, rules=rules, clock=clock)
    purchases = Purchases(store, rules=rules, clock=clock)
    return Market(
        store,
        vault,
        clock,
        money,
        users,
        Devices(store, vault, users, money, rules=rules, clock=clock),
        purchases,
        Streams(store, vault, purchases, rules=rules, clock=clock),
    )


def packet(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A packet as a device sends it; a change to ... leaves the field out."""
    fields: dict[str, Any] = {
        "time": 1_700_000_000_000 - 1000 + number,
        "root": "ROOT9",
        "sidekey": "KEY9",
        "messageId": f"m{number}",
    }
    return {name: value for name, value in (fields | changes).items() if value is not ...}
