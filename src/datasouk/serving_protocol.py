"""uvicorn's HTTP protocol with the deadlines and limits that it lacks.

What uvicorn 0.54 does by itself was measured (``docs/decisions/0012-uvicorn-with-own-deadlines.md``): it waits for ever
for slow headers and slow bodies, reads on after it has refused a request, and knows no limit for headers.  Here is the
rest.

Theory of operation. A connection is in one of these phases, each but one with a time at which it ends:

    HEADERS    from the connection's or the request's first byte until the headers are complete
    BODY       until the body is complete; the clock stands still while we ourselves have paused reading
    SERVING    the request is complete; the application may take its time
    IDLE       all is answered; uvicorn's own keep-alive timer closes it
    LINGER     the answer is out, the request is not all in: what still comes is thrown away, and little of it

No timers are set for that, since they would cost more than all the rest: each phase notes its end, and once in half a
second `Guard.sweep` looks at all connections.
"""

import asyncio
from enum import Enum, auto
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from datasouk.node.mqtt_uvicorn import AbortableWebSocket
from datasouk.serving_limits import Guard, Writing

__all__ = ["GuardedHttp", "GuardedState", "GuardedWebSocket"]


def _refusal(status: str, code: str, text: str, headers: str = "") -> bytes:
    """A whole answer, in the form of the marketplace's refusals, but for a request id: nobody has read the request."""
    body = f'{{"error":"{text}","code":"{code}"}}'
    return (
        f"HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {len(body)}\r\n"
        f"cache-control: no-store\r\naccess-control-allow-origin: *\r\n{headers}connection: close\r\n\r\n{body}"
    ).encode()


_TOO_MANY = _refusal("503 Service Unavailable", "overloaded", "too many connections, try again", "retry-after: 2\r\n")
_TOO_SLOW = _refusal("408 Request Timeout", "too_slow", "the request did not arrive in time")
_TOO_LONG = _refusal("431 Request Header Fields Too Large", "headers_too_large", "the headers are too long")


