"""Bringing a database to the schema of this version, at every start.

Which migrations a database has is written in it, with a hash of each one's text: a released migration that somebody
changes is refused, as is a database of a newer version.
"""

import hashlib
import sqlite3
from collections.abc import Sequence

from datasouk.market.errors import WrongSchema
from datasouk.storage.schema import MIGRATIONS

__all__ = ["digest_of", "migrate"]

_TABLE = "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, digest TEXT NOT NULL)"


def digest_of(migration: str) -> str:
    """What stands for a migration's text, whatever its spacing: 64 hexadecimal digits."""
    return hashlib.sha256(" ".join(migration.split()).encode()).hexdigest()


def migrate(connection: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> int:
    """Apply the migrations that a database does not have yet, all of them or none.

    Returns:
        How many were applied.

    Raises:
        WrongSchema: The database has others.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_TABLE)
        applied = [row[0] for row in connection.execute("SELECT digest FROM migration ORDER BY number")]
        _check(applied, [digest_of(migration) for migration in migrations])
        for number, migration in enumerate(migrations[len(applied) :], len(applied) + 1):
            for statement in migration.split(";"):
                connection.execute(statement)
            connection.execute("INSERT INTO migration VALUES (?, ?)", (number, digest_of(migration)))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return len(migrations) - len(applied)


def _check(applied: Sequence[str], known: Sequence[str]) -> None:
    if len(applied) > len(known):
        raise WrongSchema(
            f"the database has {len(applied)} migrations, this version of datasouk knows {len(known)}: use a newer one"
        )
    for number, (found, expected) in enumerate(zip(applied, known, strict=False), 1):
        if found != expected:
            raise WrongSchema(f"migration {number} is not the one with which the database was made")
