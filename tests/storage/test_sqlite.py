from pathlib import Path

import pytest
from tests.market_fakes import some_account, some_draft, some_key, some_wallet

from datasouk.market.errors import StoreFailed, UnknownStore
from datasouk.storage import open_store
from datasouk.storage.sqlite import SqliteStore

pytestmark = pytest.mark.anyio


class TestOpenStore:
    async def test_takes_paths_and_addresses(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        path = tmp_path / "market.db"
        for address in (path, str(path), f"sqlite://{path}", "sqlite:market.db", "market.db"):
            store = await open_store(address)
            assert await store.keep("first address", str(address).encode()) == str(path).encode()
            await store.close()

    @pytest.mark.parametrize("address", ["postgresql://localhost/market", "mysql://x", "file:///x"])
    async def test_other_kinds_are_refused(self, address: str) -> None:
        with pytest.raises(UnknownStore, match="none of the kind"):
            await open_store(address)

    @pytest.mark.parametrize("address", ["sqlite://market.db", "sqlite:", "sqlite:///a?b=c", "sqlite:///a#b"])
    async def test_addresses_of_another_shape_are_refused(self, address: str) -> None:
        with pytest.raises(UnknownStore, match="sqlite:///absolute/path"):
            await open_store(address)


class TestSqliteStore:
    async def test_what_was_acknowledged_is_there_after_a_restart(self, tmp_path: Path) -> None:
        path = tmp_path / "market.db"
        store = SqliteStore.open(path)
        await store.users.add(some_account(), some_key())
        device = await store.devices.add(some_draft(), b"{}", some_wallet(), quota=5)
        await store.keep("name", b"value")
        await store.close()
        again = SqliteStore.open(path)
        assert await again.users.get("account-0001") == some_account()
        assert await again.devices.get("ws-1") == device
        assert await again.keep("name", b"other") == b"value"
        await again.close()

    async def test_after_closing_nothing_is_written(self, tmp_path: Path) -> None:
        store = SqliteStore.open(tmp_path / "market.db")
        await store.close()
        with pytest.raises(StoreFailed):
            await store.keep("name", b"value")
