from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests import peers
from tests.peers import NodeProcess, NodeTools, PeerError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ECHO = HERE / "echo.mjs"
SEED = "DATASOUKPEERTEST9" + "A" * 64
SIDE_KEY = "SIDEKEY"

pytestmark = pytest.mark.slow  # all of them start Node

# Stands in for npm where a test wants no network: it notes each run, and takes its time.
FAKE_NPM = """
const fs = require("node:fs");
fs.appendFileSync(process.env.HOME + "/runs", process.argv.slice(2).join(" ") + "\\n");
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
if (fs.existsSync(process.env.HOME + "/broken")) {
  fs.mkdirSync("node_modules");
  console.error("npm error code ENOTFOUND");
  process.exit(1);
}
fs.mkdirSync("node_modules");
"""


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodeTools:
    monkeypatch.setenv("HOME", str(tmp_path))
    npm_cli = tmp_path / "npm-cli.js"
    npm_cli.write_text(FAKE_NPM)
    return NodeTools(peers.find_node().node, npm_cli)


def test_the_lock_holds_versions_and_hashes_but_no_address() -> None:
    text = (HERE / "package-lock.json").read_text()
    lock = json.loads(text)
    assert "://" not in text
    for path, package in lock["packages"].items():
        assert "resolved" not in package
        if path:
            assert package["integrity"].startswith("sha512-")
            assert package["version"]


def test_the_manifest_pins_exact_versions_and_the_lock_agrees() -> None:
    pinned = json.loads((HERE / "package.json").read_text())["dependencies"]
    locked = json.loads((HERE / "package-lock.json").read_text())["packages"]
    assert pinned["@iota/mam.js"] == "1.6.3"
    assert pinned["@iota/iota.js"] == pinned["@iota/mqtt.js"] == "1.8.6"
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pinned} == pinned


def test_node_is_the_one_of_the_dev_dependency() -> None:
    tools = peers.find_node()
    assert tools.version.startswith("24.")
    assert tools.environment()["PATH"].startswith(str(tools.node.parent))
    assert Path(sys.prefix).resolve() in tools.node.parents


def test_node_is_not_started_with_options_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--jitless")
    monkeypatch.setenv("NODE_PATH", "/elsewhere")
    assert not {"NODE_OPTIONS", "NODE_PATH"} & set(peers.find_node().environment())


class TestInstall:
    def test_installs_the_pinned_versions(self) -> None:
        pinned = json.loads((HERE / "package.json").read_text())["dependencies"]
        assert peers.installed_versions() == pinned

    def test_runs_no_install_scripts_and_once_only(self, tmp_path: Path, fake_npm: NodeTools) -> None:
        first = peers.install(tmp_path / "peers", tools=fake_npm)
        again = peers.install(tmp_path / "peers", tools=fake_npm)
        assert first == again
        assert (first / "node_modules").is_dir()
        assert (tmp_path / "runs").read_text() == "ci --ignore-scripts --no-audit --no-fund\n"

    def test_of_several_processes_one_installs_and_all_get_the_folder(
        self, tmp_path: Path, fake_npm: NodeTools
    ) -> None:
        call = "install(Path(sys.argv[1]), tools=NodeTools(Path(sys.argv[2]), Path(sys.argv[3])))"
        code = f"import sys; from pathlib import Path; from tests.peers import NodeTools, install; print({call})"
        command = [sys.executable, "-c", code, str(tmp_path / "peers"), str(fake_npm.node), str(fake_npm.npm_cli)]
        processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        folders = {process.communicate(timeout=60)[0].strip() for process in processes}
        assert len(folders) == 1
        assert (Path(folders.pop()) / "node_modules").is_dir()
        assert (tmp_path / "runs").read_text().count("\n") == 1

    def test_a_failure_says_what_npm_said_and_leaves_nothing(self, tmp_path: Path, fake_npm: NodeTools) -> None:
        (tmp_path / "broken").touch()
        with pytest.raises(PeerError, match=r"(?s)could not install .* exit code 1.*ENOTFOUND"):
            peers.install(tmp_path / "peers", tools=fake_npm)
        assert [file.name for file in (tmp_path / "peers").iterdir()] == ["lock"]
        (tmp_path / "broken").unlink()
        assert peers.install(tmp_path / "peers", tools=fake_npm).is_dir()


