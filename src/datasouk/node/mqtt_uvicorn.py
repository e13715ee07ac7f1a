"""A WebSocket protocol for uvicorn that can drop a connection at once.

Under uvicorn 0.54 an application can only ask for a polite end: the transport is closed when all that was written has
been taken, which a client that reads nothing puts off for ever, outside of every cap on connections.  With this class
(``uvicorn.Config(ws=AbortableWebSocket)``) an application finds a function for the impolite end in its scope, and
uvicorn's own pings use it on clients that do not answer.
"""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from datasouk.node.mqtt_carriers import ABORT_EXTENSION

__all__ = ["AbortableWebSocket"]


class AbortableWebSocket(WebSocketsSansIOProtocol):
    """Uvicorn's protocol, and ``scope["extensions"]["datasouk.abort"]``, a function without arguments."""

    def handle_connect(self, event: Request) -> None:
        """Add the function before the application runs: its task is made in this call, but begins after it."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, object] = self.scope["extensions"]  # type: ignore[assignment]
            extensions[ABORT_EXTENSION] = self.transport.abort

    def keepalive_timeout(self) -> None:
        """Drop who does not answer a ping; closing would wait for what it does not read."""
        super().keepalive_timeout()
        self.transport.abort()
