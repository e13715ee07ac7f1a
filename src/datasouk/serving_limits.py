"""What a client may take of a server, and who counts it; see `datasouk.serving_protocol` for how it is enforced."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Guard", "ServingLimits", "Watched", "Writing"]

_MAX_REFUSALS = 256


class Watched(Protocol):
    """A connection as the guard sees it."""

    transport: asyncio.Transport

    def enforce(self, now: float) -> None:
        """End the connection if it is overdue."""


@dataclass(frozen=True, slots=True)
class ServingLimits:
    """What a client may take.

    Attributes:
        header_seconds: From the first byte of a request (or of the connection) to the end of its headers.
        body_seconds: From there to the end of its body.
        idle_seconds: Between an answer and the next request.
        send_seconds: How long a client may refuse to take what was sent to it.
        linger_seconds: How long what follows a refusal is read and thrown away, so that the client sees the refusal.
        shutdown_seconds: For requests that are being served when the server is told to stop.
        header_bytes: Request line and headers together.
        request_bytes: A whole request on the wire; the application's own limit for bodies is lower.
        linger_bytes: What is thrown away after a refusal.
        connections: In total; more get 503.
        connections_per_address: From one address; more get 503.
        backlog: Connections that wait to be accepted.
    """

    header_seconds: float = 5.0
    body_seconds: float = 10.0
    idle_seconds: int = 60
    send_seconds: float = 30.0
    linger_seconds: float = 2.0
    shutdown_seconds: int = 10
    header_bytes: int = 65_536
    request_bytes: int = 8 * 2**20
    linger_bytes: int = 262_144
    connections: int = 8192
    connections_per_address: int = 4096
    backlog: int = 2048


class Guard:
    """Counts connections, and ends those that are too slow.

    Args:
        limits: What a client may take.
        shared_addresses: Proxies, behind which many clients share an address: not counted by address.
    """

    def __init__(self, limits: ServingLimits, shared_addresses: frozenset[str] = frozenset()) -> None:
        self.limits = limits
        self._shared = shared_addresses
        self._by_address: Counter[str] = Counter()
        self._watched: set[Watched] = set()
        self.connection_count = 0

    def admit(self, address: str) -> bool:
        """Count a connection, unless there are too many."""
        too_many = self._by_address[address] >= self.limits.connections_per_address and address not in self._shared
        if too_many or self.connection_count >= self.limits.connections:
            return False
        self._by_address[address] += 1
        self.connection_count += 1
        return True

    def release(self, address: str) -> None:
        """A counted connection has ended."""
        self.connection_count -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def is_overrun(self) -> bool:
        """Whether even refusing politely would take too many open sockets."""
        return len(self._watched) > self.limits.connections + _MAX_REFUSALS

    def watch(self, connection: Watched) -> None:
        """Look after a connection from now on."""
        self._watched.add(connection)

    def forget(self, connection: Watched) -> None:
        """Look after it no longer."""
        self._watched.discard(connection)

    def sweep(self, now: float) -> None:
        """End what is overdue.

        Args:
            now: The event loop's time.
        """
        for connection in tuple(self._watched):
            connection.enforce(now)

    def abort_all(self) -> None:
        """End every connection at once."""
        for connection in tuple(self._watched):
            connection.transport.abort()


class Writing:
    """How long a client has not taken what was sent to it."""

    __slots__ = ("_closing_since", "_limits", "_paused_since")

    def __init__(self, limits: ServingLimits) -> None:
        self._limits = limits
        self._paused_since: float | None = None
        self._closing_since: float | None = None

    def pause(self, now: float) -> None:
        """It takes nothing more."""
        self._paused_since = now

    def resume(self) -> None:
        """It takes more."""
        self._paused_since = None

    def is_stuck(self, now: float, *, is_closing: bool) -> bool:
        """Whether to wait no longer; what close() still has to send would wait for ever."""
        if is_closing:
            self._closing_since = self._closing_since or now
            return now - self._closing_since > self._limits.linger_seconds
        return self._paused_since is not None and now - self._paused_since > self._limits.send_seconds
