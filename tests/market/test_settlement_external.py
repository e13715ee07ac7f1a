"""The same code over a node behind REST, which says less and says it later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.market.rig import PRICE, Bank, Stranger, open_bank, open_node, send_from, supply_is_whole
from tests.market_fakes import some_account
from tests.serving import serving

from datasouk.ledger import Output
from datasouk.node.external import ExternalNode
from datasouk.node.rest import create_node_app
from datasouk.node.settings import NodeSettings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@asynccontextmanager
async def external_bank(folder: Path) -> AsyncIterator[Bank]:
    async with (
        open_node(folder, NodeSettings(value_delay_seconds=0.1, milestone_seconds=0.5, faucet=None)) as node,
        serving(create_node_app(node)) as port,
        ExternalNode(f"http://127.0.0.1:{port}") as external,
        open_bank(folder, node=node, wrap=lambda _: external) as bank,
    ):
        yield bank


async def test_d5_purchases_settle_over_an_external_node(tmp_path: Path) -> None:
    async with external_bank(tmp_path) as bank:
        device = await bank.device()
        buyers = [some_account(number) for number in range(2, 42)]
        for buyer in buyers:
            await bank.store.users.add(buyer, None)
        await asyncio.gather(*(bank.funding.fund(buyer.account_id) for buyer in buyers))
        before = bank.settlement.state.groups_settled

        async def buy_late(place: int) -> int:
            await asyncio.sleep(0.01 * place)
            return await bank.buy(buyers[place])

        assert set(await asyncio.gather(*map(buy_late, range(40)))) == {PRICE}
        assert bank.settlement.state.groups_settled - before < 40
        assert bank.settlement.state.groups_released == 0
        assert await bank.device_ledger(device) == 2_000_000 + 40 * PRICE
        await bank.remove(device)
        assert await bank.balance(some_account(1)) == 1_000_000 + 40 * PRICE
    assert supply_is_whole(tmp_path)


async def test_d5_a_conflict_over_an_external_node_is_done_again(tmp_path: Path) -> None:
    async with external_bank(tmp_path) as bank:
        await bank.device()
        buyer = await bank.account(2)
        await send_from(bank.node, bank.operator, Output(Stranger(bank.node).key.address, 5_000_000))
        await asyncio.gather(bank.funding.fund(buyer.account_id), bank.buy(buyer))
        assert bank.settlement.state.groups_released >= 1
        assert await bank.balance(buyer) == 3_000_000 - PRICE
    assert supply_is_whole(tmp_path)
