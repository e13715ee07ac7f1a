"""How fast the embedded node is: durable messages, reads, transfers; empty and with many messages in the database.

    python -m bench.node [--seconds 3] [--fill 0] [--keep FOLDER]

Ratios come first: each figure against the bare store's in the same run, the bare store being the node's own tables
written by its own group writer, or read on one connection, with nothing before it.  The load generator runs on the same
cores as the node; both share them.
"""

import argparse
import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from bench import describe_environment, format_table
from bench._load import Connection, Run, connect, drive, for_seconds, get_request, post_request
from bench._served import anonymous_megabytes, served
from bench._transfers import Wallet, fund_wallets, transfer_for
from datasouk.ledger import Indexation, Message, MessageDraft, compute_network_id
from datasouk.node.store import NodeStore, create_tables, insert_message
from datasouk.sqlite import GroupWriter
from datasouk.sqlite import connect as connect_database

__all__ = ["main"]

DATA_BYTES = 3000
NETWORK = "datasouk"


def data_message(index: bytes) -> bytes:
    """A draft in wire form, as a sensor posts it: index and 3,000 random bytes, the rest left to the node."""
    return MessageDraft(payload=Indexation(index, os.urandom(DATA_BYTES))).to_bytes()


@asynccontextmanager
async def running_node(folder: Path) -> AsyncIterator[tuple[subprocess.Popen[bytes], int]]:
    """A node in a process of its own, as an operator starts it; yields the process and its port."""
    port = 18265
    command = [sys.executable, "-m", "datasouk", "node", "serve", "--port", str(port), "--data-dir", str(folder)]
    async with served(command, port, folder, health="/health") as process:
        yield process, port


async def bare_writes(folder: Path, seconds: float, callers: int) -> Run:
    """The bare store: messages made beforehand, inserted by so many callers through the group writer."""
    path = folder / "bare.db"
    connection = connect_database(path)
    create_tables(connection)
    writer = GroupWriter(connection)
    parent = bytes(32)
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def one() -> None:
        while time.perf_counter() < end:
            raw = Message(
                compute_network_id(NETWORK), (parent,), payload=Indexation(os.urandom(32), os.urandom(DATA_BYTES))
            )
            wire, name, index = raw.to_bytes(), raw.message_id(), os.urandom(32)
            began = time.perf_counter()
            await writer.write(lambda c: insert_message(c, name, wire, (parent,), index))  # noqa: B023
            latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(callers)))
    run = Run(time.perf_counter() - began, sorted(latencies))
    await writer.close()
    for file in folder.glob("bare.db*"):
        file.unlink()
    return run


def bare_reads(folder: Path, ids: list[bytes], indexes: list[bytes]) -> tuple[float, float]:
    """The bare store: reads by id and by index a second, on one connection."""
    store = NodeStore(folder / "ledger.db")
    began = time.perf_counter()
    for name in ids:
        store.raw(name)
    by_id = len(ids) / (time.perf_counter() - began)
    began = time.perf_counter()
    for index in indexes:
        store.find(index, 1000)
    by_index = len(indexes) / (time.perf_counter() - began)
    store.close()
    return by_id, by_index


