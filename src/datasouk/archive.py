"""One file that holds a few others: a tar file with as much of that format as a backup needs, read without trust.

    entry     header of 512 bytes (name, size, checksum), the file, zeros up to a multiple of 512
    end       1024 zero bytes, and nothing behind them

Any ``tar`` can list and unpack it.  Read are plain files alone, under names that the reader expects, in the order in
which it expects them: no folders, no links, no long names, no extended headers.  The last entry, ``SHA256SUMS``, has
the digests of the others, as ``sha256sum -c`` reads them.
"""

import hashlib
import os
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from datasouk.errors import DatasoukError

__all__ = ["BadArchive", "Entry", "check_archive", "copy_entry", "write_archive"]

_SUMS = "SHA256SUMS"
_MOST_SUMS_BYTES = 4096
_BLOCK_BYTES = 512
_END = bytes(2 * _BLOCK_BYTES)
_CHUNK_BYTES = 1 << 20


class BadArchive(DatasoukError):
    """The file is not what `write_archive` makes: another format, cut short, or changed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a file lies in an archive."""

    name: str
    offset: int
    size: int


def write_archive(path: Path, files: Sequence[tuple[str, Path]], *, made_s: int) -> None:
    """Write files into a new archive of mode 0600, in the order given, and sync it.

    Args:
        path: Where; nothing may be there.
        files: Name and path of each.
        made_s: The time that is noted, in seconds since 1970.
    """
    sums = b""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as archive:
        for name, source in files:
            with source.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                archive.write(_header(name, size, made_s))
                digest = hashlib.sha256()
                for chunk in _chunks(file, size):
                    digest.update(chunk)
                    archive.write(chunk)
            archive.write(bytes(_padding(size)))
            sums += f"{digest.hexdigest()}  {name}\n".encode()
        archive.write(_header(_SUMS, len(sums), made_s) + sums + bytes(_padding(len(sums))) + _END)
        archive.flush()
        os.fsync(archive.fileno())


def check_archive(archive: IO[bytes], names: Sequence[str]) -> list[Entry]:
    """Read an archive from end to end and believe nothing; nothing is written.

    Args:
        archive: Open, with a place in it.
        names: Those that may be in it, in their order; the first must be.

    Raises:
        BadArchive: Anything is not as `write_archive` makes it.
    """
    length = archive.seek(0, os.SEEK_END)
    archive.seek(0)
    entries: list[Entry] = []
    sums = b""
    left = list(names)
    while True:
        entry = _read_header(archive, length)
        if entry.name == _SUMS:
            break
        if entry.name not in left or (not entries and entry.name != names[0]):
            raise BadArchive(f"{entry.name[:50]!r} does not belong there")
        left = left[left.index(entry.name) + 1 :]
        digest = hashlib.sha256()
        for chunk in _chunks(archive, entry.size):
            digest.update(chunk)
        _skip_zeros(archive, _padding(entry.size))
        sums += f"{digest.hexdigest()}  {entry.name}\n".encode()
        entries.append(entry)
    if not entries:
        raise BadArchive(f"there is no {names[0]} in it")
    if entry.size > _MOST_SUMS_BYTES or archive.read(entry.size) != sums:
        raise BadArchive("its digests are not those of its files: it was damaged or changed")
    _skip_zeros(archive, _padding(entry.size) + len(_END))
    if archive.read(1):
        raise BadArchive("there is something behind its end")
    return entries


def copy_entry(archive: IO[bytes], entry: Entry, path: Path) -> None:
    """Write an entry of a checked archive into a new file of mode 0600, synced."""
    archive.seek(entry.offset)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in _chunks(archive, entry.size):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _header(name: str, size: int, made_s: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, made_s
    # The GNU format has room for any size, and no second header for it.
    return entry.tobuf(tarfile.GNU_FORMAT)


def _read_header(archive: IO[bytes], length: int) -> Entry:
    block = archive.read(_BLOCK_BYTES)
    try:
        entry = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, UnicodeError, ValueError) as error:
        raise BadArchive("it is no backup, or cut short") from error
    if entry.type != tarfile.REGTYPE:
        raise BadArchive(f"{entry.name[:50]!r} is no plain file")
    offset = archive.tell()
    if not 0 <= entry.size <= length - offset:
        raise BadArchive(f"{entry.name[:50]!r} is longer than the archive")
    return Entry(entry.name, offset, entry.size)


def _chunks(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        chunk = file.read(min(size, _CHUNK_BYTES))
        if not chunk:
            raise BadArchive("a file is cut short")
        size -= len(chunk)
        yield chunk


def _padding(size: int) -> int:
    return -size % _BLOCK_BYTES


def _skip_zeros(archive: IO[bytes], count: int) -> None:
    if archive.read(count) != bytes(count):
        raise BadArchive("there is something between its files")
