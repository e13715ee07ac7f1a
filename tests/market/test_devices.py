import asyncio
import json
from typing import Any

import pytest
from tests.market.market_of import Market, market_of, packet
from tests.market_fakes import START_MS

from datasouk.market.devices import Registered
from datasouk.market.errors import (
    AdminOnly,
    DeviceIdTaken,
    DeviceNotFound,
    NotOwner,
    OwnerMismatch,
    TooManyDevices,
    WrongDeviceSecret,
)
from datasouk.market.payment_errors import OperatorWalletEmpty
from datasouk.market.records import Role
from datasouk.market.rules import Rules

pytestmark = pytest.mark.anyio


@pytest.fixture
def market() -> Market:
    return market_of()


async def public(market: Market, device_id: str = "ws-1") -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(await market.devices.public(device_id))
    return fields


class TestRegister:
    async def test_gives_a_secret_and_is_shown(self, market: Market) -> None:
        owner = await market.users.create()
        registered = await market.register(owner)
        assert registered.is_new
        assert len(bytes.fromhex(registered.secret)) == 32
        assert registered.secret not in repr(registered)
        shown = await public(market)
        assert (shown["sensorId"], shown["owner"]) == ("ws-1", owner.account.handle)
        assert (shown["inactive"], shown["hasData"], shown["timestamp"]) == (True, False, START_MS)
        assert shown["address"].startswith("atoi1")
        assert market.money.endowed == ["ws-1"]

    async def test_d1_the_owner_is_named_by_user_id_or_handle_and_shown_by_handle(self, market: Market) -> None:
        owner = await market.users.create()
        for name in (owner.user_id, owner.account.handle):
            await market.register(owner, owner=name)
            text = await market.devices.public("ws-1")
            assert owner.user_id.encode() not in text
            assert json.loads(text)["owner"] == owner.account.handle

    async def test_d1_another_owner_is_refused(self, market: Market) -> None:
        owner, other = await market.users.create(), await market.users.create()
        for name in (other.user_id, other.account.handle, owner.account.account_id, "nobody"):
            with pytest.raises(OwnerMismatch):
                await market.register(owner, owner=name)
        with pytest.raises(DeviceNotFound):
            await market.devices.get("ws-1")

    async def test_an_id_that_somebody_else_has_is_refused(self, market: Market) -> None:
        owner, other = await market.users.create(), await market.users.create()
        await market.register(owner)
        with pytest.raises(DeviceIdTaken) as refused:
            await market.register(other)
        assert str(refused.value) == "Device with ID ws-1 already exists. Please specify new unique ID"

    async def test_d9_another_spelling_of_an_id_is_refused_even_to_its_owner(self, market: Market) -> None:
        owner, other = await market.users.create(), await market.users.create()
        registered = await market.register(owner)
        for caller in (owner, other):
            with pytest.raises(DeviceIdTaken):
                await market.register(caller, "WS-1")
        assert await market.devices.get("ws-1") == registered.device

    async def test_the_owner_registers_again(self, market: Market) -> None:
        owner, admin = await market.users.create(), await market.users.create(role=Role.ADMIN)
        first = await market.register(owner)
        await market.streams.publish("ws-1", first.secret, packet(1))
        await market.devices.set_inactive(admin.account, "ws-1", is_inactive=False)
        before = await public(market)
        market.clock.now += 5
        second = await market.register(owner, type="Changed", price="77")
        assert not second.is_new
        assert second.device.number == first.device.number
        after = await public(market)
        assert (after["type"], after["price"], after["inactive"], after["hasData"]) == ("Changed", "77", True, True)
        kept = ("address", "createTime", "timestamp", "owner", "sensorId")
        assert [after[name] for name in kept] == [before[name] for name in kept]
        with pytest.raises(WrongDeviceSecret):
            await market.streams.publish("ws-1", first.secret, packet(2))
        await market.streams.publish("ws-1", second.secret, packet(3))
        assert [each.message_id for each in await market.streams.page(owner.account, "ws-1")] == ["m3", "m1"]
        assert market.money.endowed == ["ws-1"]

    async def test_d18_with_nothing_left_for_its_endowment_nothing_is_registered(self, market: Market) -> None:
        owner = await market.users.create()
        market.money.is_empty = True
        with pytest.raises(OperatorWalletEmpty):
            await market.register(owner)
        assert await market.store.devices.all_listed() == []
        assert await market.store.devices.removing() == []
        market.money.is_empty = False
        assert (await market.register(owner)).is_new
        assert market.money.endowed == ["ws-1"]

    async def test_d18_registering_again_endows_what_has_no_endowment_before_it_changes_anything(
        self, market: Market
    ) -> None:
        owner = await market.users.create()
        first = await market.register(owner)
        market.money.endowed.clear()
        market.money.is_empty = True
        with pytest.raises(OperatorWalletEmpty):
            await market.register(owner)
        await market.streams.publish("ws-1", first.secret, packet(1))
        market.money.is_empty = False
        assert not (await market.register(owner)).is_new
        assert market.money.endowed == ["ws-1"]

    async def test_an_update_does_not_count_against_the_quota(self, market: Market) -> None:
        owner = await market.users.create()
        for number in range(5):
            await market.register(owner, f"ws-{number}")
        with pytest.raises(TooManyDevices, match=r"^You have too many devices. Please delete one to clear space$"):
            await market.register(owner, "ws-5")
        assert not (await market.register(owner, "ws-3")).is_new
        await market.devices.remove(owner.account, "ws-2")
        assert (await market.register(owner, "ws-5")).is_new

    async def test_an_account_has_a_quota_of_its_own(self, market: Market) -> None:
        owner = await market.users.create(device_quota=1)
        await market.register(owner, "ws-0")
        with pytest.raises(TooManyDevices):
            await market.register(owner, "ws-1")

    async def test_registrations_at_once_keep_to_the_quota(self, market: Market) -> None:
        owner = await market.users.create()
        registering = (market.register(owner, f"ws-{number}") for number in range(12))
        outcomes = await asyncio.gather(*registering, return_exceptions=True)
        assert sum(isinstance(each, Registered) for each in outcomes) == 5
        assert sum(isinstance(each, TooManyDevices) for each in outcomes) == 7

    async def test_of_registrations_of_one_id_at_once_one_is_new(self, market: Market) -> None:
        owner = await market.users.create()
        registered = await asyncio.gather(*(market.register(owner) for _ in range(8)))
        assert sum(each.is_new for each in registered) == 1
        assert len({each.device.number for each in registered}) == 1

    async def test_d12_without_approval_new_devices_are_active_at_once(self) -> None:
        market = market_of(rules=Rules(needs_approval=False))
        await market.register(await market.users.create())
        assert (await public(market))["inactive"] is False


