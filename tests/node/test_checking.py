import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest
from tests.node.running import OPERATOR, Clock, build_on, confirm, data, database, ledger_file, run, running_node
from tests.node.wallets import GENESIS_OUTPUT_ID, allow, give, key, output_ids, pay

from datasouk.ledger import TOKEN_SUPPLY_IOTA, Indexation
from datasouk.node.checking import LedgerReport, check_ledger
from datasouk.node.tangle import Tangle

ALICE, BOB = key(2), key(3)
MI = 1_000_000


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with a bit of everything, at rest."""
    folder = tmp_path_factory.mktemp("sound") / "node"

    async def main() -> None:
        clock = Clock()
        async with running_node(folder, clock=clock) as node:
            outputs = [give(ALICE, 10 * MI), allow(BOB, MI), give(OPERATOR, TOKEN_SUPPLY_IOTA - 11 * MI)]
            gift = pay({GENESIS_OUTPUT_ID: OPERATOR}, outputs, Indexation(b"gift"))
            for number in range(20):
                await node.submit(data(number))
            await node.submit(gift)
            clock.now += 10
            await confirm(node)
            source = output_ids(gift)[give(ALICE, 10 * MI)]
            first = await node.submit(pay({source: ALICE}, [give(BOB, 5), give(ALICE, 10 * MI - 5)]))
            await node.submit(pay({source: ALICE}, [give(BOB, 10 * MI)]), parents=[first])
            below = await node.submit(data(100))
            await build_on(node, below)
            clock.now += 10
            await confirm(node)
            await node.submit(data(101))
            await node.submit(None)

    run(main())
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return copytree(sound, tmp_path / "node")


@pytest.fixture
def connection(folder: Path) -> Iterator[sqlite3.Connection]:
    with database(folder) as connection:
        yield connection


def _problems(folder: Path) -> str:
    problems = check_ledger(folder).problems
    assert len(problems) <= 100
    return "\n".join(problems)


class TestSoundLedger:
    def test_has_no_problem(self, sound: Path) -> None:
        report = check_ledger(sound)
        assert report.problems == []
        assert (report.milestones, report.pending) == (3, 2)
        assert report.messages > 30
        assert report.outputs == 6

    def test_new_ledger_has_none(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path):
                pass

        run(main())
        assert check_ledger(tmp_path) == LedgerReport(messages=1, milestones=1, outputs=1, pending=0, problems=[])

    def test_node_may_run_meanwhile(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                for number in range(3):
                    await node.submit(data(number))
                    assert check_ledger(tmp_path).problems == []
                    await confirm(node)
                assert check_ledger(tmp_path).problems == []

        run(main())

    def test_progress_is_told_by_the_milestone(self, sound: Path) -> None:
        told: list[tuple[int, int]] = []
        check_ledger(sound, lambda done, total: told.append((done, total)))
        assert told == [(1, 3), (2, 3), (3, 3)]

    def test_nothing_is_changed(self, folder: Path) -> None:
        before = ledger_file(folder).read_bytes()
        check_ledger(folder)
        assert ledger_file(folder).read_bytes() == before

    def test_missing_ledger_is_an_error_and_not_made(self, tmp_path: Path) -> None:
        with pytest.raises(sqlite3.OperationalError):
            check_ledger(tmp_path)
        assert list(tmp_path.iterdir()) == []


# One thing is damaged at a time: the statement, and what has to be said about it.
MESSAGE = "(SELECT seq FROM indexed WHERE key = CAST('sensor' AS BLOB) LIMIT 1)"
APPLIED = "(SELECT seq FROM reference WHERE inclusion = 1 LIMIT 1)"
CONFLICTING = "(SELECT seq FROM reference WHERE inclusion = 2 LIMIT 1)"
DAMAGES = {
    "byte of a message": (
        f"UPDATE message SET raw = CAST(raw || x'00' AS BLOB) WHERE seq = {MESSAGE}",
        "is not well-formed",
    ),
    "text for a message": (f"UPDATE message SET raw = 'text' WHERE seq = {MESSAGE}", "holds no bytes"),
    "nonce of a message": (
        f"UPDATE message SET raw = CAST(substr(raw, 1, length(raw) - 1) || x'01' AS BLOB) WHERE seq = {MESSAGE}",
        "has other bytes than its id says",
    ),
    "message of another": (
        f"UPDATE message SET raw = (SELECT raw FROM message WHERE seq = 1) WHERE seq = {MESSAGE}",
        "has other bytes than its id says",
    ),
    "id of a message": (f"UPDATE message SET id = zeroblob(32) WHERE seq = {MESSAGE}", "has other bytes than its id"),
    "missing message": (f"DELETE FROM message WHERE seq = {MESSAGE}", "names a message that is not there"),
    "missing waiting message": (
        "DELETE FROM message WHERE seq = (SELECT max(seq) FROM pending)",
        "names a message that is not there",
    ),
    "message nobody knows": ("INSERT INTO message (id, raw) VALUES (x'aa', x'bb')", "1 messages are neither"),
    "missing waiting row": ("DELETE FROM pending WHERE seq = (SELECT max(seq) FROM pending)", "1 messages are neither"),
    "waiting row too many": (f"INSERT INTO pending VALUES ({MESSAGE})", "-1 messages are neither"),
    "missing parent row": (f"DELETE FROM child WHERE seq = {MESSAGE}", "is not listed under its parent"),
    "parent row too many": (f"INSERT INTO child VALUES (zeroblob(32), {MESSAGE})", "the table child has"),
    "parent row of another": (
        f"UPDATE child SET parent = zeroblob(32) WHERE seq = {MESSAGE}",
        "is not listed under its parent",
    ),
    "missing index row": (f"DELETE FROM indexed WHERE seq = {MESSAGE}", "is not listed under its index"),
    "missing index row of a transaction": (
        "DELETE FROM indexed WHERE key = CAST('gift' AS BLOB)",
        "is not listed under its index",
    ),
    "index row too many": (f"INSERT INTO indexed VALUES (x'aa', {MESSAGE})", "the table indexed has"),
    "other index": (f"UPDATE indexed SET key = x'aa' WHERE seq = {MESSAGE}", "is not listed under its index"),
    "missing reference": (f"DELETE FROM reference WHERE seq = {MESSAGE}", "1 messages are neither"),
    "reference to a later milestone": (
        f"UPDATE reference SET milestone = 3 WHERE seq = {MESSAGE}",
        "milestone 3 does not reach 1 messages that name it",
    ),
    "outcome of data": (f"UPDATE reference SET inclusion = 1 WHERE seq = {MESSAGE}", "should be noTransaction"),
    "outcome of a transaction": (f"UPDATE reference SET inclusion = 2 WHERE seq = {APPLIED}", "should be included"),
    "outcome of a conflict": (f"UPDATE reference SET inclusion = 1 WHERE seq = {CONFLICTING}", "should be conflicting"),
    "reason of a conflict": (f"UPDATE reference SET conflict = 5 WHERE seq = {CONFLICTING}", "should be conflicting"),
    "outcome of a milestone": (
        "UPDATE reference SET conflict = 1 WHERE seq = (SELECT seq FROM milestone WHERE number = 2)",
        "milestone 2 is not listed as its message says",
    ),
    "missing milestone row": ("DELETE FROM milestone WHERE number = 2", "milestone 2 has no milestone message"),
    "milestone row too many": ("INSERT INTO milestone VALUES (9, 9999, x'aa', 1)", "4 milestones are listed"),
    "milestone of another message": (
        f"UPDATE milestone SET id = (SELECT id FROM message WHERE seq = {MESSAGE}) WHERE number = 2",
        "milestone 2 has no milestone message",
    ),
    "row of a milestone": (
        "UPDATE milestone SET seq = 9999 WHERE number = 2",
        "milestone 2 is not listed as its message says",
    ),
    "time of a milestone": (
        "UPDATE milestone SET timestamp = timestamp + 1 WHERE number = 2",
        "milestone 2 is not listed as its message says",
    ),
    "number of a milestone": (
        "UPDATE milestone SET number = 9 WHERE number = 3",
        "milestone 3 has no milestone message",
    ),
    "missing included row": ("DELETE FROM included", "is not listed under its transaction"),
    "included row too many": (f"INSERT INTO included VALUES (x'aa', {MESSAGE})", "the table included has 3 rows"),
    "included row of another": (f"UPDATE included SET seq = {MESSAGE}", "is not listed under its transaction"),
    "amount of an output": (
        "UPDATE output SET amount = amount + 1 WHERE amount = 5",
        f"the unspent outputs add up to {TOKEN_SUPPLY_IOTA + 1} i, the supply is {TOKEN_SUPPLY_IOTA} i",
    ),
    "amounts of two outputs": (
        "UPDATE output SET amount = amount + CASE amount WHEN 5 THEN 1 ELSE -1 END WHERE amount IN (5, 9999995)",
        "is not as its transactions leave it",
    ),
    "owner of an output": ("UPDATE output SET address = zeroblob(32) WHERE amount = 5", "is not as its transactions"),
    "type of an output": ("UPDATE output SET type = 0 WHERE type = 1", "is not as its transactions leave it"),
    "message of an output": (
        "UPDATE output SET message_id = zeroblob(32) WHERE amount = 5",
        "is not as its transactions leave it",
    ),
    "origin of an output": ("UPDATE output SET created = 1 WHERE amount = 5", "is not as its transactions leave it"),
    "spent output": ("UPDATE output SET spent = NULL, spent_by = NULL WHERE amount = 10000000", "the unspent outputs"),
    "unspent output": ("UPDATE output SET spent = 3, spent_by = x'aa' WHERE amount = 5", "the unspent outputs add up"),
    "spender of an output": (
        "UPDATE output SET spent_by = x'aa' WHERE amount = 10000000",
        "is not as its transactions leave it",
    ),
    "time of a spending": (
        "UPDATE output SET spent = 2 WHERE amount = 10000000",
        "is not as its transactions leave it",
    ),
    "missing output": ("DELETE FROM output WHERE amount = 10000000", "there are 5 outputs, the transactions make 6"),
    "output too many": (
        "INSERT INTO output VALUES (x'aa', x'bb', x'cc', 0, 1, 1, 1, x'dd')",
        "there are 7 outputs, the transactions make 6",
    ),
    "missing genesis": ("DELETE FROM output WHERE id = zeroblob(34)", "the genesis output is missing"),
    "amount of the genesis": (
        "UPDATE output SET amount = amount + 1 WHERE id = zeroblob(34)",
        "the genesis output is not well-formed",
    ),
    "owner of the genesis": ("UPDATE output SET address = x'aa' WHERE id = zeroblob(34)", "is not well-formed"),
    "balance": ("UPDATE address SET balance = balance + 1 WHERE dust = 1", "is not the sum of its outputs"),
    "dust": ("UPDATE address SET dust = 0 WHERE dust = 1", "is not the sum of its outputs"),
    "allowance": ("UPDATE address SET allowance = 0 WHERE allowance > 0", "is not the sum of its outputs"),
    "missing balance": ("DELETE FROM address WHERE dust = 1", "1 addresses have outputs and no balance"),
    "balance too many": ("INSERT INTO address VALUES (x'aa', 0, 0, 0)", "the balance of address aa is not the sum"),
    "keys of the coordinator": (
        "UPDATE meta SET value = zeroblob(64) WHERE name = 'coordinator'",
        "milestone 1 is not signed by the coordinator",
    ),
    "no keys of the coordinator": (
        "DELETE FROM meta WHERE name = 'coordinator'",
        "milestone 1 is not signed by the coordinator",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_reported(name: str, folder: Path, connection: sqlite3.Connection) -> None:
    statement, expected = DAMAGES[name]
    assert connection.execute(statement).rowcount > 0, "the statement must hit something"
    assert expected in _problems(folder)


class TestDamagedFile:
    def test_pages_overwritten(self, folder: Path) -> None:
        content = bytearray(ledger_file(folder).read_bytes())
        content[8192:20480] = b"\xff" * 12288
        ledger_file(folder).write_bytes(content)
        assert "the database file" in _problems(folder)

    def test_index_that_disagrees_with_its_table(self, folder: Path, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'spent)', 'amount)') WHERE name = 'output_spent'"
        )
        connection.close()
        assert "the database file" in _problems(folder)


class TestCoordinatorThatErrs:
    """Milestones that are signed and stored as they are, and say the wrong thing."""

    def test_wrong_merkle_root(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                monkeypatch.setattr("datasouk.node.milestones.inclusion_merkle_root", lambda ids: bytes(32))
                await confirm(node)

        run(main())
        assert check_ledger(tmp_path).problems == ["milestone 2 has a wrong inclusion Merkle root"]

    def test_milestone_older_than_the_one_before(self, tmp_path: Path) -> None:
        async def main() -> None:
            clock = Clock()
            async with running_node(tmp_path, clock=clock) as node:
                clock.now -= 100
                node._latest = replace(node._latest, timestamp_seconds=0)
                await confirm(node)

        run(main())
        assert check_ledger(tmp_path).problems == ["milestone 2 is older than the one before"]

    def test_number_left_out(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                node._latest = replace(node._latest, index=5)
                await confirm(node)

        run(main())
        assert check_ledger(tmp_path).problems == ["milestone 2 is missing: the next is 6"]

    def test_message_that_is_out_of_reach(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                await node.submit(data(1))
                cone = list(node._tangle.cone(node._tangle.tips, {}))
                monkeypatch.setattr(Tangle, "tips", property(lambda self: []))
                monkeypatch.setattr(Tangle, "cone", lambda self, roots, extra: iter(cone))
                await confirm(node)

        run(main())
        monkeypatch.undo()
        assert check_ledger(tmp_path).problems == ["milestone 2 does not reach 1 messages that name it"]


class TestManyProblems:
    def test_only_the_first_hundred_are_listed(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                await asyncio.gather(*(node.submit(data(number)) for number in range(150)))

        run(main())
        with database(tmp_path) as connection:
            connection.execute("DELETE FROM child")
        assert len(check_ledger(tmp_path).problems) == 100
