"""SQLite as we trust it: WAL, ``synchronous=FULL``, and one writer thread that commits in groups.

Every change of a database goes through one `GroupWriter`.  Callers hand it a job, a function of the connection; the
thread runs whatever jobs wait in one transaction, syncs it, and wakes all their callers at once.  While one group is
being synced the next one gathers, so groups form by themselves under load and a lone job waits for nobody.

A job that raises fails alone: the group is rolled back and its jobs run again one by one, each under a savepoint.  So
a job may run twice and must not change anything but the database.  If the disk fails, the whole group fails and the
writer takes no more jobs: what it has not acknowledged is not there after a restart, and nothing else is.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from datasouk.errors import DatasoukError

__all__ = ["DatabaseFailed", "DatabaseOverloaded", "GroupWriter", "connect", "connect_to_read"]

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], Any]

_LARGEST_GROUP = 1024
_MOST_WAITING = 16_384
# Pages in the log before SQLite copies them into the database file: 64 MB.
_CHECKPOINT_PAGES = 16_000
_CACHE_KIB = 65_536


class DatabaseFailed(DatasoukError):
    """The disk or the database file does not do what it should; nothing more is written."""


class DatabaseOverloaded(DatasoukError):
    """More writes wait than the queue holds; try again."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a database to write, making it if need be."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    return _with_pragmas(
        connection,
        "journal_mode=WAL",
        "synchronous=FULL",
        f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
        f"cache_size=-{_CACHE_KIB}",
        "foreign_keys=ON",
        "busy_timeout=10000",
    )


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a database that is there already, to read only; sees what was committed before each statement."""
    # In a URI "?", "#" and "%" of a file name would mean something else.
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    return _with_pragmas(connection, "query_only=ON", f"cache_size=-{_CACHE_KIB}", "busy_timeout=10000")


def _with_pragmas(connection: sqlite3.Connection, *pragmas: str) -> sqlite3.Connection:
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


class GroupWriter:
    """The one writer of a database; made and used on one event loop.

    Args:
        connection: From `connect`; from now on the writer's alone.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[Job, asyncio.Future[Any]]] = []
        self._wake = threading.Condition()
        self._closing = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    @property
    def failed(self) -> bool:
        """Whether the disk has failed."""
        return self._failure is not None

    async def write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a job in the next group.

        Returns:
            What the job returned, once its group is synced to disk.

        Raises:
            DatabaseFailed: The disk failed.
            DatabaseOverloaded: Too many jobs wait.
            Exception: Whatever the job raised; nothing of it was written.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        with self._wake:
            if self._closing or self._failure is not None:
                raise DatabaseFailed("the database is closed or its disk has failed")
            if len(self._waiting) >= _MOST_WAITING:
                raise DatabaseOverloaded(f"{_MOST_WAITING} writes wait for the disk")
            self._waiting.append((job, future))
            self._wake.notify()
        return await future

    async def close(self) -> None:
        """Finish what waits and close the connection."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closing:
                    self._wake.wait()
                if not self._waiting:
                    break
                group, self._waiting = self._waiting[:_LARGEST_GROUP], self._waiting[_LARGEST_GROUP:]
            outcomes = self._commit(group)
            self._loop.call_soon_threadsafe(_settle, group, outcomes)
        self._connection.close()

    def _commit(self, group: list[tuple[Job, asyncio.Future[Any]]]) -> list[Any]:
        if self._failure is not None:
            return [DatabaseFailed("the disk has failed")] * len(group)
        connection = self._connection
        try:
            try:
                connection.execute("BEGIN IMMEDIATE")
                outcomes = [job(connection) for job, _ in group]
                connection.execute("COMMIT")
            except Exception as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if _is_of_the_disk(error):
                    raise
                return self._commit_one_by_one(group)
            return outcomes
        except sqlite3.Error as error:
            self._failure = error
            failure = DatabaseFailed(f"the database cannot be written: {error}")
            failure.__cause__ = error
            return [failure] * len(group)

    def _commit_one_by_one(self, group: list[tuple[Job, asyncio.Future[Any]]]) -> list[Any]:
        connection = self._connection
        outcomes: list[Any] = []
        connection.execute("BEGIN IMMEDIATE")
        for job, _ in group:
            connection.execute("SAVEPOINT job")
            try:
                outcomes.append(job(connection))
            except Exception as error:
                if _is_of_the_disk(error):
                    raise
                connection.execute("ROLLBACK TO job")
                outcomes.append(_Raised(error))
            connection.execute("RELEASE job")
        connection.execute("COMMIT")
        return outcomes


def _is_of_the_disk(error: Exception) -> bool:
    """Whether the database itself failed (full, unreadable, damaged), not one job with what it asked of it."""
    # A damaged file is the plain DatabaseError; its other subclasses, such as IntegrityError, are the job's fault.
    return isinstance(error, sqlite3.OperationalError | sqlite3.InternalError) or type(error) is sqlite3.DatabaseError


class _Raised:
    """What a job raised, as distinct from what it returned."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _settle(group: list[tuple[Job, asyncio.Future[Any]]], outcomes: list[Any]) -> None:
    for (_, future), outcome in zip(group, outcomes, strict=True):
        if future.done():
            continue
        if isinstance(outcome, _Raised):
            future.set_exception(outcome.error)
        elif isinstance(outcome, DatabaseFailed):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
