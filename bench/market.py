"""How many purchases a second settle, in process against the embedded node; 1, 8, 32 and 128 buyers at once.

    python -m bench.market [--seconds 2] [--devices 1] [--folder FOLDER]

Each buyer buys one device after the other, as fast as it is answered.  Of one device: an account buys once, so
that nothing is free.  The ratio is to the bare ledger: one transfer after the other, each included before
the next begins.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.market_fakes import some_account, some_draft

from bench import describe_environment, format_ratio, format_table
from datasouk.market.funding import Funding
from datasouk.market.keyring import KeyRing
from datasouk.market.movements import MovementKind
from datasouk.market.payments import Payments
from datasouk.market.secrets import Vault
from datasouk.market.settlement import Settlement
from datasouk.market.settlement_jobs import SettlementSettings
from datasouk.market.wallets import make_wallet
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.settings import NodeSettings
from datasouk.storage import open_store

if TYPE_CHECKING:
    from datasouk.market.records import Account

__all__ = ["main"]

PRICE = 1
BUYERS = (1, 8, 32, 128)
MOST_PURCHASES = 1500


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run has shown."""

    buyers: int
    devices: str
    per_second: float
    p50_ms: float
    p99_ms: float
    groups: int
    purchases: int


class Market:
    """What is measured: store, node and settlement in one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def open(self) -> None:
        """Open everything."""
        self.node = EmbeddedNode(self.folder / "ledger", NodeSettings(faucet=None))
        await self.node.start()
        self.store = await open_store(self.folder / "market.db")
        self.vault = Vault([b"k" * 32])
        keys = KeyRing(self.store.settlements, self.vault, self.node.operator_key)
        self.settlement = Settlement(
            self.node, self.store.settlements, keys, SettlementSettings(timeout_seconds=120, fundings_per_day=10**6)
        )
        await self.settlement.start()
        self.funding = Funding(self.store, self.node, self.settlement, self.vault)
        self.payments = Payments(self.store, self.settlement)
        self.accounts: list[Account] = []
        self.devices: list[str] = []

    async def close(self) -> None:
        """Close everything."""
        await self.settlement.close()
        await self.store.close()
        await self.node.close()

    async def have(self, *, accounts: int, devices: int) -> None:
        """Make accounts with wallets, and devices, until there are so many."""
        new = [some_account(number) for number in range(len(self.accounts), accounts)]
        await asyncio.gather(*(self.store.users.add(account, None) for account in new))
        await asyncio.gather(*(self.funding.fund(account.account_id) for account in new))
        self.accounts += new
        for number in range(len(self.devices), devices):
            name = f"ws-{number}"
            draft = some_draft(name, 0, row_id=name, price_iota=PRICE)
            device = await self.store.devices.add(draft, b"{}", make_wallet(self.vault), quota=10**6)
            assert device is not None
            await self.funding.endow(device)
            self.devices.append(name)


async def run(market: Market, buyers: int, seconds: float, *, many: bool, fresh: int) -> Figures:
    """Let buyers buy for a while; ``fresh`` is the first account that has bought nothing."""
    before = market.settlement.state
    latencies: list[float] = []
    until = time.perf_counter() + seconds
    todo = iter(range(MOST_PURCHASES))

    async def buy_on() -> None:
        for place in todo:
            began = time.perf_counter()
            if began > until:
                return
            # Of many: accounts and devices in all pairs; of one: a fresh account each time.
            device = market.devices[1 + place % (len(market.devices) - 1)] if many else market.devices[0]
            account = market.accounts[fresh + place // (len(market.devices) - 1) if many else fresh + place]
            bought = await market.payments.buy(account, device, by_user_id=False)
            assert bought.paid_iota == PRICE
            latencies.append(1000 * (time.perf_counter() - began))

    began = time.perf_counter()
    await asyncio.gather(*(buy_on() for _ in range(buyers)))
    took = time.perf_counter() - began
    after = market.settlement.state
    latencies.sort()
    return Figures(
        buyers,
        "many" if many else "one",
        len(latencies) / took,
        statistics.median(latencies),
        latencies[int(len(latencies) * 0.99)],
        after.groups_settled - before.groups_settled,
        len(latencies),
    )


async def bare_transfers(market: Market, seconds: float) -> float:
    """Transfers a second, one after the other, through the same queue."""
    count, began = 0, time.perf_counter()
    operator = market.settlement.operator_address
    wallet = await market.funding.of_account(market.accounts[0].account_id)
    while time.perf_counter() - began < seconds:
        await market.settlement.settle(
            market.settlement.movement(MovementKind.GIFT, operator, wallet.address, 1_000_000)
        )
        count += 1
    return count / (time.perf_counter() - began)


async def measure(seconds: float, folder: Path) -> tuple[float, list[Figures]]:
    """All runs."""
    market = Market(folder)
    await market.open()
    fresh = 1  # account 0 owns the devices
    found = []
    await market.have(accounts=MOST_PURCHASES + 200, devices=129)
    bare = await bare_transfers(market, seconds)
    for buyers in BUYERS:
        for many in (False, True):
            figures = await run(market, buyers, seconds, many=many, fresh=fresh)
            fresh += (figures.purchases + buyers) // (128 if many else 1) + 1
            await market.have(accounts=fresh + MOST_PURCHASES + 200, devices=129)
            found.append(replace(figures))
    await market.close()
    return bare, found


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.market", description="Purchases a second.")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--folder", type=Path, help="where the databases lie, for the disk in question")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
        bare, found = asyncio.run(measure(wanted.seconds, Path(folder)))
    if wanted.json:
        print(json.dumps([{name: getattr(each, name) for name in Figures.__slots__} for each in found]))
        return 0
    for name, value in describe_environment().items():
        print(f"{name}: {value}")
    print(f"one transfer after the other: {bare:.0f}/s\n")
    rows = [
        [
            f"{each.buyers} buyers, {each.devices} device{'s' if each.devices == 'many' else ''}",
            format_ratio(each.per_second / bare),
            f"{each.per_second:.0f}/s",
            f"{each.p50_ms:.0f} ms",
            f"{each.p99_ms:.0f} ms",
            f"{each.purchases / max(1, each.groups):.1f}",
        ]
        for each in found
    ]
    print(format_table(["purchases", "ratio", "rate", "p50", "p99", "a group"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
