"""The `Store` interface over one SQLite file."""

import sqlite3
from pathlib import Path
from typing import Self

from datasouk.storage.database import Database
from datasouk.storage.devices import SqliteDevices
from datasouk.storage.purchases import SqlitePurchases
from datasouk.storage.settlements import SqliteSettlements
from datasouk.storage.streams import SqliteStreams
from datasouk.storage.users import SqliteUsers
from datasouk.storage.wallets import SqliteWallets

__all__ = ["SqliteStore"]


class SqliteStore:
    """A store in a file; see `datasouk.market.ports.Store`.

    Args:
        database: Open, and from now on the store's alone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._users = SqliteUsers(database)
        self._devices = SqliteDevices(database)
        self._streams = SqliteStreams(database)
        self._purchases = SqlitePurchases(database)
        self._wallets = SqliteWallets(database)
        self._settlements = SqliteSettlements(database)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file, making it if need be; on an event loop.

        Raises:
            StoreFailed: The file cannot be used.
            WrongSchema: It was made by another version.
        """
        return cls(Database(path))

    @property
    def users(self) -> SqliteUsers:
        """Accounts and their API keys."""
        return self._users

    @property
    def devices(self) -> SqliteDevices:
        """Devices."""
        return self._devices

    @property
    def streams(self) -> SqliteStreams:
        """Packets."""
        return self._streams

    @property
    def purchases(self) -> SqlitePurchases:
        """Who may read what."""
        return self._purchases

    @property
    def wallets(self) -> SqliteWallets:
        """Keys that own tokens."""
        return self._wallets

    @property
    def settlements(self) -> SqliteSettlements:
        """Movements of tokens."""
        return self._settlements

    @property
    def is_failed(self) -> bool:
        """Whether the disk has failed."""
        return self._database.is_failed

    async def keep(self, name: str, value: bytes) -> bytes:
        """Keep a fact, unless it is kept already; returns what is kept."""

        def job(connection: sqlite3.Connection) -> bytes:
            connection.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", (name, value))
            (kept,) = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
            return bytes(kept)

        return await self._database.write(job)

    async def replace(self, name: str, value: bytes) -> None:
        """Keep a fact, whatever was kept before."""
        await self._database.write(
            lambda connection: connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value)).rowcount
        )

    async def close(self) -> None:
        """Finish what waits and close the file."""
        await self._database.close()
