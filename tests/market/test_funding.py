import asyncio
from pathlib import Path

import pytest
from tests.market.rig import PRICE, Stranger, open_bank, send_from
from tests.market_fakes import START_MS, Clock, some_account

from datasouk.ledger import TOKEN_SUPPLY_IOTA, Address, Output
from datasouk.market.errors import InvalidField
from datasouk.market.payment_errors import FundingLimitReached, OperatorWalletEmpty

pytestmark = pytest.mark.anyio


async def test_p2_the_first_funding_makes_the_wallet_and_later_ones_refill_it(tmp_path: Path) -> None:
    async with open_bank(tmp_path, wallet_funding_iota=1_500_000) as bank:
        account = await bank.account(2, fundings=0)
        assert await bank.funding.state(account.account_id) is None
        first = await bank.funding.fund(account.account_id)
        second = await bank.funding.fund(account.account_id)
        assert (first.is_new, second.is_new) == (True, False)
        assert first.message_id != second.message_id
        for funded in (first, second):
            assert (await bank.node.metadata(funded.message_id)).inclusion == "included"
        state = await bank.funding.state(account.account_id)
        assert state is not None
        assert (state.balance_iota, state.spendable_iota) == (4_000_000, 3_000_000)
        assert await bank.ledger(state.address) == 4_000_000


async def test_p2_at_once_one_funding_is_the_first_and_each_adds(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        account = await bank.account(2, fundings=0)
        funded = await asyncio.gather(*(bank.funding.fund(account.account_id) for _ in range(12)))
        assert sum(each.is_new for each in funded) == 1
        assert await bank.balance(account) == 2_000_000 + 11 * 1_000_000


async def test_d18_fundings_of_an_account_and_day_are_limited(tmp_path: Path) -> None:
    clock = Clock()
    async with open_bank(tmp_path, fundings_per_day=3, clock=clock) as bank:
        account = await bank.account(2, fundings=0)
        outcomes = await asyncio.gather(
            *(bank.funding.fund(account.account_id) for _ in range(10)), return_exceptions=True
        )
        refused = [each for each in outcomes if isinstance(each, FundingLimitReached)]
        assert len(refused) == 7
        assert str(refused[0]) == "Could not fundWallet: a wallet is funded at most 3 times a day"
        assert await bank.balance(account) == 4_000_000
        await bank.account(3)
        clock.now = START_MS + 24 * 3600 * 1000 + 1
        await bank.funding.fund(account.account_id)
        assert await bank.balance(account) == 5_000_000


async def test_d18_an_empty_operator_s_wallet_is_a_clear_error_and_shows(tmp_path: Path) -> None:
    async with open_bank(tmp_path, alarm_iota_per_day=1) as bank:
        account = await bank.account(2, fundings=0)
        before = await bank.funding.operator()
        assert (before.balance_iota, before.is_low, before.is_alarming) == (TOKEN_SUPPLY_IOTA, False, False)
        stranger = Stranger(bank.node)
        await send_from(bank.node, bank.operator, Output(stranger.key.address, TOKEN_SUPPLY_IOTA - 2_500_000))
        assert (await bank.funding.operator()).is_low
        with pytest.raises(OperatorWalletEmpty, match="the operator's wallet has no 2000000 tokens left"):
            # It would leave the operator 500,000, which is dust.
            await bank.funding.fund(account.account_id)
        await stranger.send(Output(bank.operator.address, 1_000_000))
        assert (await bank.funding.fund(account.account_id)).is_new
        after = await bank.funding.operator()
        assert (after.balance_iota, after.funded_iota_in_a_day, after.is_alarming) == (1_500_000, 2_000_000, True)


async def test_d18_a_new_device_s_address_is_endowed_once(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device = await bank.device()
        assert await bank.device_ledger(device) == 2_000_000
        await asyncio.gather(*(bank.funding.endow(device) for _ in range(5)))
        assert await bank.device_ledger(device) == 2_000_000


async def test_d18_what_strangers_sent_before_takes_no_device_its_endowment(tmp_path: Path) -> None:
    async with open_bank(tmp_path, wallet_funding_iota=1_500_000) as bank:
        endow, bank.funding.endow = bank.funding.endow, _nothing  # type: ignore[method-assign,assignment]
        device = await bank.device()
        bank.funding.endow = endow  # type: ignore[method-assign]
        await bank.funding.give(await bank.device_address(device), 3_000_000)
        await bank.funding.endow(device)
        assert await bank.device_ledger(device) == 5_500_000


async def test_d6_a_purchase_of_a_device_without_endowment_endows_it(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        buyers = [await bank.account(number) for number in (2, 3)]
        endow, bank.funding.endow = bank.funding.endow, _nothing  # type: ignore[method-assign,assignment]
        device = await bank.device()
        bank.funding.endow = endow  # type: ignore[method-assign]
        assert await bank.device_ledger(device) == 0
        await asyncio.gather(*(bank.buy(buyer) for buyer in buyers))
        assert await bank.device_ledger(device) == 2_000_000 + 2 * PRICE


async def _nothing(_device: object) -> None:
    pass


async def test_the_operator_gives_to_any_address_but_no_dust(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        address = Address(b"\x09" * 32)
        with pytest.raises(InvalidField, match="amount must be at least 1000000"):
            await bank.funding.give(address, 999_999)
        await asyncio.gather(*(bank.funding.give(address, 1_000_000) for _ in range(3)))
        assert await bank.ledger(address.digest) == 3_000_000


async def test_d6_balances_are_the_ledger_s_less_what_is_promised(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.device()
        buyer = await bank.account(2)
        buying = asyncio.create_task(bank.buy(buyer))
        while not bank.settlement.jobs_of(buyer.account_id):
            await asyncio.sleep(0)
        assert await bank.balance(buyer) == 2_000_000 - PRICE
        await buying
        assert await bank.balance(buyer) == 2_000_000 - PRICE


async def test_d4_seeds_are_sealed_at_rest(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.account(2)
        wallet = await bank.store.wallets.of_account(some_account(2).account_id)
        assert wallet is not None
        assert bank.vault.wallet_seeds.is_current(wallet.seed_sealed)
        assert len(wallet.seed_sealed) == 32 + 33
        assert wallet.seed_sealed.hex() not in repr(wallet)


@pytest.mark.slow
async def test_d6_a_balance_is_never_anything_but_the_one_before_or_after_a_payment(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        for number in range(20):
            await bank.device(f"ws-{number}")
        buyer = await bank.account(2)
        seen = set()
        for number in range(20):
            buying = asyncio.create_task(bank.buy(buyer, f"ws-{number}"))
            while not buying.done():
                seen.add(await bank.balance(buyer))
                await asyncio.sleep(0)
        assert seen <= {2_000_000 - number * PRICE for number in range(21)}
