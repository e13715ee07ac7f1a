"""SQL for devices: the part of the store that knows who sells what.

A device that is being removed keeps its row, so that its id stays taken, but not its row in ``stream``: from the commit
that marks it on it takes no packets.
"""

import sqlite3

from datasouk.market.errors import TooManyDevices
from datasouk.market.records import Device, DeviceDraft, ListedDevice, Wallet
from datasouk.storage.database import Database, Row
from datasouk.storage.wallets import insert_wallet

__all__ = ["SqliteDevices", "bump_list_version"]

_DEVICE = "number, row_id, id, owner, secret_hash, secret_sealed, data_key, price_iota, inactive, created_ms"
_SELECT_LISTED = (
    "SELECT id, row_id, secret_sealed, record, price_iota, inactive, created_ms, last_arrival > 0 "
    "FROM device JOIN stream ON stream.device = device.number "
)
# How many packets one commit deletes, so that other writers need not wait for a long stream.
_PACKETS_AT_ONCE = 5000


def bump_list_version(connection: sqlite3.Connection) -> None:
    """Say that the list of devices has changed."""
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'device list'")


class SqliteDevices:
    """See `datasouk.market.ports.DeviceStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, draft: DeviceDraft, record: bytes, wallet: Wallet, *, quota: int) -> Device | None:
        """Add a device with an empty stream and its wallet; None if the id is taken."""

        def job(connection: sqlite3.Connection) -> Device | TooManyDevices | None:
            folded = draft.device_id.lower()
            if connection.execute("SELECT 1 FROM device WHERE folded_id = ?", (folded,)).fetchone():
                return None
            counting = "SELECT count(*) FROM device WHERE owner = ? AND NOT removing"
            (count,) = connection.execute(counting, (draft.owner_id,)).fetchone()
            if count >= quota:
                return TooManyDevices(quota)
            number = _insert(connection, draft, folded, record)
            connection.execute("INSERT INTO stream VALUES (?, 0, 0, 0)", (number,))
            insert_wallet(connection, wallet, device=number)
            bump_list_version(connection)
            return _with_number(draft, number)

        # Refusals are returned, not raised: a job that raises makes its whole group run again one by one.
        outcome = await self._database.write(job)
        if isinstance(outcome, TooManyDevices):
            raise outcome
        return outcome

    async def update(self, device: Device, record: bytes) -> bool:
        """Replace secret, price, approval and record of a device."""

        def job(connection: sqlite3.Connection) -> bool:
            changed = connection.execute(
                "UPDATE device SET secret_hash = ?, secret_sealed = ?, price_iota = ?, inactive = ?, record = ? "
                "WHERE number = ? AND owner = ? AND NOT removing",
                (
                    device.secret_hash,
                    device.secret_sealed,
                    device.price_iota,
                    device.is_inactive,
                    record,
                    device.number,
                    device.owner_id,
                ),
            )
            bump_list_version(connection)
            return changed.rowcount > 0

        return await self._database.write(job)

    async def get(self, device_id: str) -> Device | None:
        """A device by its id, in the very spelling with which it was registered."""
        query = f"SELECT {_DEVICE} FROM device WHERE folded_id = ? AND id = ? AND NOT removing"  # noqa: S608
        row = self._database.one(query, device_id.lower(), device_id)
        return None if row is None else _device(row)

    async def listed(self, device_id: str) -> ListedDevice | None:
        """The same as lists show it."""
        query = _SELECT_LISTED + "WHERE folded_id = ? AND id = ?"
        row = self._database.one(query, device_id.lower(), device_id)
        return None if row is None else ListedDevice._make(row)

    async def of_owner(self, account_id: str) -> list[ListedDevice]:
        """An account's devices, oldest first."""
        rows = await self._database.all_apart(_SELECT_LISTED + "WHERE owner = ? ORDER BY number", account_id)
        return list(map(ListedDevice._make, rows))

    async def all_listed(self) -> list[ListedDevice]:
        """Every device, oldest first."""
        return list(map(ListedDevice._make, await self._database.all_apart(_SELECT_LISTED + "ORDER BY number")))

    async def list_version(self) -> int:
        """A number that grows whenever `all_listed` would answer otherwise."""
        row = self._database.one("SELECT value FROM counter WHERE name = 'device list'")
        assert row is not None
        return int(row[0])

    async def set_inactive(self, number: int, *, is_inactive: bool) -> bool:
        """Take a device out of the explorer, or put it in."""

        def job(connection: sqlite3.Connection) -> bool:
            query = "UPDATE device SET inactive = ? WHERE number = ? AND NOT removing"
            changed = connection.execute(query, (is_inactive, number))
            bump_list_version(connection)
            return changed.rowcount > 0

        return await self._database.write(job)

    async def begin_removal(self, number: int, owner_id: str) -> bool:
        """Mark a device: gone for everybody, takes no packets."""

        def job(connection: sqlite3.Connection) -> bool:
            query = "UPDATE device SET removing = 1 WHERE number = ? AND owner = ? AND NOT removing"
            if not connection.execute(query, (number, owner_id)).rowcount:
                return False
            connection.execute("DELETE FROM stream WHERE device = ?", (number,))
            bump_list_version(connection)
            return True

        return await self._database.write(job)

    async def removing(self) -> list[Device]:
        """The devices whose removal was begun and not finished."""
        query = f"SELECT {_DEVICE} FROM device WHERE removing ORDER BY number"  # noqa: S608
        return [_device(row) for row in self._database.all(query)]

    async def delete(self, number: int) -> None:
        """Delete everything of a device whose removal was begun.

        Its packets, which nobody sees any more, go first and in several commits; all else goes in one.
        """
        while await self._database.write(lambda connection: _delete_packets(connection, number)):
            pass

        def job(connection: sqlite3.Connection) -> None:
            (removing,) = connection.execute(
                "SELECT count(*) FROM device WHERE number = ? AND removing", (number,)
            ).fetchone()
            if removing:
                for table in ("packet", "purchase", "wallet"):
                    connection.execute(f"DELETE FROM {table} WHERE device = ?", (number,))  # noqa: S608
                connection.execute("DELETE FROM device WHERE number = ?", (number,))

        await self._database.write(job)


