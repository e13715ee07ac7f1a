"""What every store promises: `StoreContract` runs against each of them in ``test_store_contract.py``.

Derive a class that has a fixture ``store``.
"""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from tests.market_fakes import START_MS, some_account, some_draft, some_key, some_packet, some_wallet

from datasouk.market.errors import DeviceNotFound, TooManyAtOneTime, TooManyDevices
from datasouk.market.ports import Store
from datasouk.market.records import Account, Arrival, Device, Purchase, Role, StreamState

_MANY = 1000


async def _account(store: Store, number: int = 1) -> Account:
    account = some_account(number)
    await store.users.add(account, some_key(number, number))
    return account


async def _device(store: Store, device_id: str = "ws-1", owner: int = 1, *, quota: int = 100) -> Device:
    if await store.users.get(some_account(owner).account_id) is None:
        await _account(store, owner)
    device = await store.devices.add(some_draft(device_id, owner), b"{}", some_wallet(device_id), quota=quota)
    assert device is not None
    return device


@pytest.mark.anyio
class StoreContract:
    async def test_keeps_the_first_value_of_a_fact(self, store: Store) -> None:
        assert await store.keep("name", b"first") == b"first"
        assert await store.keep("name", b"second") == b"first"
        await store.replace("name", b"third")
        assert await store.keep("name", b"fourth") == b"third"
        assert not store.is_failed


@pytest.mark.anyio
class UsersContract:
    async def test_an_account_is_found_by_each_of_its_names(self, store: Store) -> None:
        account, key = some_account(email="a@example.org"), some_key()
        await store.users.add(account, key)
        await _account(store, 2)
        assert await store.users.get(account.account_id) == account
        assert await store.users.by_user_id([b"other", account.user_id_hash]) == account
        assert await store.users.by_handle(account.handle) == account
        assert await store.users.by_email("a@example.org") == [account]
        assert await store.users.by_api_key([b"other", key.key_hash]) == (account, key)

    async def test_nobody_is_found_by_other_names(self, store: Store) -> None:
        await _account(store)
        assert await store.users.get("nobody") is None
        assert await store.users.by_user_id([b"other"]) is None
        assert await store.users.by_handle("nobody") is None
        assert await store.users.by_email("nobody@example.org") == []
        assert await store.users.by_api_key([b"other"]) is None

    async def test_an_account_may_have_no_key(self, store: Store) -> None:
        await store.users.add(some_account(), None)
        assert await store.users.keys(some_account().account_id) == []

    async def test_pages_go_by_row_id(self, store: Store) -> None:
        accounts = [await _account(store, number) for number in (3, 1, 2)]
        first = await store.users.page("", 2)
        assert first == [accounts[1], accounts[2]]
        assert await store.users.page(first[-1].account_id, 2) == [accounts[0]]
        assert await store.users.page(accounts[0].account_id, 2) == []

    async def test_change_changes_what_is_named_alone(self, store: Store) -> None:
        account = await _account(store)
        admin = await store.users.change(account.account_id, role=Role.ADMIN)
        assert admin == some_account(role=Role.ADMIN)
        changed = await store.users.change(account.account_id, is_disabled=True, needs_key=True, device_quota=9)
        assert changed == some_account(role=Role.ADMIN, is_disabled=True, needs_key=True, device_quota=9)
        assert await store.users.get(account.account_id) == changed
        back = await store.users.change(account.account_id, is_disabled=False, device_quota=0)
        assert back is not None
        assert (back.is_disabled, back.device_quota, back.needs_key) == (False, 0, True)

    async def test_change_of_nobody_is_none(self, store: Store) -> None:
        assert await store.users.change("nobody", role=Role.ADMIN) is None

    async def test_a_user_id_is_replaced_only_if_it_is_still_the_old_one(self, store: Store) -> None:
        account = await _account(store)
        old, name = account.user_id_hash, account.account_id
        assert await store.users.set_user_id(name, old_hash=old, new_hash=b"new", sealed=b"envelope")
        assert not await store.users.set_user_id(name, old_hash=old, new_hash=b"newer", sealed=b"")
        found = await store.users.by_user_id([b"new"])
        assert found == some_account(user_id_hash=b"new", user_id_sealed=b"envelope")
        assert await store.users.by_user_id([old]) is None

    async def test_keys_are_added_listed_and_removed(self, store: Store) -> None:
        account = await _account(store)
        second = some_key(2, label="second", expires_ms=START_MS + 1)
        await store.users.add_key(second)
        assert await store.users.keys(account.account_id) == [some_key(1), second]
        assert await store.users.remove_key(account.account_id, "key-0001")
        assert not await store.users.remove_key(account.account_id, "key-0001")
        assert await store.users.keys(account.account_id) == [second]
        assert await store.users.by_api_key([some_key(1).key_hash]) is None

    async def test_nobody_removes_the_key_of_another_account(self, store: Store) -> None:
        await _account(store)
        other = await _account(store, 2)
        assert not await store.users.remove_key(other.account_id, "key-0001")
        assert await store.users.by_api_key([some_key(1).key_hash]) is not None

    async def test_a_key_keeps_another_hash(self, store: Store) -> None:
        account = await _account(store)
        await store.users.set_key_hash("key-0001", b"other")
        assert await store.users.by_api_key([b"other"]) == (account, some_key(key_hash=b"other"))
        assert await store.users.by_api_key([some_key().key_hash]) is None


