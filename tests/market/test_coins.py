import asyncio
from pathlib import Path

import pytest
from tests.market.rig import Stranger, open_bank
from tests.market_fakes import MemoryStore

from datasouk.ledger import Output, OutputType
from datasouk.ledger.answers import NodeUnavailable
from datasouk.market.coins import CoinView
from datasouk.market.movements import Coin

pytestmark = pytest.mark.anyio


async def test_d6_dust_allowances_and_spent_outputs_are_no_coins(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        stranger = Stranger(bank.node)
        await bank.funding.give(stranger.key.address, 30_000_000)
        buyer = await bank.account(2)
        state = await bank.funding.state(buyer.account_id)
        assert state is not None
        address = type(stranger.key.address)(state.address)
        await stranger.send(Output(address, 10_000_000, OutputType.DUST_ALLOWANCE))
        await stranger.send(Output(address, 999_999))
        await stranger.send(Output(address, 1_000_000))
        view = CoinView(bank.node, bank.store.settlements)
        await view.load([state.address])
        assert sorted(coin.amount_iota for coin in view.purse(state.address).coins.values()) == [1_000_000, 2_000_000]
        assert view.purse(state.address).total_iota == 3_000_000
        assert view.purse(state.address).is_whole


async def test_what_a_group_spends_and_leaves_is_seen_before_the_ledger_knows(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.account(2)
        wallet = await bank.funding.of_account("account-0002")
        view = CoinView(bank.node, bank.store.settlements)
        await view.load([wallet.address])
        (spent,) = view.purse(wallet.address).coins
        coin = Coin(b"n" * 34, 1_999_900)
        view.apply([spent], {wallet.address: coin})
        assert list(view.purse(wallet.address).coins.values()) == [coin]
        await view.list_again(wallet.address)
        assert list(view.purse(wallet.address).coins.values()) == [coin]
        assert view.purse(wallet.address).users == 1
        view.finish([wallet.address, b"unknown"])
        assert view.purse(wallet.address).users == 0
        view.forget()
        await view.load([wallet.address])
        assert list(view.purse(wallet.address).coins) == [spent]


async def test_what_is_spent_while_the_ledger_is_asked_is_no_coin(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.account(2)
        wallet = await bank.funding.of_account("account-0002")
        view = CoinView(bank.node, bank.store.settlements)
        await view.load([wallet.address])
        (spent,) = view.purse(wallet.address).coins
        view.forget()
        loading = asyncio.create_task(view.load([wallet.address]))
        view.apply([spent], {wallet.address: None})
        await loading
        assert view.purse(wallet.address).coins == {}


async def test_a_list_is_asked_for_again_after_a_while() -> None:
    class CountingNode:
        asked = 0

        async def outputs(self, address: object, **_options: object) -> list[bytes]:
            self.asked += 1
            if self.asked == 3:
                raise NodeUnavailable("away")
            return []

    now = [100.0]
    node = CountingNode()
    view = CoinView(node, MemoryStore().settlements, monotonic=lambda: now[0])  # type: ignore[arg-type]
    for expected in (1, 1):
        await view.load([b"a" * 32, b"a" * 32])
        assert node.asked == expected
    now[0] += 31
    await view.load([b"a" * 32])
    assert node.asked == 2
    with pytest.raises(NodeUnavailable):
        await view.load([b"b" * 32])
