import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from datasouk import sqlite
from datasouk.sqlite import DatabaseFailed, DatabaseOverloaded, GroupWriter, connect, connect_to_read

Job = Callable[[sqlite3.Connection], Any]


def _open(folder: Path) -> tuple[Path, sqlite3.Connection]:
    path = folder / "test.db"
    connection = connect(path)
    connection.execute("CREATE TABLE IF NOT EXISTS number (n INTEGER PRIMARY KEY CHECK (n < 1000))")
    return path, connection


def _insert(number: int) -> Job:
    def job(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO number VALUES (?)", (number,))
        return number

    return job


def _stored(path: Path) -> list[int]:
    connection = connect_to_read(path)
    try:
        return [row[0] for row in connection.execute("SELECT n FROM number ORDER BY rowid")]
    finally:
        connection.close()


class Held:
    """Keeps the writer's thread inside a job, so that what is written meanwhile forms one group."""

    def __init__(self, writer: GroupWriter) -> None:
        self._writer = writer
        self._entered = threading.Event()
        self._leave = threading.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._writer.write(self._wait))
        await asyncio.to_thread(self._entered.wait, 10)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leave.set()
        await self._task

    def _wait(self, connection: sqlite3.Connection) -> None:
        self._entered.set()
        self._leave.wait(10)


async def _write_together(writer: GroupWriter, jobs: list[Job]) -> list[Any]:
    """Results or exceptions of jobs that form one group."""
    async with Held(writer):
        tasks = [asyncio.create_task(writer.write(job)) for job in jobs]
        await asyncio.sleep(0)
    return await asyncio.gather(*tasks, return_exceptions=True)


