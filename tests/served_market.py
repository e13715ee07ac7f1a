"""A marketplace served in a process of its own, as an operator starts it."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["ServedMarket"]

_READY = "datasouk ready: "
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0


class ServedMarket:
    """``datasouk serve`` on a free port; as a context manager it runs for as long as the block.

    Args:
        folder: For its data and its log.
        settings: By their names in the environment, without ``DATASOUK_``.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self._environment = os.environ | {f"DATASOUK_{name}": value for name, value in settings.items()}
        self._log = folder / "log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(signal.SIGTERM)

    def start(self) -> None:
        """Start the process and wait until it says that it is ready."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command("serve", "--port", "0"),
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(lines,), daemon=True)
        self._reader.start()
        try:
            line = lines.get(timeout=_START_SECONDS)
        except queue.Empty:
            line = "nothing"
        if not line.startswith(_READY):
            self.end(signal.SIGKILL)
            raise RuntimeError(f"it did not start, it said: {line!r}\n{self.log()}")
        self.url = line.strip().removeprefix(_READY)

    def end(self, how: signal.Signals) -> int:
        """End it, as an operator does (SIGTERM) or as a power cut does (SIGKILL); returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self._reader.join()
            assert self.process.stdout is not None
            self.process.stdout.close()
        return self.process.returncode

    def users(self, *arguments: str) -> Any:
        """``datasouk users ARGUMENTS --json``, which must succeed."""
        ended = subprocess.run(
            self._command("users", *arguments, "--json"), env=self._environment, capture_output=True, text=True
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        return json.loads(ended.stdout)

    def log(self) -> str:
        """What it wrote to standard error."""
        return self._log.read_text(errors="replace")

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "datasouk", *arguments, "--data-dir", str(self.data)]

    def _read(self, lines: "queue.SimpleQueue[str]") -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.put(line)
        lines.put("")
