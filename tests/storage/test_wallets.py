import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.market_fakes import some_wallet
from tests.storage.plans import Recorder, check_no_scan

from datasouk.storage.migrate import migrate
from datasouk.storage.wallets import SqliteWallets, insert_wallet


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:", isolation_level=None)
    migrate(opened)
    yield opened
    opened.close()


@pytest.mark.anyio
async def test_no_lookup_reads_a_whole_table(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "market.db")
    await SqliteWallets(recorder).of_account("a")
    await SqliteWallets(recorder).of_device(1)
    check_no_scan(tmp_path / "market.db", recorder)
    await recorder.close()


@pytest.mark.parametrize("owners", [{}, {"account": "a", "device": 1}])
def test_a_wallet_belongs_to_an_account_or_to_a_device(
    connection: sqlite3.Connection, owners: dict[str, object]
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        insert_wallet(connection, some_wallet(), **owners)  # type: ignore[arg-type]


def test_an_address_belongs_to_one_wallet(connection: sqlite3.Connection) -> None:
    insert_wallet(connection, some_wallet(), account="a")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        insert_wallet(connection, some_wallet(), account="b")
