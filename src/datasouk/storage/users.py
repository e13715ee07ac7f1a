"""SQL for accounts and their API keys."""

import sqlite3
from collections.abc import Sequence

from datasouk.market.records import Account, ApiKey, Role
from datasouk.storage.database import Database, Row

__all__ = ["SqliteUsers"]

_ACCOUNT = (
    "account.id, account.handle, account.user_id_hash, account.user_id_sealed, account.email, account.role, "
    "account.disabled, account.needs_key, account.device_quota, account.created_ms"
)
_ACCOUNT_COLUMNS = 10
_KEY = "api_key.id, api_key.account, api_key.hash, api_key.label, api_key.created_ms, api_key.expires_ms"
_SELECT_ACCOUNT = f"SELECT {_ACCOUNT} FROM account "  # noqa: S608
_INSERT_KEY = "INSERT INTO api_key (id, account, hash, label, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?)"


class SqliteUsers:
    """See `datasouk.market.ports.UserStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account: Account, key: ApiKey | None) -> None:
        """Add an account, with its first key."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO account (id, handle, user_id_hash, user_id_sealed, email, role, disabled, needs_key, "
                "device_quota, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    account.account_id,
                    account.handle,
                    account.user_id_hash,
                    account.user_id_sealed,
                    account.email,
                    account.role.value,
                    account.is_disabled,
                    account.needs_key,
                    account.device_quota,
                    account.created_ms,
                ),
            )
            if key is not None:
                connection.execute(_INSERT_KEY, _key_row(key))

        await self._database.write(job)

    async def get(self, account_id: str) -> Account | None:
        """An account by its row id."""
        return self._account("WHERE id = ?", account_id)

    async def by_user_id(self, hashes: Sequence[bytes]) -> Account | None:
        """The account whose user id has one of these hashes."""
        return self._account(f"WHERE user_id_hash IN ({_marks(hashes)})", *hashes)

    async def by_api_key(self, hashes: Sequence[bytes]) -> tuple[Account, ApiKey] | None:
        """The account that has an API key with one of these hashes, and the key."""
        row = self._database.one(
            f"SELECT {_ACCOUNT}, {_KEY} FROM api_key JOIN account ON account.id = api_key.account "  # noqa: S608
            f"WHERE api_key.hash IN ({_marks(hashes)})",
            *hashes,
        )
        return None if row is None else (_account(row[:_ACCOUNT_COLUMNS]), _key(row[_ACCOUNT_COLUMNS:]))

    async def by_handle(self, handle: str) -> Account | None:
        """An account by its handle."""
        return self._account("WHERE handle = ?", handle)

    async def by_email(self, email: str) -> list[Account]:
        """The accounts that were given this address, oldest first."""
        return [_account(row) for row in self._database.all(_SELECT_ACCOUNT + "WHERE email = ? ORDER BY id", email)]

    async def page(self, after: str, limit: int) -> list[Account]:
        """Accounts by row id."""
        rows = self._database.all(_SELECT_ACCOUNT + "WHERE id > ? ORDER BY id LIMIT ?", after, limit)
        return [_account(row) for row in rows]

    async def change(
        self,
        account_id: str,
        *,
        role: Role | None = None,
        is_disabled: bool | None = None,
        needs_key: bool | None = None,
        device_quota: int | None = None,
    ) -> Account | None:
        """Change what is not None; returns the account as it is now."""

        def job(connection: sqlite3.Connection) -> Account | None:
            changed = connection.execute(
                "UPDATE account SET role = coalesce(?, role), disabled = coalesce(?, disabled), "
                "needs_key = coalesce(?, needs_key), device_quota = coalesce(?, device_quota) WHERE id = ?",
                (role, is_disabled, needs_key, device_quota, account_id),
            )
            if not changed.rowcount:
                return None
            return _account(connection.execute(_SELECT_ACCOUNT + "WHERE id = ?", (account_id,)).fetchone())

        return await self._database.write(job)

    async def set_user_id(self, account_id: str, *, old_hash: bytes, new_hash: bytes, sealed: bytes) -> bool:
        """Give an account another user id; False if it no longer has the old one."""
        query = "UPDATE account SET user_id_hash = ?, user_id_sealed = ? WHERE id = ? AND user_id_hash = ?"
        arguments = (new_hash, sealed, account_id, old_hash)
        return await self._database.write(lambda connection: connection.execute(query, arguments).rowcount > 0)

    async def add_key(self, key: ApiKey) -> None:
        """Add an API key to an account."""
        await self._database.write(lambda connection: connection.execute(_INSERT_KEY, _key_row(key)).rowcount)

    async def keys(self, account_id: str) -> list[ApiKey]:
        """An account's keys, oldest first."""
        query = f"SELECT {_KEY} FROM api_key WHERE account = ? ORDER BY id"  # noqa: S608
        return [_key(row) for row in self._database.all(query, account_id)]

    async def set_key_hash(self, key_id: str, key_hash: bytes) -> None:
        """Keep another hash of the same key."""
        query = "UPDATE api_key SET hash = ? WHERE id = ?"
        await self._database.write(lambda connection: connection.execute(query, (key_hash, key_id)).rowcount)

    async def remove_key(self, account_id: str, key_id: str) -> bool:
        """Remove an account's key; False if it has none like that."""
        query = "DELETE FROM api_key WHERE id = ? AND account = ?"
        return await self._database.write(
            lambda connection: connection.execute(query, (key_id, account_id)).rowcount > 0
        )

    def _account(self, where: str, *arguments: object) -> Account | None:
        row = self._database.one(_SELECT_ACCOUNT + where, *arguments)
        return None if row is None else _account(row)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _account(row: Row) -> Account:
    return Account(
        account_id=row[0],
        handle=row[1],
        user_id_hash=row[2],
        user_id_sealed=row[3],
        email=row[4],
        role=Role(row[5]),
        is_disabled=bool(row[6]),
        needs_key=bool(row[7]),
        device_quota=row[8],
        created_ms=row[9],
    )


def _key(row: Row) -> ApiKey:
    return ApiKey(key_id=row[0], account_id=row[1], key_hash=row[2], label=row[3], created_ms=row[4], expires_ms=row[5])


def _key_row(key: ApiKey) -> tuple[object, ...]:
    return (key.key_id, key.account_id, key.key_hash, key.label, key.created_ms, key.expires_ms)
