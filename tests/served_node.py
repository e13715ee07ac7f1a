"""A node served in a process of its own, as an operator starts it, for tests with real clients and real crashes."""

import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["ServedNode"]

_READY = "node ready: "
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_LOG_TAIL_CHARACTERS = 4000


class ServedNode:
    """``datasouk node serve`` on free ports; as a context manager it runs for as long as the block.

    Args:
        folder: Its data folder; the log lies beside the ledger.
        options: More of the command line.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.start_seconds = 0.0
        self._options = options
        self._log = folder / "log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it says that it is ready."""
        began = time.monotonic()
        self.spawn()
        try:
            line = self._lines.get(timeout=_START_SECONDS)
        except queue.Empty:
            line = f"nothing within {_START_SECONDS} s"
        if not line.startswith(_READY):
            self.kill()
            raise RuntimeError(f"the node did not start, it said: {line!r}\n{self.log()}")
        self.start_seconds = time.monotonic() - began
        self.url, self.mqtt_url = line.strip().removeprefix(_READY).split(", ")
        self.port = int(self.url.rpartition(":")[2])

    def spawn(self) -> None:
        """Start the process, and do not wait."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "datasouk", "node", "serve", "--port", "0", "--mqtt-port", "0"]
        command += ["--data-dir", str(self.folder), *self._options]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        # A thread reads, as reading from a pipe cannot be given up after a time.
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    @property
    def websocket_url(self) -> str:
        """Of MQTT over WebSocket."""
        return self.url.replace("http://", "ws://") + "/mqtt"

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator does."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
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

    def log(self) -> str:
        """The end of what it wrote as errors."""
        return self._log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:]
