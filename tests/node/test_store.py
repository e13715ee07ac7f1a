import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.node.wallets import GENESIS_OUTPUT_ID, give, key, pay

from datasouk.ledger import TOKEN_SUPPLY_IOTA, Address, Indexation, Message
from datasouk.ledger.answers import NodeUnavailable
from datasouk.node.store import (
    AddressSums,
    NodeStore,
    create_tables,
    index_of,
    insert_message,
    read_meta,
    write_meta,
)
from datasouk.sqlite import connect

PARENTS = (bytes([1]) * 32, bytes([2]) * 32)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(tmp_path / "ledger.db")
    create_tables(connection)
    yield connection
    connection.close()


@pytest.fixture
def store(connection: sqlite3.Connection, tmp_path: Path) -> Iterator[NodeStore]:
    store = NodeStore(tmp_path / "ledger.db")
    yield store
    store.close()


class TestIndexOf:
    def test_payloads_with_and_without(self) -> None:
        transfer = pay({GENESIS_OUTPUT_ID: key(1)}, [give(key(2), TOKEN_SUPPLY_IOTA)])
        indexed = pay({GENESIS_OUTPUT_ID: key(1)}, [give(key(2), TOKEN_SUPPLY_IOTA)], Indexation(b"inside"))
        for payload, index in ((None, None), (Indexation(b"own"), b"own"), (transfer, None), (indexed, b"inside")):
            assert index_of(Message(1, PARENTS, payload=payload)) == index


class TestMeta:
    def test_last_value_counts(self, connection: sqlite3.Connection, store: NodeStore) -> None:
        assert store.meta("network") is None
        for value in (b"first", b"second"):
            write_meta(connection, "network", value)
            assert read_meta(connection, "network") == store.meta("network") == value

    def test_tables_are_made_once(self, connection: sqlite3.Connection) -> None:
        write_meta(connection, "network", b"kept")
        create_tables(connection)
        assert read_meta(connection, "network") == b"kept"


class TestMessages:
    def test_stored_message_is_found_every_way(self, connection: sqlite3.Connection, store: NodeStore) -> None:
        name = bytes([9]) * 32
        seq = insert_message(connection, name, b"raw", PARENTS, b"index")
        assert (store.seq(name), store.raw(name), store.message_id(seq)) == (seq, b"raw", name)
        assert store.find(b"index", 10) == [name]
        assert [store.children(parent, 10) for parent in PARENTS] == [[name], [name]]
        assert store.pending() == [(seq, name, b"raw")]
        assert store.reference(seq) is None
        assert store.message_count() == seq

    def test_same_id_twice_is_refused_and_leaves_no_half(self, connection: sqlite3.Connection) -> None:
        insert_message(connection, bytes(32), b"raw", PARENTS, None)
        with pytest.raises(sqlite3.IntegrityError):
            insert_message(connection, bytes(32), b"raw", PARENTS, None)
        assert connection.execute("SELECT count(*) FROM pending").fetchone() == (1,)

    def test_unknown_ids(self, store: NodeStore) -> None:
        unknown = bytes([7]) * 32
        assert (store.seq(unknown), store.raw(unknown), store.included(unknown)) == (None, None, None)
        assert (store.find(unknown, 5), store.children(unknown, 5), store.pending()) == ([], [], [])
        assert (store.milestone(1), store.latest_milestone(), store.output(unknown + b"\0\0", 1)) == (None, None, None)
        assert (store.sums(Address(unknown)), store.message_count()) == (AddressSums(), 0)

    def test_ids_differ_in_their_last_byte_too(self, connection: sqlite3.Connection, store: NodeStore) -> None:
        for end in (b"", b"\0"):
            insert_message(connection, (b"x" + end).ljust(32, b"z"), b"raw" + end, PARENTS, b"ab" + end)
        assert len(store.find(b"ab", 10)) == 1
        assert len(store.find(b"ab\0", 10)) == 1

    def test_uncommitted_message_is_not_seen(self, connection: sqlite3.Connection, store: NodeStore) -> None:
        connection.execute("BEGIN IMMEDIATE")
        insert_message(connection, bytes(32), b"raw", PARENTS, b"index")
        assert store.seq(bytes(32)) is None
        assert store.find(b"index", 10) == []
        connection.execute("COMMIT")
        assert store.find(b"index", 10) == [bytes(32)]


class TestLimits:
    def test_negative_sums_do_not_get_in(self, connection: sqlite3.Connection) -> None:
        for row in ((-1, 0, 0), (0, -1, 0), (0, 0, -1)):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute("INSERT INTO address VALUES (x'aa', ?, ?, ?)", row)

    def test_one_dust_output_more(self) -> None:
        assert AddressSums(5, 4, 3).with_dust(1) == AddressSums(5, 4, 4)


class TestClosed:
    def test_every_look_up_says_that_the_node_is_unavailable(
        self, connection: sqlite3.Connection, tmp_path: Path
    ) -> None:
        store = NodeStore(tmp_path / "ledger.db")
        store.close()
        for look_up in (store.pending, store.latest_milestone, store.unspent_sum):
            with pytest.raises(NodeUnavailable, match="cannot be read"):
                look_up()
