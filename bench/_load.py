"""A small HTTP/1.1 load generator: many connections, each sending its next request when the last is answered.

It speaks just enough HTTP for servers of ours and costs little, because on two cores the load shares them with what it
measures.  Not a client library: it trusts the server.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["Connection", "Run", "connect", "drive"]


class Connection:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a whole request; returns status and body."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        place = head.lower().find(b"content-length:")
        length = int(head[place + 15 : head.index(b"\r\n", place)]) if place >= 0 else 0
        return status, await self._reader.readexactly(length) if length else b""

    async def get(self, path: str) -> object:
        """The data of a JSON answer."""
        status, body = await self.ask(get_request(path))
        assert status == 200, (status, body)
        return json.loads(body)["data"]

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def get_request(path: str) -> bytes:
    """A GET."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def post_request(path: str, body: bytes, content_type: str = "application/octet-stream") -> bytes:
    """A POST."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def connect(port: int, count: int) -> AsyncIterator[list[Connection]]:
    """So many connections to a server on this machine."""
    connections = [Connection(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(count)]
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


@dataclass(frozen=True)
class Run:
    """What a run measured.

    Attributes:
        seconds: From first to last.
        latencies: Seconds of each request, sorted.
    """

    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        """Milliseconds."""
        return 1000 * self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * percent / 100))]


async def drive(connections: list[Connection], requests: Iterator[bytes], expected: int = 200) -> Run:
    """Send all requests, each connection one after the other.

    Raises:
        AssertionError: An answer has another status.
    """
    latencies: list[float] = []

    async def one(connection: Connection) -> None:
        for request in requests:
            began = time.perf_counter()
            status, body = await connection.ask(request)
            latencies.append(time.perf_counter() - began)
            assert status == expected, (status, body[:200])

    began = time.perf_counter()
    await asyncio.gather(*(one(connection) for connection in connections))
    return Run(time.perf_counter() - began, sorted(latencies))
