import asyncio
from pathlib import Path

import pytest
from tests.market.rig import FAST_NODE

from datasouk.ledger import TOKEN_SUPPLY_IOTA
from datasouk.ledger.answers import NodeUnavailable
from datasouk.node.database import LEDGER_FILE
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.totals import LedgerTotals

pytestmark = pytest.mark.anyio


async def test_the_unspent_outputs_are_the_supply_for_all_who_ask(tmp_path: Path) -> None:
    node = EmbeddedNode(tmp_path, FAST_NODE)
    await node.start()
    totals = LedgerTotals(tmp_path / LEDGER_FILE)
    assert set(await asyncio.gather(*(totals.unspent() for _ in range(9)))) == {TOKEN_SUPPLY_IOTA}
    await node.close()
    assert await totals.unspent() == TOKEN_SUPPLY_IOTA


async def test_a_ledger_that_cannot_be_read_tells_nothing(tmp_path: Path) -> None:
    with pytest.raises(NodeUnavailable, match="cannot be read"):
        await LedgerTotals(tmp_path / LEDGER_FILE).unspent()
