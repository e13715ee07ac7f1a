"""How fast the marketplace is over HTTP: durable packets, pages of streams, the list of devices.

    python -m bench.market_http [--seconds 2] [--long 100000] [--no-peer] [--folder FOLDER]

Ratios come first: each figure against the bare store's in the same run, the bare store being the marketplace's own
tables behind its own group writer, or read on one connection, with nothing before it.  The peer is a plain Node +
express server that does the same on SQLite.  The load generator runs on the same cores as what it measures.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from tests.market_fakes import some_packet
from tests.peers import find_node, install

from bench import PEER_SCRIPTS, describe_environment, format_table
from bench._load import Run, connect, drive, for_seconds, get_request, post_request
from bench._market_folder import fill_folder, packet_body
from bench._served import anonymous_megabytes, served
from datasouk.storage import open_store

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator, Awaitable

    from bench._market_folder import Filled

__all__ = ["main", "serving"]

CONNECTIONS = (1, 32, 256)
DEVICES = (10, 1000, 10_000)
SHORT, LONG, BUSY = "ws-0", "ws-1", "ws-2"
PORTS = {"datasouk": 18081, "express": 18082}
_GZIP = b"Accept-Encoding: gzip\r\n"


@asynccontextmanager
async def serving(folder: Path, which: str = "datasouk") -> AsyncIterator[tuple[subprocess.Popen[bytes], int]]:
    """A server in a process of its own, as an operator starts it; yields the process and its port."""
    port = PORTS[which]
    if which == "datasouk":
        command = [sys.executable, "-m", "datasouk", "serve", "--port", str(port), "--data-dir", str(folder)]
        environment = {**os.environ, "DATASOUK_RATE_LIMITS": "off", "DATASOUK_LOG_LEVEL": "warning"}
    else:
        node = find_node()
        command = [str(node.node), str(PEER_SCRIPTS / "market_server.mjs"), str(port), str(folder)]
        environment = {**node.environment(), "DATASOUK_PEERS": str(install())}
    async with served(command, port, folder, health="/healthz", environment=environment) as process:
        yield process, port


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """What the threads of a process have used until now; finer than the ticks of ``/proc/PID/stat``."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(file.read_text().split()[0]) for file in threads) / 1e9


async def bare_writes(folder: Path, seconds: float, callers: int) -> float:
    """Packets a second into the bare store: made beforehand, added by so many callers at once."""
    store = await open_store(folder / "market.db")
    device = await store.devices.get(BUSY)
    assert device is not None
    numbers, done, end = itertools.count(time.time_ns()), 0, time.perf_counter() + seconds

    async def one() -> None:
        nonlocal done
        while time.perf_counter() < end:
            number = next(numbers)
            draft = some_packet(
                1,
                time_ms=number % 10**13,
                fingerprint=number.to_bytes(16, "big"),
                root="R" * 81,
                side_key_sealed=bytes(114),
                message_id=f"{number:064x}",
            )
            await store.streams.add(device.number, draft, most_at_one_time=1000)
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(callers)))
    rate = done / (time.perf_counter() - began)
    await store.close()
    return rate


async def bare_pages(folder: Path, seconds: float, device_id: str) -> float:
    """Newest pages a second from the bare store, one after the other, nothing opened."""
    store = await open_store(folder / "market.db")
    device = await store.devices.get(device_id)
    assert device is not None
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        await store.streams.page(device.number, before_ms=2**50, limit=20)
        done += 1
    rate = done / (time.perf_counter() - began)
    await store.close()
    return rate


async def writes(port: int, filled: Filled, seconds: float, callers: int) -> Run:
    """``POST /newData``."""
    async with connect(port, callers) as connections:
        posts = (
            post_request("/newData", packet_body(BUSY, filled.secret), "application/json") for _ in itertools.count()
        )
        return await drive(connections, for_seconds(seconds, posts))


async def pages(port: int, filled: Filled, seconds: float, device_id: str, *, older: bool = False) -> Run:
    """``GET /stream``: the newest page, or the one behind it, which no cache has."""
    path = f"/stream?userId={filled.user_id}&deviceId={device_id}"
    async with connect(port, 32) as connections:
        packets = json.loads((await connections[0].ask(get_request(path)))[1])
        assert len(packets) == 20
        request = get_request(path + (f"&time={packets[-1]['time']}" if older else ""))
        return await drive(connections, for_seconds(seconds, itertools.repeat(request)))


@dataclass(frozen=True, slots=True)
class Measured:
    """A run, and the server's CPU time for each request: on a busy machine the steadier figure."""

    run: Run
    cpu_us: float


async def watched(process: subprocess.Popen[bytes], running: Awaitable[Run]) -> Measured:
    """Run, and see what it costs the server."""
    before = cpu_seconds(process)
    run = await running
    return Measured(run, 1e6 * (cpu_seconds(process) - before) / len(run.latencies))