class GuardedState(ServerState):
    """uvicorn's shared state, with a guard; the way by which connections find theirs."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard


class _Phase(Enum):
    HEADERS = auto()
    BODY = auto()
    SERVING = auto()
    LINGER = auto()


class GuardedHttp(HttpToolsProtocol):
    """One HTTP connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(server_state, GuardedState), "serve() hands its own state to uvicorn"
        self._guard = server_state.guard
        self._limits = server_state.guard.limits
        self._address = ""
        self._is_counted = False
        self._phase = _Phase.HEADERS
        self._deadline: float | None = None
        self._writing = Writing(self._limits)
        self._keep_alive = True  # What the request asks for, once it is all in.
        self._received_bytes = 0  # Of the request, or of the phase LINGER.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it; begin to wait for headers."""
        super().connection_made(transport)
        self._guard.watch(self)
        self._address = self.client[0] if self.client else ""
        self._is_counted = self._guard.admit(self._address)
        if self._is_counted:
            self._deadline = self.loop.time() + self._limits.header_seconds
        elif self._guard.is_overrun():
            transport.abort()
        else:
            self._refuse(_TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no longer."""
        self._guard.forget(self)
        if self._is_counted:
            self._is_counted = False
            self._guard.release(self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, within limits."""
        self._received_bytes += len(data)
        if self._phase is _Phase.LINGER:
            if self._received_bytes > self._limits.linger_bytes:
                self.transport.abort()
            return
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._check_received()

    def _check_received(self) -> None:
        if self.transport.is_closing() or self._phase is _Phase.LINGER:
            return
        if self._phase is _Phase.SERVING:
            self._wait_for_headers_if_idle()
        elif self._phase is _Phase.HEADERS and self._received_bytes > self._limits.header_bytes:
            self._refuse(_TOO_LONG)
        elif self._received_bytes > self._limits.request_bytes:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._phase = _Phase.HEADERS
        self._deadline = self.loop.time() + self._limits.header_seconds
        self._received_bytes = 0

    def on_headers_complete(self) -> None:
        """The headers are there; the body, if any, has its own deadline."""
        before = self.cycle
        super().on_headers_complete()
        self._phase = _Phase.BODY
        self._deadline = self.loop.time() + self._limits.body_seconds
        if self.cycle is not before:
            self.cycle.transport = _CarefulTransport(self, self.cycle)
            self._keep_alive, self.cycle.keep_alive = self.cycle.keep_alive, False

    def on_message_complete(self) -> None:
        """The request is all there; only an answer that begins from now on may leave the connection open."""
        super().on_message_complete()
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = self._keep_alive
        self._phase = _Phase.SERVING
        self._deadline = None

    def on_response_complete(self) -> None:
        """The answer is out: await the next request, unless this one is not all in."""
        if self._phase is not _Phase.LINGER:
            super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """The connection goes on as a WebSocket, which counts it from here on."""
        self._guard.forget(self)
        super().handle_websocket_upgrade()

    def eof_received(self) -> None:
        """The client has said all it wants to."""
        if self._phase is _Phase.LINGER:
            self.transport.close()

    def pause_writing(self) -> None:
        """The client takes nothing more for the moment."""
        super().pause_writing()
        self._writing.pause(self.loop.time())

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        self._writing.resume()

    def shutdown(self) -> None:
        """The server stops: close after the answer that is being made, if there is one."""
        super().shutdown()
        self._keep_alive = False

    def linger(self) -> None:
        """Say that nothing more will be sent, and wait a little for the client to notice.

        Closing at once would make the kernel answer what still arrives with a reset, which can take the refusal
        away from the client before it has read it.
        """
        if self._phase is _Phase.LINGER:
            return
        self._phase = _Phase.LINGER
        self._deadline = self.loop.time() + self._limits.linger_seconds
        self._received_bytes = 0
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def enforce(self, now: float) -> None:
        """End the connection if it is overdue."""
        if self._writing.is_stuck(now, is_closing=self.transport.is_closing()):
            self.transport.abort()
        elif self._deadline is None or now <= self._deadline:
            return
        elif self._phase is _Phase.LINGER:
            self.transport.abort()
        elif self.flow.read_paused or (self._phase is _Phase.HEADERS and self._is_serving()):
            self._deadline = now + self._limits.body_seconds  # We are slow, not the client.
        else:
            self._refuse(_TOO_SLOW)

    def _wait_for_headers_if_idle(self) -> None:
        """Bytes that begin no request, such as empty lines, do not keep a connection alive for ever."""
        if not self._is_serving() and self.timeout_keep_alive_task is None:
            self._phase = _Phase.HEADERS
            self._deadline = self.loop.time() + self._limits.header_seconds
            self._received_bytes = 0

    def _is_serving(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, refusal: bytes) -> None:
        """Answer for the application, unless it has begun to, and close."""
        cycle = self.cycle
        if self._is_serving():
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.abort()
                return
        self.transport.write(refusal)
        self.linger()


class _CarefulTransport(asyncio.Transport):
    """What an answer is written to: the connection's transport, but not closed while the request is unfinished."""

    def __init__(self, connection: GuardedHttp, cycle: RequestResponseCycle) -> None:
        super().__init__()
        self._connection = connection
        self._cycle = cycle
        self._transport = connection.transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether the connection ends."""
        return self._transport.is_closing()

    def close(self) -> None:
        """End the connection, now or when the client has had a chance to read the answer."""
        if self._cycle.more_body and self._cycle.response_complete:
            self._connection.linger()
        else:
            self._transport.close()


class GuardedWebSocket(AbortableWebSocket):
    """One WebSocket connection, which began as a `GuardedHttp` and was counted there.

    That a client answers pings is uvicorn's care; that it takes what it is sent, ours.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(server_state, GuardedState), "serve() hands its own state to uvicorn"
        self._guard = server_state.guard
        self._writing = Writing(self._guard.limits)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look after it."""
        super().connection_made(transport)
        self._guard.watch(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no longer."""
        self._guard.forget(self)
        self._guard.release(self.client[0] if self.client else "")
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client takes nothing more for the moment."""
        super().pause_writing()
        self._writing.pause(self.loop.time())

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        self._writing.resume()

    def enforce(self, now: float) -> None:
        """End the connection if it is overdue."""
        if self._writing.is_stuck(now, is_closing=self.transport.is_closing()):
            self.transport.abort()
