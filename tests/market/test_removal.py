import asyncio
from pathlib import Path

import pytest
from tests.market.description_samples import device as device_fields
from tests.market.moody_node import MoodyNode
from tests.market.rig import PRICE, FaultAt, Stranger, open_bank, open_node, send_from, supply_is_whole
from tests.market_fakes import some_account

from datasouk.ledger import TOKEN_SUPPLY_IOTA, Output
from datasouk.market.descriptions import read_description
from datasouk.market.devices import Devices
from datasouk.market.errors import DeviceNotFound, StoreFailed
from datasouk.market.payment_errors import NotEnoughFunds, OperatorWalletEmpty, SettlementPending
from datasouk.market.rules import Rules
from datasouk.market.users import Users

pytestmark = pytest.mark.anyio


async def test_d13_the_earnings_go_to_the_owner_and_the_endowment_to_the_operator(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        owner = await bank.account(1)
        device = await bank.device()
        buyers = [await bank.account(number) for number in (2, 3)]
        await asyncio.gather(*(bank.buy(buyer) for buyer in buyers))
        await bank.remove(device)
        assert await bank.balance(owner) == 2_000_000 + 2 * PRICE
        assert await bank.ledger(bank.operator.address.digest) == TOKEN_SUPPLY_IOTA - 6_000_000
        assert await bank.store.devices.removing() == []
        assert await bank.store.purchases.get(buyers[0].account_id, device.number) is None
        with pytest.raises(DeviceNotFound):
            await bank.remove(device)
        with pytest.raises(DeviceNotFound):
            await bank.buy(buyers[0])
        again = await bank.device()
        assert again.number != device.number
        assert await bank.buy(buyers[0]) == PRICE


async def test_d13_what_the_device_was_given_is_returned_whatever_a_new_one_would_get(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        async with open_bank(tmp_path, node=node) as bank:
            owner = await bank.account(1)
            device = await bank.device()
            await bank.buy(await bank.account(2))
            assert await bank.device_ledger(device) == 2_000_000 + PRICE
        async with open_bank(tmp_path, node=node, wallet_funding_iota=5_000_000) as bank:
            assert await bank.removals.collect(device) == PRICE
            await bank.buy(await bank.account(3))
            await bank.remove(device)
            assert await bank.balance(owner) == 2_000_000 + 2 * PRICE
            assert await bank.ledger(bank.operator.address.digest) == TOKEN_SUPPLY_IOTA - 4_000_000 - 6_000_000


async def test_d13_an_owner_without_a_wallet_gets_one(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device = await bank.device()
        await bank.buy(await bank.account(2))
        await bank.remove(device)
        assert await bank.balance(some_account(1)) == 1_000_000 + PRICE
        assert (await bank.funding.fund(some_account(1).account_id)).is_new


async def test_d13_a_device_that_earned_nothing_costs_its_owner_no_wallet(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device = await bank.device()
        await bank.remove(device)
        assert await bank.funding.state(some_account(1).account_id) is None
        assert await bank.ledger(bank.operator.address.digest) == TOKEN_SUPPLY_IOTA


async def test_d13_purchases_and_the_removal_at_once_lose_nothing(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device = await bank.device()
        buyers = [await bank.account(number) for number in range(2, 22)]
        buying = [asyncio.create_task(bank.buy(buyer)) for buyer in buyers]
        await asyncio.sleep(0.002)
        await bank.remove(device)
        outcomes = await asyncio.gather(*buying, return_exceptions=True)
        paid = sum(each == PRICE for each in outcomes)
        assert all(each == PRICE or isinstance(each, DeviceNotFound) for each in outcomes)
        balances = [await bank.balance(buyer) for buyer in buyers]
        assert sum(balances) == 20 * 2_000_000 - paid * PRICE
        assert await bank.balance(some_account(1)) == (1_000_000 + paid * PRICE if paid else 0)
    assert supply_is_whole(tmp_path)


async def test_d13_what_strangers_sent_goes_to_the_owner(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.account(1)
        device = await bank.device()
        stranger = Stranger(bank.node)
        await bank.funding.give(stranger.key.address, 50_000_000)
        address = await bank.device_address(device)
        for _ in range(7):
            await stranger.send(Output(address, 3_000_000))
        await bank.remove(device)
        assert await bank.balance(some_account(1)) == 2_000_000 + 21_000_000
        assert await bank.ledger(address.digest) == 0


@pytest.mark.parametrize(
    "name", ["group signed", "group stored", "group submitted", "group included", "group settled", "device paid out"]
)
async def test_d13_a_crash_at_any_step_is_finished_by_a_restart(tmp_path: Path, name: str) -> None:
    async with open_node(tmp_path) as node:
        async with open_bank(tmp_path, node=node) as bank:
            await bank.account(1)
            device = await bank.device()
            await bank.buy(await bank.account(2))
        fault = FaultAt(name)
        async with open_bank(tmp_path, node=node, fault=fault) as bank:
            with pytest.raises((StoreFailed, SettlementPending, Exception)):
                await bank.remove(device)
            assert fault.crashed.is_set()
        async with open_bank(tmp_path, node=node) as bank:
            async with asyncio.timeout(10):
                while await bank.store.devices.removing():
                    await asyncio.sleep(0.005)
            assert await bank.balance(some_account(1)) == 2_000_000 + PRICE
            assert await bank.ledger(bank.operator.address.digest) == TOKEN_SUPPLY_IOTA - 4_000_000
    assert supply_is_whole(tmp_path)


async def test_d13_a_removal_that_outlasts_the_caller_goes_on(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        mood = MoodyNode(node)
        async with open_bank(tmp_path, node=node, wrap=lambda _: mood, timeout_seconds=0.05) as bank:
            await bank.account(1)
            device = await bank.device()
            await bank.buy(await bank.account(2))
            mood.is_away = True
            with pytest.raises(SettlementPending):
                await bank.remove(device)
            assert await bank.store.devices.get("ws-1") is None
            mood.is_away = False
            async with asyncio.timeout(10):
                while await bank.store.devices.removing():
                    await asyncio.sleep(0.005)
            assert await bank.balance(some_account(1)) == 2_000_000 + PRICE


async def test_earnings_are_paid_out_and_the_endowment_stays(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        owner = await bank.account(1)
        device = await bank.device()
        assert await bank.removals.collect(device) == 0
        await bank.buy(await bank.account(2))
        paid = await asyncio.gather(*(bank.removals.collect(device) for _ in range(4)))
        assert set(paid) <= {PRICE, 0}
        assert await bank.balance(owner) == 2_000_000 + PRICE
        assert await bank.device_ledger(device) == 2_000_000


async def test_a_payout_that_somebody_else_was_faster_with_pays_nothing(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.account(1)
        device = await bank.device()
        wallet = await bank.store.wallets.of_device(device.number)
        assert wallet is not None
        movement = await bank.removals._earning(device, wallet.address, 1_000_001)
        with pytest.raises(NotEnoughFunds):
            await bank.settlement.settle(movement)


async def test_d18_a_device_that_the_operator_cannot_endow_leaves_nothing(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        rules = Rules()
        users = Users(bank.store, bank.vault, rules=rules)
        devices = Devices(bank.store, bank.vault, users, bank.removals, rules=rules)
        owner = await users.create()
        description = read_description("ws-1", device_fields(owner=owner.user_id))
        stranger = Stranger(bank.node)
        left = TOKEN_SUPPLY_IOTA - 2_500_000
        await send_from(bank.node, bank.operator, Output(stranger.key.address, left))
        for _ in range(2):
            with pytest.raises(OperatorWalletEmpty, match="no 2000000 tokens left"):
                await devices.register(owner.account, description)
            assert await bank.store.devices.all_listed() == []
            assert await bank.store.devices.removing() == []
            assert await bank.store.settlements.waiting() == []
        assert await bank.ledger(bank.operator.address.digest) == 2_500_000
        await stranger.send(Output(bank.operator.address, 1_000_000))
        made = await devices.register(owner.account, description)
        assert made.is_new
        assert await bank.device_ledger(made.device) == 2_000_000
    assert supply_is_whole(tmp_path)
