import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasouk.archive import BadArchive, check_archive, copy_entry, write_archive

NAMES = ("market.db", "ledger.db")


def make(folder: Path, **contents: bytes) -> Path:
    files = []
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        files.append((f"{name}.db", folder / name))
    write_archive(folder / "archive", files, made_s=1_700_000_000)
    return folder / "archive"


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 3_000_000])
def test_what_is_written_is_read(tmp_path: Path, size: int) -> None:
    path = make(tmp_path, market=b"m" * size, ledger=b"l" * 7)
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open("rb") as archive:
        entries = check_archive(archive, NAMES)
        assert [(each.name, each.size) for each in entries] == [("market.db", size), ("ledger.db", 7)]
        copy_entry(archive, entries[0], tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"m" * size
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600


def test_any_tar_program_can_read_it(tmp_path: Path) -> None:
    with tarfile.open(make(tmp_path, market=b"m", ledger=b"l"), "r:") as archive:
        assert archive.getnames() == ["market.db", "ledger.db", "SHA256SUMS"]
        sums = archive.extractfile("SHA256SUMS")
        assert sums is not None
        assert sums.read().splitlines()[1].endswith(b"  ledger.db")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = make(tmp_path, market=b"m")
    with pytest.raises(FileExistsError):
        write_archive(path, [], made_s=0)
    with path.open("rb") as archive:
        (entry,) = check_archive(archive, NAMES)
        with pytest.raises(FileExistsError):
            copy_entry(archive, entry, path)


def test_a_ledger_alone_or_first_is_none(tmp_path: Path) -> None:
    for contents in ({"ledger": b"l"}, {"ledger": b"l", "market": b"m"}):
        (tmp_path / "archive").unlink(missing_ok=True)
        with make(tmp_path, **contents).open("rb") as archive, pytest.raises(BadArchive, match="does not belong"):
            check_archive(archive, NAMES)
    (tmp_path / "archive").unlink()
    with make(tmp_path).open("rb") as archive, pytest.raises(BadArchive, match=r"no market\.db"):
        check_archive(archive, NAMES)


def _tar(change: Callable[[tarfile.TarInfo], None], form: int = tarfile.GNU_FORMAT) -> io.BytesIO:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        entry = tarfile.TarInfo("market.db")
        entry.size = 3
        change(entry)
        archive.addfile(entry, io.BytesIO(b"abc"))
    return file


def _set(**changes: object) -> Callable[[tarfile.TarInfo], None]:
    def change(entry: tarfile.TarInfo) -> None:
        for name, value in changes.items():
            setattr(entry, name, value)

    return change


@pytest.mark.parametrize(
    "archive",
    [
        _tar(_set(name="../market.db")),
        _tar(_set(name="/etc/market.db")),
        _tar(_set(name="./market.db")),
        _tar(_set(name="market.db\x00.sh")),
        _tar(_set(name="m" * 300)),
        _tar(_set(name="server.key")),
        _tar(_set(type=tarfile.SYMTYPE, linkname="/etc/passwd", size=0)),
        _tar(_set(type=tarfile.LNKTYPE, linkname="/etc/passwd", size=0)),
        _tar(_set(type=tarfile.DIRTYPE, size=0)),
        _tar(_set(type=tarfile.FIFOTYPE, size=0)),
        _tar(_set(type=tarfile.CHRTYPE, size=0)),
        _tar(_set(type=tarfile.GNUTYPE_SPARSE)),
        _tar(_set(pax_headers={"path": "../market.db"}), tarfile.PAX_FORMAT),
        _tar(_set(pax_headers={"size": "9" * 30}), tarfile.PAX_FORMAT),
        io.BytesIO(b""),
        io.BytesIO(bytes(10_240)),
        io.BytesIO(b"\x1f\x8b" + bytes(600)),
    ],
)
def test_what_is_not_ours_is_refused(archive: io.BytesIO) -> None:
    with pytest.raises(BadArchive):
        check_archive(archive, NAMES)


def test_a_file_that_says_it_is_longer_than_the_archive_is_refused() -> None:
    entry = tarfile.TarInfo("market.db")
    for size in (600, 1 << 62):
        entry.size = size
        with pytest.raises(BadArchive, match="longer than"):
            check_archive(io.BytesIO(entry.tobuf(tarfile.GNU_FORMAT) + bytes(512)), NAMES)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make(tmp_path_factory.mktemp("archive"), market=b"market" * 100, ledger=b"ledger" * 50).read_bytes()


@given(st.data())
def test_what_is_cut_short_or_longer_is_refused(whole: bytes, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(whole) - 1))
    for changed in (whole[:length], whole + b"\x00"):
        with pytest.raises(BadArchive):
            check_archive(io.BytesIO(changed), NAMES)


@given(st.data())
def test_what_is_changed_is_refused_or_changes_no_file(whole: bytes, data: st.DataObject) -> None:
    place, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    changed = bytearray(whole)
    changed[place] ^= 1 << bit
    try:
        entries = check_archive(io.BytesIO(bytes(changed)), NAMES)
    except BadArchive:
        return
    assert [changed[each.offset : each.offset + each.size] for each in entries] == [b"market" * 100, b"ledger" * 50]
