"""Opening a node's folder: keys, tables, genesis, and the checks without which the node does not serve.

The genesis output holds the whole supply and belongs to the operator; its id is 34 zero bytes, its message the genesis
message.  At every start the unspent outputs must add up to the supply, and so must the balances.
"""

import sqlite3
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from datasouk import __version__
from datasouk.ledger import GENESIS_MESSAGE_ID, TOKEN_SUPPLY_IOTA, OutputType, compute_network_id, make_output_id
from datasouk.ledger.keys import SigningKey
from datasouk.node.errors import BrokenLedger, WrongLedger
from datasouk.node.keyfiles import COORDINATOR_FILE, OPERATOR_FILE, load_keys
from datasouk.node.lockfile import lock_folder
from datasouk.node.settings import NodeSettings
from datasouk.node.store import NodeStore, create_tables, read_meta, write_meta
from datasouk.sqlite import GroupWriter, connect

__all__ = ["LEDGER_FILE", "NodeDatabase", "check_supply"]

LEDGER_FILE = "ledger.db"
_SCHEMA = b"1"
_COORDINATOR_KEYS = 2
GENESIS_OUTPUT_ID = make_output_id(GENESIS_MESSAGE_ID, 0)


@dataclass(frozen=True, slots=True)
class NodeDatabase:
    """An open folder.

    Attributes:
        writer: The one writer.
        store: For reading.
        network_id: What messages of this network carry.
        version: Of the software.
        lock: Keeps other processes out of the folder.
    """

    writer: GroupWriter
    store: NodeStore
    network_id: int
    coordinator_keys: tuple[SigningKey, ...]
    operator_key: SigningKey
    version: str
    lock: IO[bytes]

    @classmethod
    def open(cls, folder: Path, settings: NodeSettings) -> "NodeDatabase":
        """Open a folder, making a new ledger if there is none; on an event loop.

        Raises:
            BrokenLedger: The database contradicts itself.
            WrongLedger: It was made for another network, or with other keys.
            FolderInUse: Another process works in the folder.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / LEDGER_FILE
        with ExitStack() as undo:
            lock = undo.enter_context(lock_folder(folder))
            coordinator = load_keys(folder / COORDINATOR_FILE, _COORDINATOR_KEYS)
            (operator,) = load_keys(folder / OPERATOR_FILE, 1)
            try:
                connection = undo.enter_context(closing(connect(path)))
                connection.execute("BEGIN IMMEDIATE")
                create_tables(connection)
                _begin(connection, settings, coordinator, operator)
                connection.execute("COMMIT")
                check_supply(connection)
            except sqlite3.DatabaseError as error:
                raise BrokenLedger(f"{path} cannot be used: {error}") from error
            undo.pop_all()
        return cls(
            GroupWriter(connection),
            NodeStore(path),
            compute_network_id(settings.network_name),
            coordinator,
            operator,
            __version__,
            lock,
        )

    async def close(self) -> None:
        """Finish what waits and close both connections; then ``ledger.db`` alone holds everything."""
        # The reader first: only the last connection copies the log into the database file, and a reader cannot.
        self.store.close()
        await self.writer.close()
        self.lock.close()


def _begin(
    connection: sqlite3.Connection,
    settings: NodeSettings,
    coordinator: tuple[SigningKey, ...],
    operator: SigningKey,
) -> None:
    """Write the genesis into an empty database; hold an existing one against settings and keys."""
    facts = {
        "schema": _SCHEMA,
        "network": settings.network_name.encode(),
        "coordinator": b"".join(sorted(key.public_key for key in coordinator)),
        "operator": operator.public_key,
    }
    if read_meta(connection, "schema") is None:
        for name, value in facts.items():
            write_meta(connection, name, value)
        owner = operator.address.digest
        connection.execute(
            "INSERT INTO output VALUES (?, ?, ?, ?, ?, 0, NULL, NULL)",
            (GENESIS_OUTPUT_ID, GENESIS_MESSAGE_ID, owner, int(OutputType.SINGLE), TOKEN_SUPPLY_IOTA),
        )
        connection.execute("INSERT INTO address VALUES (?, ?, 0, 0)", (owner, TOKEN_SUPPLY_IOTA))
    for name, value in facts.items():
        found = read_meta(connection, name)
        if found != value:
            shown = f": {found!r}, not {value!r}" if name in ("schema", "network") else " than the key files"
            raise WrongLedger(f"the ledger was made with another {name}{shown}")


def check_supply(connection: sqlite3.Connection) -> None:
    """Add up all tokens, both ways.

    Raises:
        BrokenLedger: They are more or fewer than the supply.
    """
    for what, query in (
        ("unspent outputs", "SELECT coalesce(sum(amount), 0) FROM output WHERE spent IS NULL"),
        ("balances", "SELECT coalesce(sum(balance), 0) FROM address"),
    ):
        (total,) = connection.execute(query).fetchone()
        if total != TOKEN_SUPPLY_IOTA:
            raise BrokenLedger(f"the {what} add up to {total} i, the supply is {TOKEN_SUPPLY_IOTA} i: not serving")
