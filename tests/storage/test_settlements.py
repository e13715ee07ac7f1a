from pathlib import Path

import pytest
from tests.settlement_fakes import RULES, some_group, some_movement
from tests.storage.plans import Recorder, check_no_scan, steps

from datasouk.market.errors import StoreFailed
from datasouk.storage import open_store
from datasouk.storage.settlements import SqliteSettlements

pytestmark = pytest.mark.anyio


async def test_no_lookup_reads_a_whole_table(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "market.db")
    settlements = SqliteSettlements(recorder)
    await settlements.was_released(b"t")
    await settlements.coin_of(b"a")
    await settlements.has_grant("a")
    await settlements.take_untold("a")
    await settlements.purchase("a", 1)
    await settlements.history("a", limit=20)
    await settlements.endowed(b"a", 1)
    await settlements.wallet_at(b"a")
    check_no_scan(tmp_path / "market.db", recorder)
    await recorder.close()


async def test_open_groups_are_found_through_an_index_of_their_own(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "market.db")
    await SqliteSettlements(recorder).open_groups()
    ((query, arguments),) = recorder.queries
    assert steps(tmp_path / "market.db", query, arguments) == ["SCAN settlement USING INDEX settlement_open"]
    await recorder.close()


async def test_no_movement_is_ever_in_two_groups(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "market.db")
    await store.settlements.open(some_group(some_movement(), number=1), RULES)
    with pytest.raises(StoreFailed, match="another group"):
        await store.settlements.open(some_group(some_movement(), some_movement(2), number=2), RULES)
    assert len(await store.settlements.open_groups()) == 1
    await store.close()
