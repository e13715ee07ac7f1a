from pathlib import Path

import pytest
from tests.node.running import (
    OPERATOR,
    OPERATOR_SEED,
    confirm,
    data,
    database,
    ledger_file,
    run,
    running_node,
    write_keys,
)
from tests.node.wallets import GENESIS_OUTPUT_ID, give, key, pay

from datasouk.ledger import TOKEN_SUPPLY_IOTA
from datasouk.node.database import NodeDatabase, check_supply
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.errors import BrokenLedger, FolderInUse, WrongLedger
from datasouk.node.keyfiles import COORDINATOR_FILE, OPERATOR_FILE
from datasouk.node.settings import NodeSettings

ALICE = key(2)


def _make_ledger(folder: Path) -> None:
    """A ledger with a few messages and two outputs, at rest."""

    async def main() -> None:
        async with running_node(folder) as node:
            await node.submit(data(1))
            gift = [give(ALICE, 10_000_000), give(OPERATOR, TOKEN_SUPPLY_IOTA - 10_000_000)]
            await node.submit(pay({GENESIS_OUTPUT_ID: OPERATOR}, gift))
            await confirm(node)

    run(main())


def _refusal(folder: Path, settings: NodeSettings | None = None) -> BrokenLedger:
    """What a start answers; the key files must be left alone."""
    keys = {name: (folder / name).read_bytes() for name in (COORDINATOR_FILE, OPERATOR_FILE)}

    async def main() -> BrokenLedger:
        with pytest.raises(BrokenLedger) as caught:
            await EmbeddedNode(folder, settings).start()
        return caught.value

    refusal = run(main())
    assert keys == {name: (folder / name).read_bytes() for name in keys}
    return refusal


class TestSupply:
    @pytest.mark.parametrize(
        ("damage", "what"),
        [
            ("UPDATE output SET amount = amount + 1 WHERE spent IS NULL", "unspent outputs add up to"),
            ("UPDATE output SET amount = amount - 1 WHERE spent IS NULL", "unspent outputs add up to"),
            ("UPDATE output SET spent = NULL, spent_by = NULL", "unspent outputs add up to"),
            ("DELETE FROM output WHERE spent IS NULL", "unspent outputs add up to 0 i"),
            ("UPDATE output SET amount = 9223372036854775807", "integer overflow"),
            ("UPDATE address SET balance = balance + 1", "balances add up to"),
            ("DELETE FROM address", "balances add up to 0 i"),
        ],
    )
    def test_node_does_not_serve_more_or_less(self, tmp_path: Path, damage: str, what: str) -> None:
        _make_ledger(tmp_path)
        with database(tmp_path) as connection:
            connection.execute(damage)
        assert what in str(_refusal(tmp_path))

    def test_whole_supply_is_served(self, tmp_path: Path) -> None:
        _make_ledger(tmp_path)
        with database(tmp_path) as connection:
            check_supply(connection)

        async def main() -> None:
            async with running_node(tmp_path) as node:
                assert (await node.balance(ALICE.address)).balance_iota == 10_000_000

        run(main())