class TestConnect:
    def test_database_is_synced_on_every_commit_and_logged_ahead(self, tmp_path: Path) -> None:
        _, connection = _open(tmp_path)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        connection.close()

    def test_reader_cannot_write(self, tmp_path: Path) -> None:
        path, connection = _open(tmp_path)
        reader = connect_to_read(path)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("INSERT INTO number VALUES (1)")
        reader.close()
        connection.close()

    def test_reader_makes_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(sqlite3.OperationalError):
            connect_to_read(tmp_path / "missing.db")
        assert list(tmp_path.iterdir()) == []

    def test_file_that_is_no_database_leaves_nothing_open(self, tmp_path: Path) -> None:
        """A forgotten connection would warn, and warnings are errors here."""
        path = tmp_path / "test.db"
        path.write_bytes(b"no database " * 100)
        with pytest.raises(sqlite3.DatabaseError, match="not a database"):
            connect(path)

    @pytest.mark.parametrize("name", ["with space.db", "question?mark.db", "percent%41.db", "hash#.db"])
    def test_reader_finds_a_file_of_any_name(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        connection = connect(path)
        connection.execute("CREATE TABLE number (n)")
        connection.execute("INSERT INTO number VALUES (7)")
        connection.close()
        assert _stored(path) == [7]


class TestWrite:
    def test_result_of_a_job_comes_back_and_is_on_disk(self, tmp_path: Path) -> None:
        async def main() -> None:
            path, connection = _open(tmp_path)
            writer = GroupWriter(connection)
            assert await writer.write(_insert(7)) == 7
            assert _stored(path) == [7]
            await writer.close()

        asyncio.run(main())

    def test_jobs_that_wait_together_commit_together(self, tmp_path: Path) -> None:
        async def main() -> None:
            path, connection = _open(tmp_path)
            commits: list[str] = []
            connection.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
            writer = GroupWriter(connection)
            assert await _write_together(writer, [_insert(n) for n in range(50)]) == list(range(50))
            assert len(commits) == 2, "one for the job that held the thread, one for the fifty"
            assert _stored(path) == list(range(50))
            await writer.close()

        asyncio.run(main())

    def test_nothing_of_a_group_is_seen_before_all_of_it(self, tmp_path: Path) -> None:
        async def main() -> None:
            path, connection = _open(tmp_path)
            writer = GroupWriter(connection)
            seen: list[list[int]] = []
            jobs: list[Job] = [_insert(1), lambda _: seen.append(_stored(path)), _insert(2)]
            await _write_together(writer, jobs)
            assert seen == [[]]
            assert _stored(path) == [1, 2]
            await writer.close()

        asyncio.run(main())

    def test_jobs_run_in_the_order_of_their_callers(self, tmp_path: Path) -> None:
        async def main() -> None:
            _, connection = _open(tmp_path)
            writer = GroupWriter(connection)
            order: list[int] = []
            finished: list[int] = []

            async def one(number: int) -> None:
                await writer.write(lambda _: order.append(number))
                finished.append(number)

            # More than one group holds, so the order across groups is tested too.
            await asyncio.gather(*(one(number) for number in range(3000)))
            assert order == finished == list(range(3000))
            await writer.close()

        asyncio.run(main())

    def test_full_queue_refuses(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite, "_MOST_WAITING", 3)

        async def main() -> None:
            path, connection = _open(tmp_path)
            writer = GroupWriter(connection)
            outcomes = await _write_together(writer, [_insert(n) for n in range(5)])
            assert outcomes[:3] == [0, 1, 2]
            assert [type(outcome) for outcome in outcomes[3:]] == [DatabaseOverloaded] * 2
            assert await writer.write(_insert(9)) == 9, "there is room again"
            assert _stored(path) == [0, 1, 2, 9]
            await writer.close()

        asyncio.run(main())

    def test_job_of_a_cancelled_caller_is_done_all_the_same(self, tmp_path: Path) -> None:
        """It cannot be called back once it waits; the others of its group are not harmed."""

        async def main() -> None:
            path, connection = _open(tmp_path)
            writer = GroupWriter(connection)
            async with Held(writer):
                tasks = [asyncio.create_task(writer.write(_insert(n))) for n in range(3)]
                await asyncio.sleep(0)
                tasks[1].cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert outcomes[0] == 0
            assert isinstance(outcomes[1], asyncio.CancelledError)
            assert outcomes[2] == 2
            assert _stored(path) == [0, 1, 2]
            await writer.close()

        asyncio.run(main())


class TestFailingJobs:
    def test_job_that_raises_fails_alone(self, tmp_path: Path) -> None:
        def fail(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO number VALUES (500)")
            raise LookupError("not today")

        async def main() -> None:
            path, connection = _open(tmp_path)
            writer = GroupWriter(connection)
            outcomes = await _write_together(writer, [_insert(1), fail, _insert(2)])
            assert outcomes[0] == 1
            assert repr(outcomes[1]) == "LookupError('not today')"
            assert outcomes[2] == 2
            assert _stored(path) == [1, 2], "what the failed job wrote before it raised is gone"
            assert not writer.failed
            assert await writer.write(_insert(3)) == 3
            await writer.close()

        asyncio.run(main())

    def test_job_against_a_constraint_fails_alone(self, tmp_path: Path) -> None:
        async def main() -> None:
            path, connection = _open(tmp_path)
            writer = GroupWriter(connection)
            outcomes = await _write_together(writer, [_insert(1), _insert(1), _insert(5000), _insert(2)])
            assert [type(outcome) for outcome in outcomes] == [
                int,
                sqlite3.IntegrityError,
                sqlite3.IntegrityError,
                int,
            ]
            assert _stored(path) == [1, 2]
            await writer.close()

        asyncio.run(main())

    def test_every_job_of_a_group_may_fail(self, tmp_path: Path) -> None:
        def fail(connection: sqlite3.Connection) -> None:
            raise ValueError

        async def main() -> None:
            path, connection = _open(tmp_path)
            writer = GroupWriter(connection)
            outcomes = await _write_together(writer, [fail] * 4)
            assert [type(outcome) for outcome in outcomes] == [ValueError] * 4
            assert await writer.write(_insert(1)) == 1
            assert _stored(path) == [1]
            await writer.close()

        asyncio.run(main())


class TestDiskFailure:
    def _fill(self, connection: sqlite3.Connection) -> None:
        """A job for which the file has no room."""
        connection.execute("CREATE TABLE large (x)")
        connection.execute("INSERT INTO large VALUES (zeroblob(1000000))")

    def test_whole_group_fails_and_nothing_is_acknowledged_any_more(self, tmp_path: Path) -> None:
        async def main() -> None:
            path, connection = _open(tmp_path)
            connection.execute("PRAGMA max_page_count = 10")
            writer = GroupWriter(connection)
            assert await writer.write(_insert(1)) == 1
            outcomes = await _write_together(writer, [_insert(2), self._fill, _insert(3)])
            assert [type(outcome) for outcome in outcomes] == [DatabaseFailed] * 3
            assert "full" in str(outcomes[0])
            assert isinstance(outcomes[0].__cause__, sqlite3.OperationalError)
            assert writer.failed
            with pytest.raises(DatabaseFailed):
                await writer.write(_insert(4))
            assert _stored(path) == [1]
            await writer.close()
            assert _stored(path) == [1]

        asyncio.run(main())

    def test_disk_that_fails_while_jobs_are_tried_one_by_one(self, tmp_path: Path) -> None:
        def fail(connection: sqlite3.Connection) -> None:
            raise ValueError

        async def main() -> None:
            path, connection = _open(tmp_path)
            connection.execute("PRAGMA max_page_count = 10")
            writer = GroupWriter(connection)
            # The group meets the job that raises first; the full disk shows when they run again alone.
            outcomes = await _write_together(writer, [_insert(1), fail, self._fill, _insert(2)])
            assert [type(outcome) for outcome in outcomes] == [DatabaseFailed] * 4
            assert writer.failed
            await writer.close()
            assert _stored(path) == []

        asyncio.run(main())

    def test_commit_that_fails(self, tmp_path: Path) -> None:
        """A deferred constraint is what makes COMMIT itself fail without a broken disk."""

        async def main() -> None:
            path, connection = _open(tmp_path)
            connection.execute("CREATE TABLE child (n REFERENCES number (n) DEFERRABLE INITIALLY DEFERRED)")
            writer = GroupWriter(connection)
            outcomes = await _write_together(
                writer, [_insert(1), lambda c: c.execute("INSERT INTO child VALUES (77)").rowcount]
            )
            assert [type(outcome) for outcome in outcomes] == [DatabaseFailed] * 2
            await writer.close()
            assert _stored(path) == []

        asyncio.run(main())

    def test_jobs_that_wait_behind_the_failure_fail_too(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite, "_LARGEST_GROUP", 1)

        async def main() -> None:
            path, connection = _open(tmp_path)
            connection.execute("PRAGMA max_page_count = 10")
            writer = GroupWriter(connection)
            outcomes = await _write_together(writer, [_insert(1), self._fill, _insert(2), _insert(3)])
            assert outcomes[0] == 1
            assert [type(outcome) for outcome in outcomes[1:]] == [DatabaseFailed] * 3
            await writer.close()
            assert _stored(path) == [1]

        asyncio.run(main())

    def test_damaged_file_is_a_failure_of_the_disk_and_not_of_the_job(self, tmp_path: Path) -> None:
        """SQLite says so with a plain DatabaseError, unlike for a full disk."""

        async def main() -> None:
            path, connection = _open(tmp_path)
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO number VALUES (?)", [(number,) for number in range(900)])
            connection.execute("COMMIT")
            connection.close()
            content = bytearray(path.read_bytes())
            content[4096:] = b"?" * (len(content) - 4096)
            path.write_bytes(content)
            writer = GroupWriter(connect(path))
            with pytest.raises(DatabaseFailed, match="malformed"):
                await writer.write(_insert(950))
            assert writer.failed
            await writer.close()

        asyncio.run(main())

    def test_connection_that_somebody_closed(self, tmp_path: Path) -> None:
        async def main() -> None:
            _, connection = _open(tmp_path)
            writer = GroupWriter(connection)
            connection.close()
            with pytest.raises(DatabaseFailed):
                await writer.write(_insert(1))
            assert writer.failed
            await writer.close()

        asyncio.run(main())


class TestClose:
    def test_what_waits_is_finished(self, tmp_path: Path) -> None:
        async def main() -> None:
            path, connection = _open(tmp_path)
            writer = GroupWriter(connection)
            tasks = [asyncio.create_task(writer.write(_insert(n))) for n in range(100)]
            await asyncio.sleep(0)
            await writer.close()
            assert await asyncio.gather(*tasks) == list(range(100))
            assert _stored(path) == list(range(100))

        asyncio.run(main())

    def test_closed_writer_refuses(self, tmp_path: Path) -> None:
        async def main() -> None:
            _, connection = _open(tmp_path)
            writer = GroupWriter(connection)
            await writer.close()
            await writer.close()
            with pytest.raises(DatabaseFailed, match="closed"):
                await writer.write(_insert(1))
            with pytest.raises(sqlite3.ProgrammingError):
                connection.execute("SELECT 1")

        asyncio.run(main())
