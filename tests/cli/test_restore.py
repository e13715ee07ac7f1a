"""``datasouk restore``."""

from pathlib import Path

import pytest
from tests.cli.running import run

from datasouk.archive import write_archive


@pytest.mark.slow
def test_what_keys_are_needed_is_said_and_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "empty.db").write_bytes(b"")
    write_archive(tmp_path / "backup", [("market.db", tmp_path / "empty.db")], made_s=0)
    arguments = ("restore", str(tmp_path / "backup"), "--data-dir", str(tmp_path / "new"))
    restored = run(*arguments)
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.endswith("before you start a server, copy there: server.key, operator.key\n")
    again = run(*arguments)
    assert (again.returncode, again.stdout) == (1, "")
    assert "is there already" in again.stderr
    assert run("restore", str(tmp_path / "missing"), "--data-dir", str(tmp_path / "other")).returncode == 1
