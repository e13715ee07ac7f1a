import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.market.moody_node import MoodyNode
from tests.market.rig import PRICE, Bank, open_bank, open_node
from tests.market_fakes import some_account

from datasouk.market.payment_errors import SettlementPending

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def moody_bank(folder: Path, **settings: Any) -> AsyncIterator[tuple[Bank, MoodyNode]]:
    moods: list[MoodyNode] = []

    def wrap(node: object) -> MoodyNode:
        moods.append(MoodyNode(node))  # type: ignore[arg-type]
        return moods[0]

    async with open_bank(folder, wrap=wrap, **settings) as bank:
        yield bank, moods[0]


async def until(condition: object) -> None:
    async with asyncio.timeout(10):
        while not await condition():  # type: ignore[operator]
            await asyncio.sleep(0.005)


@pytest.mark.slow
async def test_d5_while_the_node_is_away_a_purchase_is_pending_and_is_finished_later(tmp_path: Path) -> None:
    async with moody_bank(tmp_path, timeout_seconds=0.05) as (bank, mood):
        device = await bank.device()
        buyer = await bank.account(2)
        mood.is_away = True
        for _ in range(3):
            with pytest.raises(SettlementPending, match=r"not settled within 0\.05 s"):
                await bank.buy(buyer)
        assert await bank.store.purchases.get(buyer.account_id, device.number) is None
        mood.is_away = False
        await until(lambda: bank.store.purchases.get(buyer.account_id, device.number))
        assert await bank.buy(buyer) == 0
        assert await bank.balance(buyer) == 2_000_000 - PRICE


async def test_d5_what_was_answered_pending_survives_a_restart_though_it_was_not_signed(tmp_path: Path) -> None:
    async with moody_bank(tmp_path, timeout_seconds=0.05) as (bank, mood):
        device = await bank.device()
        other, buyer = await bank.account(3), await bank.account(2)
        mood.is_away = True
        for each in (other, buyer):  # The first is signed and cannot be attached, the second waits behind it.
            with pytest.raises(SettlementPending):
                await bank.buy(each)
        assert len(await bank.store.settlements.open_groups()) == 1
        assert len(await bank.store.settlements.waiting()) == 1
    async with open_bank(tmp_path) as bank:
        await until(lambda: bank.store.purchases.get(buyer.account_id, device.number))
        assert await bank.balance(buyer) == 2_000_000 - PRICE


async def test_d18_asking_again_after_pending_tells_how_the_funding_ended_and_funds_no_more(tmp_path: Path) -> None:
    async with moody_bank(tmp_path, timeout_seconds=0.05) as (bank, mood):
        account = await bank.account(2, fundings=0)
        mood.never_included = True
        for _ in range(2):
            with pytest.raises(SettlementPending):
                await bank.funding.fund(account.account_id)
        mood.never_included = False

        async def idle() -> bool:
            return not bank.settlement.jobs_of(account.account_id)

        await until(idle)
        funded = await bank.funding.fund(account.account_id)
        assert funded.is_new
        assert await bank.balance(account) == 2_000_000
        assert not (await bank.funding.fund(account.account_id)).is_new
        assert await bank.balance(account) == 3_000_000


async def test_an_answer_that_is_lost_does_not_pay_twice(tmp_path: Path) -> None:
    async with moody_bank(tmp_path) as (bank, mood):
        device = await bank.device()
        buyer = await bank.account(2)
        mood.loses_answers = 3
        assert await bank.buy(buyer) == PRICE
        assert mood.loses_answers == 0
        assert await bank.balance(buyer) == 2_000_000 - PRICE
        assert await bank.device_ledger(device) == 2_000_000 + PRICE
        assert bank.settlement.state.groups_released == 0


async def test_a_message_that_the_node_loses_is_attached_again(tmp_path: Path) -> None:
    async with moody_bank(tmp_path) as (bank, mood):
        await bank.device()
        buyer = await bank.account(2)
        mood.loses_messages = 2
        assert await bank.buy(buyer) == PRICE
        assert mood.loses_messages == 0


async def test_a_group_that_no_milestone_takes_is_attached_again_until_one_does(tmp_path: Path) -> None:
    async with moody_bank(tmp_path) as (bank, mood):
        await bank.device()
        buyer = await bank.account(2)
        mood.never_included = True
        buying = asyncio.create_task(bank.buy(buyer))
        before = mood.submitted

        async def again() -> bool:
            return mood.submitted > before + 3

        await until(again)
        mood.never_included = False
        assert await buying == PRICE
        assert await bank.balance(buyer) == 2_000_000 - PRICE


@pytest.mark.slow
async def test_refused_parents_are_left_to_the_node(tmp_path: Path) -> None:
    async with moody_bank(tmp_path) as (bank, mood):
        await bank.device()
        buyers = [await bank.account(number) for number in range(2, 20)]
        mood.refuses_parents = True
        assert set(await asyncio.gather(*(bank.buy(buyer) for buyer in buyers))) == {PRICE}


@pytest.mark.slow
async def test_with_a_slow_node_the_groups_are_chained(tmp_path: Path) -> None:
    async with moody_bank(tmp_path) as (bank, mood):
        device = await bank.device()
        buyers = [await bank.account(number) for number in range(2, 26)]
        mood.delay_seconds = 0.02

        async def buy_late(place: int) -> int:
            await asyncio.sleep(0.004 * place)
            return await bank.buy(buyers[place])

        paid = await asyncio.gather(*(buy_late(place) for place in range(len(buyers))))
        assert set(paid) == {PRICE}
        assert bank.settlement.state.groups_released == 0
        assert await bank.device_ledger(device) == 2_000_000 + 24 * PRICE


async def test_a_restart_while_the_node_is_away_waits_for_it(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        mood = MoodyNode(node)
        async with open_bank(tmp_path, node=node, wrap=lambda _: mood, timeout_seconds=0.05) as bank:
            device = await bank.device()
            buyer = await bank.account(2)
            mood.never_included = True
            with pytest.raises(SettlementPending):
                await bank.buy(buyer)
        mood.is_away, mood.never_included = True, False
        async with open_bank(tmp_path, node=node, wrap=lambda _: mood, timeout_seconds=0.05) as bank:
            with pytest.raises(SettlementPending):
                await bank.buy(buyer)
            mood.is_away = False
            await until(lambda: bank.store.purchases.get(buyer.account_id, device.number))
            # For a moment, what is included still counts as promised too: see Funding.state.
            async with asyncio.timeout(10):
                while await bank.balance(buyer) != 2_000_000 - PRICE:
                    await asyncio.sleep(0.005)
            assert await bank.balance(some_account(2)) == 2_000_000 - PRICE
