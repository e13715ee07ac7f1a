"""``datasouk node serve`` and ``check``, as processes of their own."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import run

from datasouk.ledger import TOKEN_SUPPLY_IOTA

pytestmark = pytest.mark.slow
_END_SECONDS = 20


@contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str, int | None]]:
    """A node; yields its process, its URL and its MQTT port."""
    command = [sys.executable, "-m", "datasouk", "node", "serve", "--port", "0", "--data-dir", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("node ready: http://127.0.0.1:"), line + (
                process.stderr.read() if process.stderr else ""
            )
            url, _, mqtt = line.removeprefix("node ready: ").strip().partition(", mqtt://127.0.0.1:")
            yield process, url, int(mqtt) if mqtt else None
        finally:
            process.kill()


def get(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)["data"]


def end(process: subprocess.Popen[str], with_signal: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(with_signal)
    return process.wait(_END_SECONDS)


def test_a_node_serves_and_ends_cleanly_when_asked(tmp_path: Path) -> None:
    with served(tmp_path, "--mqtt-port", "0", "--network", "mine") as (process, url, mqtt_port):
        info = get(f"{url}/api/v1/info")
        assert info["networkId"] == "mine"
        assert "Faucet" in info["features"]
        assert get(f"{url}/api/plugins/faucet/info")["balance"] == TOKEN_SUPPLY_IOTA
        assert mqtt_port is not None
        with socket.create_connection(("127.0.0.1", mqtt_port), timeout=5):
            pass
        assert end(process) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_node_goes_on_where_it_was(tmp_path: Path) -> None:
    with served(tmp_path) as (process, url, mqtt_port):
        assert mqtt_port is None
        first = get(f"{url}/api/v1/info")["latestMilestoneIndex"]
        assert end(process, signal.SIGINT) in (0, 130)
    with served(tmp_path) as (_, url, _):
        assert get(f"{url}/api/v1/info")["latestMilestoneIndex"] > first
        assert get(f"{url}/api/v1/milestones/{first}")["index"] == first


def test_a_node_without_a_faucet_has_none_of_its_routes(tmp_path: Path) -> None:
    with served(tmp_path, "--no-faucet") as (_, url, _):
        assert "Faucet" not in get(f"{url}/api/v1/info")["features"]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(f"{url}/api/plugins/faucet/info")


def test_a_node_refuses_a_ledger_of_another_network(tmp_path: Path) -> None:
    with served(tmp_path) as (process, _, _):
        assert end(process) == 0
    ended = run("node", "serve", "--port", "0", "--data-dir", str(tmp_path), "--network", "other")
    assert ended.returncode == 1
    assert "another network" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("node", "serve", "--port", str(port), "--data-dir", str(tmp_path))
    assert ended.returncode == 1
    assert str(port) in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_check_of_a_good_and_a_damaged_ledger(tmp_path: Path) -> None:
    with served(tmp_path) as (process, _, _):
        while_running = run("node", "check", "--data-dir", str(tmp_path))
        assert while_running.returncode == 0
        assert while_running.stdout.endswith("no problems\n")
        assert end(process) == 0
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as database:
        database.execute("UPDATE output SET amount = amount - 1")
    ended = run("node", "check", "--data-dir", str(tmp_path))
    assert ended.returncode == 1
    assert f"the supply is {TOKEN_SUPPLY_IOTA} i" in ended.stdout
    assert "contradicts itself" in ended.stderr


def test_check_of_a_folder_without_a_ledger(tmp_path: Path) -> None:
    ended = run("node", "check", "--data-dir", str(tmp_path / "none"))
    assert ended.returncode == 1
    assert "does not exist" in ended.stderr
    assert ended.stdout == ""
