import pytest

from datasouk.storage.migrate import digest_of
from datasouk.storage.schema import MIGRATIONS

RELEASED: tuple[str, ...] = ()
"""Digests of the migrations that some release contains: add one here with each release, and change none."""


def test_released_migrations_have_not_changed() -> None:
    assert tuple(digest_of(each) for each in MIGRATIONS[: len(RELEASED)]) == RELEASED


@pytest.mark.parametrize("migration", MIGRATIONS)
def test_every_statement_of_a_migration_is_ended(migration: str) -> None:
    assert migration.rstrip().endswith(";")
    assert "'" not in migration.replace("IN ('user', 'admin')", "").replace("('device list', 0)", "")
