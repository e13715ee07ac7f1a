"""A node for a test: known keys, a clock that stands still, and milestones only when the test asks for one."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from datasouk.ledger import Indexation, Message
from datasouk.ledger.answers import MilestoneInfo
from datasouk.ledger.keys import SigningKey
from datasouk.node.database import LEDGER_FILE
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.keyfiles import COORDINATOR_FILE, OPERATOR_FILE
from datasouk.node.settings import NodeSettings

__all__ = [
    "COORDINATOR_KEYS",
    "NEVER",
    "OPERATOR",
    "START_SECONDS",
    "Clock",
    "build_on",
    "confirm",
    "data",
    "ledger_file",
    "milestone_payload",
    "run",
    "running_node",
    "write_keys",
]

T = TypeVar("T")

START_SECONDS = 1_700_000_000
NEVER = 3600.0
COORDINATOR_SEEDS = (bytes([0xC1]) * 32, bytes([0xC2]) * 32)
OPERATOR_SEED = bytes([0x0E]) * 32
COORDINATOR_KEYS = tuple(sorted(SigningKey(seed).public_key for seed in COORDINATOR_SEEDS))
OPERATOR = SigningKey(OPERATOR_SEED)


class Clock:
    """Seconds since 1970, moved by hand."""

    def __init__(self, now: float = START_SECONDS) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine; one that hangs fails."""

    async def limited() -> T:
        return await asyncio.wait_for(coroutine, 60)

    return asyncio.run(limited())


def write_keys(folder: Path) -> None:
    """Give a folder known keys, so that all ids are the same in every run."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, seeds in ((COORDINATOR_FILE, COORDINATOR_SEEDS), (OPERATOR_FILE, (OPERATOR_SEED,))):
        if not (folder / name).exists():
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write("\n".join(seed.hex() for seed in seeds) + "\n")


@asynccontextmanager
async def running_node(folder: Path, *, clock: Clock | None = None, **settings: Any) -> AsyncIterator[EmbeddedNode]:
    """A started node; unless set otherwise it issues its first milestone and then none by itself."""
    write_keys(folder)
    calm = {"milestone_seconds": NEVER, "value_delay_seconds": NEVER, "faucet": None}
    node = EmbeddedNode(folder, NodeSettings(**(calm | settings)), clock=clock or Clock())
    await node.start()
    try:
        yield node
    finally:
        await node.close()


async def confirm(node: EmbeddedNode) -> MilestoneInfo:
    """Let the coordinator issue a milestone over all that waits, now."""
    return (await node.issue_milestone()).milestone


async def milestone_payload(node: EmbeddedNode, index: int) -> Any:
    """A milestone's payload."""
    return (await node.message((await node.milestone(index)).message_id)).payload


async def build_on(node: EmbeddedNode, *parents: bytes, text: bytes = b"") -> bytes:
    """Attach a data message with parents of our own choosing."""
    return await node.submit(Indexation(b"chosen", text), parents=parents)


def data(number: int, index: bytes = b"sensor") -> Indexation:
    """A data payload like no other."""
    return Indexation(index, f"packet {number}".encode())


def ledger_file(folder: Path) -> Path:
    """The node's database."""
    return folder / LEDGER_FILE


@contextmanager
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    """The node's database, to damage; the node must not run."""
    connection = sqlite3.connect(ledger_file(folder), isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def message_with(parents: tuple[bytes, ...], payload: Any = None, *, network_id: int = 1) -> Message:
    """A message that no node has seen."""
    return Message(network_id, parents, payload=payload)
