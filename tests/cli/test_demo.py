"""``datasouk demo``: what it prints works when it is pasted, and the next start finds the same account."""

import json
import os
import queue
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from datasouk import mam
from datasouk.cli.demo import ACCOUNT_FILE, DemoAccount, curl_lines, load_account, save_account
from datasouk.cli.errors import CannotDo
from datasouk.client.node import NodeClient

ACCOUNT = DemoAccount("user-id", "api-key")
SECONDS = 60.0


class RunningDemo:
    """The command as a process of its own, from its first line to Ctrl-C."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "datasouk", "demo", "--port", "0", "--data-dir", str(folder)]
        self._errors = folder.parent / "errors"
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(lines,), daemon=True)
        self._reader.start()
        self.text = ""
        while not self.text.endswith("Ctrl-C ends it.\n"):
            line = lines.get(timeout=SECONDS)
            assert line, self._errors.read_text()
            self.text += line

    def _read(self, lines: "queue.SimpleQueue[str]") -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            lines.put(line)
        lines.put("")

    def value(self, name: str) -> str:
        found = re.search(rf"^{name}: +(\S+)$", self.text, re.MULTILINE)
        assert found, self.text
        return found[1]

    def curl_lines(self) -> list[str]:
        return re.findall(r"^curl .+$", self.text, re.MULTILINE)

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C; returns the exit code and what it wrote to standard error."""
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(SECONDS)
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code, self._errors.read_text()


def paste(line: str) -> Any:
    """Do what the line does in a shell; where curl is not installed, by reading the line."""
    if shutil.which("curl"):
        environment = os.environ | {"no_proxy": "127.0.0.1"}
        ended = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=SECONDS, env=environment)
        assert (ended.returncode, ended.stderr) == (0, "")
        return json.loads(ended.stdout)
    _, _, url, *options = shlex.split(line)
    named = dict(zip(options[::2], options[1::2], strict=True))
    name, _, value = named.get("-H", "Accept: */*").partition(": ")
    data = named["-d"].encode() if "-d" in named else None
    with urllib.request.urlopen(urllib.request.Request(url, data, {name: value}), timeout=SECONDS) as answer:
        return json.load(answer)


@pytest.mark.slow
def test_the_lines_work_and_the_next_start_finds_the_same_account(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    demo = RunningDemo(folder)
    credentials = demo.value("user id"), demo.value("API key")
    devices, wallet, registered, handed_in, stream = map(paste, demo.curl_lines())
    (listed,) = devices
    assert listed["inactive"] is False  # Approval is off.
    assert set(wallet) == {"messageId"}
    assert registered["success"] is True
    assert handed_in == {"success": True}
    (packet,) = stream
    assert read_reading(demo.value("datasouk demo ready"), packet) == {"temperature": 21.5}
    assert demo.interrupt() == (0, "")

    assert (folder / ACCOUNT_FILE).stat().st_mode & 0o777 == 0o600
    again = RunningDemo(folder)
    assert (again.value("user id"), again.value("API key")) == credentials
    devices, _, registered, handed_in, stream = map(paste, again.curl_lines())
    assert len(devices) == 2
    assert (registered["success"], handed_in["success"]) == (True, True)
    assert len(stream) == 2
    assert stream[1] == packet
    assert again.interrupt() == (0, "")


def read_reading(url: str, packet: dict[str, Any]) -> Any:
    """Read a packet from the ledger, as its buyer does."""
    index = mam.ledger_index(mam.decode_address(packet["root"], "restricted"))
    with NodeClient(url) as node:
        assert [each.hex() for each in node.find(index)] == [packet["messageId"]]
        payload: Any = node.message(bytes.fromhex(packet["messageId"])).payload
    found = mam.find_message([payload.data], packet["root"], side_key=packet["sidekey"])
    assert found is not None
    content = mam.trytes_to_json(found.message)
    assert content["time"] == packet["time"]
    return content["data"]


@pytest.mark.slow
def test_an_account_that_the_marketplace_does_not_know_ends_with_code_1(tmp_path: Path) -> None:
    save_account(tmp_path, ACCOUNT)
    command = [sys.executable, "-m", "datasouk", "demo", "--port", "0", "--data-dir", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "does not know the account in demo-account.json" in ended.stderr


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "datasouk", "demo", "--port", "0", "--data-dir", str(tmp_path / "demo")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_an_account_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    assert load_account(tmp_path) is None
    save_account(tmp_path, ACCOUNT)
    assert load_account(tmp_path) == ACCOUNT
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [(ACCOUNT_FILE, 0o600)]
    assert "api-key" not in repr(ACCOUNT)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"userId": "a"}', "\x00"])
def test_a_damaged_account_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / ACCOUNT_FILE).write_text(text)
    with pytest.raises(CannotDo, match=r"demo-account\.json is damaged"):
        load_account(tmp_path)


def test_what_is_pasted_is_quoted_for_the_shell() -> None:
    lines = curl_lines("http://h:1", ACCOUNT, device_id="it's", secret="$(rm)", packet={"time": 1})
    assert len(lines) == 5
    for _, line in lines:
        assert "\n" not in line
        assert shlex.split(line)[:2] == ["curl", "-sS"]
    body = shlex.split(lines[3][1])[-1]
    assert json.loads(body) == {"id": "it's", "sk": "$(rm)", "packet": {"time": 1}}
