import pytest
from tests.fakes import FakeNode
from tests.market.market_of import Market, market_of, run

from datasouk.ledger.address import Address
from datasouk.market.errors import DeviceNotFound
from datasouk.market.no_money import NoMoney, NoPayments
from datasouk.market.users import Caller


def money_of(market: Market) -> NoMoney:
    return NoMoney(market.store, market.purchases, FakeNode())


def test_what_is_free_can_be_bought_and_nothing_else() -> None:
    async def story() -> None:
        market = market_of()
        money = money_of(market)
        alice, bob = await market.users.create(), await market.users.create()
        caller = Caller(bob.account, has_key=False)
        await market.register(alice, "dear", price=5)
        free = await market.register(alice, "free", price=0)
        await money.buy(caller, "free")
        assert await market.purchases.has(bob.account, free.device)
        await money.buy(caller, "free")
        await money.buy(Caller(alice.account, has_key=False), "dear")
        with pytest.raises(NoPayments):
            await money.buy(caller, "dear")
        with pytest.raises(DeviceNotFound):
            await money.buy(caller, "nothing")

    run(story())


def test_nothing_is_given() -> None:
    async def story() -> None:
        market = market_of()
        money = money_of(market)
        alice = await market.users.create()
        with pytest.raises(NoPayments):
            await money.fund(Caller(alice.account, has_key=True))
        with pytest.raises(NoPayments):
            await money.give(Address(b"\x01" * 32))
        assert await money.spendable(Address(b"\x01" * 32)) == 0
        device = (await market.register(alice)).device
        await money.endow(device)
        await money.pay_out(device)

    run(story())
