"""The node's database: messages, what milestones did with them, and the ledger's outputs.

Writing happens in jobs of a `GroupWriter`: the functions that take a connection.  Reading goes through `NodeStore`, on
a connection of its own that sees what is committed, so nothing is ever shown that a crash could take back.

A message's row number ``seq`` is the order of arrival on this disk; it stands for the message in all other tables.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasouk.ledger import Address, Indexation, Message, Output, OutputType, Transaction
from datasouk.ledger.answers import (
    ConflictReason,
    LedgerInclusion,
    MilestoneInfo,
    NodeUnavailable,
    OutputState,
    UtxoChanges,
)
from datasouk.sqlite import connect_to_read

__all__ = ["AddressSums", "NodeStore", "Reference", "create_tables", "insert_message", "read_meta", "write_meta"]

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, raw BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS pending (seq INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS child (parent BLOB, seq INTEGER, PRIMARY KEY (parent, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS indexed (key BLOB, seq INTEGER, PRIMARY KEY (key, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reference (
    seq INTEGER PRIMARY KEY, milestone INTEGER NOT NULL, inclusion INTEGER NOT NULL, conflict INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS milestone (
    number INTEGER PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, id BLOB NOT NULL, timestamp INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS included (transaction_id BLOB PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS output (
    id BLOB PRIMARY KEY, message_id BLOB NOT NULL, address BLOB NOT NULL, type INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), created INTEGER NOT NULL, spent INTEGER, spent_by BLOB) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS output_of_address ON output (address, spent, created);
CREATE INDEX IF NOT EXISTS output_created ON output (created);
CREATE INDEX IF NOT EXISTS output_spent ON output (spent) WHERE spent IS NOT NULL;
CREATE TABLE IF NOT EXISTS address (
    address BLOB PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0),
    allowance INTEGER NOT NULL CHECK (allowance >= 0), dust INTEGER NOT NULL CHECK (dust >= 0)) WITHOUT ROWID;
"""

INCLUSIONS = (LedgerInclusion.NO_TRANSACTION, LedgerInclusion.INCLUDED, LedgerInclusion.CONFLICTING)
_SELECT_OUTPUT = "SELECT id, message_id, address, type, amount, spent, spent_by FROM output "


@dataclass(frozen=True, slots=True)
class Reference:
    """What a milestone did with a message."""

    milestone: int
    inclusion: LedgerInclusion
    conflict: ConflictReason


@dataclass(frozen=True, slots=True)
class AddressSums:
    """An address's unspent outputs, summed up.

    Attributes:
        balance: Tokens in all of them.
        allowance: Tokens in dust allowance outputs.
        dust: Number of dust outputs.
    """

    balance: int = 0
    allowance: int = 0
    dust: int = 0

    def with_dust(self, count: int) -> "AddressSums":
        """The same with so many more dust outputs."""
        return AddressSums(self.balance, self.allowance, self.dust + count)


def create_tables(connection: sqlite3.Connection) -> None:
    """Make what is not there yet."""
    for statement in _TABLES.split(";"):
        connection.execute(statement)


def read_meta(connection: sqlite3.Connection, name: str) -> bytes | None:
    """A fact about this ledger, such as the keys of its coordinator."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else bytes(row[0])


def write_meta(connection: sqlite3.Connection, name: str, value: bytes) -> None:
    """Set a fact about this ledger."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def index_of(message: Message) -> bytes | None:
    """The index under which a message is found: its own, or that inside its transaction."""
    payload = message.payload
    if isinstance(payload, Transaction):
        payload = payload.essence.payload
    return payload.index if isinstance(payload, Indexation) else None


def insert_message(
    connection: sqlite3.Connection, message_id: bytes, raw: bytes, parents: Iterable[bytes], index: bytes | None
) -> int:
    """Store a message that is not there yet; returns its row number."""
    seq = connection.execute("INSERT INTO message (id, raw) VALUES (?, ?)", (message_id, raw)).lastrowid
    assert seq is not None
    connection.execute("INSERT INTO pending VALUES (?)", (seq,))
    connection.executemany("INSERT INTO child VALUES (?, ?)", [(parent, seq) for parent in parents])
    if index is not None:
        connection.execute("INSERT INTO indexed VALUES (?, ?)", (index, seq))
    return seq