class TestLists:
    async def test_d12_everything_is_listed_with_what_it_is(self, market: Market) -> None:
        owner, admin = await market.users.create(), await market.users.create(role=Role.ADMIN)
        registered = [await market.register(owner, name) for name in ("new", "active", "with-data")]
        await market.devices.set_inactive(admin.account, "active", is_inactive=False)
        await market.streams.publish("with-data", registered[2].secret, packet())
        listed = json.loads((await market.devices.public_list()).body)
        assert [(each["sensorId"], each["inactive"], each["hasData"]) for each in listed] == [
            ("new", True, False),
            ("active", False, False),
            ("with-data", True, True),
        ]
        assert listed[0] == await public(market, "new")

    async def test_p1_shows_no_secret(self, market: Market) -> None:
        owner = await market.users.create()
        registered = await market.register(owner)
        body = (await market.devices.public_list()).body.decode()
        for secret in (registered.secret, owner.user_id, owner.api_key, owner.account.account_id):
            assert secret not in body
        assert "sk" not in json.loads(body)[0]

    async def test_an_empty_list(self, market: Market) -> None:
        assert (await market.devices.public_list()).body == b"[]"

    async def test_the_list_is_made_once_for_each_version(self, market: Market) -> None:
        owner = await market.users.create()
        registered = await market.register(owner)
        first = await market.devices.public_list()
        assert await market.devices.public_list() is first
        lists = await asyncio.gather(*(market.devices.public_list() for _ in range(8)))
        assert all(each is first for each in lists)
        await market.streams.publish("ws-1", registered.secret, packet())
        second = await market.devices.public_list()
        assert second.version > first.version
        assert second.body != first.body

    async def test_p8_the_own_list_has_secrets_and_the_user_id(self, market: Market) -> None:
        owner, other = await market.users.create(), await market.users.create()
        mine = [await market.register(owner, name) for name in ("ws-1", "ws-2")]
        await market.register(other, "ws-3")
        listed = json.loads(await market.devices.own_list(owner.account))
        assert [(each["sensorId"], each["sk"], each["owner"]) for each in listed] == [
            (each.device.device_id, each.secret, owner.user_id) for each in mine
        ]
        assert json.loads(await market.devices.own_list((await market.users.create()).account)) == []

    async def test_unknown_devices_are_not_found(self, market: Market) -> None:
        for call in (market.devices.get("nothing"), market.devices.public("nothing")):
            with pytest.raises(DeviceNotFound, match=r"^Device doesn't exist$"):
                await call


