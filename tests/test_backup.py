import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.market.rig import FAST_NODE
from tests.market_fakes import some_account

from datasouk.archive import BadArchive, write_archive
from datasouk.backup import BackupRefused, make_backup, restore_backup
from datasouk.node.checking import check_ledger
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.errors import BrokenLedger
from datasouk.storage import open_store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def source(tmp_path: Path) -> Path:
    """A folder with both databases, closed."""
    folder = tmp_path / "source"
    node = EmbeddedNode(folder, FAST_NODE)
    await node.start()
    store = await open_store(folder / "market.db")
    await store.users.add(some_account(1), None)
    await store.close()
    await node.close()
    return folder


def back_up(source: Path, target: Path) -> None:
    make_backup(target, market=source / "market.db", ledger=source / "ledger.db")


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_both_databases_come_back_and_nothing_else(source: Path, tmp_path: Path) -> None:
    back_up(source, tmp_path / "backup")
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
    assert left_in(tmp_path) == ["backup", "source"]
    assert restore_backup(tmp_path / "backup", tmp_path / "deep" / "new") == ["market.db", "ledger.db"]
    assert left_in(tmp_path / "deep") == ["new"]
    new = tmp_path / "deep" / "new"
    assert left_in(new) == ["ledger.db", "market.db"]
    assert new.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in new.iterdir()} == {0o600}
    assert check_ledger(new).problems == []
    store = await open_store(new / "market.db")
    assert await store.users.page("", 10) == [some_account(1)]
    await store.close()


async def test_a_market_over_another_node_has_one_database(source: Path, tmp_path: Path) -> None:
    make_backup(tmp_path / "backup", market=source / "market.db", ledger=None)
    assert restore_backup(tmp_path / "backup", tmp_path / "new") == ["market.db"]


async def test_the_ledger_is_as_of_the_same_moment_and_not_earlier(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written while the copies are made is in neither; the market is looked at first."""
    seen = []

    def write_meanwhile(snapshot: sqlite3.Connection, path: Path) -> Path:
        for name in ("market", "ledger"):
            with closing(sqlite3.connect(source / f"{name}.db")) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS late (x)")
                connection.commit()
        (count,) = snapshot.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'late'").fetchone()
        seen.append((path.name, count))
        return copy(snapshot, path)

    from datasouk import backup

    copy = backup._copy
    monkeypatch.setattr(backup, "_copy", write_meanwhile)
    back_up(source, tmp_path / "backup")
    assert seen == [("market.db", 0), ("ledger.db", 0)]


async def test_nothing_is_overwritten(source: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("there", "link"):
        with pytest.raises(BackupRefused, match="is there already"):
            back_up(source, tmp_path / name)
    back_up(source, tmp_path / "backup")
    before = (tmp_path / "backup").read_bytes()
    for name in ("there", "link", "backup"):
        with pytest.raises(BackupRefused, match="is there already"):
            restore_backup(tmp_path / "backup", tmp_path / name)
    assert (tmp_path / "backup").read_bytes() == before
    assert left_in(tmp_path) == ["backup", "link", "source", "there"]


async def test_what_is_missing_or_damaged_is_not_backed_up(source: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match=r"there is no .*/ledger\.db"):
        make_backup(tmp_path / "backup", market=source / "market.db", ledger=tmp_path / "ledger.db")
    with closing(sqlite3.connect(source / "ledger.db")) as connection:
        connection.execute("UPDATE output SET amount = amount - 1")
        connection.commit()
    with pytest.raises(BrokenLedger, match="add up"):
        back_up(source, tmp_path / "backup")
    (source / "ledger.db").write_bytes(b"no database" * 1000)
    with pytest.raises(BackupRefused, match="cannot be copied"):
        back_up(source, tmp_path / "backup")
    assert left_in(tmp_path) == ["source"]


@pytest.mark.parametrize("content", [b"", b"no backup" * 1000, bytes(5000)])
async def test_a_file_that_is_no_backup_writes_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "backup").write_bytes(content)
    with pytest.raises(BadArchive):
        restore_backup(tmp_path / "backup", tmp_path / "deep" / "new")
    assert left_in(tmp_path) == ["backup"]


async def test_a_backup_with_a_broken_ledger_leaves_nothing(source: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(source / "ledger.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("UPDATE output SET amount = amount - 1")
        connection.commit()
    files = [(name, source / name) for name in ("market.db", "ledger.db")]
    write_archive(tmp_path / "backup", files, made_s=0)
    with pytest.raises(BackupRefused, match="contradicts itself"):
        restore_backup(tmp_path / "backup", tmp_path / "new")
    assert left_in(tmp_path) == ["backup", "source"]
