"""The composition root: the only place that chooses parts and puts them together.

Parts are imported where they are built, so that a command pays for what it uses.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datasouk.node.settings import NodeSettings

if TYPE_CHECKING:
    from datasouk.serving import ServingLimits

__all__ = ["NodeServing", "serve_node"]


@dataclass(frozen=True, slots=True)
class NodeServing:
    """How to serve a node by itself.

    Attributes:
        data_dir: The node's folder; made if it is not there.
        port: Of REST, and of MQTT over WebSocket at ``/mqtt``; 0 takes any that is free.
        mqtt_port: Of MQTT over TCP; None for none.
        limits: What a client may take; None: the defaults.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 14265
    mqtt_port: int | None = None
    node: NodeSettings = field(default_factory=NodeSettings)
    limits: "ServingLimits | None" = None


async def serve_node(serving: NodeServing, *, ready: Callable[[int, int | None], None] | None = None) -> None:
    """Run a ledger node until SIGTERM or SIGINT.

    Args:
        ready: Called with the ports of REST and of MQTT over TCP once both accept connections.

    Raises:
        BrokenLedger: The database contradicts itself, or belongs to another network or other keys.
        CannotListen: An address cannot be had.
    """
    from datasouk.node.embedded import EmbeddedNode
    from datasouk.node.faucet import Faucet
    from datasouk.node.mqtt import MqttBroker
    from datasouk.node.rest import create_node_app
    from datasouk.serving import serve

    async with AsyncExitStack() as stack:
        node = EmbeddedNode(serving.data_dir, serving.node)
        await node.start()
        stack.push_async_callback(node.close)
        faucet = None
        if serving.node.faucet is not None:
            faucet = Faucet(node, node.operator_key, serving.node.faucet)
            faucet.start()
            stack.push_async_callback(faucet.close)
        broker = MqttBroker(node)
        stack.push_async_callback(broker.close)
        mqtt_port = None
        if serving.mqtt_port is not None:
            mqtt_port = await broker.serve_tcp(serving.host, serving.mqtt_port)
        app = create_node_app(node, faucet=faucet, websocket=broker.websocket)
        await serve(
            app,
            host=serving.host,
            port=serving.port,
            limits=serving.limits,
            ready=None if ready is None else lambda port: ready(port, mqtt_port),
        )