class TestApproval:
    async def test_d14_admins_alone_approve(self, market: Market) -> None:
        owner, admin = await market.users.create(), await market.users.create(role=Role.ADMIN)
        await market.register(owner)
        with pytest.raises(AdminOnly, match=r"^Access denied$"):
            await market.devices.set_inactive(owner.account, "ws-1", is_inactive=False)
        assert (await public(market))["inactive"] is True
        await market.devices.set_inactive(admin.account, "ws-1", is_inactive=False)
        assert (await public(market))["inactive"] is False

    async def test_an_unknown_device_is_not_found_and_makes_no_ghost(self, market: Market) -> None:
        admin = await market.users.create(role=Role.ADMIN)
        with pytest.raises(DeviceNotFound):
            await market.devices.set_inactive(admin.account, "nothing", is_inactive=False)
        assert (await market.devices.public_list()).body == b"[]"


class TestRemove:
    async def test_d13_settles_then_deletes_and_frees_the_id(self, market: Market) -> None:
        owner, other = await market.users.create(), await market.users.create()
        first = await market.register(owner)
        await market.devices.remove(owner.account, "ws-1")
        assert market.money.paid_out == ["ws-1"]
        for call in (market.devices.get("ws-1"), market.devices.remove(owner.account, "ws-1")):
            with pytest.raises(DeviceNotFound):
                await call
        with pytest.raises(DeviceNotFound, match=r"^The device doesn't exist\.$"):
            await market.streams.publish("ws-1", first.secret, packet())
        assert (await market.register(other)).device.number != first.device.number

    async def test_nobody_removes_the_device_of_another(self, market: Market) -> None:
        owner, other = await market.users.create(), await market.users.create(role=Role.ADMIN)
        await market.register(owner)
        with pytest.raises(NotOwner, match=r"^You don't have permission to delete this device$"):
            await market.devices.remove(other.account, "ws-1")
        assert (await market.devices.get("ws-1")).owner_id == owner.account.account_id

    async def test_d13_what_could_not_be_settled_is_gone_at_once_and_finished_later(self, market: Market) -> None:
        owner = await market.users.create()
        await market.register(owner)
        market.money.failures = 2
        with pytest.raises(ConnectionError):
            await market.devices.remove(owner.account, "ws-1")
        with pytest.raises(DeviceNotFound):
            await market.devices.get("ws-1")
        assert (await market.devices.public_list()).body == b"[]"
        with pytest.raises(DeviceIdTaken):
            await market.register(owner)
        with pytest.raises(ConnectionError):
            await market.devices.finish_removals()
        assert await market.devices.finish_removals() == 1
        assert market.money.paid_out == ["ws-1"]
        assert await market.devices.finish_removals() == 0
        assert (await market.register(owner)).is_new
