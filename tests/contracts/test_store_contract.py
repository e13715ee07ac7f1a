from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contracts.settlement_contract import SettlementsContract
from tests.contracts.store_contract import (
    DevicesContract,
    PurchasesContract,
    StoreContract,
    StreamsContract,
    UsersContract,
    WalletsContract,
)
from tests.market_fakes import MemoryStore

from datasouk.market.ports import Store
from datasouk.storage import open_store


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Each store in turn."""
    opened: Store = await open_store(tmp_path / "market.db") if request.param == "sqlite" else MemoryStore()
    yield opened
    await opened.close()


class TestStore(StoreContract):
    pass


class TestUsers(UsersContract):
    pass


class TestDevices(DevicesContract):
    pass


class TestStreams(StreamsContract):
    pass


class TestPurchases(PurchasesContract):
    pass


class TestWallets(WalletsContract):
    pass


class TestSettlements(SettlementsContract):
    pass
