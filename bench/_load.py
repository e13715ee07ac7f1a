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
from typing import cast

__all__ = ["Connection", "Run", "connect", "drive", "for_seconds", "get_request", "post_request"]


class Connection(asyncio.Protocol):
    """One kept-alive connection; for one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """A piece of an answer; once it is whole, it is handed over."""
        self._received = self._received + data if self._received else data
        end = self._received.find(b"\r\n\r\n") + 4
        if end == 3 or self._answer is None or self._answer.done():
            return
        head = self._received[:end].lower()
        place = head.find(b"content-length:")
        length = int(head[place + 15 : head.index(b"\r\n", place)]) if place >= 0 else 0
        if len(self._received) >= end + length:
            body, self._received = self._received[end : end + length], b""
            self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        """The server has hung up."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server has hung up"))

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a whole request; the future has status and body."""
        assert self._transport is not None, "not connected"
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    async def get(self, path: str) -> object:
        """The data of a JSON answer."""
        status, body = await self.ask(get_request(path))
        assert status == 200, (status, body)
        return json.loads(body)["data"]

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


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
    loop = asyncio.get_running_loop()
    connections = [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(count)]
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


def for_seconds(seconds: float, make: Iterator[bytes]) -> Iterator[bytes]:
    """Requests until the time is up."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        yield next(make)