@pytest.mark.anyio
class DevicesContract:
    async def test_an_added_device_is_there(self, store: Store) -> None:
        device = await _device(store)
        assert await store.devices.get("ws-1") == device
        assert device.number > 0
        listed = await store.devices.listed("ws-1")
        assert listed == ("ws-1", device.row_id, device.secret_sealed, b"{}", 100, True, START_MS, False)
        assert await store.devices.all_listed() == await store.devices.of_owner(device.owner_id) == [listed]
        assert await store.wallets.of_device(device.number) == some_wallet("ws-1")

    async def test_d9_an_id_is_unique_in_every_spelling_and_found_in_its_own(self, store: Store) -> None:
        await _device(store, "ws-1")
        draft = some_draft("WS-1", row_id="another")
        assert await store.devices.add(draft, b"{}", some_wallet("WS-1"), quota=100) is None
        assert await store.devices.get("WS-1") is None
        assert await store.devices.listed("WS-1") is None
        assert len(await store.devices.all_listed()) == 1

    async def test_the_quota_counts_what_is_not_being_removed(self, store: Store) -> None:
        first = await _device(store, "ws-1", quota=2)
        await _device(store, "ws-2", quota=2)
        with pytest.raises(TooManyDevices) as refused:
            await _device(store, "ws-3", quota=2)
        assert refused.value.quota == 2
        await _device(store, "other", owner=2, quota=2)
        assert await store.devices.begin_removal(first.number, first.owner_id)
        await _device(store, "ws-3", quota=2)

    async def test_parallel_registrations_keep_to_the_quota(self, store: Store) -> None:
        await _account(store)
        drafts = [some_draft(f"ws-{number}") for number in range(12)]
        outcomes = await asyncio.gather(
            *(store.devices.add(each, b"{}", some_wallet(each.device_id), quota=5) for each in drafts),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Device) for each in outcomes) == 5
        assert sum(isinstance(each, TooManyDevices) for each in outcomes) == 7
        assert len(await store.devices.all_listed()) == 5

    async def test_an_update_replaces_what_a_registration_says_and_nothing_else(self, store: Store) -> None:
        device = await _device(store)
        expected = replace(device, secret_hash=b"h2", secret_sealed=b"s2", price_iota=None, is_inactive=False)
        offered = replace(expected, row_id="ignored", data_key=b"ignored", created_ms=1)
        assert await store.devices.update(offered, b'{"a":1}')
        assert await store.devices.get("ws-1") == expected
        listed = await store.devices.listed("ws-1")
        assert listed is not None
        assert listed.record == b'{"a":1}'

    async def test_nobody_updates_the_device_of_another_account(self, store: Store) -> None:
        device = await _device(store)
        await _account(store, 2)
        stranger = replace(device, owner_id="account-0002", price_iota=1)
        assert not await store.devices.update(stranger, b"[]")
        assert await store.devices.get("ws-1") == device

    async def test_approval_is_switched(self, store: Store) -> None:
        device = await _device(store)
        assert await store.devices.set_inactive(device.number, is_inactive=False)
        listed = await store.devices.listed("ws-1")
        assert listed is not None
        assert not listed.is_inactive
        assert not await store.devices.set_inactive(device.number + 1, is_inactive=False)

    async def test_d13_a_device_that_is_being_removed_is_gone_for_everybody_and_its_id_taken(
        self, store: Store
    ) -> None:
        device = await _device(store)
        await store.streams.add(device.number, some_packet(), most_at_one_time=_MANY)
        assert await store.devices.begin_removal(device.number, device.owner_id)
        assert await store.devices.get("ws-1") is None
        assert await store.devices.listed("ws-1") is None
        assert await store.devices.all_listed() == await store.devices.of_owner(device.owner_id) == []
        assert await store.devices.removing() == [device]
        assert await store.streams.state(device.number) is None
        assert await store.wallets.of_device(device.number) == some_wallet("ws-1")
        with pytest.raises(DeviceNotFound):
            await store.streams.add(device.number, some_packet(2), most_at_one_time=_MANY)
        with pytest.raises(DeviceNotFound):
            await store.purchases.grant(Purchase(device.owner_id, device.number, 1, START_MS))
        assert not await store.devices.update(device, b"{}")
        assert not await store.devices.set_inactive(device.number, is_inactive=False)
        assert not await store.devices.begin_removal(device.number, device.owner_id)
        again = some_draft(row_id="another")
        assert await store.devices.add(again, b"{}", some_wallet("another"), quota=100) is None

    async def test_nobody_removes_the_device_of_another_account(self, store: Store) -> None:
        device = await _device(store)
        await _account(store, 2)
        assert not await store.devices.begin_removal(device.number, "account-0002")
        assert await store.devices.get("ws-1") == device

    async def test_d13_deleting_leaves_nothing_and_frees_the_id_for_another_number(self, store: Store) -> None:
        device = await _device(store)
        buyer = await _account(store, 2)
        await store.purchases.grant(Purchase(buyer.account_id, device.number, 1, START_MS))
        await store.streams.add(device.number, some_packet(), most_at_one_time=_MANY)
        await store.devices.begin_removal(device.number, device.owner_id)
        await store.devices.delete(device.number)
        assert await store.devices.removing() == []
        assert await store.wallets.of_device(device.number) is None
        assert await store.purchases.get(buyer.account_id, device.number) is None
        assert await store.streams.page(device.number, before_ms=2 * START_MS, limit=20) == []
        assert await store.streams.after(device.number, arrival=0, limit=20) == []
        again = await _device(store)
        assert again.number != device.number
        assert await store.purchases.get(buyer.account_id, again.number) is None
        await store.devices.delete(device.number)

    async def test_a_device_that_is_not_being_removed_is_not_deleted(self, store: Store) -> None:
        device = await _device(store)
        await store.streams.add(device.number, some_packet(), most_at_one_time=_MANY)
        await store.devices.delete(device.number)
        assert await store.devices.get("ws-1") == device
        assert len(await store.streams.after(device.number, arrival=0, limit=20)) == 1

    async def test_the_version_of_the_list_grows_with_each_change(self, store: Store) -> None:
        versions = [await store.devices.list_version()]
        device = await _device(store)
        versions.append(await store.devices.list_version())
        await store.devices.set_inactive(device.number, is_inactive=False)
        versions.append(await store.devices.list_version())
        await store.devices.update(device, b"{}")
        versions.append(await store.devices.list_version())
        await store.streams.add(device.number, some_packet(), most_at_one_time=_MANY)
        versions.append(await store.devices.list_version())
        await store.devices.begin_removal(device.number, device.owner_id)
        versions.append(await store.devices.list_version())
        assert all(earlier < later for earlier, later in pairwise(versions))

    async def test_the_second_packet_does_not_change_the_list(self, store: Store) -> None:
        device = await _device(store)
        await store.streams.add(device.number, some_packet(), most_at_one_time=_MANY)
        version, listed = await store.devices.list_version(), await store.devices.all_listed()
        await store.streams.add(device.number, some_packet(2), most_at_one_time=_MANY)
        assert (await store.devices.list_version(), await store.devices.all_listed()) == (version, listed)
        assert listed[0].has_data


