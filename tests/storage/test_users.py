from pathlib import Path

import pytest
from tests.market_fakes import some_account, some_key
from tests.storage.plans import Recorder, check_no_scan

from datasouk.market.errors import StoreFailed
from datasouk.storage.database import Database
from datasouk.storage.users import SqliteUsers

pytestmark = pytest.mark.anyio


async def test_no_lookup_reads_a_whole_table(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "market.db")
    users = SqliteUsers(recorder)
    await users.get("a")
    await users.by_user_id([b"a", b"b"])
    await users.by_api_key([b"a", b"b"])
    await users.by_handle("a")
    await users.by_email("a")
    await users.keys("a")
    await users.page("a", 10)
    check_no_scan(tmp_path / "market.db", recorder)
    await recorder.close()


@pytest.mark.parametrize("name", ["account_id", "handle", "user_id_hash"])
async def test_names_of_accounts_are_unique(tmp_path: Path, name: str) -> None:
    database = Database(tmp_path / "market.db")
    users = SqliteUsers(database)
    await users.add(some_account(1), None)
    with pytest.raises(StoreFailed, match="UNIQUE"):
        await users.add(some_account(2, **{name: getattr(some_account(1), name)}), None)
    assert await users.page("", 10) == [some_account(1)]
    await database.close()


async def test_an_account_whose_key_is_taken_is_not_added_at_all(tmp_path: Path) -> None:
    database = Database(tmp_path / "market.db")
    users = SqliteUsers(database)
    await users.add(some_account(1), some_key(1, 1))
    with pytest.raises(StoreFailed, match="UNIQUE"):
        await users.add(some_account(2), some_key(2, 2, key_hash=some_key(1).key_hash))
    assert await users.get("account-0002") is None
    await database.close()
