"""A server in a process of its own, which says on standard output that it is ready; ended politely or by force."""

import queue
import signal
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

__all__ = ["ServedProcess"]

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0


class ServedProcess(ABC):
    """``datasouk ...`` as an operator starts it; as a context manager it runs for as long as the block.

    Args:
        folder: For its log, and whatever else it writes.
        environment: Its environment; ours, if none is given.
    """

    ready: ClassVar[str]
    """What the line begins with that says that it is ready."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._environment = environment
        self._log = folder / "log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(signal.SIGTERM)

    @abstractmethod
    def serve_arguments(self) -> list[str]:
        """What follows ``datasouk`` on the command line."""

    def start(self) -> str:
        """Start the process and wait until it is ready; returns the rest of the line that said so."""
        self.spawn()
        try:
            line = self._lines.get(timeout=_START_SECONDS)
        except queue.Empty:
            line = f"nothing within {_START_SECONDS} s"
        if not line.startswith(self.ready):
            self.end(signal.SIGKILL)
            raise RuntimeError(f"it did not start, it said: {line!r}\n{self.log()}")
        return line.strip().removeprefix(self.ready)

    def spawn(self) -> None:
        """Start the process, and do not wait."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "datasouk", *self.serve_arguments()]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self._environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        # A thread reads, as reading from a pipe cannot be given up after a time.
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

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

    def log(self) -> str:
        """What it wrote to standard error."""
        return self._log.read_text(errors="replace")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")
