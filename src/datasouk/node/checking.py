"""Holding a whole ledger against itself, as `datasouk node check` does: trust nothing that can be computed anew.

    every message   its id is the hash of its bytes, its parents and index are listed as they are
    every milestone one more than the one before and not older, signed by the coordinator's keys, its Merkle root right
    every reference belongs to a milestone that reaches the message, in white-flag order, with the right outcome
    every output    as the transactions, applied once more from the genesis, leave it
    the supply      whole

The ledger is applied again in memory, milestone by milestone; the database is read from the first row to the last.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from datasouk.ledger import (
    GENESIS_MESSAGE_ID,
    TOKEN_SUPPLY_IOTA,
    Address,
    FormatError,
    Message,
    Milestone,
    Output,
    OutputType,
    SignatureRefused,
    inclusion_merkle_root,
)
from datasouk.ledger.answers import LedgerInclusion, OutputState
from datasouk.ledger.signatures import verify_milestone
from datasouk.node.database import GENESIS_OUTPUT_ID, LEDGER_FILE
from datasouk.node.store import INCLUSIONS, AddressSums, index_of, read_meta
from datasouk.node.tangle import Pending, Tangle
from datasouk.node.utxo import LedgerChanges, WhiteFlag, spent_state
from datasouk.sqlite import connect_to_read

__all__ = ["LedgerReport", "check_ledger"]

Progress = Callable[[int, int], None]
_MOST_PROBLEMS = 100
_PUBLIC_KEY_BYTES = 32


@dataclass(slots=True)
class LedgerReport:
    """What was found.

    Attributes:
        problems: One sentence each; empty if all is well; at most 100 are listed.
    """

    messages: int
    milestones: int
    outputs: int
    pending: int
    problems: list[str]

    def add(self, problem: str) -> None:
        """Note a problem."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)


def check_ledger(folder: Path, progress: Progress | None = None) -> LedgerReport:
    """Verify a node's whole database, whether the node runs or not.

    Args:
        folder: The node's data folder.
        progress: Told how many milestones of how many are done.
    """
    connection = connect_to_read(folder / LEDGER_FILE)
    try:
        # One transaction: what a running node adds meanwhile is not seen.
        connection.execute("BEGIN")
        return _Checker(connection).run(progress)
    finally:
        connection.close()


