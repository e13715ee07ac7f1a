"""What carries a session's bytes: a TCP connection or an ASGI WebSocket; each function serves one client to its end.

WebSocket follows chapter 6 of "MQTT Version 3.1.1": binary frames, whose borders mean nothing when read.  When written,
each frame is one packet, for clients that expect it.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

from datasouk.node.mqtt_session import EndReason, Session

__all__ = [
    "ABORT_EXTENSION",
    "READ_BYTES",
    "SUBPROTOCOLS",
    "AsgiReceive",
    "AsgiSend",
    "Scope",
    "choose_subprotocol",
    "converse_over_tcp",
    "converse_over_websocket",
    "refuse_websocket",
]

SUBPROTOCOLS = ("mqtt", "mqttv3.1")
"""Of WebSocket: the standard's own, and the one that iota-client asks for."""

ABORT_EXTENSION = "datasouk.abort"
"""Key in an ASGI scope's extensions for a function that drops the connection at once, see `mqtt_uvicorn`."""

READ_BYTES = 4_096
"""Read at a time: so little that a chunk full of tiny packets does not hold up the event loop."""

Scope = MutableMapping[str, Any]
AsgiReceive = Callable[[], Awaitable[MutableMapping[str, Any]]]
AsgiSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_Receive = Callable[[], Awaitable[bytes | None]]
_Send = Callable[[list[bytes]], Awaitable[None]]

# Status codes of WebSocket (RFC 6455, 7.4.1).
_CLOSE_CODES = {EndReason.CLIENT_LEFT: 1000, EndReason.SHUTDOWN: 1001, EndReason.PROTOCOL_ERROR: 1002}
_CLOSE_POLICY = 1008

# Who is cut for these would not take a goodbye either.
_WITHOUT_GOODBYE = frozenset(
    {EndReason.SLOW, EndReason.FLOOD, EndReason.NO_CONNECT, EndReason.KEEP_ALIVE, EndReason.IDLE}
)


async def converse_over_tcp(
    session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, write_deadline_seconds: float
) -> None:
    """Serve a client on a TCP connection; the connection is closed afterwards."""
    try:
        with contextlib.suppress(OSError):
            tcp = writer.get_extra_info("socket")
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            receive, send = partial(_receive_bytes, reader), partial(_send_bytes, writer)
            await _converse(session, receive, send, write_deadline_seconds=write_deadline_seconds)
            if not session.aborted.done():
                writer.close()
                async with asyncio.timeout(write_deadline_seconds):
                    await writer.wait_closed()
    finally:
        writer.transport.abort()


async def converse_over_websocket(
    session: Session, scope: Scope, receive: AsgiReceive, send: AsgiSend, *, write_deadline_seconds: float
) -> None:
    """Serve a client on a WebSocket that has been accepted; the WebSocket is closed afterwards.

    Who is cut is dropped at once if the server offers a way (`ABORT_EXTENSION`), else as fast as it does.
    """
    abort = (scope.get("extensions") or {}).get(ABORT_EXTENSION, lambda: None)
    receive_frame, send_frames = partial(_receive_frame, receive, session), partial(_send_frames, send)
    await _converse(session, receive_frame, send_frames, write_deadline_seconds=write_deadline_seconds)
    reason = session.end_reason
    assert reason is not None, "a conversation ends with the session"
    if reason in _WITHOUT_GOODBYE:
        abort()
    elif reason is not EndReason.CLIENT_LEFT or not session.aborted.done():
        try:
            async with asyncio.timeout(write_deadline_seconds):
                await send({"type": "websocket.close", "code": _CLOSE_CODES.get(reason, _CLOSE_POLICY)})
        except OSError:
            abort()


def choose_subprotocol(scope: Scope) -> str | None:
    """The subprotocol to answer: the first that the client offers and we speak."""
    return next((each for each in scope.get("subprotocols") or () if each in SUBPROTOCOLS), None)


async def refuse_websocket(scope: Scope, send: AsgiSend, status: int) -> None:
    """Answer the handshake with an HTTP status, or with 403 if the server knows no other way."""
    with contextlib.suppress(OSError):
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.http.response.start", "status": status, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b""})


async def _converse(session: Session, receive: _Receive, send: _Send, *, write_deadline_seconds: float) -> None:
    """Carry bytes both ways until one side has had enough."""
    reading = asyncio.create_task(_read(session, receive))
    writing = asyncio.create_task(_write(session, send, write_deadline_seconds))
    try:
        await asyncio.wait((reading, writing, session.aborted), return_when=asyncio.FIRST_COMPLETED)
    finally:
        reading.cancel()
        writing.cancel()
        results = await asyncio.gather(reading, writing, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _read(session: Session, receive: _Receive) -> None:
    with contextlib.suppress(OSError):
        while (data := await receive()) is not None:
            session.feed(data)
            await asyncio.sleep(0)  # Reading what is there does not wait by itself, and others want to live.
    session.abort(EndReason.CLIENT_LEFT)


async def _write(session: Session, send: _Send, deadline_seconds: float) -> None:
    try:
        while packets := await session.outgoing():
            async with asyncio.timeout(deadline_seconds):
                await send(packets)
    except TimeoutError:
        session.abort(EndReason.SLOW)
    except OSError:
        session.abort(EndReason.CLIENT_LEFT)


async def _receive_bytes(reader: asyncio.StreamReader) -> bytes | None:
    return await reader.read(READ_BYTES) or None


async def _send_bytes(writer: asyncio.StreamWriter, packets: list[bytes]) -> None:
    # Not writelines: up to Python 3.12.8 and 3.13.1 it never says that the buffer is full (CVE-2024-12254).
    writer.write(b"".join(packets))
    await writer.drain()


async def _receive_frame(receive: AsgiReceive, session: Session) -> bytes | None:
    message = await receive()
    if message["type"] == "websocket.disconnect":
        return None
    data: bytes | None = message.get("bytes")
    if data is None:
        session.abort(EndReason.PROTOCOL_ERROR)  # 6.0: a text frame ends the connection.
    return data


async def _send_frames(send: AsgiSend, packets: list[bytes]) -> None:
    for packet in packets:
        await send({"type": "websocket.send", "bytes": packet})
