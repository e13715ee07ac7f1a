"""WebSocket, once with uvicorn and real clients, once with an ASGI server made by hand; TCP is in test_mqtt.py."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import paho.mqtt.client as paho
import pytest
import uvicorn
import websockets
from paho.mqtt.enums import CallbackAPIVersion
from tests.node import mqtt_wire as wire
from tests.node import sample_events as events
from tests.node.fake_node import FakeNode
from tests.node.loops import asynchronous
from tests.node.mqtt_wire import Received

from datasouk.node.mqtt import MqttBroker, MqttLimits
from datasouk.node.mqtt_carriers import ABORT_EXTENSION, choose_subprotocol
from datasouk.node.mqtt_uvicorn import AbortableWebSocket

Subprotocols = list[websockets.Subprotocol]
MQTT = websockets.Subprotocol("mqtt")


class Served:
    def __init__(self, node: FakeNode, broker: MqttBroker, port: int) -> None:
        self.node = node
        self.broker = broker
        self.port = port
        self.url = f"ws://127.0.0.1:{port}/mqtt"

    async def until(self, *, connections: int) -> None:
        while self.broker.connection_count != connections:
            await asyncio.sleep(0.001)


@asynccontextmanager
async def serve(
    limits: MqttLimits | None = None, *, ws: type[asyncio.Protocol] | Literal["auto"] = AbortableWebSocket
) -> AsyncIterator[Served]:
    """The broker behind uvicorn, in this loop."""
    node = FakeNode()
    broker = MqttBroker(node, limits=limits)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(broker.websocket, interface="asgi3", lifespan="off", log_level="critical", ws=ws)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.001)
    try:
        yield Served(node, broker, listening.getsockname()[1])
    finally:
        await broker.close()
        assert broker.connection_count == broker.subscription_count == 0
        server.should_exit = True
        await task


async def receive(client: websockets.ClientConnection) -> Received:
    """One frame, which must hold exactly one packet."""
    data = await client.recv()
    assert isinstance(data, bytes)
    (packet,), rest = wire.split_packets(data)
    assert rest == b""
    return packet


async def receive_for_ever(client: websockets.ClientConnection) -> None:
    while True:
        await client.recv()


class TestUvicorn:
    @pytest.mark.parametrize(
        ("offered", "chosen"),
        [(["mqtt"], "mqtt"), (["mqttv3.1"], "mqttv3.1"), (["x", "mqttv3.1", "mqtt"], "mqttv3.1")],
    )
    @asynchronous
    async def test_subprotocol_is_echoed(self, offered: Subprotocols, chosen: str) -> None:
        async with serve() as served, websockets.connect(served.url, subprotocols=offered) as client:
            assert client.subprotocol == chosen
            await client.send(wire.connect())
            assert (await receive(client)).first == 0x20

    @pytest.mark.parametrize("offered", [None, ["x"]])
    @asynchronous
    async def test_other_subprotocols_are_refused(self, offered: Subprotocols | None) -> None:
        async with serve() as served:
            with pytest.raises(websockets.InvalidStatus) as caught:
                await websockets.connect(served.url, subprotocols=offered).__aenter__()
            assert caught.value.response.status_code == 400
            await served.until(connections=0)

    @asynchronous
    async def test_borders_of_frames_mean_nothing(self) -> None:
        stream = wire.connect() + wire.subscribe("milestones/latest") + wire.PINGREQ
        async with serve() as served:
            for size in (1, 7, len(stream)):
                async with websockets.connect(served.url, subprotocols=[MQTT]) as client:
                    for start in range(0, len(stream), size):
                        await client.send(stream[start : start + size])
                    await client.send(b"")
                    assert [(await receive(client)).first for _ in range(4)] == [0x20, 0x90, 0x30, 0xD0]

    @asynchronous
    async def test_text_frame_ends_the_connection(self) -> None:
        async with serve() as served, websockets.connect(served.url, subprotocols=[MQTT]) as client:
            await client.send("text")
            with pytest.raises(websockets.ConnectionClosed) as caught:
                await client.recv()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1002

    @asynchronous
    async def test_disconnect_closes_normally(self) -> None:
        async with serve() as served, websockets.connect(served.url, subprotocols=[MQTT]) as client:
            await client.send(wire.connect() + wire.DISCONNECT)
            assert (await receive(client)).first == 0x20
            with pytest.raises(websockets.ConnectionClosedOK):
                await client.recv()

    @pytest.mark.parametrize("data", [b"\xff", wire.connect() * 2, wire.PINGREQ])
    @asynchronous
    async def test_nonsense_closes(self, data: bytes) -> None:
        async with serve() as served, websockets.connect(served.url, subprotocols=[MQTT]) as client:
            await client.send(data)
            with pytest.raises(websockets.ConnectionClosedError):
                await receive_for_ever(client)

    @asynchronous
    async def test_trial_connection_that_is_abandoned_leaves_nothing(self) -> None:
        """iota-client opens one first."""
        async with serve() as served:
            client = await websockets.connect(served.url, subprotocols=[MQTT]).__aenter__()
            client.transport.abort()
            await served.until(connections=0)

    @asynchronous
    async def test_caps_count_websockets_too(self) -> None:
        async with serve(MqttLimits(max_connections=1)) as served:
            async with websockets.connect(served.url, subprotocols=[MQTT]):
                with pytest.raises(websockets.InvalidStatus) as caught:
                    await websockets.connect(served.url, subprotocols=[MQTT]).__aenter__()
                assert caught.value.response.status_code == 503
            await served.until(connections=0)

    @asynchronous
    async def test_big_frame_full_of_small_packets_is_a_flood(self) -> None:
        async with serve() as served, websockets.connect(served.url, subprotocols=[MQTT]) as client:
            await client.send(wire.connect() + wire.PINGREQ * 500_000)
            with pytest.raises(websockets.ConnectionClosedError):
                await receive_for_ever(client)

    @asynchronous
    async def test_closing_the_broker_says_goodbye(self) -> None:
        async with serve() as served, websockets.connect(served.url, subprotocols=[MQTT]) as client:
            await client.send(wire.connect())
            await receive(client)
            await served.broker.close()
            with pytest.raises(websockets.ConnectionClosed) as caught:
                await client.recv()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1001

    @asynchronous
    async def test_paho(self) -> None:
        async with serve() as served:
            loop = asyncio.get_running_loop()
            arrived: asyncio.Queue[object] = asyncio.Queue()
            client = paho.Client(CallbackAPIVersion.VERSION2, transport="websockets")
            client.ws_set_options(path="/mqtt")

            def subscribe(client: paho.Client, *_: Any) -> None:
                client.subscribe("messages")

            client.on_connect = subscribe

            def put(item: object) -> None:
                loop.call_soon_threadsafe(arrived.put_nowait, item)

            client.on_subscribe = lambda *_: put(None)
            client.on_message = lambda _c, _u, message: put(message.payload)
            client.connect_async("127.0.0.1", served.port, keepalive=60)
            client.loop_start()
            try:
                assert await arrived.get() is None
                served.node.happen(events.attached())
                assert await arrived.get() == events.data_message().to_bytes()
            finally:
                client.disconnect()
                await asyncio.to_thread(client.loop_stop)


class HandMade:
    """An ASGI server without a network: what the application gets is put in, what it sends is taken out."""

    def __init__(self, **scope: Any) -> None:
        self.scope = {"type": "websocket", "client": ("192.0.2.1", 1), "subprotocols": ["mqtt"], **scope}
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.incoming.put_nowait({"type": "websocket.connect"})
        self.sent: list[Any] = []
        self.is_stuck = False

    async def receive(self) -> dict[str, Any]:
        return await self.incoming.get()

    async def send(self, message: Any) -> None:
        while self.is_stuck:
            await asyncio.sleep(3600)
        self.sent.append(message)

    def say(self, data: bytes) -> None:
        self.incoming.put_nowait({"type": "websocket.receive", "bytes": data})

    def leave(self) -> None:
        self.incoming.put_nowait({"type": "websocket.disconnect", "code": 1005})


class TestHandMade:
    @asynchronous
    async def test_who_leaves_is_sent_nothing_more(self) -> None:
        server = HandMade()
        server.say(wire.connect())
        server.leave()
        await MqttBroker(FakeNode()).websocket(server.scope, server.receive, server.send)
        assert [each["type"] for each in server.sent][-1] != "websocket.close"

    @asynchronous
    async def test_full_broker_and_a_server_without_http_answers(self) -> None:
        server = HandMade()
        await MqttBroker(FakeNode(), limits=MqttLimits(max_connections=0)).websocket(
            server.scope, server.receive, server.send
        )
        assert server.sent == [{"type": "websocket.close"}]

    @asynchronous
    async def test_client_without_an_address_counts_in_total_only(self) -> None:
        broker = MqttBroker(FakeNode(), limits=MqttLimits(max_connections_per_address=0))
        for client, expected in ((None, "websocket.accept"), (("192.0.2.1", 1), "websocket.close")):
            server = HandMade(client=client)
            server.leave()
            await broker.websocket(server.scope, server.receive, server.send)
            assert server.sent[0]["type"] == expected

    @pytest.mark.parametrize("is_able", [True, False])
    @asynchronous
    async def test_stuck_client_is_dropped_if_the_server_can(self, is_able: bool) -> None:
        dropped: list[bool] = []
        extensions = {ABORT_EXTENSION: lambda: dropped.append(True)} if is_able else {}
        server = HandMade(extensions=extensions)
        server.say(wire.connect() + wire.PINGREQ)
        broker = MqttBroker(FakeNode(), limits=MqttLimits(write_deadline_seconds=0.02))
        task = asyncio.create_task(broker.websocket(server.scope, server.receive, server.send))
        while not server.sent:
            await asyncio.sleep(0)
        server.is_stuck = True
        await task
        assert broker.connection_count == 0
        assert dropped == [True] * is_able


def test_choose_subprotocol() -> None:
    assert choose_subprotocol({"subprotocols": ["mqttv3.1"]}) == "mqttv3.1"
    assert choose_subprotocol({"subprotocols": ["MQTT"]}) is None
    assert choose_subprotocol({"subprotocols": None}) is None
    assert choose_subprotocol({}) is None
