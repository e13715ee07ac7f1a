"""Thousands of mixed operations, with crashes, against a model: no token is made, lost, or moved without a reason."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.market.rig import Bank, Crash, FaultAt, Stranger, open_bank, open_node, send_from, supply_is_whole
from tests.market_fakes import some_account

from datasouk.ledger import TOKEN_SUPPLY_IOTA, Output
from datasouk.market.errors import DeviceNotFound, MarketError, StoreFailed
from datasouk.market.movements import MovementKind
from datasouk.market.payment_errors import NotEnoughFunds
from datasouk.market.records import Device
from datasouk.market.settlement_jobs import FAULT_POINTS
from datasouk.node.embedded import EmbeddedNode

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ACCOUNTS = 12


@dataclass
class Model:
    """What was acknowledged, and nothing else."""

    fundings: Counter[str] = field(default_factory=Counter)
    bought: dict[tuple[str, int], int] = field(default_factory=dict)
    doubtful: set[tuple[str, str]] = field(default_factory=set)
    operations: Counter[str] = field(default_factory=Counter)


class World:
    """Draws operations and holds the marketplace against the model."""

    def __init__(self, folder: Path, node: EmbeddedNode, seed: int) -> None:
        self.folder = folder
        self.node = node
        self.random = random.Random(seed)
        self.model = Model()
        self.names = 0

    async def run(self, bank: Bank, count: int) -> None:
        await asyncio.gather(*(bank.account(number, fundings=0) for number in range(1, ACCOUNTS)))
        for _ in range(count // 8):
            burst = [self._operation(bank) for _ in range(self.random.randint(1, 15))]
            for outcome in await asyncio.gather(*burst, return_exceptions=True):
                if isinstance(outcome, StoreFailed | Crash):
                    return  # It has crashed: enough.
                if isinstance(outcome, BaseException) and not isinstance(outcome, MarketError):
                    raise outcome
            await self.check_conservation(bank)

    def _operation(self, bank: Bank) -> Awaitable[object]:
        operations = {
            self._fund: 20,
            self._buy: 50,
            self._add_device: 8,
            self._remove_device: 4,
            self._pay_out: 5,
            self._stranger_sends: 3,
            self._operator_pays_elsewhere: 1,
        }
        chosen = self.random.choices(list(operations), list(operations.values()))[0]
        self.model.operations[chosen.__name__] += 1
        return chosen(bank)

    def _account(self) -> str:
        return some_account(self.random.randrange(1, ACCOUNTS)).account_id

    async def _device(self, bank: Bank) -> Device | None:
        listed = await bank.store.devices.all_listed()
        return await bank.store.devices.get(self.random.choice(listed).device_id) if listed else None

    async def _fund(self, bank: Bank) -> None:
        account = self._account()
        funded = await bank.funding.fund(account)
        self.model.fundings[account] += 2_000_000 if funded.is_new else 1_000_000

    async def _buy(self, bank: Bank) -> None:
        device, account = await self._device(bank), await bank.store.users.get(self._account())
        assert account is not None
        if device is None:
            return
        before = await bank.store.purchases.get(account.account_id, device.number)
        try:
            bought = await bank.payments.buy(account, device.device_id, by_user_id=self.random.random() < 0.3)
        except (NotEnoughFunds, DeviceNotFound):
            return
        if bought.paid_iota:
            assert before is None
            key = account.account_id, bought.device.number
            assert key not in self.model.bought, "paid twice"
            self.model.bought[key] = bought.paid_iota

    async def _add_device(self, bank: Bank) -> None:
        self.names += 1
        owner, price = self.random.randrange(1, ACCOUNTS), self.random.choice([0, 1, 7, 1000, 300_000, 1_500_000])
        await bank.device(f"ws-{self.names}", owner, price)

    async def _remove_device(self, bank: Bank) -> None:
        device = await self._device(bank)
        if device is not None:
            await bank.remove(device)

    async def _pay_out(self, bank: Bank) -> None:
        device = await self._device(bank)
        if device is not None:
            await bank.removals.collect(device)

    async def _stranger_sends(self, bank: Bank) -> None:
        device = await self._device(bank)
        if device is None:
            return
        stranger = Stranger(bank.node, self.random.randbytes(32))
        await bank.funding.give(stranger.key.address, 3_000_000)
        wallet = await bank.store.wallets.of_device(device.number)
        if wallet is not None:
            await stranger.send(Output(type(stranger.key.address)(wallet.address), 2_000_000))

    async def _operator_pays_elsewhere(self, bank: Bank) -> None:
        with contextlib.suppress(AssertionError):  # The queue may be faster.
            await send_from(bank.node, bank.operator, Output(Stranger(bank.node).key.address, 1_000_000))

    async def check_conservation(self, bank: Bank) -> None:
        assert self.node._store.unspent_sum() == TOKEN_SUPPLY_IOTA
        for number in range(1, ACCOUNTS):
            state = await bank.funding.state(some_account(number).account_id)
            assert state is None or state.balance_iota >= 0

    async def check_books(self, bank: Bank) -> None:
        """When nothing is on its way: what each wallet holds is what its settled movements say, to the token."""
        assert await bank.store.settlements.open_groups() == []
        assert await bank.store.settlements.waiting() == []
        for number in range(1, ACCOUNTS):
            account = some_account(number).account_id
            history = await bank.store.settlements.history(account, limit=100_000)
            assert len({each.movement.movement_id for each in history}) == len(history)
            kinds = Counter[MovementKind]()
            for each in history:
                kinds[each.movement.kind] += each.movement.amount_iota
                metadata = await bank.node.metadata(each.message_id)
                assert metadata.inclusion == "included"
            paid = [each.movement for each in history if each.movement.kind is MovementKind.PURCHASE]
            assert len({(each.account_id, each.device) for each in paid}) == len(paid), "paid twice"
            for bought in paid:
                assert bought.device is not None
                alive = bought.device in {device.number for device in await self._alive(bank)}
                granted = await bank.store.purchases.get(account, bought.device)
                assert (granted is not None) == alive, "paid and not granted"
            for key, price in self.model.bought.items():
                if key[0] == account:
                    assert [each.amount_iota for each in paid if each.device == key[1]] == [price]
            funded = kinds[MovementKind.GRANT] + kinds[MovementKind.REFILL]
            assert funded >= self.model.fundings[account], "an acknowledged funding is lost"
            state = await bank.funding.state(account)
            held = 0 if state is None else state.balance_iota
            expected = funded + kinds[MovementKind.EARNINGS] - kinds[MovementKind.PURCHASE]
            # An owner without a wallet who earns gets 1,000,000 with it.
            assert held - expected in (0, 1_000_000) if kinds[MovementKind.EARNINGS] else held == expected

    async def _alive(self, bank: Bank) -> list[Device]:
        found = [await bank.store.devices.get(each.device_id) for each in await bank.store.devices.all_listed()]
        return [device for device in found if device is not None]


async def settle_down(bank: Bank) -> None:
    async with asyncio.timeout(30):
        while (
            await bank.store.settlements.open_groups()
            or await bank.store.settlements.waiting()
            or await bank.store.devices.removing()
            or bank.settlement._jobs
        ):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("seed", range(3))
async def test_d6_money_is_conserved_over_thousands_of_mixed_operations(tmp_path: Path, seed: int) -> None:
    async with open_node(tmp_path) as node:
        world = World(tmp_path, node, seed)
        async with open_bank(tmp_path, node=node) as bank:
            await world.run(bank, 1200)
            await settle_down(bank)
            await world.check_books(bank)
        assert sum(world.model.operations.values()) > 1000
        assert len(world.model.bought) > 20
    assert supply_is_whole(tmp_path)


@pytest.mark.parametrize("seed", range(3))
async def test_d5_money_is_conserved_over_many_crashes(tmp_path: Path, seed: int) -> None:
    async with open_node(tmp_path) as node:
        world = World(tmp_path, node, 100 + seed)
        crashes = 0
        for _ in range(15):
            fault = FaultAt(world.random.choice(FAULT_POINTS), world.random.randint(1, 12))
            async with open_bank(tmp_path, node=node, fault=fault) as bank:
                await world.run(bank, 160)
            crashes += fault.crashed.is_set()
        async with open_bank(tmp_path, node=node) as bank:
            await settle_down(bank)
            await world.check_books(bank)
        assert crashes > 5
    assert supply_is_whole(tmp_path)
