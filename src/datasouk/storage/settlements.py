"""SQL for settlements: movements of tokens on their way, and those that were carried out.

What a movement has to keep to is decided in the very commit that makes its group durable, and what it leads to happens
in the very commit that ends the group: between the two lies the ledger, and nothing else.
"""

import sqlite3
from collections.abc import Mapping, Sequence

from datasouk.market.movements import (
    AdmissionRules,
    Coin,
    Movement,
    MovementKind,
    OpenGroup,
    Refusal,
    SettledMovement,
    SignedGroup,
)
from datasouk.market.records import Wallet
from datasouk.storage.database import Database, Row

__all__ = ["SqliteSettlements"]

_MOVEMENT = (
    "movement.id, movement.kind, movement.source, movement.target, movement.amount, movement.made_ms, "
    "movement.account, movement.device, movement.device_id, movement.by_user_id"
)
_MOVEMENT_COLUMNS = 10
_SELECT_SETTLED = (
    f"SELECT {_MOVEMENT}, movement.position, settlement.transaction_id, settlement.message_id, "  # noqa: S608
    "settlement.raw, settlement.leaves FROM movement JOIN settlement ON settlement.number = movement.settlement "
)
_INSERT = (
    "INSERT INTO movement (id, kind, source, target, amount, made_ms, account, device, device_id, by_user_id, "
    "settlement, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
)
_FUNDINGS = (MovementKind.GRANT.value, MovementKind.REFILL.value)