class TestRunNode:
    def test_passes_arguments_and_input_and_returns_the_output(self, tmp_path: Path) -> None:
        script = tmp_path / "script.cjs"
        script.write_text("""
            const text = require("node:fs").readFileSync(0, "utf8");
            console.log(process.argv[2], text, process.versions.node.split(".")[0]);
        """)
        assert peers.run_node(script, "one", input="två", timeout_seconds=30) == "one två 24\n"

    def test_an_error_shows_what_the_script_wrote(self, tmp_path: Path) -> None:
        script = tmp_path / "script.cjs"
        script.write_text("throw new Error('on purpose')")
        with pytest.raises(PeerError, match=r"(?s)script.cjs` ended with exit code 1.*on purpose"):
            peers.run_node(script, timeout_seconds=30)

    def test_a_script_that_does_not_end_is_stopped(self, tmp_path: Path) -> None:
        script = tmp_path / "script.cjs"
        script.write_text("setInterval(() => {}, 1000)")
        with pytest.raises(PeerError, match=r"longer than 0.3 s"):
            peers.run_node(script, timeout_seconds=0.3)


class TestNodeProcess:
    def test_answers_calls_in_order(self) -> None:
        with NodeProcess(ECHO, "one", "two") as node:
            assert node.call("echo", text="å\n", number=3) == {"text": "å\n", "number": 3}
            assert node.call("args") == ["one", "two"]
            assert node.call("later") == "later"
            assert node.call("print") is None

    def test_takes_long_texts(self) -> None:
        text = "9" * 1_000_000
        with NodeProcess(ECHO) as node:
            assert node.call("echo", text=text)["text"] == text

    def test_an_error_in_node_is_raised_here_and_the_process_lives_on(self) -> None:
        with NodeProcess(ECHO) as node:
            with pytest.raises(PeerError, match="fail: TypeError: on purpose"):
                node.call("fail")
            with pytest.raises(PeerError, match="toString: Error: no such method"):
                node.call("toString")
            assert node.call("later") == "later"

    def test_the_end_of_the_process_is_an_error_with_its_last_words(self) -> None:
        with NodeProcess(ECHO) as node:
            for _ in range(2):
                with pytest.raises(PeerError, match=r"exit code 3\nlast words"):
                    node.call("end")

    def test_a_call_that_takes_too_long_is_given_up(self) -> None:
        with NodeProcess(ECHO, timeout_seconds=0.5) as node, pytest.raises(PeerError, match="no answer"):
            node.call("never")


class TestMam:
    @pytest.mark.parametrize("mode", ["public", "private", "restricted"])
    def test_mam_js_reads_what_it_wrote(self, mode: str) -> None:
        side_key = SIDE_KEY if mode == "restricted" else None
        channel = {"seed": SEED, "security": 1, "mode": mode} | ({"sideKey": side_key} if side_key else {})
        with NodeProcess(HERE / "mam.mjs") as node:
            made = node.call("create", channel=channel, messages=["HELLO", "WORLD"])["messages"]
            assert made[0]["nextRoot"] == made[1]["root"]
            for message, text in zip(made, ["HELLO", "WORLD"], strict=True):
                key = {"sideKey": side_key} if side_key else {}
                parsed = node.call("parse", payload=message["payload"], root=message["root"], **key)
                assert parsed == {"message": text, "nextRoot": message["nextRoot"]}

    def test_mam_js_refuses_a_wrong_side_key(self) -> None:
        channel = {"seed": SEED, "security": 1, "mode": "restricted", "sideKey": SIDE_KEY}
        with NodeProcess(HERE / "mam.mjs") as node:
            made = node.call("create", channel=channel, messages=["HELLO"])["messages"][0]
            with pytest.raises(PeerError, match="parse: "):
                node.call("parse", payload=made["payload"], root=made["root"], sideKey="WRONG")