class _Checker:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._outputs: dict[bytes, OutputState] = {}
        self._sums: dict[Address, AddressSums] = {}
        self._created: dict[bytes, int] = {}
        self._children = self._indexed = self._included = 0
        self._timestamp = 0
        self._keys: list[bytes] = []
        self._report = LedgerReport(0, 0, 0, 0, [])

    def run(self, progress: Progress | None) -> LedgerReport:
        """All checks."""
        try:
            self._run(progress)
        except sqlite3.DatabaseError as error:
            self._report.add(f"the database file cannot be read: {error}")
        return self._report

    def _run(self, progress: Progress | None) -> None:
        for (problem,) in self._connection.execute("PRAGMA integrity_check"):
            if problem != "ok":
                self._report.add(f"the database file is damaged: {problem}")
        self._count()
        self._start()
        waiting = Tangle()
        total = self._report.milestones
        expected, seen = 1, 0
        for number, seqs in self._milestones():
            if number != expected:
                self._report.add(f"milestone {expected} is missing: the next is {number}")
            expected, seen = number + 1, seen + 1
            for seq in seqs:
                self._read_message(seq, waiting)
            self._check_milestone(number, waiting)
            if progress is not None:
                progress(number, total)
        if seen != total:
            self._report.add(f"{total} milestones are listed, messages name {seen}")
        for (seq,) in self._connection.execute("SELECT seq FROM pending ORDER BY seq"):
            self._read_message(seq, waiting)
        strays = self._value(
            "SELECT (SELECT count(*) FROM message) - (SELECT count(*) FROM reference) - (SELECT count(*) FROM pending)"
        )
        if strays:
            self._report.add(f"{strays} messages are neither referenced nor waiting")
        counts = (("child", self._children), ("indexed", self._indexed), ("included", self._included))
        for table, counted in counts:
            listed = self._value(f"SELECT count(*) FROM {table}")  # noqa: S608 - one of the names above
            if listed != counted:
                self._report.add(f"the table {table} has {listed} rows, the messages make {counted}")
        self._check_ledger()

    def _count(self) -> None:
        report = self._report
        report.messages = self._value("SELECT count(*) FROM message")
        report.milestones = self._value("SELECT count(*) FROM milestone")
        report.outputs = self._value("SELECT count(*) FROM output")
        report.pending = self._value("SELECT count(*) FROM pending")

    def _start(self) -> None:
        keys = read_meta(self._connection, "coordinator") or b""
        self._keys = [keys[i : i + _PUBLIC_KEY_BYTES] for i in range(0, len(keys), _PUBLIC_KEY_BYTES)]
        row = self._connection.execute(
            "SELECT address, amount FROM output WHERE id = ?", (GENESIS_OUTPUT_ID,)
        ).fetchone()
        if row is None:
            self._report.add("the genesis output is missing")
            return
        try:
            output = Output(Address(row[0]), row[1], OutputType.SINGLE)
        except FormatError as error:
            self._report.add(f"the genesis output is not well-formed: {error}")
            return
        self._created[GENESIS_OUTPUT_ID] = 0
        self._outputs[GENESIS_OUTPUT_ID] = OutputState(GENESIS_MESSAGE_ID, GENESIS_MESSAGE_ID, 0, output, 0)
        self._sums[output.address] = AddressSums(output.amount_iota)

    def _milestones(self) -> Iterator[tuple[int, list[int]]]:
        """Row numbers of all messages, by the milestone that references them, in order of arrival."""
        rows = self._connection.execute("SELECT milestone, seq FROM reference ORDER BY milestone, seq")
        for number, group in groupby(rows, key=itemgetter(0)):
            yield number, [seq for _, seq in group]

    def _read_message(self, seq: int, waiting: Tangle) -> None:
        row = self._connection.execute("SELECT id, raw FROM message WHERE seq = ?", (seq,)).fetchone()
        if row is None:
            self._report.add(f"row {seq} names a message that is not there")
            return
        message_id, raw = row
        if not isinstance(message_id, bytes) or not isinstance(raw, bytes):
            self._report.add(f"row {seq} of the messages holds no bytes")
            return
        name = message_id.hex()
        try:
            message = Message.from_bytes(raw)
        except FormatError as error:
            self._report.add(f"message {name} is not well-formed: {error}")
            return
        if message.message_id() != message_id:
            self._report.add(f"message {name} has other bytes than its id says")
        self._children += len(message.parents)
        for parent in message.parents:
            if not self._value("SELECT count(*) FROM child WHERE parent = ? AND seq = ?", parent, seq):
                self._report.add(f"message {name} is not listed under its parent {parent.hex()}")
        index = index_of(message)
        if index is not None:
            self._indexed += 1
            if not self._value("SELECT count(*) FROM indexed WHERE key = ? AND seq = ?", index, seq):
                self._report.add(f"message {name} is not listed under its index")
        waiting.add(Pending(seq, message_id, message, raw))

    def _check_milestone(self, number: int, waiting: Tangle) -> None:
        row = self._connection.execute(
            "SELECT id, seq, timestamp FROM milestone WHERE number = ?", (number,)
        ).fetchone()
        own = waiting.get(row[0]) if row else None
        payload = None if own is None else own.message.payload
        if own is None or not isinstance(payload, Milestone):
            self._report.add(f"milestone {number} has no milestone message")
            waiting.remove(waiting.ids)
            return
        timestamp = payload.essence.timestamp_seconds
        if row[1:] != (own.seq, timestamp) or self._outcome(own.seq) != (0, 0):
            self._report.add(f"milestone {number} is not listed as its message says")
        if timestamp < self._timestamp:
            self._report.add(f"milestone {number} is older than the one before")
        self._timestamp = timestamp
        if payload.essence.index != number:
            self._report.add(f"milestone {number} says that it is number {payload.essence.index}")
        try:
            verify_milestone(payload, self._keys)
        except (SignatureRefused, ValueError) as error:
            self._report.add(f"milestone {number} is not signed by the coordinator: {error}")
        waiting.remove([own.message_id])
        self._check_cone(number, payload, waiting)

    def _check_cone(self, number: int, milestone: Milestone, waiting: Tangle) -> None:
        """Let the milestone do once more what it did."""
        flag = WhiteFlag(number, self._outputs.get, lambda address: self._sums.get(address, AddressSums()))
        reached = list(waiting.cone(milestone.essence.parents, {}))
        for pending in reached:
            done = flag.apply(pending.message_id, pending.message)
            name = pending.message_id.hex()
            if self._outcome(pending.seq) != (INCLUSIONS.index(done.inclusion), int(done.conflict)):
                self._report.add(f"message {name} should be {done.inclusion} in milestone {number}")
            if done.inclusion is LedgerInclusion.INCLUDED:
                self._included += 1
                query = "SELECT count(*) FROM included WHERE transaction_id = ? AND seq = ?"
                if not self._value(query, done.transaction_id, pending.seq):
                    self._report.add(f"message {name} is not listed under its transaction")
        waiting.remove([pending.message_id for pending in reached])
        if len(waiting):
            self._report.add(f"milestone {number} does not reach {len(waiting)} messages that name it")
            waiting.remove(waiting.ids)
        if inclusion_merkle_root(flag.changes.included) != milestone.essence.inclusion_merkle_root:
            self._report.add(f"milestone {number} has a wrong inclusion Merkle root")
        self._apply(number, flag.changes)

    def _outcome(self, seq: int) -> object:
        """Inclusion and conflict reason as they are listed."""
        return self._connection.execute("SELECT inclusion, conflict FROM reference WHERE seq = ?", (seq,)).fetchone()

    def _apply(self, number: int, changes: LedgerChanges) -> None:
        self._outputs.update(changes.created)
        self._created.update(dict.fromkeys(changes.created, number))
        for output_id, (state, transaction_id) in changes.spent.items():
            self._outputs[output_id] = spent_state(state, number, transaction_id)
        self._sums.update(changes.sums)

    def _check_ledger(self) -> None:
        seen = 0
        for output_id, *stored in self._connection.execute(
            "SELECT id, message_id, address, type, amount, created, spent, spent_by FROM output"
        ):
            seen += 1
            state = self._outputs.get(output_id)
            if state is None or stored != [
                state.message_id,
                state.output.address.digest,
                int(state.output.type),
                state.output.amount_iota,
                self._created[output_id],
                state.milestone_spent,
                state.transaction_spent,
            ]:
                self._report.add(f"output {output_id.hex()} is not as its transactions leave it")
        if seen != len(self._outputs):
            self._report.add(f"there are {seen} outputs, the transactions make {len(self._outputs)}")
        total = self._value("SELECT coalesce(sum(amount), 0) FROM output WHERE spent IS NULL")
        if total != TOKEN_SUPPLY_IOTA:
            self._report.add(f"the unspent outputs add up to {total} i, the supply is {TOKEN_SUPPLY_IOTA} i")
        known = {address.digest: sums for address, sums in self._sums.items()}
        for address, *sums in self._connection.execute("SELECT address, balance, allowance, dust FROM address"):
            if known.pop(address, None) != AddressSums(*sums):
                self._report.add(f"the balance of address {address.hex()} is not the sum of its outputs")
        if known:
            self._report.add(f"{len(known)} addresses have outputs and no balance")

    def _value(self, query: str, *arguments: object) -> int:
        return int(self._connection.execute(query, arguments).fetchone()[0])
