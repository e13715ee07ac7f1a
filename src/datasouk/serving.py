"""Runs an ASGI application: uvicorn on uvloop and httptools, under limits and deadlines.

Never h11, which answers twice to a request with two contradicting lengths, and is three times slower.
"""

import asyncio
import contextlib
import dataclasses
import resource
import signal
import socket
from collections.abc import Callable, Generator
from typing import Any

import uvicorn

from datasouk.errors import DatasoukError
from datasouk.serving_limits import Guard, ServingLimits
from datasouk.serving_protocol import GuardedHttp, GuardedState, GuardedWebSocket

__all__ = ["CannotListen", "ServingLimits", "open_socket", "run", "serve"]

_SWEEP_SECONDS = 0.5
_CANCEL_SECONDS = 2
_FILES_FOR_OTHERS = 256  # Databases, worker processes, connections that are being refused.


class CannotListen(DatasoukError):
    """The address is taken, not of this machine, or not allowed."""


async def serve(
    app: Any,
    *,
    host: str,
    port: int,
    limits: ServingLimits | None = None,
    ready: Callable[[int], None] | None = None,
    stop: asyncio.Event | None = None,
    trusted_proxies: frozenset[str] = frozenset(),
) -> None:
    """Serve until SIGTERM, SIGINT or the event; then finish what is being served, for a bounded time.

    Args:
        app: The ASGI application.
        host: Name or address to listen on.
        port: 0 takes any that is free.
        limits: What a client may take; None: the defaults.
        ready: Called with the port once connections are accepted.
        stop: Set it to end. Signals are listened to in the main thread only.
        trusted_proxies: Addresses whose word about the client's address is believed.

    Raises:
        CannotListen: The address cannot be had.
    """
    stop = stop or asyncio.Event()
    limits = limits or ServingLimits()
    listener = open_socket(host, port, backlog=limits.backlog)
    guard = Guard(_fit_to_files(limits), trusted_proxies)
    server = _Server(_configure(app, limits, trusted_proxies), guard)
    with contextlib.closing(listener), _signals_set(stop):
        serving = asyncio.create_task(server.serve([listener]))
        sweeping = asyncio.create_task(_sweep(guard))
        stopping = asyncio.create_task(stop.wait())
        try:
            while not server.started and not serving.done():
                await asyncio.sleep(0.001)
            if ready is not None and server.started:
                ready(listener.getsockname()[1])
            await asyncio.wait([serving, sweeping, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.should_exit = True
            try:
                # First the connections end, so that applications see that they do; only one that does not care is
                # cancelled by uvicorn.
                await asyncio.wait([serving], timeout=limits.shutdown_seconds)
                guard.abort_all()
                await serving
            finally:
                sweeping.cancel()
                stopping.cancel()
                await asyncio.gather(sweeping, stopping, return_exceptions=True)


def run(main: Callable[[], Any]) -> Any:
    """Run a coroutine function on uvloop."""
    import uvloop

    return uvloop.run(main())


def open_socket(host: str, port: int, *, backlog: int) -> socket.socket:
    """Open a listening socket.

    The protocol number is given: with 0 asyncio does not know a connection for TCP and leaves Nagle's algorithm on,
    which makes short answers ten times slower.

    Raises:
        CannotListen: The address cannot be had.
    """
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotListen(f"cannot listen on {host} port {port}: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setblocking(False)
        listener.bind(address)
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise CannotListen(f"cannot listen on {host} port {port}: {error}") from error
    return listener


class _Server(uvicorn.Server):
    """uvicorn's server, with guarded connections; it leaves signals alone."""

    def __init__(self, config: uvicorn.Config, guard: Guard) -> None:
        super().__init__(config)
        self.server_state = GuardedState(guard)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _configure(app: Any, limits: ServingLimits, trusted_proxies: frozenset[str]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=GuardedHttp,
        ws=GuardedWebSocket,
        loop="none",
        lifespan="auto",
        log_config=None,
        log_level="error",  # Each broken request would be a warning otherwise.
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=sorted(trusted_proxies),
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=limits.shutdown_seconds + _CANCEL_SECONDS,
        ws_max_size=2**20,
        ws_per_message_deflate=False,  # Ciphertext does not get shorter, and each connection's dictionary costs memory.
        backlog=limits.backlog,
    )


async def _sweep(guard: Guard) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        guard.sweep(loop.time())


@contextlib.contextmanager
def _signals_set(stop: asyncio.Event) -> Generator[None, None, None]:
    """Let SIGTERM and SIGINT set the event, where signals can be listened to."""
    loop = asyncio.get_running_loop()
    caught = []
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except (ValueError, RuntimeError, NotImplementedError):
            continue  # Not the main thread.
        caught.append(number)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)


def _fit_to_files(limits: ServingLimits) -> ServingLimits:
    """Raise this process's limit of open files if it can be; else accept fewer connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + _FILES_FOR_OTHERS + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return limits
    return dataclasses.replace(limits, connections=max(soft - _FILES_FOR_OTHERS - 256, 16))
