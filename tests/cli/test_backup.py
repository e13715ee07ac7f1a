"""``datasouk backup``, with a server that was killed; ``tests/e2e/test_backup.py`` has one that runs."""

import signal
from pathlib import Path

import pytest
from tests.cli.running import run
from tests.served_market import ServedMarket


@pytest.mark.slow
def test_a_market_that_was_killed_is_backed_up(tmp_path: Path) -> None:
    with ServedMarket(tmp_path) as market:
        made = market.users("create", "--email", "a@example.org")
        market.end(signal.SIGKILL)
    written = run("backup", str(tmp_path / "backup"), "--data-dir", str(market.data))
    assert (written.returncode, written.stderr) == (0, "")
    assert written.stdout.startswith(f"{tmp_path / 'backup'}  ")
    again = run("backup", str(tmp_path / "backup"), "--data-dir", str(market.data))
    assert (again.returncode, again.stdout) == (1, "")
    assert "BackupRefused" in again.stderr
    assert run("restore", str(tmp_path / "backup"), "--data-dir", str(tmp_path / "new")).returncode == 0
    (tmp_path / "new" / "server.key").write_bytes((market.data / "server.key").read_bytes())
    (tmp_path / "new" / "server.key").chmod(0o600)
    assert made["handle"] in run("users", "list", "--data-dir", str(tmp_path / "new")).stdout


@pytest.mark.slow
def test_a_folder_without_a_market_is_refused(tmp_path: Path) -> None:
    ended = run("backup", str(tmp_path / "backup"), "--data-dir", str(tmp_path / "nothing"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "there is no" in ended.stderr
    assert list(tmp_path.iterdir()) == []
