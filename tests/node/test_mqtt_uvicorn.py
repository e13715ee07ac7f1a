import asyncio
from typing import ClassVar

import pytest
import websockets
from tests.node import mqtt_wire as wire
from tests.node import sample_events as events
from tests.node.loops import asynchronous
from tests.node.test_mqtt_carriers import MQTT, serve
from websockets.http11 import Request

from datasouk.node.mqtt import MqttLimits
from datasouk.node.mqtt_uvicorn import AbortableWebSocket

BIG = events.attached(events.data_message(data=bytes(30_000)))


class Watched(AbortableWebSocket):
    """Remembers the connections that are open in the server's eyes."""

    opened: ClassVar[list["Watched"]] = []

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.opened.remove(self)

    def handle_connect(self, event: Request) -> None:
        self.opened.append(self)
        super().handle_connect(event)


@pytest.mark.slow
@asynchronous
async def test_connection_of_a_client_that_reads_nothing_is_really_gone() -> None:
    """With uvicorn's own class it stays open for as long as the client likes, though the application has returned."""
    async with (
        serve(MqttLimits(max_queued_bytes=200_000), ws=Watched) as served,
        websockets.connect(served.url, subprotocols=[MQTT], compression=None) as client,
    ):
        await client.send(wire.connect() + wire.subscribe("messages"))
        await client.recv()
        await client.recv()
        client.transport.pause_reading()
        assert len(Watched.opened) == 1
        while served.broker.connection_count:
            served.node.happen(BIG)
            await asyncio.sleep(0)
        while Watched.opened:
            await asyncio.sleep(0.001)
        client.transport.abort()


@asynchronous
async def test_handshake_that_fails_never_reaches_the_application() -> None:
    async with serve() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(
            b"GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: AAAA\r\n\r\n"
        )
        assert b" 4" in await reader.readline()
        writer.transport.abort()


@pytest.mark.slow
@asynchronous
async def test_ping_that_is_not_answered_drops_the_connection() -> None:
    async with (
        serve(ws=Watched) as served,
        websockets.connect(served.url, subprotocols=[MQTT], compression=None) as client,
    ):
        await client.send(wire.connect() + wire.subscribe("messages"))
        await client.recv()
        await client.recv()
        client.transport.pause_reading()
        (protocol,) = Watched.opened
        while protocol.writable.is_set():
            served.node.happen(BIG)
            await asyncio.sleep(0)
        protocol.send_keepalive_ping()
        protocol.keepalive_timeout()
        while Watched.opened:
            await asyncio.sleep(0.001)
        await served.until(connections=0)
        client.transport.abort()
