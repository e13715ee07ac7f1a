"""What every store promises about movements of tokens; runs in ``test_store_contract.py``."""

from dataclasses import replace

import pytest
from tests.market_fakes import START_MS, some_account, some_draft, some_key, some_wallet
from tests.settlement_fakes import RULES, some_group, some_movement

from datasouk.market.movements import Coin, Movement, MovementKind, OpenGroup, Refusal
from datasouk.market.ports import Store
from datasouk.market.records import Purchase

MESSAGE_ID = b"m" * 32


async def _open(store: Store, *movements: Movement, number: int = 1) -> int:
    opened = await store.settlements.open(some_group(*movements, number=number), RULES)
    assert isinstance(opened, int), opened
    return opened


async def _settle(store: Store, number: int, untold: tuple[str, ...] = ()) -> bool:
    return await store.settlements.settle(number, MESSAGE_ID, settled_ms=START_MS, coins={}, untold=untold)


async def _purchase(store: Store, number: int = 1, device_id: str = "ws-1", **changes: object) -> Movement:
    """A movement that buys a device of account 1 for account 2."""
    for account in (1, 2):
        if await store.users.get(some_account(account).account_id) is None:
            await store.users.add(some_account(account), some_key(account, account))
    device = await store.devices.get(device_id)
    device = device or await store.devices.add(some_draft(device_id), b"{}", some_wallet(device_id), quota=100)
    assert device is not None
    return some_movement(number, MovementKind.PURCHASE, device=device.number, device_id=device_id, **changes)