@pytest.mark.anyio
class StreamsContract:
    async def test_arrivals_are_counted_for_each_device(self, store: Store) -> None:
        one, two = await _device(store, "ws-1"), await _device(store, "ws-2")
        given = [
            await store.streams.add(device.number, some_packet(number), most_at_one_time=_MANY)
            for number, device in enumerate([one, two, one, one, two])
        ]
        assert given == [Arrival(number, is_new=True) for number in (1, 1, 2, 3, 2)]

    async def test_d10_the_same_packet_is_stored_once(self, store: Store) -> None:
        device = await _device(store)
        first = await store.streams.add(device.number, some_packet(1), most_at_one_time=_MANY)
        again = some_packet(1, START_MS + 5, side_key_sealed=b"sealed anew")
        await store.streams.add(device.number, some_packet(2), most_at_one_time=_MANY)
        assert await store.streams.add(device.number, again, most_at_one_time=_MANY) == Arrival(
            first.number, is_new=False
        )
        assert len(await store.streams.after(device.number, arrival=0, limit=20)) == 2

    async def test_d10_the_same_packet_at_once_64_times_is_one_row(self, store: Store) -> None:
        device = await _device(store)
        adding = (store.streams.add(device.number, some_packet(), most_at_one_time=_MANY) for _ in range(64))
        given = await asyncio.gather(*adding)
        assert sorted(given, key=lambda each: each.is_new) == [Arrival(1, False)] * 63 + [Arrival(1, True)]
        assert await store.streams.state(device.number) == StreamState(1, START_MS + 1, START_MS + 1)

    async def test_different_packets_at_once_get_numbers_without_gaps(self, store: Store) -> None:
        device = await _device(store)
        given = await asyncio.gather(
            *(store.streams.add(device.number, some_packet(each), most_at_one_time=_MANY) for each in range(64))
        )
        assert sorted(each.number for each in given) == list(range(1, 65))

    async def test_d11_too_many_of_one_time_are_refused_and_take_no_number(self, store: Store) -> None:
        device = await _device(store)
        for number in range(3):
            await store.streams.add(device.number, some_packet(number, START_MS), most_at_one_time=3)
        with pytest.raises(TooManyAtOneTime) as refused:
            await store.streams.add(device.number, some_packet(3, START_MS), most_at_one_time=3)
        assert (refused.value.time_ms, refused.value.limit) == (START_MS, 3)
        assert not (await store.streams.add(device.number, some_packet(0, START_MS), most_at_one_time=3)).is_new
        assert (await store.streams.add(device.number, some_packet(4, START_MS + 1), most_at_one_time=3)).number == 4

    async def test_a_device_that_is_not_there_takes_no_packets(self, store: Store) -> None:
        with pytest.raises(DeviceNotFound):
            await store.streams.add(1, some_packet(), most_at_one_time=_MANY)
        assert await store.streams.state(1) is None
        assert await store.streams.page(1, before_ms=2 * START_MS, limit=20) == []

    async def test_d11_pages_go_back_in_time_and_never_split_one(self, store: Store) -> None:
        device = await _device(store)
        times = [5, 1, 3, 3, 9, 3, 3, 7]
        for number, time_ms in enumerate(times):
            await store.streams.add(device.number, some_packet(number, time_ms), most_at_one_time=_MANY)
        page = await store.streams.page(device.number, before_ms=9, limit=3)
        assert [(each.time_ms, each.arrival) for each in page] == [(7, 8), (5, 1), (3, 7), (3, 6), (3, 4), (3, 3)]
        rest = await store.streams.page(device.number, before_ms=3, limit=3)
        assert [(each.time_ms, each.arrival) for each in rest] == [(1, 2)]

    async def test_what_comes_back_is_what_was_added(self, store: Store) -> None:
        device = await _device(store)
        await store.streams.add(device.number, some_packet(1, message_id=None), most_at_one_time=_MANY)
        (packet,) = await store.streams.page(device.number, before_ms=2 * START_MS, limit=20)
        assert (packet.root, packet.side_key_sealed, packet.message_id) == ("ROOT", b"side key 1", None)
        assert await store.streams.after(device.number, arrival=0, limit=20) == [packet]

    async def test_late_packets_are_found_by_arrival(self, store: Store) -> None:
        device = await _device(store)
        for number, time_ms in enumerate([50, 10, 40]):
            await store.streams.add(device.number, some_packet(number, time_ms), most_at_one_time=_MANY)
        behind = await store.streams.after(device.number, arrival=1, limit=20)
        assert [(each.arrival, each.time_ms) for each in behind] == [(2, 10), (3, 40)]
        assert [each.arrival for each in await store.streams.after(device.number, arrival=0, limit=2)] == [1, 2]
        state = await store.streams.state(device.number)
        assert state == StreamState(3, 50, START_MS + 2)