class SqliteSettlements:
    """See `datasouk.market.ports.SettlementStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, group: SignedGroup, rules: AdmissionRules) -> int | dict[str, Refusal]:
        """Keep a signed group, before it is submitted; or say which movements break a rule, and keep nothing."""
        leaves = b"".join(movement.leaf() for movement in group.movements)

        def job(connection: sqlite3.Connection) -> int | dict[str, Refusal]:
            refused = _refused(connection, group.movements, rules)
            if refused:
                return refused
            number = connection.execute(
                "INSERT INTO settlement (transaction_id, raw, leaves, made_ms) VALUES (?, ?, ?, ?)",
                (group.transaction_id, group.raw, leaves, group.made_ms),
            ).lastrowid
            assert number is not None
            changed = connection.executemany(
                _INSERT + "ON CONFLICT (id) DO UPDATE SET settlement = excluded.settlement, "
                "position = excluded.position WHERE movement.settlement IS NULL",
                [(*_movement_row(each), number, place) for place, each in enumerate(group.movements)],
            ).rowcount
            if group.movements and changed != len(group.movements):
                raise sqlite3.IntegrityError("a movement is in another group already")
            return number

        return await self._database.write(job)

    async def settle(
        self,
        number: int,
        message_id: bytes,
        *,
        settled_ms: int,
        coins: Mapping[bytes, Coin | None],
        untold: Sequence[str],
    ) -> bool:
        """End a group that was included: purchases are granted, in the same commit."""

        def job(connection: sqlite3.Connection) -> bool:
            ended = connection.execute(
                "UPDATE settlement SET message_id = ?, settled_ms = ? "
                "WHERE number = ? AND settled_ms IS NULL AND released = 0",
                (message_id, settled_ms, number),
            )
            if not ended.rowcount:
                return False
            connection.execute(
                "INSERT INTO purchase (account, device, price_iota, bought_ms) "
                "SELECT account, device, amount, ? FROM movement WHERE settlement = ? AND kind = ? "
                "AND EXISTS (SELECT 1 FROM device WHERE number = movement.device) ON CONFLICT DO NOTHING",
                (settled_ms, number, MovementKind.PURCHASE.value),
            )
            connection.executemany("UPDATE movement SET untold = 1 WHERE id = ?", [(each,) for each in untold])
            _keep_coins(connection, number, coins)
            return True

        return await self._database.write(job)

    async def release(self, number: int) -> bool:
        """End a group that can never be included: its movements wait again."""

        def job(connection: sqlite3.Connection) -> bool:
            ended = connection.execute(
                "UPDATE settlement SET released = 1 WHERE number = ? AND settled_ms IS NULL AND released = 0", (number,)
            )
            if not ended.rowcount:
                return False
            connection.execute("UPDATE movement SET settlement = NULL WHERE settlement = ?", (number,))
            return True

        return await self._database.write(job)

    async def keep_waiting(self, movement: Movement) -> None:
        """Keep a movement that is in no group; one that is kept already stays as it is."""
        row = (*_movement_row(movement), None, 0)
        await self._database.write(
            lambda connection: connection.execute(_INSERT + "ON CONFLICT DO NOTHING", row).rowcount
        )

    async def drop(self, movement_id: str) -> None:
        """Forget a movement that waits."""
        query = "DELETE FROM movement WHERE id = ? AND settlement IS NULL"
        await self._database.write(lambda connection: connection.execute(query, (movement_id,)).rowcount)

    async def open_groups(self) -> list[OpenGroup]:
        """Groups that have not come to their end, oldest first."""
        query = (
            "SELECT number, transaction_id, raw, made_ms FROM settlement "
            "WHERE settled_ms IS NULL AND released = 0 ORDER BY number"
        )
        found = []
        for number, transaction_id, raw, made_ms in self._database.all(query):
            select = f"SELECT {_MOVEMENT} FROM movement WHERE settlement = ? ORDER BY position"  # noqa: S608
            movements = tuple(_movement(row) for row in self._database.all(select, number))
            found.append(OpenGroup(number, SignedGroup(transaction_id, raw, movements, made_ms)))
        return found

    async def waiting(self) -> list[Movement]:
        """Movements that wait, oldest first."""
        select = f"SELECT {_MOVEMENT} FROM movement WHERE settlement IS NULL ORDER BY position, id"  # noqa: S608
        return [_movement(row) for row in self._database.all(select)]

    async def was_released(self, transaction_id: bytes) -> bool:
        """Whether this is the transaction of a group that was released."""
        query = "SELECT released FROM settlement WHERE transaction_id = ?"
        row = self._database.one(query, transaction_id)
        return row is not None and bool(row[0])

    async def coin_of(self, address: bytes) -> Coin | None:
        """What the last settled group has left to an address."""
        row = self._database.one("SELECT output_id, amount FROM coin WHERE address = ?", address)
        return None if row is None else Coin(*row)

    async def has_grant(self, account_id: str) -> bool:
        """Whether an account's first funding waits, is on its way, or was settled."""
        query = "SELECT 1 FROM movement WHERE account = ? AND kind = ? LIMIT 1"
        return self._database.one(query, account_id, MovementKind.GRANT.value) is not None

    async def take_untold(self, account_id: str) -> SettledMovement | None:
        """The oldest settled funding of an account of which nobody was told; from now on it counts as told."""
        query = "WHERE account = ? AND untold = 1 ORDER BY id LIMIT 1"
        row = self._database.one(_SELECT_SETTLED + query, account_id)
        if row is None:
            return None
        told = "UPDATE movement SET untold = 0 WHERE id = ? AND untold = 1"
        taken = await self._database.write(lambda connection: connection.execute(told, (row[0],)).rowcount)
        return _settled(row) if taken else None

    async def purchase(self, account_id: str, device: int) -> SettledMovement | None:
        """The settled payment for a purchase."""
        query = "WHERE account = ? AND kind = ? AND device = ? AND settlement.settled_ms IS NOT NULL"
        row = self._database.one(_SELECT_SETTLED + query, account_id, MovementKind.PURCHASE.value, device)
        return None if row is None else _settled(row)

    async def history(self, account_id: str, *, limit: int) -> list[SettledMovement]:
        """An account's settled movements, newest first."""
        query = "WHERE account = ? AND settlement.settled_ms IS NOT NULL ORDER BY movement.made_ms DESC LIMIT ?"
        return [_settled(row) for row in self._database.all(_SELECT_SETTLED + query, account_id, limit)]

    async def funded_since(self, since_ms: int) -> int:
        """Tokens of all fundings that were asked for since then, settled or not."""
        query = "SELECT coalesce(sum(amount), 0) FROM movement WHERE kind IN (?, ?) AND made_ms >= ?"
        row = self._database.one(query, *_FUNDINGS, since_ms)
        assert row is not None
        return int(row[0])

    async def endowed(self, address: bytes, device: int) -> int:
        """What a device's address was endowed with, less what went back to the operator."""
        # Neither is for an account; a group's own endowment does not name the device, so the address tells.
        select = "SELECT coalesce(sum(amount), 0) FROM movement WHERE account IS NULL AND settlement IS NOT NULL "
        given = self._database.all(select + "AND target = ? AND kind = ?", address, MovementKind.ENDOWMENT.value)
        returned = self._database.all(select + "AND kind = ? AND device = ?", MovementKind.RETURN.value, device)
        return sum(int(amount) for (amount,) in given) - sum(int(amount) for (amount,) in returned)

    async def wallet_at(self, address: bytes) -> Wallet | None:
        """The wallet, of an account or of a device, that owns an address."""
        row = self._database.one("SELECT row_id, address, seed, created_ms FROM wallet WHERE address = ?", address)
        return None if row is None else Wallet(row_id=row[0], address=row[1], seed_sealed=row[2], created_ms=row[3])


