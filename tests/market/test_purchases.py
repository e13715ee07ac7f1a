import pytest
from tests.market.market_of import market_of
from tests.market_fakes import START_MS

from datasouk.market.errors import DeviceNotFound
from datasouk.market.records import Purchase
from datasouk.market.rules import Rules

pytestmark = pytest.mark.anyio


async def test_d7_a_device_without_a_price_costs_the_default() -> None:
    market = market_of(rules=Rules(default_price_iota=77))
    owner = await market.users.create()
    prices = {"a": ..., "b": 0, "c": "250", "d": None}
    devices = [(await market.register(owner, name, price=price)).device for name, price in prices.items()]
    assert [market.purchases.price(device) for device in devices] == [77, 0, 250, 77]


async def test_owners_and_buyers_may_read() -> None:
    market = market_of()
    owner, buyer, other = [await market.users.create() for _ in range(3)]
    device = (await market.register(owner)).device
    assert await market.purchases.grant(buyer.account, device, price_iota=100)
    assert not await market.purchases.grant(buyer.account, device, price_iota=100)
    may = [await market.purchases.may_read(each.account, device) for each in (owner, buyer, other)]
    has = [await market.purchases.has(each.account, device) for each in (owner, buyer, other)]
    assert (may, has) == ([True, True, False], [False, True, False])
    kept = await market.store.purchases.get(buyer.account.account_id, device.number)
    assert kept == Purchase(buyer.account.account_id, device.number, 100, START_MS)


async def test_d13_an_old_purchase_does_not_open_a_later_device_with_the_same_id() -> None:
    market = market_of()
    owner, buyer = await market.users.create(), await market.users.create()
    first = (await market.register(owner)).device
    await market.purchases.grant(buyer.account, first, price_iota=1)
    await market.devices.remove(owner.account, "ws-1")
    with pytest.raises(DeviceNotFound):
        await market.purchases.grant(buyer.account, first, price_iota=1)
    second = (await market.register(owner)).device
    assert not await market.purchases.may_read(buyer.account, second)
