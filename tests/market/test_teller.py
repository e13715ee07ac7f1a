from pathlib import Path

import pytest
from tests.market.rig import PRICE, Bank, open_bank
from tests.market_fakes import some_account

from datasouk.ledger.address import Address
from datasouk.market.payment_errors import NotEnoughFunds, SpendingLimitReached
from datasouk.market.teller import Teller
from datasouk.market.users import Caller

pytestmark = pytest.mark.anyio


def teller_of(bank: Bank) -> Teller:
    return Teller(bank.store, bank.funding, bank.payments, bank.node, gift_iota=1_500_000)


async def test_a_caller_is_funded_buys_and_sees_the_balance(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        teller = teller_of(bank)
        device, buyer = await bank.device(), await bank.account(2, fundings=0)
        caller = Caller(buyer, has_key=False)
        assert await teller.balance(buyer) is None
        first, second = await teller.fund(caller), await teller.fund(caller)
        assert (first.is_new, second.is_new) == (True, False)
        await teller.buy(caller, "ws-1")
        assert await teller.balance(buyer) == 3_000_000 - PRICE
        assert await teller.spendable(await bank.device_address(device)) == 1_000_000 + PRICE


async def test_the_faucet_gives_to_strangers(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        teller, stranger = teller_of(bank), Address(b"\x05" * 32)
        assert await teller.spendable(stranger) == 0
        assert len(await teller.give(stranger)) == 32
        assert await teller.spendable(stranger) == 500_000
        assert (await teller.operator()).balance_iota > 0


async def test_d2_whoever_has_too_little_is_told_that_before_the_limit(tmp_path: Path) -> None:
    async with open_bank(tmp_path, spending_iota_per_purchase=50) as bank:
        teller = teller_of(bank)
        await bank.device(price=3_000_000)
        await bank.account(2)
        caller, with_key = Caller(some_account(2), has_key=False), Caller(some_account(2), has_key=True)
        for each in (caller, with_key, Caller(await bank.account(3, fundings=0), has_key=False)):
            with pytest.raises(NotEnoughFunds):
                await teller.buy(each, "ws-1")
        for _ in range(3):
            await teller.fund(caller)
        with pytest.raises(SpendingLimitReached):
            await teller.buy(caller, "ws-1")
        await teller.buy(with_key, "ws-1")
