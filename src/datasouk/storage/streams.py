"""SQL for packets: the two busiest calls of the marketplace."""

import sqlite3

from datasouk.market.errors import DeviceNotFound, TooManyAtOneTime
from datasouk.market.records import Arrival, PacketDraft, SealedPacket, StreamState
from datasouk.storage.database import Database
from datasouk.storage.devices import bump_list_version

__all__ = ["SqliteStreams"]

_SELECT_PACKET = "SELECT arrival, time_ms, root, side_key, message_id FROM packet "

_INSERT_PACKET = (
    "INSERT INTO packet (device, time_ms, arrival, root, side_key, message_id, fingerprint, received_ms) "
    "SELECT device, ?, last_arrival + 1, ?, ?, ?, ?, ? FROM stream WHERE device = ? AND (SELECT count(*) FROM "
    "(SELECT 1 FROM packet WHERE packet.device = stream.device AND time_ms = ? LIMIT ?)) < ? "
    "ON CONFLICT (device, fingerprint) DO NOTHING RETURNING arrival"
)


class SqliteStreams:
    """See `datasouk.market.ports.StreamStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, device: int, draft: PacketDraft, *, most_at_one_time: int) -> Arrival:
        """Add a packet and give it the next arrival number; one that is there already keeps its own."""
        # Refusals are returned, not raised: a job that raises makes its whole group run again one by one.
        outcome = await self._database.write(lambda connection: _add(connection, device, draft, most_at_one_time))
        if isinstance(outcome, Arrival):
            return outcome
        raise outcome

    async def page(self, device: int, *, before_ms: int, limit: int) -> list[SealedPacket]:
        """The newest packets older than a time, newest first, to the end of the group of the last one's time."""
        rows = self._database.all(
            _SELECT_PACKET + "WHERE device = ? AND time_ms < ? ORDER BY time_ms DESC, arrival DESC LIMIT ?",
            device,
            before_ms,
            limit,
        )
        if len(rows) == limit:
            arrival, time_ms = rows[-1][:2]
            rows += self._database.all(
                _SELECT_PACKET + "WHERE device = ? AND time_ms = ? AND arrival < ? ORDER BY arrival DESC",
                device,
                time_ms,
                arrival,
            )
        return list(map(SealedPacket._make, rows))

    async def after(self, device: int, *, arrival: int, limit: int) -> list[SealedPacket]:
        """The packets that arrived behind one, in order of arrival."""
        query = _SELECT_PACKET + "WHERE device = ? AND arrival > ? ORDER BY arrival LIMIT ?"
        return list(map(SealedPacket._make, self._database.all(query, device, arrival, limit)))

    async def state(self, device: int) -> StreamState | None:
        """The stream as a whole."""
        row = self._database.one("SELECT last_arrival, newest_ms, received_ms FROM stream WHERE device = ?", device)
        return None if row is None else StreamState(*row)


def _add(
    connection: sqlite3.Connection, device: int, draft: PacketDraft, most_at_one_time: int
) -> Arrival | TooManyAtOneTime | DeviceNotFound:
    # Each statement gives the interpreter away and waits to get it back, so what can be one statement is one.
    inserted = connection.execute(
        _INSERT_PACKET,
        (
            draft.time_ms,
            draft.root,
            draft.side_key_sealed,
            draft.message_id,
            draft.fingerprint,
            draft.received_ms,
            device,
            draft.time_ms,
            most_at_one_time,
            most_at_one_time,
        ),
    ).fetchall()
    if not inserted:
        return _why_not(connection, device, draft, most_at_one_time)
    ((arrival,),) = inserted
    connection.execute(
        "UPDATE stream SET last_arrival = ?, newest_ms = max(newest_ms, ?), received_ms = ? WHERE device = ?",
        (arrival, draft.time_ms, draft.received_ms, device),
    )
    if arrival == 1:
        bump_list_version(connection)
    return Arrival(arrival, is_new=True)


def _why_not(
    connection: sqlite3.Connection, device: int, draft: PacketDraft, most_at_one_time: int
) -> Arrival | TooManyAtOneTime | DeviceNotFound:
    there = connection.execute(
        "SELECT arrival FROM packet WHERE device = ? AND fingerprint = ?", (device, draft.fingerprint)
    ).fetchone()
    if there is not None:
        return Arrival(there[0], is_new=False)
    if connection.execute("SELECT 1 FROM stream WHERE device = ?", (device,)).fetchone() is None:
        return DeviceNotFound(f"number {device}")
    return TooManyAtOneTime(draft.time_ms, most_at_one_time)
