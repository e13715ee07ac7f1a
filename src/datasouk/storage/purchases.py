"""SQL for purchases: who may read which stream."""

import sqlite3

from datasouk.market.errors import DeviceNotFound
from datasouk.market.records import Purchase
from datasouk.storage.database import Database

__all__ = ["SqlitePurchases"]


class SqlitePurchases:
    """See `datasouk.market.ports.PurchaseStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def grant(self, purchase: Purchase) -> bool:
        """Let an account read a stream; False if it may already."""

        def job(connection: sqlite3.Connection) -> bool | None:
            query = "SELECT 1 FROM device WHERE number = ? AND NOT removing"
            if connection.execute(query, (purchase.device,)).fetchone() is None:
                return None
            inserted = connection.execute(
                "INSERT INTO purchase (account, device, price_iota, bought_ms) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (purchase.account_id, purchase.device, purchase.price_iota, purchase.bought_ms),
            )
            return inserted.rowcount > 0

        granted = await self._database.write(job)
        if granted is None:
            raise DeviceNotFound(f"number {purchase.device}")
        return granted

    async def get(self, account_id: str, device: int) -> Purchase | None:
        """An account's purchase of a device."""
        query = "SELECT account, device, price_iota, bought_ms FROM purchase WHERE account = ? AND device = ?"
        row = self._database.one(query, account_id, device)
        return None if row is None else Purchase(*row)