def _delete_packets(connection: sqlite3.Connection, number: int) -> int:
    query = (
        "DELETE FROM packet WHERE device = ? AND arrival IN (SELECT arrival FROM packet WHERE device = ? "
        "AND EXISTS (SELECT 1 FROM device WHERE number = ? AND removing) ORDER BY arrival LIMIT ?)"
    )
    return connection.execute(query, (number, number, number, _PACKETS_AT_ONCE)).rowcount


def _insert(connection: sqlite3.Connection, draft: DeviceDraft, folded: str, record: bytes) -> int:
    number = connection.execute(
        "INSERT INTO device (id, folded_id, row_id, owner, secret_hash, secret_sealed, data_key, price_iota, inactive, "
        "created_ms, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            draft.device_id,
            folded,
            draft.row_id,
            draft.owner_id,
            draft.secret_hash,
            draft.secret_sealed,
            draft.data_key,
            draft.price_iota,
            draft.is_inactive,
            draft.created_ms,
            record,
        ),
    ).lastrowid
    assert number is not None
    return number


def _with_number(draft: DeviceDraft, number: int) -> Device:
    return Device(
        number=number,
        row_id=draft.row_id,
        device_id=draft.device_id,
        owner_id=draft.owner_id,
        secret_hash=draft.secret_hash,
        secret_sealed=draft.secret_sealed,
        data_key=draft.data_key,
        price_iota=draft.price_iota,
        is_inactive=draft.is_inactive,
        created_ms=draft.created_ms,
    )


def _device(row: Row) -> Device:
    return Device(
        number=row[0],
        row_id=row[1],
        device_id=row[2],
        owner_id=row[3],
        secret_hash=row[4],
        secret_sealed=row[5],
        data_key=row[6],
        price_iota=row[7],
        is_inactive=bool(row[8]),
        created_ms=row[9],
    )
