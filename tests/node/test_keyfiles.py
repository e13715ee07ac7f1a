import os
from pathlib import Path

import pytest

from datasouk.ledger.keys import SigningKey
from datasouk.node.errors import WrongLedger
from datasouk.node.keyfiles import load_keys


def _write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


class TestNewFile:
    def test_keys_are_made_once_and_then_read(self, tmp_path: Path) -> None:
        path = tmp_path / "coordinator.key"
        first = load_keys(path, 2)
        assert len({key.public_key for key in first}) == 2
        again = load_keys(path, 2)
        assert [key.public_key for key in again] == [key.public_key for key in first]

    def test_every_folder_has_its_own(self, tmp_path: Path) -> None:
        (one,), (other,) = (load_keys(tmp_path / name, 1) for name in ("a.key", "b.key"))
        assert one.public_key != other.public_key

    @pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
    def test_only_the_owner_can_read_it_whatever_the_umask(self, tmp_path: Path, umask: int) -> None:
        before = os.umask(umask)
        try:
            load_keys(tmp_path / "operator.key", 1)
        finally:
            os.umask(before)
        assert (tmp_path / "operator.key").stat().st_mode & 0o777 == 0o600

    def test_content_is_hexadecimal_one_key_a_line(self, tmp_path: Path) -> None:
        keys = load_keys(tmp_path / "coordinator.key", 2)
        lines = (tmp_path / "coordinator.key").read_text().splitlines()
        assert [SigningKey(bytes.fromhex(line)).public_key for line in lines] == [key.public_key for key in keys]

    def test_nothing_else_is_left_in_the_folder(self, tmp_path: Path) -> None:
        load_keys(tmp_path / "operator.key", 1)
        assert [path.name for path in tmp_path.iterdir()] == ["operator.key"]

    def test_rest_of_an_earlier_attempt_is_no_hindrance_and_not_used(self, tmp_path: Path) -> None:
        rest = _write(tmp_path / "operator.tmp", b"11" * 32, 0o644)
        (key,) = load_keys(tmp_path / "operator.key", 1)
        assert key.public_key != SigningKey(bytes([0x11]) * 32).public_key
        assert not rest.exists()

    def test_attempt_that_fails_halfway_leaves_no_key_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(descriptor: int) -> None:
            raise OSError("disk full")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="disk full"):
            load_keys(tmp_path / "operator.key", 1)
        assert not (tmp_path / "operator.key").exists()
        monkeypatch.undo()
        load_keys(tmp_path / "operator.key", 1)

    def test_file_is_whole_and_synced_before_it_has_its_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[tuple[int, bool]] = []
        real = os.fsync

        def fsync(descriptor: int) -> None:
            seen.append((os.fstat(descriptor).st_size, (tmp_path / "operator.key").exists()))
            real(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)
        load_keys(tmp_path / "operator.key", 1)
        assert seen[0] == (65, False)
        assert len(seen) == 2, "the folder is synced, too"
        assert seen[1][1] is True


class TestExistingFile:
    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601, 0o700 | 0o010])
    def test_file_that_others_can_open_is_refused(self, tmp_path: Path, mode: int) -> None:
        path = _write(tmp_path / "operator.key", b"11" * 32, mode)
        with pytest.raises(WrongLedger, match="can be read by others: set its mode to 0600"):
            load_keys(path, 1)

    @pytest.mark.parametrize("mode", [0o600, 0o400])
    def test_file_of_the_owner_alone_is_read(self, tmp_path: Path, mode: int) -> None:
        path = _write(tmp_path / "operator.key", b"11" * 32, mode)
        assert load_keys(path, 1)[0].public_key == SigningKey(bytes([0x11]) * 32).public_key

    def test_blank_lines_and_capitals_do_not_matter(self, tmp_path: Path) -> None:
        path = _write(tmp_path / "coordinator.key", b"\n" + b"AA" * 32 + b"\r\n\n  " + b"bb" * 32 + b"\n")
        expected = [SigningKey(bytes([byte]) * 32).public_key for byte in (0xAA, 0xBB)]
        assert [key.public_key for key in load_keys(path, 2)] == expected

    @pytest.mark.parametrize(
        "content",
        [b"", b"11" * 31, b"11" * 33, b"11" * 64, b"zz" * 32, b"11" * 32 + b"\n" + b"22" * 32, b"\xff\xfe" * 32, b"1"],
    )
    def test_other_content_is_refused_and_not_shown(self, tmp_path: Path, content: bytes) -> None:
        path = _write(tmp_path / "operator.key", content)
        with pytest.raises(WrongLedger, match="must hold 1 lines of 64 hexadecimal digits") as caught:
            load_keys(path, 1)
        assert "1111" not in str(caught.value)
        assert path.read_bytes() == content
