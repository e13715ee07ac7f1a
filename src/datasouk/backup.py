"""Backing up a marketplace, whether it runs or not, and restoring it elsewhere.

Both databases are looked at in the same moment, the market's a little earlier::

    market's snapshot  ->  ledger's snapshot  ->  copy of the market  ->  copy of the ledger  ->  one file

So the ledger is never behind the market: what the market holds to be paid is paid there.  What the ledger did in
between, the market learns when it starts, as after a crash.  No key is in the file: see ``docs/howto/back-up.md``.
"""

import os
import shutil
import sqlite3
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

from datasouk.archive import check_archive, copy_entry, write_archive
from datasouk.errors import DatasoukError
from datasouk.node.checking import check_ledger
from datasouk.node.database import LEDGER_FILE, check_supply
from datasouk.sqlite import connect_to_read

__all__ = ["MARKET_FILE", "BackupRefused", "make_backup", "restore_backup"]

MARKET_FILE = "market.db"


class BackupRefused(DatasoukError):
    """There is nothing to back up, something is damaged, or something is in the way."""


def make_backup(target: Path, *, market: Path, ledger: Path | None) -> None:
    """Write a backup; servers may go on writing meanwhile.

    Args:
        target: A file that is not there yet; beside it, room for twice the databases is needed.
        market: The market's database.
        ledger: The ledger's; None if the ledger is another node's.

    Raises:
        BackupRefused: A database is missing or damaged, or the target exists.
        BrokenLedger: The tokens do not add up.
    """
    _refuse_existing(target)
    sources = [(MARKET_FILE, market)] + ([(LEDGER_FILE, ledger)] if ledger else [])
    for _, path in sources:
        if not path.is_file():
            raise BackupRefused(f"there is no {path}")
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as work, ExitStack() as stack:
        try:
            snapshots = [(name, stack.enter_context(closing(_snapshot(path)))) for name, path in sources]
            copies = [(name, _copy(snapshot, Path(work) / name)) for name, snapshot in snapshots]
        except sqlite3.Error as error:
            raise BackupRefused(f"a database cannot be copied: {error}") from error
        whole = Path(work) / "whole"
        write_archive(whole, copies, made_s=int(time.time()))
        try:
            # Unlike a rename, a link replaces nothing.
            os.link(whole, target)
        except FileExistsError:
            _refuse_existing(target)
            raise
    _sync_folder(target.parent)


def restore_backup(source: Path, folder: Path) -> list[str]:
    """Make a data folder of a backup, whole or not at all.

    Args:
        source: What `make_backup` has written.
        folder: Must not be there.

    Returns:
        The names of the files in the folder.

    Raises:
        BadArchive: The file is no backup, or damaged; then nothing was written.
        BackupRefused: The folder exists, or a database is damaged; then nothing is left.
    """
    _refuse_existing(folder)
    with source.open("rb") as archive:
        entries = check_archive(archive, (MARKET_FILE, LEDGER_FILE))
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for entry in entries:
                copy_entry(archive, entry, work / entry.name)
                _check(work, entry.name)
            _sync_folder(work)
            _refuse_existing(folder)
            work.rename(folder)
        except BaseException:
            shutil.rmtree(work)
            raise
    _sync_folder(folder.parent)
    return [entry.name for entry in entries]


def _snapshot(path: Path) -> sqlite3.Connection:
    connection = connect_to_read(path)
    try:
        # The snapshot is that of the first read, not of BEGIN.
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _copy(snapshot: sqlite3.Connection, path: Path) -> Path:
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        snapshot.backup(copy)
        # One file without a journal beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
        _check_integrity(copy, path.name)
        if path.name == LEDGER_FILE:
            check_supply(copy)
    return path


def _check(folder: Path, name: str) -> None:
    """Check a database that was restored; of a ledger everything, as ``datasouk node check`` does."""
    try:
        with closing(connect_to_read(folder / name)) as connection:
            _check_integrity(connection, name)
        problems = check_ledger(folder).problems if name == LEDGER_FILE else []
    except sqlite3.Error as error:
        raise BackupRefused(f"{name} cannot be read: {error}") from error
    if problems:
        raise BackupRefused(f"{name} contradicts itself: {problems[0]}")


def _check_integrity(connection: sqlite3.Connection, name: str) -> None:
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise BackupRefused(f"{name} is damaged: {found}")


def _refuse_existing(path: Path) -> None:
    if os.path.lexists(path):
        raise BackupRefused(f"{path} is there already")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
