"""A broker on a port of its own, with a fake node behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.node.fake_node import FakeNode
from tests.node.mqtt_client import TcpClient

from datasouk.node.mqtt import MqttBroker, MqttLimits

__all__ = ["Served", "serve", "subscribed"]


class Served:
    """A broker on a port, and the node behind it."""

    def __init__(self, node: FakeNode, broker: MqttBroker, port: int) -> None:
        self.node = node
        self.broker = broker
        self.port = port

    async def until(self, *, connections: int) -> None:
        while self.broker.connection_count != connections:
            await asyncio.sleep(0.001)


@asynccontextmanager
async def serve(limits: MqttLimits | None = None) -> AsyncIterator[Served]:
    node = FakeNode()
    broker = MqttBroker(node, limits=limits)
    try:
        yield Served(node, broker, await broker.serve_tcp("127.0.0.1", 0))
    finally:
        await broker.close()
        assert broker.connection_count == broker.subscription_count == 0


@asynccontextmanager
async def subscribed(served: Served, *filters: str, client_id: str = "test") -> AsyncIterator[TcpClient]:
    async with TcpClient(served.port) as client:
        await client.connect(client_id)
        await client.subscribe(*filters)
        yield client