async def measure(folder: Path, seconds: float, *, title: str) -> list[list[str]]:
    """All figures against one folder, one row each."""
    rows = []
    bare = {callers: await bare_writes(folder, seconds, callers) for callers in (1, 32, 256)}
    async with running_node(folder) as (process, port):
        for callers in (1, 32, 256):
            async with connect(port, callers) as connections:
                posts = (post_request("/api/v1/messages", data_message(os.urandom(32))) for _ in count())
                run = await drive(connections, for_seconds(seconds, posts), expected=201)
            rows.append(_row(title, f"durable messages, {callers} connections", run, bare[callers].rate))
        database = sqlite3.connect(f"file:{folder / 'ledger.db'}?mode=ro", uri=True)
        sample = database.execute(
            "SELECT id, key FROM message JOIN indexed USING (seq) WHERE seq IN "
            "(SELECT abs(random()) % (SELECT max(seq) FROM message) FROM message LIMIT 4000)"
        ).fetchall()
        database.close()
        by_id, by_index = bare_reads(folder, [row[0] for row in sample], [row[1] for row in sample])
        async with connect(port, 32) as connections:
            for what, place, limit in (("messages/{id}", 0, by_id), ("messages?index=", 1, by_index)):
                paths = [_path(row[place], place) for row in sample]
                gets = (get_request(paths[i % len(paths)]) for i in count())
                run = await drive(connections, for_seconds(seconds, gets))
                rows.append(_row(title, f"read {what}, 32 connections", run, limit))
        for clients in (8, 64):
            run = await transfers(port, folder, seconds, clients)
            rows.append(_row(title, f"transfer to included, {clients} clients", run, None))
        rows.append([title, "anonymous memory, MB", "", f"{anonymous_megabytes(process):.0f}", "", ""])
    return rows


def _path(name: bytes, place: int) -> str:
    return f"/api/v1/messages/{name.hex()}" if place == 0 else f"/api/v1/messages?index={name.hex()}"


def _row(title: str, what: str, run: Run, limit: float | None) -> list[str]:
    ratio = "" if limit is None else f"{run.rate / limit:.2f}"
    return [title, what, ratio, f"{run.rate:,.0f}/s", f"{run.percentile(50):.1f}", f"{run.percentile(99):.1f}"]


async def transfers(port: int, folder: Path, seconds: float, clients: int) -> Run:
    """So many wallets, each sending its next transfer when a milestone has included the last."""
    wallets = [Wallet() for _ in range(clients)]
    async with connect(port, clients) as connections:
        await fund_wallets(connections[0], folder, wallets)
        latencies: list[float] = []
        end = time.perf_counter() + seconds

        async def one(connection: Connection, wallet: Wallet) -> None:
            while time.perf_counter() < end:
                body = transfer_for(wallet)
                began = time.perf_counter()
                status, answer = await connection.ask(post_request("/api/v1/messages", body))
                assert status == 201, answer
                await wallet.wait_included(connection, answer)
                latencies.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*(one(c, w) for c, w in zip(connections, wallets, strict=True)))
        return Run(time.perf_counter() - began, sorted(latencies))


async def fill(folder: Path, messages: int) -> None:
    """Put so many data messages into a ledger that is not running, confirmed by milestones as usual."""
    from datasouk.node.embedded import EmbeddedNode

    node = EmbeddedNode(folder)
    await node.start()
    began = time.perf_counter()
    for start in range(0, messages, 4000):
        payloads = [Indexation(os.urandom(32), os.urandom(DATA_BYTES)) for _ in range(min(4000, messages - start))]
        await asyncio.gather(*(node.submit(payload) for payload in payloads))
    await node.close()
    print(f"filled with {messages:,} messages in {time.perf_counter() - began:.0f} s", file=sys.stderr)


async def run_all(arguments: argparse.Namespace) -> None:
    """Measure empty and, if asked for, filled."""
    folder = Path(arguments.keep or tempfile.mkdtemp(prefix="bench-node-", dir="."))
    folder.mkdir(exist_ok=True)
    try:
        rows = await measure(folder, arguments.seconds, title="empty")
        if arguments.fill:
            await fill(folder, arguments.fill)
            rows += await measure(folder, arguments.seconds, title=f"{arguments.fill:,} messages")
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for name, value in describe_environment().items():
        print(f"{name:14}{value}")
    print()
    header = ["database", "operation", "of bare store", "rate", "p50 ms", "p99 ms"]
    print(format_table(header, rows))


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m bench.node", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each figure")
    parser.add_argument("--fill", type=int, default=0, help="measure again with so many messages in the database")
    parser.add_argument("--keep", help="a folder to use and keep")
    asyncio.run(run_all(parser.parse_args(arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
