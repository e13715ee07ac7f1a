import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from datasouk.market.errors import StoreFailed, StoreOverloaded, WrongSchema
from datasouk.sqlite import DatabaseOverloaded, connect
from datasouk.storage.database import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "market.db")
    yield opened
    await opened.close()


def put(name: str) -> str:
    return f"INSERT INTO meta VALUES ('{name}', x'00')"


class TestOpening:
    async def test_every_file_is_its_owners_alone(self, database: Database, tmp_path: Path) -> None:
        await database.write(lambda connection: connection.execute(put("a")).rowcount)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        assert modes == dict.fromkeys(("market.db", "market.db-wal", "market.db-shm"), 0o600)

    async def test_d17_commits_are_synced(self, database: Database) -> None:
        def pragmas(connection: sqlite3.Connection) -> list[object]:
            return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

        assert await database.write(pragmas) == ["wal", 2]

    @pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\x00" + bytes(200)])
    async def test_another_file_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "market.db"
        path.write_bytes(content)
        with pytest.raises(StoreFailed, match=r"market\.db"):
            Database(path)

    async def test_a_folder_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(StoreFailed, match="nowhere"):
            Database(tmp_path / "nowhere" / "market.db")

    async def test_a_database_of_another_version_is_refused(self, tmp_path: Path) -> None:
        await Database(tmp_path / "market.db").close()
        connection = connect(tmp_path / "market.db")
        connection.execute("UPDATE migration SET digest = 'other'")
        connection.close()
        with pytest.raises(WrongSchema):
            Database(tmp_path / "market.db")

    @pytest.mark.parametrize("name", ["a b", "a#b", "a?mode=rwc", "100%41", "ü"])
    async def test_a_folder_may_have_any_name(self, tmp_path: Path, name: str) -> None:
        folder = tmp_path / name
        folder.mkdir()
        database = Database(folder / "market.db")
        await database.write(lambda connection: connection.execute(put("a")).rowcount)
        assert database.one("SELECT name FROM meta") == ("a",)
        await database.close()
        assert [each.name for each in tmp_path.iterdir()] == [name]


class TestReading:
    async def test_sees_what_was_acknowledged(self, database: Database) -> None:
        await database.write(lambda connection: connection.execute(put("a")).rowcount)
        assert database.one("SELECT name FROM meta") == ("a",)
        assert database.all("SELECT name FROM meta") == await database.all_apart("SELECT name FROM meta") == [("a",)]
        assert database.one("SELECT name FROM meta WHERE name = ?", "b") is None

    async def test_long_reads_at_once_take_turns(self, database: Database) -> None:
        answers = await asyncio.gather(*(database.all_apart("SELECT ?", number) for number in range(20)))
        assert answers == [[(number,)] for number in range(20)]

    async def test_a_query_that_fails_is_the_stores_failure(self, database: Database) -> None:
        for failing in (database.one, database.all):
            with pytest.raises(StoreFailed, match="nothing"):
                failing("SELECT * FROM nothing")
        with pytest.raises(StoreFailed, match="nothing"):
            await database.all_apart("SELECT * FROM nothing")


class TestWriting:
    async def test_a_broken_constraint_fails_its_own_job_alone(self, database: Database) -> None:
        async def put_into(name: str) -> int:
            return await database.write(lambda connection: connection.execute(put(name)).rowcount)

        outcomes = await asyncio.gather(*map(put_into, "aab"), return_exceptions=True)
        assert [type(each) for each in outcomes] == [int, StoreFailed, int]
        assert not database.is_failed

    async def test_after_closing_nothing_is_written(self, tmp_path: Path) -> None:
        database = Database(tmp_path / "market.db")
        await database.close()
        with pytest.raises(StoreFailed):
            await database.write(lambda connection: connection.execute(put("a")).rowcount)

    async def test_a_disk_that_fails_is_noticed(self, database: Database) -> None:
        def broken(connection: sqlite3.Connection) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        with pytest.raises(StoreFailed, match="disk I/O error"):
            await database.write(broken)
        assert database.is_failed

    async def test_too_many_writes_are_told_so(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        async def full(self: object, job: object) -> None:
            raise DatabaseOverloaded("16384 writes wait")

        monkeypatch.setattr("datasouk.sqlite.GroupWriter.write", full)
        with pytest.raises(StoreOverloaded, match="16384"):
            await database.write(lambda connection: connection.execute(put("a")).rowcount)
