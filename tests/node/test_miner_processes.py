"""The miner's processes as the system sees them: `datasouk.node.miner`."""

import signal
import subprocess
import sys

import pytest

_MINE_AND_DIE = """
import asyncio, os, signal
from datasouk.ledger import Indexation, Message
from datasouk.node.miner import Miner

async def main():
    await Miner(1).mine(Message(1, (bytes(32),), payload=Indexation(b"sensor", b"23.5")))
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.slow
def test_workers_end_when_the_node_is_killed() -> None:
    # Returns when the last process that holds the pipes is gone, and workers inherit them.
    ended = subprocess.run([sys.executable, "-c", _MINE_AND_DIE], capture_output=True, timeout=60)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
