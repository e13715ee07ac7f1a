"""The node's events over MQTT 3.1.1: a broker that only the node publishes to, over TCP and over WebSocket.

Topics and payloads are in `datasouk.node.mqtt_topics`, the protocol in `mqtt_session`, the transports in
`mqtt_carriers`; here is what clients share: subscriptions, limits, the events of the node.

Anonymous, quality of service 0, no retained messages; whoever subscribes to a topic with a state gets the current one
at once, as HORNET has it.  Why not an existing broker: docs/decisions/0010-own-mqtt-codec.md.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Protocol

from datasouk.ledger.answers import MessageMetadata, MilestoneInfo, NodeError, OutputState
from datasouk.node.events import Event, EventHub
from datasouk.node.mqtt_carriers import (
    READ_BYTES,
    AsgiReceive,
    AsgiSend,
    Scope,
    choose_subprotocol,
    converse_over_tcp,
    converse_over_websocket,
    refuse_websocket,
)
from datasouk.node.mqtt_codec import publish_packet
from datasouk.node.mqtt_session import EndReason, MqttLimits, Session
from datasouk.node.mqtt_topics import (
    StateKind,
    StateQuery,
    SubscriptionIndex,
    metadata_payload,
    milestone_payload,
    output_payload,
    publications,
)

__all__ = ["MqttBroker", "MqttLimits", "MqttNode", "client_address"]

_IPV6_CLIENT_BITS = 64  # What one customer usually gets.


class MqttNode(Protocol):
    """What the broker needs of the node; the look-ups raise `NodeError`, for example for unknown ids."""

    @property
    def events(self) -> EventHub:
        """Where the node says what happens."""

    @property
    def hrp(self) -> str:
        """Human-readable part of the network's addresses."""

    def latest_milestone(self) -> MilestoneInfo:
        """The newest milestone, from memory."""

    async def metadata(self, message_id: bytes) -> MessageMetadata:
        """What is known about a message."""

    async def output(self, output_id: bytes) -> OutputState:
        """An output, spent or not."""

    async def included_message(self, transaction_id: bytes) -> bytes:
        """The id of the message whose transaction was included."""

    async def raw(self, message_id: bytes) -> bytes:
        """A message's bytes."""