class NodeStore:
    """Everything the node reads; each call raises `NodeUnavailable` if the file is closed or cannot be read.

    Args:
        path: The database file, with its tables.
    """

    def __init__(self, path: Path) -> None:
        self._connection = connect_to_read(path)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def meta(self, name: str) -> bytes | None:
        """A fact about this ledger."""
        return read_meta(self._connection, name)

    def raw(self, message_id: bytes) -> bytes | None:
        """A message's bytes."""
        row = self._one("SELECT raw FROM message WHERE id = ?", message_id)
        return None if row is None else row[0]

    def seq(self, message_id: bytes) -> int | None:
        """A message's row number."""
        row = self._one("SELECT seq FROM message WHERE id = ?", message_id)
        return None if row is None else row[0]

    def message_id(self, seq: int) -> bytes:
        """The id of a message that is there."""
        row = self._one("SELECT id FROM message WHERE seq = ?", seq)
        assert row is not None
        return bytes(row[0])

    def reference(self, seq: int) -> Reference | None:
        """What a milestone did with a message; None if none references it yet."""
        row = self._one("SELECT milestone, inclusion, conflict FROM reference WHERE seq = ?", seq)
        return None if row is None else Reference(row[0], INCLUSIONS[row[1]], ConflictReason(row[2]))

    def pending(self) -> list[tuple[int, bytes, bytes]]:
        """Row number, id and bytes of every message that no milestone references yet, oldest first."""
        return self._all("SELECT seq, id, raw FROM pending JOIN message USING (seq) ORDER BY seq")

    def find(self, index: bytes, limit: int) -> list[bytes]:
        """Ids of the messages with this index, oldest first."""
        query = "SELECT id FROM indexed JOIN message USING (seq) WHERE key = ? ORDER BY seq LIMIT ?"
        return [row[0] for row in self._all(query, index, limit)]

    def children(self, message_id: bytes, limit: int) -> list[bytes]:
        """Ids of the messages that have this one as a parent, oldest first."""
        query = "SELECT id FROM child JOIN message USING (seq) WHERE parent = ? ORDER BY seq LIMIT ?"
        return [row[0] for row in self._all(query, message_id, limit)]

    def children_in_milestone(self, message_id: bytes, milestone: int) -> list[bytes]:
        """Ids of those children that this milestone references, oldest first."""
        query = (
            "SELECT message.id FROM child JOIN reference USING (seq) JOIN message USING (seq) "
            "WHERE parent = ? AND milestone = ? ORDER BY seq"
        )
        return [row[0] for row in self._all(query, message_id, milestone)]

    def milestone(self, number: int) -> MilestoneInfo | None:
        """A milestone by its index."""
        row = self._one("SELECT number, id, timestamp FROM milestone WHERE number = ?", number)
        return None if row is None else MilestoneInfo(row[0], row[1], row[2])

    def milestone_of_message(self, seq: int) -> int | None:
        """The index of the milestone that a message carries."""
        row = self._one("SELECT number FROM milestone WHERE seq = ?", seq)
        return None if row is None else row[0]

    def latest_milestone(self) -> MilestoneInfo | None:
        """The last milestone."""
        row = self._one("SELECT number, id, timestamp FROM milestone ORDER BY number DESC LIMIT 1")
        return None if row is None else MilestoneInfo(row[0], row[1], row[2])

    def included(self, transaction_id: bytes) -> bytes | None:
        """The id of the message whose transaction was applied."""
        query = "SELECT id FROM included JOIN message USING (seq) WHERE transaction_id = ?"
        row = self._one(query, transaction_id)
        return None if row is None else row[0]

    def output(self, output_id: bytes, ledger_index: int) -> OutputState | None:
        """An output, spent or not."""
        row = self._one(_SELECT_OUTPUT + "WHERE id = ?", output_id)
        return None if row is None else _output_state(row, ledger_index)

    def output_ids(
        self, address: Address, *, limit: int, include_spent: bool, output_type: OutputType | None
    ) -> list[bytes]:
        """Ids of an address's outputs, unspent ones first, oldest first."""
        query = (
            "SELECT id FROM output WHERE address = ? AND (? OR spent IS NULL) AND (? IS NULL OR type = ?) "
            "ORDER BY spent IS NOT NULL, created, id LIMIT ?"
        )
        kind = None if output_type is None else int(output_type)
        return [row[0] for row in self._all(query, address.digest, include_spent, kind, kind, limit)]

    def change_ids(self, milestone: int) -> UtxoChanges:
        """The outputs that a milestone created, and those it spent."""
        created = self._all("SELECT id FROM output WHERE created = ? ORDER BY id", milestone)
        spent = self._all("SELECT id FROM output WHERE spent = ? ORDER BY id", milestone)
        return UtxoChanges(milestone, tuple(row[0] for row in created), tuple(row[0] for row in spent))

    def sums(self, address: Address) -> AddressSums:
        """An address's unspent outputs, summed up; zeros for an unknown one."""
        row = self._one("SELECT balance, allowance, dust FROM address WHERE address = ?", address.digest)
        return AddressSums() if row is None else AddressSums(*row)

    def transactions_of(self, address: Address, limit: int) -> list[bytes]:
        """Ids of the applied transactions that created or spent an output of this address, newest first."""
        query = (
            "SELECT transaction_id FROM ("
            "  SELECT substr(id, 1, 32) AS transaction_id, created AS milestone FROM output WHERE address = ?"
            "  UNION SELECT spent_by, spent FROM output WHERE address = ? AND spent IS NOT NULL)"
            " ORDER BY milestone DESC, transaction_id LIMIT ?"
        )
        return [row[0] for row in self._all(query, address.digest, address.digest, limit)]

    def unspent_sum(self) -> int:
        """All tokens there are."""
        row = self._one("SELECT coalesce(sum(amount), 0) FROM output WHERE spent IS NULL")
        assert row is not None
        return int(row[0])

    def message_count(self) -> int:
        """The row number of the newest message."""
        row = self._one("SELECT coalesce(max(seq), 0) FROM message")
        assert row is not None
        return int(row[0])

    def _one(self, query: str, *arguments: object) -> Sequence[Any] | None:
        try:
            row: Sequence[Any] | None = self._connection.execute(query, arguments).fetchone()
        except sqlite3.Error as error:
            raise NodeUnavailable(f"the database cannot be read: {error}") from error
        return row

    def _all(self, query: str, *arguments: object) -> list[Any]:
        try:
            return self._connection.execute(query, arguments).fetchall()
        except sqlite3.Error as error:
            raise NodeUnavailable(f"the database cannot be read: {error}") from error


def _output_state(row: Sequence[Any], ledger_index: int) -> OutputState:
    output_id, message_id, address, kind, amount, spent, spent_by = row
    return OutputState(
        message_id=message_id,
        transaction_id=output_id[:32],
        output_index=int.from_bytes(output_id[32:], "little"),
        output=Output(Address(address), amount, OutputType(kind)),
        ledger_index=ledger_index,
        milestone_spent=spent,
        transaction_spent=spent_by,
    )
