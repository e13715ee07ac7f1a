"""Both stores do the same, whatever they are asked: the one in memory is short enough to be believed."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.market_fakes import MemoryStore, some_account, some_draft, some_packet, some_wallet

from datasouk.market.errors import MarketError
from datasouk.market.ports import Store
from datasouk.market.records import Purchase, Role
from datasouk.storage.sqlite import SqliteStore

ACCOUNTS = st.integers(1, 3)
NAMES = st.sampled_from(["a", "A", "b", "c"])
NUMBERS = st.integers(1, 6)
QUOTA = 2
MOST_AT_ONE_TIME = 2


class TwoStores(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.made = 0

    @initialize()
    def open(self) -> None:
        async def opened() -> list[Store]:
            stores: list[Store] = [SqliteStore.open(Path(self.folder.name) / "market.db"), MemoryStore()]
            for store in stores:
                for number in (1, 2, 3):
                    await store.users.add(some_account(number), None)
            return stores

        self.stores = self.runner.run(opened())

    def agree(self, call: Callable[[Store], Awaitable[object]]) -> object:
        """Ask both; a refusal is an answer too."""

        async def ask(store: Store) -> object:
            try:
                return await call(store)
            except MarketError as error:
                return type(error), str(error)

        one, other = [self.runner.run(ask(store)) for store in self.stores]
        assert one == other
        return one

    @rule(name=NAMES, owner=ACCOUNTS)
    def add(self, name: str, owner: int) -> None:
        self.made += 1
        draft, wallet = some_draft(name, owner, row_id=f"row {self.made}"), some_wallet(str(self.made))
        self.agree(lambda store: store.devices.add(draft, b"{}", wallet, quota=QUOTA))

    @rule(name=NAMES, price=st.none() | st.integers(0, 9))
    def update(self, name: str, price: int | None) -> None:
        async def change(store: Store) -> object:
            device = await store.devices.get(name)
            if device is None:
                return None
            return await store.devices.update(
                replace(device, price_iota=price, is_inactive=bool(price)), b'{"n":%d}' % (price or 0)
            )

        self.agree(change)

    @rule(number=NUMBERS, owner=ACCOUNTS)
    def begin_removal(self, number: int, owner: int) -> None:
        self.agree(lambda store: store.devices.begin_removal(number, some_account(owner).account_id))

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        self.agree(lambda store: store.devices.delete(number))

    @rule(number=NUMBERS, is_inactive=st.booleans())
    def set_inactive(self, number: int, is_inactive: bool) -> None:
        self.agree(lambda store: store.devices.set_inactive(number, is_inactive=is_inactive))

    @rule(number=NUMBERS, packet=st.integers(1, 30), time=st.integers(1, 6))
    def publish(self, number: int, packet: int, time: int) -> None:
        draft = some_packet(packet, time)
        self.agree(lambda store: store.streams.add(number, draft, most_at_one_time=MOST_AT_ONE_TIME))

    @rule(number=NUMBERS, account=ACCOUNTS, price=st.integers(0, 5))
    def grant(self, number: int, account: int, price: int) -> None:
        purchase = Purchase(some_account(account).account_id, number, price, 7)
        self.agree(lambda store: store.purchases.grant(purchase))

    @rule(account=ACCOUNTS, role=st.none() | st.sampled_from(Role), flag=st.none() | st.booleans())
    def change(self, account: int, role: Role | None, flag: bool | None) -> None:
        name = some_account(account).account_id
        self.agree(lambda store: store.users.change(name, role=role, is_disabled=flag))

    @rule(number=NUMBERS, before=st.integers(0, 8), limit=st.integers(1, 4))
    def read(self, number: int, before: int, limit: int) -> None:
        self.agree(lambda store: store.streams.page(number, before_ms=before, limit=limit))
        self.agree(lambda store: store.streams.after(number, arrival=before, limit=limit))

    @invariant()
    def what_is_shown_is_the_same(self) -> None:
        self.agree(lambda store: store.devices.all_listed())
        self.agree(lambda store: store.devices.removing())
        for name in "aAbc":
            self.agree(lambda store, name=name: store.devices.get(name))  # type: ignore[misc]
        for number in range(1, 7):
            self.agree(lambda store, number=number: store.streams.state(number))  # type: ignore[misc]
            self.agree(lambda store, number=number: store.wallets.of_device(number))  # type: ignore[misc]
            for account in (1, 2, 3):
                buyer = some_account(account).account_id
                self.agree(lambda store, buyer=buyer, number=number: store.purchases.get(buyer, number))  # type: ignore[misc]

    def teardown(self) -> None:
        async def close() -> None:
            for store in self.stores:
                await store.close()

        self.runner.run(close())
        self.runner.close()
        self.folder.cleanup()


TestTwoStores = pytest.mark.slow(TwoStores.TestCase)
TestTwoStores.settings = settings(max_examples=25, stateful_step_count=25)
