from pathlib import Path

import pytest
from tests.storage.plans import Recorder, check_no_scan, steps

from datasouk.storage.purchases import SqlitePurchases

pytestmark = pytest.mark.anyio


async def test_no_lookup_reads_a_whole_table(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "market.db")
    await SqlitePurchases(recorder).get("a", 1)
    check_no_scan(tmp_path / "market.db", recorder)
    await recorder.close()


async def test_the_purchases_of_a_device_are_deleted_without_reading_all(tmp_path: Path) -> None:
    (step,) = steps(tmp_path / "market.db", "DELETE FROM purchase WHERE device = ?", (1,))
    assert step.startswith("SEARCH")
