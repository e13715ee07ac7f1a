import sqlite3
from collections.abc import Iterator

import pytest

from datasouk.market.errors import WrongSchema
from datasouk.storage.migrate import digest_of, migrate

FIRST, SECOND = "CREATE TABLE a (x); INSERT INTO a VALUES (1);", "CREATE TABLE b (y);"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:", isolation_level=None)
    yield opened
    opened.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_each_migration_is_applied_once(connection: sqlite3.Connection) -> None:
    assert migrate(connection, [FIRST]) == 1
    assert migrate(connection, [FIRST]) == 0
    assert migrate(connection, [FIRST, SECOND]) == 1
    assert connection.execute("SELECT x FROM a").fetchall() == [(1,)]
    assert tables(connection) == {"a", "b", "migration"}


def test_the_schema_of_this_version_applies(connection: sqlite3.Connection) -> None:
    assert migrate(connection) >= 1
    assert {"account", "api_key", "device", "stream", "packet", "purchase", "wallet"} <= tables(connection)


def test_a_newer_database_is_refused(connection: sqlite3.Connection) -> None:
    migrate(connection, [FIRST, SECOND])
    with pytest.raises(WrongSchema, match=r"2 migrations.* knows 1"):
        migrate(connection, [FIRST])


def test_a_changed_migration_is_refused(connection: sqlite3.Connection) -> None:
    migrate(connection, [FIRST])
    with pytest.raises(WrongSchema, match="migration 1"):
        migrate(connection, ["CREATE TABLE a (z);", SECOND])
    assert tables(connection) == {"a", "migration"}


def test_spacing_is_no_change(connection: sqlite3.Connection) -> None:
    migrate(connection, [FIRST])
    assert migrate(connection, [FIRST.replace(" ", "\n  ")]) == 0
    assert digest_of("a  b\n") == digest_of("a b")


def test_a_migration_that_fails_leaves_nothing(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, [FIRST, "CREATE TABLE a (x);"])
    assert tables(connection) == set()
    assert migrate(connection, [FIRST]) == 1
