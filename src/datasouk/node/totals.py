"""What all tokens of a ledger add up to, told to anybody who asks, however many ask."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from datasouk.ledger.answers import NodeUnavailable
from datasouk.sqlite import connect_to_read

__all__ = ["LedgerTotals"]


class LedgerTotals:
    """Adds up a ledger, on a thread and a connection of its own; used on one event loop.

    Args:
        path: Of the ledger's database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._adding: asyncio.Task[int] | None = None

    async def unspent(self) -> int:
        """The sum of all unspent outputs, as of one moment; whoever asks while it is added up gets the same answer.

        Raises:
            NodeUnavailable: The database cannot be read.
        """
        if self._adding is None or self._adding.done():
            self._adding = asyncio.create_task(asyncio.to_thread(self._add))
        return await asyncio.shield(self._adding)

    def _add(self) -> int:
        try:
            with closing(connect_to_read(self._path)) as connection:
                query = "SELECT coalesce(sum(amount), 0) FROM output WHERE spent IS NULL"
                return int(connection.execute(query).fetchone()[0])
        except sqlite3.Error as error:
            raise NodeUnavailable(f"the ledger cannot be read: {error}") from error
