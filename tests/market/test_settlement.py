import asyncio
import contextlib
from pathlib import Path

import pytest
from tests.market.rig import (
    PRICE,
    Bank,
    Crash,
    FaultAt,
    Stranger,
    flood,
    open_bank,
    open_node,
    send_from,
    supply_is_whole,
)
from tests.market_fakes import some_account

from datasouk.ledger import Output, OutputType, Transaction
from datasouk.market.errors import StoreFailed
from datasouk.market.movements import MovementKind
from datasouk.market.payment_errors import NotEnoughFunds, SettlementOverloaded, SettlementPending
from datasouk.market.records import Account
from datasouk.market.settlement_jobs import FAULT_POINTS

pytestmark = pytest.mark.anyio


@pytest.mark.slow
async def test_d5_many_buyers_at_once_share_few_transactions(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device = await bank.device()
        buyers = [some_account(number) for number in range(2, 130)]
        for buyer in buyers:
            await bank.store.users.add(buyer, None)
        await asyncio.gather(*(bank.funding.fund(buyer.account_id) for buyer in buyers))
        before = bank.settlement.state.groups_settled
        assert set(await asyncio.gather(*(bank.buy(buyer) for buyer in buyers))) == {PRICE}
        assert bank.settlement.state.groups_settled - before <= 3
        assert await bank.device_ledger(device) == 2_000_000 + 128 * PRICE
        assert len(await bank.node.outputs(await bank.device_address(device))) == 1
    assert supply_is_whole(tmp_path)


@pytest.mark.slow
async def test_d5_a_group_has_at_most_127_inputs_and_outputs_and_one_signature_a_key(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.device()
        buyers = [some_account(number) for number in range(2, 160)]
        for buyer in buyers:
            await bank.store.users.add(buyer, None)
        await asyncio.gather(*(bank.funding.fund(buyer.account_id) for buyer in buyers))
        await asyncio.gather(*(bank.buy(buyer) for buyer in buyers))
        sizes = set()
        for message_id in await bank.node.find(b"datasouk settlement"):
            transaction = (await bank.node.message(message_id)).payload
            assert isinstance(transaction, Transaction)
            essence = transaction.essence
            sizes.add(len(essence.inputs))
            assert len(essence.inputs) <= 127
            assert len(essence.outputs) <= 127
            assert all(output.type is OutputType.SINGLE for output in essence.outputs)
            assert min(output.amount_iota for output in essence.outputs) >= 1_000_000
        assert max(sizes) > 100


async def test_a_full_queue_refuses_and_recovers(tmp_path: Path) -> None:
    async with open_bank(tmp_path, most_waiting=4) as bank:
        await bank.device()
        buyers = [await bank.account(number) for number in range(2, 12)]
        outcomes = await asyncio.gather(*(bank.buy(buyer) for buyer in buyers), return_exceptions=True)
        refused = [each for each in outcomes if isinstance(each, SettlementOverloaded)]
        assert 0 < len(refused) < 10
        assert "4 movements" in str(refused[0])
        for buyer in buyers:
            await bank.buy(buyer)
            assert await bank.balance(buyer) == 2_000_000 - PRICE


# Strangers


async def test_d6_dust_and_allowances_of_strangers_are_never_touched(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device, buyer = await bank.device(), await bank.account(2)
        stranger = Stranger(bank.node)
        await bank.funding.give(stranger.key.address, 100_000_000)
        addresses = [await bank.device_address(device)]
        state = await bank.funding.state(buyer.account_id)
        assert state is not None
        addresses.append(type(addresses[0])(state.address))
        strange = []
        for address in addresses:
            allowance = Output(address, 10_000_000, OutputType.DUST_ALLOWANCE)
            transaction_id = await stranger.send(allowance)
            strange += [each for each in await bank.node.outputs(address) if each.startswith(transaction_id)]
        for amount in range(1, 20):
            transaction_id = await stranger.send(*(Output(address, amount) for address in addresses))
            for address in addresses:
                strange += [each for each in await bank.node.outputs(address) if each.startswith(transaction_id)]
        await _until_lists_are_old(bank)
        assert await bank.buy(buyer) == PRICE
        assert len(strange) == 40
        assert not any([(await bank.node.output(each)).is_spent for each in strange])
        with pytest.raises(NotEnoughFunds):
            await _buy_for(bank, buyer, 1_000_000)


@pytest.mark.slow
async def test_d6_thousands_of_outputs_of_strangers_change_nothing_for_buyers_and_are_swept(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device = await bank.device()
        buyers = [await bank.account(number) for number in range(2, 8)]
        await bank.buy(buyers[0])
        await flood(bank, (await bank.device_address(device)).digest, 1200)
        state = await bank.funding.state(buyers[0].account_id)
        assert state is not None
        await _until_lists_are_old(bank)
        for buyer in buyers[1:]:
            assert await bank.buy(buyer) == PRICE
        assert await bank.device_ledger(device) == 1_002_000_000 + 200_000_000 + 6 * PRICE
        left = await bank.node.outputs(await bank.device_address(device))
        assert len(left) < 1000
    # After a restart the coin that our last group left is found behind a thousand others.
    async with open_bank(tmp_path) as bank:
        assert await bank.buy(await bank.account(20)) == PRICE
    assert supply_is_whole(tmp_path)


@pytest.mark.slow
async def test_d6_a_wallet_whose_tokens_are_scattered_can_spend_them_all(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.device("dear", price=600_000_000)
        buyer = await bank.account(2)
        state = await bank.funding.state(buyer.account_id)
        assert state is not None
        await flood(bank, state.address, 600)
        assert await bank.balance(buyer) == 602_000_000
        assert await bank.buy(buyer, "dear") == 600_000_000
        assert await bank.balance(buyer) == 2_000_000


async def test_tokens_that_somebody_sends_to_a_wallet_can_be_spent_at_once(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.device("dear", price=3_000_000)
        buyer = await bank.account(2)
        with pytest.raises(NotEnoughFunds):
            await bank.buy(buyer, "dear")
        stranger = Stranger(bank.node)
        await bank.funding.give(stranger.key.address, 10_000_000)
        state = await bank.funding.state(buyer.account_id)
        assert state is not None
        address = type(stranger.key.address)(state.address)
        await stranger.send(Output(address, 5_000_000))
        assert await bank.buy(buyer, "dear") == 3_000_000
        assert await bank.balance(buyer) == 4_000_000


# Conflicts


async def test_d5_what_somebody_else_spends_with_the_operator_s_key_is_done_again(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device = await bank.device()
        buyer = await bank.account(2)
        # The operator's coin goes elsewhere, unknown to the queue: what it signs next is void.
        await send_from(bank.node, bank.operator, Output(Stranger(bank.node).key.address, 5_000_000))
        funded, paid = await asyncio.gather(bank.funding.fund(buyer.account_id), bank.buy(buyer))
        assert not funded.is_new
        assert paid == PRICE
        assert bank.settlement.state.groups_released >= 1
        assert await bank.balance(buyer) == 3_000_000 - PRICE
        assert await bank.device_ledger(device) == 2_000_000 + PRICE
        assert await bank.store.settlements.waiting() == []
    assert supply_is_whole(tmp_path)


@pytest.mark.slow
async def test_d5_conflicts_all_the_time_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device = await bank.device()
        accounts = [some_account(number) for number in range(2, 26)]
        for account in accounts:
            await bank.store.users.add(account, None)
        stop = asyncio.Event()

        async def interfere() -> None:
            while not stop.is_set():
                with contextlib.suppress(AssertionError):  # The queue may be faster.
                    await send_from(bank.node, bank.operator, Output(Stranger(bank.node).key.address, 1_000_000))
                await asyncio.sleep(0.02)

        interfering = asyncio.create_task(interfere())

        async def live(account: Account) -> None:
            assert (await bank.funding.fund(account.account_id)).is_new
            assert await bank.buy(account) == PRICE
            assert not (await bank.funding.fund(account.account_id)).is_new

        await asyncio.gather(*(live(account) for account in accounts))
        stop.set()
        await interfering
        for account in accounts:
            assert await bank.balance(account) == 3_000_000 - PRICE
        assert await bank.device_ledger(device) == 2_000_000 + 24 * PRICE
        assert bank.settlement.state.groups_released >= 1
    assert supply_is_whole(tmp_path)


# Crashes


@pytest.mark.parametrize(
    "name", [name for name in FAULT_POINTS if name not in ("group void", "group released", "device paid out")]
)
@pytest.mark.parametrize("count", [1, 3])
async def test_d5_a_crash_at_any_step_of_a_purchase_is_finished_by_a_restart(
    tmp_path: Path, name: str, count: int
) -> None:
    async with open_node(tmp_path) as node:
        async with open_bank(tmp_path, node=node) as bank:
            device = await bank.device()
            buyers = [await bank.account(number) for number in range(2, 6)]
        fault = FaultAt(name, count)
        async with open_bank(tmp_path, node=node, fault=fault) as bank:
            for buyer in buyers:
                try:
                    await bank.buy(buyer)
                except (StoreFailed, SettlementPending):
                    break
            assert fault.crashed.is_set()
            assert not bank.settlement.state.is_running
        async with open_bank(tmp_path, node=node) as bank:
            await _until_idle(bank)
            await _check_paid_is_granted(bank, device.number, buyers)
            for buyer in buyers:
                await bank.buy(buyer)
                assert await bank.balance(buyer) == 2_000_000 - PRICE
            assert await bank.device_ledger(device) == 2_000_000 + 4 * PRICE


@pytest.mark.parametrize("name", ["group void", "group released"])
async def test_d5_a_crash_while_a_void_group_is_given_up_is_finished_by_a_restart(tmp_path: Path, name: str) -> None:
    async with open_node(tmp_path) as node:
        async with open_bank(tmp_path, node=node) as bank:
            await bank.device()
            buyer = await bank.account(2)
            await bank.account(1)
        fault = FaultAt(name)
        async with open_bank(tmp_path, node=node, fault=fault) as bank:
            await bank.funding.fund(some_account(1).account_id)
            await send_from(node, node.operator_key, Output(Stranger(node).key.address, 5_000_000))
            with pytest.raises((StoreFailed, SettlementPending)):
                await bank.funding.fund(buyer.account_id)
            assert fault.crashed.is_set()
        async with open_bank(tmp_path, node=node) as bank:
            await _until_idle(bank)
            assert await bank.balance(buyer) == 3_000_000
            told = await bank.funding.fund(buyer.account_id)
            assert not told.is_new
            assert await bank.balance(buyer) == 3_000_000


async def test_a_void_chain_is_void_after_a_restart_too(tmp_path: Path) -> None:
    """The group that builds on one that was given up before the crash has inputs that will never be there."""
    async with open_node(tmp_path) as node:
        async with open_bank(tmp_path, node=node) as bank:
            first, second = await bank.account(2), await bank.account(3)
            one = bank.settlement.movement(
                MovementKind.REFILL,
                bank.settlement.operator_address,
                (await bank.funding.of_account("account-0002")).address,
                1_000_000,
                account_id=first.account_id,
            )
            two = bank.settlement.movement(
                MovementKind.REFILL,
                bank.settlement.operator_address,
                (await bank.funding.of_account("account-0003")).address,
                1_000_000,
                account_id=second.account_id,
            )
            builder, store, view = bank.settlement._builder, bank.store.settlements, bank.settlement._view
            from datasouk.market.settlement_jobs import Job

            numbers = []
            for movement in (one, two):
                prepared = (await builder.build([Job(movement)])).prepared
                assert prepared is not None
                numbers.append(await store.open(prepared.group, builder.rules()))
                view.apply(prepared.spent, prepared.left)
            await send_from(node, node.operator_key, Output(Stranger(node).key.address, 5_000_000))
            await store.release(numbers[0])  # type: ignore[arg-type]
        async with open_bank(tmp_path, node=node) as bank:
            await _until_idle(bank)
            assert await bank.balance(first) == await bank.balance(second) == 3_000_000
            assert bank.settlement.state.groups_released == 1


async def test_a_part_that_fails_stops_the_whole_and_says_so(tmp_path: Path) -> None:
    async with open_bank(tmp_path, fault=FaultAt("group signed")) as bank:
        with pytest.raises(StoreFailed, match="settlements have stopped") as refused:
            await bank.account(2)
        assert isinstance(refused.value.__cause__, Crash)
        with pytest.raises(StoreFailed):
            await bank.account(3)
        assert not bank.settlement.state.is_running


async def test_whoever_waits_when_the_process_ends_is_told_that_it_is_pending_and_a_restart_goes_on(
    tmp_path: Path,
) -> None:
    async with open_node(tmp_path) as node:
        async with open_bank(tmp_path, node=node) as bank:
            device, buyer = await bank.device(), await bank.account(2)
            buying = asyncio.create_task(bank.buy(buyer))
            while not await bank.store.settlements.open_groups():
                await asyncio.sleep(0)
        with pytest.raises(SettlementPending):
            await buying
        async with open_bank(tmp_path, node=node) as bank:
            await _until_idle(bank)
            assert await bank.store.purchases.get(buyer.account_id, device.number) is not None
            assert await bank.balance(buyer) == 2_000_000 - PRICE


async def test_d5_who_asks_again_right_after_a_restart_joins_what_is_on_its_way(tmp_path: Path) -> None:
    async with open_node(tmp_path) as node:
        async with open_bank(tmp_path, node=node) as bank:
            device, buyer = await bank.device(), await bank.account(2)
        async with open_bank(tmp_path, node=node, fault=FaultAt("group stored")) as bank:
            with pytest.raises(StoreFailed):
                await bank.buy(buyer)
        async with open_bank(tmp_path, node=node) as bank:
            assert await asyncio.gather(*(bank.buy(buyer) for _ in range(8))) == [0] * 8
            assert await bank.balance(buyer) == 2_000_000 - PRICE
            assert await bank.device_ledger(device) == 2_000_000 + PRICE


async def test_nothing_is_taken_after_the_end(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        movement = bank.settlement.movement(MovementKind.GIFT, bank.settlement.operator_address, bytes(32), 1_000_000)
        await bank.close()
        with pytest.raises(StoreFailed, match="have stopped"):
            bank.settlement.enqueue(movement)


@pytest.mark.slow
async def test_a_scattered_wallet_holds_up_nobody_else(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.device()
        await bank.device("dear", price=250_000_000)
        rich, other = await bank.account(2), await bank.account(3)
        await flood(bank, (await bank.funding.of_account(rich.account_id)).address, 260)
        paid = await asyncio.gather(bank.buy(rich, "dear"), bank.buy(other), bank.buy(rich))
        assert tuple(paid) == (250_000_000, PRICE, PRICE)


async def _until_idle(bank: Bank) -> None:
    async with asyncio.timeout(20):
        while await bank.store.settlements.open_groups() or await bank.store.settlements.waiting() or _has_jobs(bank):
            await asyncio.sleep(0.005)


def _has_jobs(bank: Bank) -> bool:
    return bool(bank.settlement._jobs or bank.settlement._pilot.under_way)


async def _check_paid_is_granted(bank: Bank, device: int, buyers: list[Account]) -> None:
    for buyer in buyers:
        paid = 2_000_000 - await bank.balance(buyer)
        granted = await bank.store.purchases.get(buyer.account_id, device)
        assert paid == (PRICE if granted else 0)


async def _until_lists_are_old(bank: Bank) -> None:
    """Let the queue look at the ledger anew, as it does after half a minute."""
    for purse in bank.settlement._view._purses.values():
        purse.listed_at = 0


async def _buy_for(bank: Bank, buyer: Account, price: int) -> int:
    await bank.device(f"for {price}", price=price)
    return await bank.buy(buyer, f"for {price}")