class TestOtherNetworkOrKeys:
    def test_other_network_name(self, tmp_path: Path) -> None:
        _make_ledger(tmp_path)
        refusal = _refusal(tmp_path, NodeSettings(network_name="other"))
        assert isinstance(refusal, WrongLedger)
        assert str(refusal) == "the ledger was made with another network: b'datasouk', not b'other'"

    @pytest.mark.parametrize(
        ("name", "lines"),
        [(COORDINATOR_FILE, ["11" * 32, "22" * 32]), (OPERATOR_FILE, ["33" * 32])],
    )
    def test_other_key_file(self, tmp_path: Path, name: str, lines: list[str]) -> None:
        _make_ledger(tmp_path)
        (tmp_path / name).write_text("\n".join(lines))
        refusal = _refusal(tmp_path)
        assert isinstance(refusal, WrongLedger)
        assert str(refusal) == f"the ledger was made with another {name.split('.', maxsplit=1)[0]} than the key files"
        assert not any(line in str(refusal) for line in lines)

    def test_coordinator_keys_in_another_order_are_the_same(self, tmp_path: Path) -> None:
        _make_ledger(tmp_path)
        path = tmp_path / COORDINATOR_FILE
        path.write_text("\n".join(reversed(path.read_text().split())))

        async def main() -> None:
            async with running_node(tmp_path):
                pass

        run(main())

    def test_schema_of_another_version(self, tmp_path: Path) -> None:
        _make_ledger(tmp_path)
        with database(tmp_path) as connection:
            connection.execute("UPDATE meta SET value = x'32' WHERE name = 'schema'")
        assert "another schema: b'2', not b'1'" in str(_refusal(tmp_path))

    def test_refused_start_makes_no_ledger(self, tmp_path: Path) -> None:
        """Key files that cannot be used come first, before there is a database to regret."""
        write_keys(tmp_path)
        (tmp_path / OPERATOR_FILE).write_text("no key")
        assert isinstance(_refusal(tmp_path), WrongLedger)
        assert not ledger_file(tmp_path).exists()

    def test_key_file_that_others_can_read(self, tmp_path: Path) -> None:
        _make_ledger(tmp_path)
        (tmp_path / OPERATOR_FILE).chmod(0o640)
        refusal = _refusal(tmp_path)
        assert "can be read by others: set its mode to 0600" in str(refusal)
        assert OPERATOR_SEED.hex() not in str(refusal)


class TestDamagedFile:
    def test_file_that_is_no_database(self, tmp_path: Path) -> None:
        write_keys(tmp_path)
        ledger_file(tmp_path).write_bytes(b"something else entirely " * 100)
        assert "not a database" in str(_refusal(tmp_path))

    def test_pages_overwritten(self, tmp_path: Path) -> None:
        _make_ledger(tmp_path)
        content = bytearray(ledger_file(tmp_path).read_bytes())
        content[4096:] = b"\xff" * (len(content) - 4096)
        ledger_file(tmp_path).write_bytes(content)
        assert "malformed" in str(_refusal(tmp_path))

    def test_table_missing_is_made_anew_and_then_missed(self, tmp_path: Path) -> None:
        _make_ledger(tmp_path)
        with database(tmp_path) as connection:
            connection.execute("DROP TABLE output")
        assert "unspent outputs add up to 0 i" in str(_refusal(tmp_path))

    def test_table_of_another_shape(self, tmp_path: Path) -> None:
        write_keys(tmp_path)
        with database(tmp_path) as connection:
            connection.execute("CREATE TABLE meta (name TEXT)")
        assert "no such column" in str(_refusal(tmp_path))


class TestClose:
    def test_everything_is_in_one_file_afterwards(self, tmp_path: Path) -> None:
        """Whoever copies ledger.db of a node at rest has a copy of the ledger."""
        _make_ledger(tmp_path)
        assert [path.name for path in tmp_path.glob("ledger.*")] == ["ledger.db"]


class TestNewFolder:
    def test_genesis_is_written_once(self, tmp_path: Path) -> None:
        async def main() -> None:
            for _ in range(2):
                opened = NodeDatabase.open(tmp_path / "node", NodeSettings())
                await opened.close()

        run(main())
        with database(tmp_path / "node") as connection:
            rows = connection.execute("SELECT id, amount, spent FROM output").fetchall()
            assert rows == [(GENESIS_OUTPUT_ID, TOKEN_SUPPLY_IOTA, None)]

    def test_folder_is_for_its_owner_only(self, tmp_path: Path) -> None:
        async def main() -> None:
            await NodeDatabase.open(tmp_path / "node", NodeSettings()).close()

        run(main())
        assert (tmp_path / "node").stat().st_mode & 0o077 == 0


def test_two_nodes_cannot_share_a_folder(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_node(tmp_path):
            with pytest.raises(FolderInUse, match="in use by another process"):
                await EmbeddedNode(tmp_path).start()
        # And the lock has gone with its holder.
        async with running_node(tmp_path):
            pass

    run(scenario())
