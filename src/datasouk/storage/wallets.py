"""SQL for wallets: the keys that own tokens, in envelopes."""

import sqlite3

from datasouk.market.records import Wallet
from datasouk.storage.database import Database, Row

__all__ = ["SqliteWallets", "insert_wallet"]

_SELECT_WALLET = "SELECT row_id, address, seed, created_ms FROM wallet "


def insert_wallet(
    connection: sqlite3.Connection, wallet: Wallet, *, account: str | None = None, device: int | None = None
) -> None:
    """Add a wallet to an account or to a device."""
    connection.execute(
        "INSERT INTO wallet (row_id, account, device, address, seed, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (wallet.row_id, account, device, wallet.address, wallet.seed_sealed, wallet.created_ms),
    )


class SqliteWallets:
    """See `datasouk.market.ports.WalletStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_for_account(self, account_id: str, wallet: Wallet) -> Wallet:
        """Give an account a wallet, unless it has one; returns the one it has."""

        def job(connection: sqlite3.Connection) -> Wallet:
            row = connection.execute(_SELECT_WALLET + "WHERE account = ?", (account_id,)).fetchone()
            if row is not None:
                return _wallet(row)
            insert_wallet(connection, wallet, account=account_id)
            return wallet

        return await self._database.write(job)

    async def of_account(self, account_id: str) -> Wallet | None:
        """An account's wallet."""
        row = self._database.one(_SELECT_WALLET + "WHERE account = ?", account_id)
        return None if row is None else _wallet(row)

    async def of_device(self, device: int) -> Wallet | None:
        """A device's wallet, also while the device is being removed."""
        row = self._database.one(_SELECT_WALLET + "WHERE device = ?", device)
        return None if row is None else _wallet(row)


def _wallet(row: Row) -> Wallet:
    return Wallet(row_id=row[0], address=row[1], seed_sealed=row[2], created_ms=row[3])
