import asyncio
import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from tests.market.rig import PRICE, open_bank
from tests.market_fakes import some_account

from datasouk.market.errors import DeviceNotFound
from datasouk.market.payment_errors import DearerThanAllowed, NotEnoughFunds, SpendingLimitReached
from datasouk.market.receipts import read_transaction, verify_receipt

pytestmark = pytest.mark.anyio


async def test_d5_a_purchase_takes_the_price_from_the_buyer_and_gives_it_to_the_device(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device, buyer = await bank.device(), await bank.account(2)
        assert await bank.buy(buyer) == PRICE
        assert await bank.balance(buyer) == 2_000_000 - PRICE
        assert await bank.device_ledger(device) == 2_000_000 + PRICE
        purchase = await bank.store.purchases.get(buyer.account_id, device.number)
        assert purchase is not None
        assert purchase.price_iota == PRICE


async def test_d5_64_purchases_of_one_stream_at_once_are_one_debit(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device, buyer = await bank.device(), await bank.account(2)
        paid = await asyncio.gather(*(bank.buy(buyer) for _ in range(64)))
        assert sorted(paid) == [0] * 63 + [PRICE]
        assert await bank.buy(buyer) == 0
        assert await bank.balance(buyer) == 2_000_000 - PRICE
        assert await bank.device_ledger(device) == 2_000_000 + PRICE


async def test_d5_the_own_device_and_what_is_bought_are_free(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device = await bank.device(owner=1)
        owner = some_account(1)
        assert await bank.buy(owner) == 0
        assert await bank.store.purchases.get(owner.account_id, device.number) is None
        buyer = await bank.account(2)
        assert await bank.buy(buyer) == PRICE
        assert await bank.buy(buyer) == 0
        assert await bank.balance(buyer) == 2_000_000 - PRICE


async def test_d5_the_receipt_proves_its_line_item_by_the_transaction(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device = await bank.device()
        buyers = [await bank.account(number) for number in range(2, 6)]
        await asyncio.gather(*(bank.buy(buyer) for buyer in buyers))
        receipt = await bank.payments.receipt(buyers[2].account_id, device.number)
        assert receipt is not None
        message = await bank.node.message(receipt.message_id)
        transaction = message.payload
        verify_receipt(receipt, transaction)  # type: ignore[arg-type]
        assert receipt.movement.amount_iota == PRICE
        assert receipt.movement.device_id == "ws-1"
        settled = await bank.store.settlements.purchase(buyers[2].account_id, device.number)
        assert settled is not None
        assert read_transaction(settled.raw) == transaction
        assert await bank.payments.receipt(some_account(1).account_id, device.number) is None


async def test_d7_price_0_is_free_and_needs_no_wallet(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device, buyer = await bank.device(price=0), await bank.account(2, fundings=0)
        assert await bank.buy(buyer) == 0
        assert await bank.store.purchases.get(buyer.account_id, device.number) is not None
        assert await bank.payments.receipt(buyer.account_id, device.number) is None


async def test_d7_without_a_price_the_default_is_charged(tmp_path: Path) -> None:
    async with open_bank(tmp_path, default_price_iota=777) as bank:
        device, buyer = await bank.device(price=None), await bank.account(2)
        assert bank.payments.price_of(device) == 777
        assert await bank.buy(buyer) == 777


async def test_d7_the_price_charged_is_the_one_at_the_time_of_the_payment(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        device = await bank.device()
        buyers = [await bank.account(number) for number in range(2, 10)]
        buying = [asyncio.create_task(bank.buy(buyer)) for buyer in buyers]
        await bank.store.devices.update(replace(device, price_iota=250), b"{}")
        paid = await asyncio.gather(*buying)
        assert set(paid) <= {PRICE, 250}
        for buyer, price in zip(buyers, paid, strict=True):
            assert await bank.balance(buyer) == 2_000_000 - price
        assert await bank.device_ledger(device) == 2_000_000 + sum(paid)


async def test_a_dearer_price_than_allowed_is_refused(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.device()
        buyer = await bank.account(2)
        with pytest.raises(DearerThanAllowed, match="the price is 100, you allowed at most 99"):
            await bank.buy(buyer, most_iota=PRICE - 1)
        assert await bank.buy(buyer, most_iota=PRICE) == PRICE


async def test_a_device_that_is_not_there_cannot_be_bought(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        buyer = await bank.account(2, fundings=0)
        with pytest.raises(DeviceNotFound, match="Device doesn't exist"):
            await bank.buy(buyer, "nothing")


async def test_d18_with_too_little_nothing_is_reserved_and_a_million_stays(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.device("dear", price=1_000_001)
        await bank.device("all", price=1_000_000)
        buyer = await bank.account(2)
        outcomes = await asyncio.gather(*(bank.buy(buyer, "dear") for _ in range(8)), return_exceptions=True)
        assert all(isinstance(each, NotEnoughFunds) for each in outcomes)
        assert str(outcomes[0]) == "Not enough funds in your wallet."
        assert await bank.balance(buyer) == 2_000_000
        assert await bank.buy(buyer, "all") == 1_000_000
        assert await bank.balance(buyer) == 1_000_000
        assert bank.settlement.state.waiting == 0


async def test_without_a_wallet_there_are_not_enough_funds(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.device()
        with pytest.raises(NotEnoughFunds):
            await bank.buy(await bank.account(2, fundings=0))


async def test_d5_more_purchases_than_the_wallet_holds_pay_for_as_many_as_it_can(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        for number in range(6):
            await bank.device(f"ws-{number}", price=300_000)
        buyer = await bank.account(2)
        buying = (bank.buy(buyer, f"ws-{number}") for number in range(6))
        outcomes = await asyncio.gather(*buying, return_exceptions=True)
        assert sum(each == 300_000 for each in outcomes) == 3
        assert sum(isinstance(each, NotEnoughFunds) for each in outcomes) == 3
        assert await bank.balance(buyer) == 1_100_000


async def test_d2_by_user_id_alone_a_purchase_and_a_day_are_limited(tmp_path: Path) -> None:
    async with open_bank(tmp_path, spending_iota_per_purchase=200, spending_iota_per_day=300) as bank:
        for name, price in (("a", 200), ("b", 201), ("c", 101), ("d", 100)):
            await bank.device(name, price=price)
        buyer = await bank.account(2)
        assert await bank.buy(buyer, "a", by_user_id=True) == 200
        with pytest.raises(SpendingLimitReached, match="at most 200 tokens a purchase"):
            await bank.buy(buyer, "b", by_user_id=True)
        with pytest.raises(SpendingLimitReached, match="at most 300 tokens a day"):
            await bank.buy(buyer, "c", by_user_id=True)
        assert await bank.buy(buyer, "d", by_user_id=True) == 100
        assert await bank.buy(buyer, "b") == 201
        assert await bank.buy(buyer, "c") == 101
        assert await bank.balance(buyer) == 2_000_000 - 602


async def test_d5_what_was_granted_while_it_was_signed_is_not_paid(tmp_path: Path) -> None:
    granted: list[str] = []

    def grant(name: str) -> None:
        if name == "group signed" and granted == ["now"]:
            granted.append("done")
            with contextlib.closing(sqlite3.connect(tmp_path / "market.db")) as other, other:
                other.execute("INSERT INTO purchase VALUES ('account-0002', 1, 0, 0)")

    async with open_bank(tmp_path, fault=grant) as bank:
        await bank.device()
        buyer = await bank.account(2)
        granted.append("now")
        assert await bank.buy(buyer) == 0
        assert granted == ["now", "done"]
        assert await bank.balance(buyer) == 2_000_000