def _row(what: str, ours: Measured, bare: float, peer: Measured | None) -> list[str]:
    run = ours.run
    return [
        what,
        f"{run.rate / bare:.2f}",
        "" if peer is None else f"{run.rate / peer.run.rate:.1f}x",
        f"{run.rate:,.0f}/s",
        f"{ours.cpu_us:.0f}",
        "" if peer is None else f"{peer.cpu_us:.0f}",
        f"{run.percentile(50):.1f}",
        f"{run.percentile(99):.1f}",
    ]


async def measure_streams(folder: Path, seconds: float, long: int, *, with_peer: bool) -> tuple[list[list[str]], float]:
    """The busy calls: one row each, and anonymous memory after them."""
    ours, theirs = folder / "streams", folder / "peer"
    ours.mkdir()
    theirs.mkdir()
    filled = await fill_folder(ours, devices=3, packets={SHORT: 100, LONG: long})
    bare = {callers: await bare_writes(ours, seconds, callers) for callers in CONNECTIONS}
    bare_page = {name: await bare_pages(ours, seconds / 2, name) for name in (SHORT, LONG)}
    peer: dict[object, Measured] = {}
    asked = [(name, size, older) for older in (False, True) for name, size in ((SHORT, 100), (LONG, long))]
    if with_peer:
        (theirs / "filled.json").write_text(
            json.dumps({"userId": filled.user_id, "sk": filled.secret, "packets": {SHORT: 100, LONG: long, BUSY: 0}})
        )
        async with serving(theirs, "express") as (process, port):
            for callers in CONNECTIONS:
                peer[callers] = await watched(process, writes(port, filled, seconds, callers))
            for name, _, older in asked:
                running = pages(port, filled, seconds, name, older=older)
                peer[name, older] = await watched(process, running)
    rows = []
    async with serving(ours) as (process, port):
        for callers in CONNECTIONS:
            found = await watched(process, writes(port, filled, seconds, callers))
            rows.append(_row(f"POST /newData, {callers} at once", found, bare[callers], peer.get(callers)))
        for name, size, older in asked:
            found = await watched(process, pages(port, filled, seconds, name, older=older))
            which = "older" if older else "newest"
            rows.append(_row(f"GET /stream, {which} of {size:,}", found, bare_page[name], peer.get((name, older))))
        return rows, anonymous_megabytes(process)


async def measure_list(folder: Path, seconds: float, devices: int) -> tuple[list[list[str]], float]:
    """``GET /devices``: the first answer, then whole, compressed, and known already; one row each, and memory."""
    ours = folder / f"devices-{devices}"
    ours.mkdir()
    await fill_folder(ours, devices=devices, packets={})
    rows = []
    async with serving(ours) as (process, port), connect(port, 1) as connections:
        request = get_request("/devices")
        rows.append(_list_row(devices, "first", await watched(process, drive(connections, iter([request])))))
        assert len(json.loads((await connections[0].ask(request))[1])) == devices
        tag = await _tag(port)
        for how, headers, expected in (
            ("whole", b"", 200),
            ("gzip", _GZIP, 200),
            ("known", b"If-None-Match: " + tag + b"\r\n", 304),
        ):
            asked = request[:-2] + headers + b"\r\n"
            running = drive(connections, for_seconds(seconds, itertools.repeat(asked)), expected=expected)
            rows.append(_list_row(devices, how, await watched(process, running)))
        return rows, anonymous_megabytes(process)


async def _tag(port: int) -> bytes:
    """The list's ETag."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(get_request("/devices"))
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return next(line[6:] for line in head.split(b"\r\n") if line.lower().startswith(b"etag: "))


def _list_row(devices: int, how: str, found: Measured) -> list[str]:
    return [
        f"GET /devices, {devices:,}, {how}",
        f"{found.cpu_us / 1000:.2f}",
        f"{found.run.percentile(50):.2f}",
        f"{found.run.percentile(99):.2f}",
    ]


async def run_all(arguments: argparse.Namespace, folder: Path) -> None:
    """Measure and print."""
    for name, value in describe_environment("express").items():
        print(f"{name:14}{value}")
    rows, memory = await measure_streams(folder, arguments.seconds, arguments.long, with_peer=not arguments.no_peer)
    print()
    print(
        format_table(
            ["operation", "of bare store", "to express", "rate", "CPU us", "express CPU us", "p50 ms", "p99 ms"], rows
        )
    )
    print(f"\nanonymous memory after that: {memory:.0f} MB")
    listed = []
    for devices in () if arguments.no_list else DEVICES:
        rows, memory = await measure_list(folder, arguments.seconds / 2, devices)
        listed += rows
    if listed:
        print()
        print(format_table(["operation", "CPU ms", "p50 ms", "p99 ms"], listed))
        print(f"\nanonymous memory after that: {memory:.0f} MB")


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m bench.market_http", description="The marketplace over HTTP.")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    parser.add_argument("--long", type=int, default=100_000, help="packets of the long stream")
    parser.add_argument("--no-peer", action="store_true", help="leave the express server out")
    parser.add_argument("--no-list", action="store_true", help="leave the list of devices out")
    parser.add_argument("--folder", type=Path, help="where the databases lie, for the disk in question")
    wanted = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
        uvloop.run(run_all(wanted, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
