"""A node served in a process of its own, as an operator starts it, for tests with real clients and real crashes."""

import signal
import time
from pathlib import Path

from tests.served_process import ServedProcess

__all__ = ["ServedNode"]


class ServedNode(ServedProcess):
    """``datasouk node serve`` on free ports.

    Args:
        folder: Its data folder; the log lies beside the ledger.
        options: More of the command line.
    """

    ready = "node ready: "

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(folder)
        self.start_seconds = 0.0
        self._options = options

    def serve_arguments(self) -> list[str]:
        ports = ["--port", "0", "--mqtt-port", "0"]
        return ["node", "serve", *ports, "--data-dir", str(self.folder), *self._options]

    def start(self) -> str:
        began = time.monotonic()
        addresses = super().start()
        self.start_seconds = time.monotonic() - began
        self.url, self.mqtt_url = addresses.split(", ")
        self.port = int(self.url.rpartition(":")[2])
        return addresses

    @property
    def websocket_url(self) -> str:
        """Of MQTT over WebSocket."""
        return self.url.replace("http://", "ws://") + "/mqtt"

    def kill(self) -> None:
        """End it as a power cut does."""
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator does."""
        self.end(signal.SIGTERM)
