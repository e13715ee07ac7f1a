"""Servers in a process of their own, as an operator starts them, and the memory they use."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench._load import connect, get_request

__all__ = ["anonymous_megabytes", "served"]

_START_SECONDS = 60


@asynccontextmanager
async def served(
    command: Sequence[str], port: int, folder: Path, *, health: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """The process of a command, once ``health`` answers 200 on ``port``; its log goes to ``folder``."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            await _until_healthy(process, port, health)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


async def _until_healthy(process: subprocess.Popen[bytes], port: int, health: str) -> None:
    for _ in range(_START_SECONDS * 10):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode}; see its log")
        try:
            async with connect(port, 1) as (connection,):
                if (await connection.ask(get_request(health)))[0] == 200:
                    return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise RuntimeError(f"the server did not become healthy within {_START_SECONDS} s; see its log")


def anonymous_megabytes(process: subprocess.Popen[bytes]) -> float:
    """Memory that is the process's own; pages of mapped files do not count."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no RssAnon: this benchmark needs Linux")
