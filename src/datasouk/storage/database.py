"""One SQLite database: its writer, and two connections that read.

Short reads run on the event loop's own thread: they take microseconds, and a thread costs more.  A read that may be
long goes through `all_apart`, on a thread and a connection of its own.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from datasouk.market.errors import StoreFailed, StoreOverloaded
from datasouk.sqlite import DatabaseFailed, DatabaseOverloaded, GroupWriter, connect, connect_to_read
from datasouk.storage.migrate import migrate

__all__ = ["Database", "Row"]

T = TypeVar("T")
Row = Sequence[Any]


class Database:
    """An open database; made and used on one event loop.

    Args:
        path: The file; made with mode 0600 if it is not there.

    Raises:
        StoreFailed: The file cannot be used.
        WrongSchema: It was made by another version.
    """

    def __init__(self, path: Path) -> None:
        try:
            # SQLite gives its journals the mode of the file they belong to.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = connect(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreFailed(f"{path} cannot be opened: {error}") from error
        try:
            migrate(connection)
            self._reader, self._long_reader = connect_to_read(path), connect_to_read(path)
        except sqlite3.Error as error:
            connection.close()
            raise StoreFailed(f"{path} cannot be used: {error}") from error
        except BaseException:
            connection.close()
            raise
        self._one_long_read = asyncio.Lock()
        self._writer = GroupWriter(connection)

    @property
    def is_failed(self) -> bool:
        """Whether the disk has failed."""
        return self._writer.failed

    async def write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a job in the next group; see `GroupWriter`.

        Raises:
            StoreFailed: The disk failed.
            StoreOverloaded: Too many jobs wait.
        """
        try:
            return await self._writer.write(job)
        except DatabaseOverloaded as error:
            raise StoreOverloaded(str(error)) from error
        except (DatabaseFailed, sqlite3.Error) as error:
            raise StoreFailed(str(error)) from error

    def one(self, query: str, *arguments: object) -> Row | None:
        """The first row of a short read."""
        try:
            row: Row | None = self._reader.execute(query, arguments).fetchone()
        except sqlite3.Error as error:
            raise StoreFailed(f"the database cannot be read: {error}") from error
        return row

    def all(self, query: str, *arguments: object) -> list[Row]:
        """Every row of a short read."""
        try:
            return self._reader.execute(query, arguments).fetchall()
        except sqlite3.Error as error:
            raise StoreFailed(f"the database cannot be read: {error}") from error

    async def all_apart(self, query: str, *arguments: object) -> list[Row]:
        """Every row of a read that may be long; they run one after the other."""
        async with self._one_long_read:
            try:
                return await asyncio.to_thread(lambda: self._long_reader.execute(query, arguments).fetchall())
            except sqlite3.Error as error:
                raise StoreFailed(f"the database cannot be read: {error}") from error

    async def close(self) -> None:
        """Finish what waits and close every connection."""
        await self._writer.close()
        async with self._one_long_read:
            self._reader.close()
            self._long_reader.close()