class MqttBroker:
    """Serves any number of clients from one event loop; listens to the node from its making to `close`.

    Args:
        node: Whose events are published.
        limits: What clients may take; None for the defaults.
    """

    def __init__(self, node: MqttNode, *, limits: MqttLimits | None = None) -> None:
        self._node = node
        self._limits = limits or MqttLimits()
        self._hrp = node.hrp
        self._index: SubscriptionIndex[Session] = SubscriptionIndex()
        self._sessions: dict[Session, asyncio.Task[Any]] = {}
        self._addresses: Counter[str] = Counter()
        self._queued_bytes = 0
        self._state_reads = asyncio.Semaphore(self._limits.max_state_reads)
        self._tasks: dict[Session, asyncio.Task[None]] = {}
        self._servers: list[asyncio.Server] = []
        self._is_closed = False
        self._stop_listening = node.events.listen(self._publish)

    @property
    def connection_count(self) -> int:
        """Connections that are open."""
        return len(self._sessions)

    @property
    def subscription_count(self) -> int:
        """Subscriptions of all clients."""
        return len(self._index)

    async def serve_tcp(self, host: str, port: int) -> int:
        """Take connections on a TCP port until `close`.

        Args:
            host: Name or address to listen on.
            port: 0 for any free one.

        Returns:
            The port.

        Raises:
            OSError: The port cannot be opened.
        """
        server = await asyncio.start_server(self._serve_stream, host, port, limit=2 * READ_BYTES)
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def websocket(self, scope: Scope, receive: AsgiReceive, send: AsgiSend) -> None:
        """Serve one WebSocket connection; an ASGI application for the path /mqtt."""
        await receive()  # websocket.connect
        subprotocol = choose_subprotocol(scope)
        with self._admit((scope.get("client") or ("",))[0]) as session:
            if session is None or subprotocol is None:
                await refuse_websocket(scope, send, 400 if session else 503)
                return
            with contextlib.suppress(OSError):
                await send({"type": "websocket.accept", "subprotocol": subprotocol})
                deadline = self._limits.write_deadline_seconds
                await converse_over_websocket(session, scope, receive, send, write_deadline_seconds=deadline)

    async def close(self) -> None:
        """Stop listening, cut every client and wait until they are gone."""
        self._is_closed = True
        self._stop_listening()
        self._stop_listening = lambda: None
        for server in self._servers:
            server.close()
        for session in tuple(self._sessions):
            session.abort(EndReason.SHUTDOWN)
        for task in self._tasks.values():
            task.cancel()
        running = {*self._sessions.values(), *self._tasks.values()} - {asyncio.current_task()}
        await asyncio.gather(*running, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()

    # What sessions ask for.

    def ended(self, session: Session) -> None:
        """Forget a session's subscriptions."""
        for topic_filter in session.subscriptions:
            self._index.remove(topic_filter, session)

    def subscribe(self, session: Session, topic_filter: str) -> bool:
        """Add a subscription unless there are too many in all."""
        if len(self._index) >= self._limits.max_total_subscriptions:
            return False
        self._index.add(topic_filter, session)
        return True

    def unsubscribe(self, session: Session, topic_filter: str) -> None:
        """Remove a subscription."""
        self._index.remove(topic_filter, session)

    def send_state(self, session: Session, topic: str, query: StateQuery) -> None:
        """Deliver milestones at once; note the rest for the session's reading task."""
        if query.kind is StateKind.MILESTONE:
            session.deliver(topic, publish_packet(topic, milestone_payload(self._node.latest_milestone())))
            return
        session.awaited[topic] = query
        if session not in self._tasks:
            self._tasks[session] = asyncio.get_running_loop().create_task(self._read_states(session))

    def queue_changed(self, change_bytes: int) -> None:
        """Keep the sum of all queues below its limit, at the cost of the slowest client."""
        self._queued_bytes += change_bytes
        if self._queued_bytes > self._limits.max_total_queued_bytes:
            max(self._sessions, key=lambda each: each.queued_bytes).abort(EndReason.SLOW)

    # What happens in the node.

    def _publish(self, event: Event) -> None:
        if not self._index:
            return
        for publication in publications(event, hrp=self._hrp, listens_to=self._index.listens_to):
            payload: bytes | None = None
            for topic in publication.topics:
                subscribers = self._index.subscribers(topic)
                if subscribers:
                    payload = publication.encode() if payload is None else payload
                    packet = publish_packet(topic, payload)
                    for session in subscribers:
                        session.deliver(topic, packet)

    async def _read_states(self, session: Session) -> None:
        """Read and deliver the states that a session waits for, one after the other.

        An event on the topic, the end of the subscription or of the session take the topic off the list; a state that
        was read meanwhile is then dropped, for it may be older than the event.
        """
        try:
            while session.awaited:
                topic, query = next(iter(session.awaited.items()))
                async with self._state_reads:
                    payload = await self._read_state(query) if session.awaited.get(topic) is query else None
                if session.awaited.get(topic) is query:
                    del session.awaited[topic]
                    if payload is not None:
                        session.deliver(topic, publish_packet(topic, payload))
        finally:
            # At once, not when the loop gets to it: a subscription in between would wait for a task that is over.
            del self._tasks[session]

    async def _read_state(self, query: StateQuery) -> bytes | None:
        """The payload; None if there is no such message or output, or the node cannot say."""
        try:
            if query.kind is StateKind.METADATA:
                return metadata_payload(await self._node.metadata(query.id))
            if query.kind is StateKind.OUTPUT:
                return output_payload(await self._node.output(query.id))
            return await self._node.raw(await self._node.included_message(query.id))
        except NodeError:
            return None

    # What carries the bytes.

    @contextlib.contextmanager
    def _admit(self, peer_host: str) -> Iterator[Session | None]:
        """Make the session of a new connection; None: there are too many of them."""
        address = client_address(peer_host)
        is_full = len(self._sessions) >= self._limits.max_connections
        # A peer without an address sits behind a socket file; then all clients do, and the total has to do.
        is_greedy = bool(address) and self._addresses[address] >= self._limits.max_connections_per_address
        if self._is_closed or is_full or is_greedy:
            yield None
            return
        session = Session(self, limits=self._limits, loop=asyncio.get_running_loop())
        task = asyncio.current_task()
        assert task is not None, "every connection is served by a task"
        self._sessions[session] = task
        self._addresses[address] += 1
        try:
            yield session
        finally:
            session.abort(EndReason.CLIENT_LEFT)
            del self._sessions[session]
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        with self._admit(peer[0] if peer else "") as session:
            if session is None:
                writer.transport.abort()
                return
            await converse_over_tcp(session, reader, writer, write_deadline_seconds=self._limits.write_deadline_seconds)


def client_address(host: str) -> str:
    """What counts as one client: an IPv4 address, a network of IPv6, or whatever else the server says."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((address, _IPV6_CLIENT_BITS), strict=False))
