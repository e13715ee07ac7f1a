"""A marketplace served in a process of its own, as an operator starts it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.served_process import ServedProcess

__all__ = ["ServedMarket"]


class ServedMarket(ServedProcess):
    """``datasouk serve`` on a free port.

    Args:
        folder: For its data and its log.
        settings: By their names in the environment, without ``DATASOUK_``.
    """

    ready = "datasouk ready: "

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, os.environ | {f"DATASOUK_{name}": value for name, value in settings.items()})
        folder.mkdir(exist_ok=True)
        self.data = folder / "data"

    def serve_arguments(self) -> list[str]:
        return ["serve", "--port", "0", "--data-dir", str(self.data)]

    def start(self) -> str:
        self.url = super().start()
        return self.url

    def users(self, *arguments: str) -> Any:
        """``datasouk users ARGUMENTS --json``, which must succeed."""
        command = [sys.executable, "-m", "datasouk", "users", *arguments, "--json", "--data-dir", str(self.data)]
        ended = subprocess.run(command, env=self._environment, capture_output=True, text=True)
        assert (ended.returncode, ended.stderr) == (0, "")
        return json.loads(ended.stdout)