@pytest.mark.anyio
class SettlementsContract:
    async def test_an_opened_group_is_kept_whole(self, store: Store) -> None:
        group = some_group(await _purchase(store), some_movement(2), some_movement(3, by_user_id=True))
        number = await store.settlements.open(group, RULES)
        assert await store.settlements.open_groups() == [OpenGroup(number, group)]  # type: ignore[arg-type]
        assert await store.settlements.waiting() == []
        assert await store.purchases.get("account-0002", 1) is None

    async def test_a_group_may_have_no_movements(self, store: Store) -> None:
        number = await _open(store)
        assert await _settle(store, number)
        assert await store.settlements.open_groups() == []

    async def test_d5_settling_grants_the_purchases_and_ends_the_group_once(self, store: Store) -> None:
        movement = await _purchase(store)
        number = await _open(store, some_movement(9), movement)
        assert await store.settlements.purchase("account-0002", 1) is None
        assert await _settle(store, number)
        assert not await _settle(store, number)
        assert not await store.settlements.release(number)
        assert await store.settlements.open_groups() == []
        assert await store.purchases.get("account-0002", 1) == Purchase("account-0002", 1, 100, START_MS)
        settled = await store.settlements.purchase("account-0002", 1)
        assert settled is not None
        assert (settled.movement, settled.position, settled.message_id) == (movement, 1, MESSAGE_ID)
        assert (settled.transaction_id, settled.raw) == ((1).to_bytes(32, "big"), b"raw 1")
        assert settled.leaves == some_movement(9).leaf() + movement.leaf()

    async def test_d5_the_movements_of_a_released_group_wait_again_in_order(self, store: Store) -> None:
        movements = [await _purchase(store, 7), some_movement(3)]
        number = await _open(store, *movements)
        assert await store.settlements.release(number)
        assert not await store.settlements.release(number)
        assert not await _settle(store, number)
        assert await store.settlements.open_groups() == []
        assert await store.settlements.waiting() == movements
        assert await store.settlements.was_released((1).to_bytes(32, "big"))
        assert not await store.settlements.was_released((2).to_bytes(32, "big"))
        assert await store.purchases.get("account-0002", 1) is None
        again = await _open(store, *movements, number=2)
        assert again > number
        assert await store.settlements.waiting() == []
        assert await _settle(store, again)
        assert await store.purchases.get("account-0002", 1) is not None

    async def test_a_movement_waits_until_it_is_grouped_or_dropped(self, store: Store) -> None:
        await store.settlements.keep_waiting(some_movement(1))
        await store.settlements.keep_waiting(some_movement(1, amount_iota=5))
        await store.settlements.keep_waiting(some_movement(2))
        assert await store.settlements.waiting() == [some_movement(1), some_movement(2)]
        await store.settlements.drop("movement-0002")
        await _open(store, some_movement(1))
        await store.settlements.keep_waiting(some_movement(1))
        await store.settlements.drop("movement-0001")
        assert await store.settlements.waiting() == []
        assert len((await store.settlements.open_groups())[0].group.movements) == 1

    async def test_a_refused_group_leaves_nothing_and_names_every_refusal(self, store: Store) -> None:
        right = await _purchase(store, 1)
        dear = await _purchase(store, 2, "ws-2", amount_iota=99)
        gone = some_movement(3, MovementKind.PURCHASE, device=99)
        refused = await store.settlements.open(some_group(right, dear, gone), RULES)
        assert refused == {dear.movement_id: Refusal.PRICE_CHANGED, gone.movement_id: Refusal.DEVICE_GONE}
        assert await store.settlements.open_groups() == []
        assert await store.settlements.waiting() == []

    async def test_d7_the_price_is_the_device_s_or_the_default(self, store: Store) -> None:
        movement = await _purchase(store)
        device = await store.devices.get("ws-1")
        assert device is not None
        await store.devices.update(replace(device, price_iota=None), b"{}")
        assert await store.settlements.open(some_group(movement), RULES) == {"movement-0001": Refusal.PRICE_CHANGED}
        await _open(store, replace(movement, amount_iota=1000))

    async def test_d13_a_device_that_is_being_removed_is_not_sold(self, store: Store) -> None:
        movement = await _purchase(store)
        await store.devices.begin_removal(1, "account-0001")
        assert await store.settlements.open(some_group(movement), RULES) == {"movement-0001": Refusal.DEVICE_GONE}

    async def test_d13_what_was_opened_before_the_removal_is_settled_after_it(self, store: Store) -> None:
        number = await _open(store, await _purchase(store))
        await store.devices.begin_removal(1, "account-0001")
        assert await _settle(store, number)
        assert await store.purchases.get("account-0002", 1) is not None

    async def test_what_is_bought_is_not_bought_again(self, store: Store) -> None:
        movement = await _purchase(store)
        await store.purchases.grant(Purchase("account-0002", 1, 0, START_MS))
        assert await store.settlements.open(some_group(movement), RULES) == {"movement-0001": Refusal.ALREADY_BOUGHT}

    async def test_d18_fundings_of_a_day_are_counted_in_and_before_the_group(self, store: Store) -> None:
        await _open(store, some_movement(1, MovementKind.GRANT), some_movement(5, account_id="account-0003"))
        late = [some_movement(number) for number in (2, 3, 4)]
        refused = await store.settlements.open(some_group(*late, number=2), RULES)
        assert refused == {"movement-0004": Refusal.FUNDING_LIMIT}
        tomorrow = replace(RULES, since_ms=1002)
        assert isinstance(await store.settlements.open(some_group(*late, number=3), tomorrow), int)

    async def test_d2_what_a_user_id_alone_spends_in_a_day_is_limited(self, store: Store) -> None:
        movements = [await _purchase(store, number, f"ws-{number}", by_user_id=True) for number in range(1, 7)]
        await _open(store, *movements[:3])
        refused = await store.settlements.open(some_group(*movements[3:], number=2), RULES)
        assert refused == {"movement-0006": Refusal.SPENDING_LIMIT}
        with_key = replace(movements[5], by_user_id=False)
        await _open(store, *movements[3:5], with_key, number=3)

    async def test_the_coin_of_the_latest_group_is_remembered(self, store: Store) -> None:
        first, second = await _open(store, number=1), await _open(store, number=2)
        a, b = Coin(b"a" * 34, 5_000_000), Coin(b"b" * 34, 6_000_000)
        coins = {b"one": b, b"two": None}
        settle = store.settlements.settle
        await settle(second, MESSAGE_ID, settled_ms=1, coins=coins, untold=())
        await settle(first, MESSAGE_ID, settled_ms=1, coins={b"one": a, b"three": a}, untold=())
        assert await store.settlements.coin_of(b"one") == b
        assert await store.settlements.coin_of(b"two") is None
        assert await store.settlements.coin_of(b"three") == a
        third = await _open(store, number=3)
        await settle(third, MESSAGE_ID, settled_ms=1, coins={b"three": None}, untold=())
        assert await store.settlements.coin_of(b"three") is None

    async def test_an_untold_funding_is_told_once(self, store: Store) -> None:
        number = await _open(store, some_movement(1, MovementKind.GRANT), some_movement(2))
        assert await store.settlements.take_untold("account-0002") is None
        await _settle(store, number, untold=("movement-0001",))
        assert await store.settlements.take_untold("account-0001") is None
        told = await store.settlements.take_untold("account-0002")
        assert told is not None
        assert told.movement == some_movement(1, MovementKind.GRANT)
        assert await store.settlements.take_untold("account-0002") is None

    async def test_a_grant_is_known_from_when_it_is_kept(self, store: Store) -> None:
        await store.settlements.keep_waiting(some_movement(1))
        assert not await store.settlements.has_grant("account-0002")
        await store.settlements.keep_waiting(some_movement(2, MovementKind.GRANT))
        assert await store.settlements.has_grant("account-0002")
        assert not await store.settlements.has_grant("account-0001")
        assert await store.settlements.funded_since(1000) == 200
        assert await store.settlements.funded_since(1002) == 100

    async def test_history_shows_what_was_settled_newest_first(self, store: Store) -> None:
        number = await _open(store, *(some_movement(each) for each in (2, 1, 3)))
        assert await store.settlements.history("account-0002", limit=10) == []
        await _settle(store, number)
        shown = await store.settlements.history("account-0002", limit=2)
        assert [each.movement.movement_id for each in shown] == ["movement-0003", "movement-0002"]
        assert await store.settlements.history("account-0001", limit=2) == []

    async def test_d13_what_a_device_was_endowed_with_and_gave_back(self, store: Store) -> None:
        ours, other = b"d" * 32, b"e" * 32
        of_nobody = {"account_id": None, "amount_iota": 2_000_000}
        endow, give_back = MovementKind.ENDOWMENT, MovementKind.RETURN
        assert await store.settlements.endowed(ours, 7) == 0
        await store.settlements.keep_waiting(some_movement(1, endow, target=ours, device=7, **of_nobody))
        assert await store.settlements.endowed(ours, 7) == 0
        gift = some_movement(2, MovementKind.GIFT, target=ours, **of_nobody)
        elsewhere = some_movement(3, endow, target=other, device=8, **of_nobody)
        number = await _open(store, some_movement(1, endow, target=ours, device=7, **of_nobody), gift, elsewhere)
        assert await store.settlements.endowed(ours, 7) == 2_000_000
        await _settle(store, number)
        # A purchase's own endowment names no device.
        await _open(store, some_movement(4, endow, target=ours, **of_nobody), number=2)
        assert await store.settlements.endowed(ours, 7) == 4_000_000
        back = [some_movement(5, give_back, source=ours, device=7, **of_nobody)]
        back.append(some_movement(6, give_back, source=other, device=8, **of_nobody))
        await _open(store, *back, number=3)
        assert await store.settlements.endowed(ours, 7) == 2_000_000

    async def test_a_wallet_is_found_by_its_address(self, store: Store) -> None:
        await _purchase(store)
        await store.wallets.add_for_account("account-0002", some_wallet("wallet"))
        for name in ("wallet", "ws-1"):
            assert await store.settlements.wallet_at(some_wallet(name).address) == some_wallet(name)
        assert await store.settlements.wallet_at(b"nobody".ljust(32)) is None