def _refused(
    connection: sqlite3.Connection, movements: Sequence[Movement], rules: AdmissionRules
) -> dict[str, Refusal]:
    refused: dict[str, Refusal] = {}
    # What this group itself adds to the sums of its day, by account.
    fundings: dict[str, int] = {}
    spending: dict[str, int] = {}
    for movement in movements:
        account = movement.account_id or ""
        reason = None
        if movement.kind.is_funding:
            reason = _funding_refused(connection, account, rules, fundings.get(account, 0))
            fundings[account] = fundings.get(account, 0) + 1
        elif movement.kind is MovementKind.PURCHASE:
            reason = _purchase_refused(connection, movement, rules, spending.get(account, 0))
            if movement.by_user_id:
                spending[account] = spending.get(account, 0) + movement.amount_iota
        if reason is not None:
            refused[movement.movement_id] = reason
    return refused


def _funding_refused(connection: sqlite3.Connection, account: str, rules: AdmissionRules, added: int) -> Refusal | None:
    (count,) = connection.execute(
        "SELECT count(*) FROM movement WHERE account = ? AND made_ms >= ? AND kind IN (?, ?) "
        "AND settlement IS NOT NULL",
        (account, rules.since_ms, *_FUNDINGS),
    ).fetchone()
    return Refusal.FUNDING_LIMIT if count + added >= rules.fundings_per_day else None


def _purchase_refused(
    connection: sqlite3.Connection, movement: Movement, rules: AdmissionRules, added: int
) -> Refusal | None:
    account, device = movement.account_id, movement.device
    there = connection.execute("SELECT price_iota FROM device WHERE number = ? AND NOT removing", (device,)).fetchone()
    if there is None:
        return Refusal.DEVICE_GONE
    bought = "SELECT 1 FROM purchase WHERE account = ? AND device = ?"
    if connection.execute(bought, (account, device)).fetchone():
        return Refusal.ALREADY_BOUGHT
    if (rules.default_price_iota if there[0] is None else there[0]) != movement.amount_iota:
        return Refusal.PRICE_CHANGED
    if movement.by_user_id:
        (spent,) = connection.execute(
            "SELECT coalesce(sum(amount), 0) FROM movement WHERE account = ? AND made_ms >= ? AND kind = ? "
            "AND by_user_id AND settlement IS NOT NULL",
            (account, rules.since_ms, MovementKind.PURCHASE.value),
        ).fetchone()
        if spent + added + movement.amount_iota > rules.spending_iota_per_day:
            return Refusal.SPENDING_LIMIT
    return None


def _keep_coins(connection: sqlite3.Connection, number: int, coins: Mapping[bytes, Coin | None]) -> None:
    # Groups may be settled out of order: what a later one has left stays.
    connection.executemany(
        "INSERT INTO coin VALUES (?, ?, ?, ?) ON CONFLICT (address) DO UPDATE SET output_id = excluded.output_id, "
        "amount = excluded.amount, settlement = excluded.settlement WHERE settlement < excluded.settlement",
        [(address, coin.output_id, coin.amount_iota, number) for address, coin in coins.items() if coin is not None],
    )
    connection.executemany(
        "DELETE FROM coin WHERE address = ? AND settlement < ?",
        [(address, number) for address, coin in coins.items() if coin is None],
    )


def _movement_row(movement: Movement) -> tuple[object, ...]:
    return (
        movement.movement_id,
        movement.kind.value,
        movement.source,
        movement.target,
        movement.amount_iota,
        movement.made_ms,
        movement.account_id,
        movement.device,
        movement.device_id,
        movement.by_user_id,
    )


def _movement(row: Row) -> Movement:
    return Movement(
        movement_id=row[0],
        kind=MovementKind(row[1]),
        source=row[2],
        target=row[3],
        amount_iota=row[4],
        made_ms=row[5],
        account_id=row[6],
        device=row[7],
        device_id=row[8],
        by_user_id=bool(row[9]),
    )


def _settled(row: Row) -> SettledMovement:
    return SettledMovement(_movement(row), *row[_MOVEMENT_COLUMNS:])