@pytest.mark.anyio
class PurchasesContract:
    async def test_a_purchase_is_granted_once(self, store: Store) -> None:
        device, buyer = await _device(store), await _account(store, 2)
        purchase = Purchase(buyer.account_id, device.number, 100, START_MS)
        assert await store.purchases.get(buyer.account_id, device.number) is None
        assert await store.purchases.grant(purchase)
        assert not await store.purchases.grant(Purchase(buyer.account_id, device.number, 5, START_MS + 1))
        assert await store.purchases.get(buyer.account_id, device.number) == purchase
        assert await store.purchases.get(device.owner_id, device.number) is None

    async def test_at_once_one_of_many_is_granted(self, store: Store) -> None:
        device, buyer = await _device(store), await _account(store, 2)
        granting = (store.purchases.grant(Purchase(buyer.account_id, device.number, 1, each)) for each in range(50))
        assert sorted(await asyncio.gather(*granting)) == [False] * 49 + [True]

    async def test_a_device_that_is_not_there_cannot_be_bought(self, store: Store) -> None:
        buyer = await _account(store)
        with pytest.raises(DeviceNotFound):
            await store.purchases.grant(Purchase(buyer.account_id, 1, 1, START_MS))


@pytest.mark.anyio
class WalletsContract:
    async def test_an_account_has_one_wallet(self, store: Store) -> None:
        account = await _account(store)
        assert await store.wallets.of_account(account.account_id) is None
        wallets = [some_wallet(f"wallet {number}") for number in range(8)]
        given = await asyncio.gather(*(store.wallets.add_for_account(account.account_id, each) for each in wallets))
        assert set(given) == {await store.wallets.of_account(account.account_id)}
        assert given[0] in wallets
