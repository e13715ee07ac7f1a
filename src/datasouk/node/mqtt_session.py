"""One client of the broker, whatever carries its bytes: bytes in by `Session.feed`, packets out by `Session.outgoing`.

Theory of operation.  A session is fed from one task and emptied by another; all that it does in between is synchronous.
What is to go out waits in a queue with limits, and whoever lets it grow above them is cut: nobody ever waits for a slow
client.  A session ends in one of two ways, once:

- ``finish``: nothing is taken in any more, what is in the queue still goes out, then `outgoing` returns nothing;
- ``abort``: the queue is dropped and ``aborted`` is done, which tells the carrier to drop the connection at once.

Both say goodbye to the host first, so that a session that has ended gets no more events.  One timer watches the
session; it is set again only when it goes off, not with every packet.

Implements chapter 3 of "MQTT Version 3.1.1" on the server's side, with these departures.  Every session is a clean one.
A newer connection never takes over from an older one with the same client identifier (3.1.4 wants it): every
iota-client there is calls itself "iota.rs", so that two of them would cut each other's connections for ever.  What
clients publish is acknowledged and dropped, as HORNET's access rule "clients are not allowed to write" has it (3.3.5
allows it).
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from datasouk.node.mqtt_codec import (
    PacketReader,
    connack_packet,
    pingresp_packet,
    puback_packet,
    pubcomp_packet,
    pubrec_packet,
    suback_packet,
    unsuback_packet,
)
from datasouk.node.mqtt_packets import (
    CodecLimits,
    Connect,
    ConnectReturnCode,
    Disconnect,
    MalformedPacket,
    MqttError,
    Packet,
    PingReq,
    Publish,
    PubRel,
    Subscribe,
    UnacceptableProtocol,
    Unsubscribe,
)
from datasouk.node.mqtt_topics import MAX_FILTER_LEVELS, StateQuery, check_filter, state_query

__all__ = ["EndReason", "MqttLimits", "Session", "SessionHost"]

_BATCH_BYTES = 65_536  # As much as a transport takes before it says that it is full.
_KEEP_ALIVE_FACTOR = 1.5  # 3.1.2.10: how much later than promised a client may be.


class EndReason(StrEnum):
    """Why a session has ended."""

    CLIENT_LEFT = "client left"
    PROTOCOL_ERROR = "protocol error"
    REFUSED = "connect refused"
    NO_CONNECT = "no CONNECT in time"
    KEEP_ALIVE = "keep alive missed"
    IDLE = "idle for too long"
    SLOW = "reads too slowly"
    FLOOD = "sends too many packets"
    SHUTDOWN = "broker is closing"


@dataclass(frozen=True, slots=True)
class MqttLimits:
    """What clients may take of the broker.

    Attributes:
        max_connections: In total.
        max_connections_per_address: From one IPv4 address or one IPv6 network of 64 bits.
        max_subscriptions: Of one client; more are answered with "failure".
        max_total_subscriptions: Of all clients together; more are answered with "failure".
        max_queued_packets: Waiting for one client; with more it is cut.
        max_queued_bytes: Waiting for one client; with more it is cut.
        max_total_queued_bytes: Waiting for all clients together; with more the one with the longest queue is cut.
        packets_per_second: That a client may send for long; with more it is cut.
        packet_burst: That a client may send at once.
        connect_deadline_seconds: From the connection to CONNECT.
        write_deadline_seconds: For the network to take what is written (up to about 64 KiB), and for a goodbye.
        idle_seconds: Without a packet in either direction, for clients that promise no keep alive.
        max_state_reads: Reads of current state from the node at a time, for all clients.
        codec: Limits on single packets.
    """

    max_connections: int = 1_000
    max_connections_per_address: int = 64
    max_subscriptions: int = 256
    max_total_subscriptions: int = 20_000
    max_queued_packets: int = 8_192
    max_queued_bytes: int = 4 * 2**20
    max_total_queued_bytes: int = 64 * 2**20
    packets_per_second: float = 50.0
    packet_burst: int = 512
    connect_deadline_seconds: float = 5.0
    write_deadline_seconds: float = 10.0
    idle_seconds: float = 1_800.0
    max_state_reads: int = 8
    codec: CodecLimits = field(default_factory=CodecLimits)


class SessionHost(Protocol):
    """What a session needs of the broker."""

    def ended(self, session: "Session") -> None:
        """The session takes no more events; its subscriptions are still listed."""

    def subscribe(self, session: "Session", topic_filter: str) -> bool:
        """Add a subscription that is not there yet; False: there are too many."""

    def unsubscribe(self, session: "Session", topic_filter: str) -> None:
        """Remove a subscription that is there."""

    def send_state(self, session: "Session", topic: str, query: StateQuery) -> None:
        """Deliver the current state of a topic, now or soon."""

    def queue_changed(self, change_bytes: int) -> None:
        """The session's queue has grown or shrunk; may abort this session or others."""


class Session:
    """A client from its first byte to its last.

    Args:
        host: The broker.
        limits: What the client may take.
        loop: Whose clock and timers are used; the running one.

    Attributes:
        subscriptions: The filters that are granted.
        awaited: Topics whose current state is still being read.
        end_reason: None as long as the session takes packets.
        aborted: Done when the connection is to be dropped at once.
    """

    def __init__(self, host: SessionHost, *, limits: MqttLimits, loop: asyncio.AbstractEventLoop) -> None:
        self.subscriptions: set[str] = set()
        self.awaited: dict[str, StateQuery] = {}
        self.end_reason: EndReason | None = None
        self.aborted: asyncio.Future[None] = loop.create_future()
        self._host = host
        self._limits = limits
        self._loop = loop
        self._reader = PacketReader(limits.codec)
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._queue_filled = asyncio.Event()
        self._is_connected = False
        self._keep_alive_seconds = 0
        self._credit = float(limits.packet_burst)
        now = loop.time()
        self._last_packet_time = now
        self._last_traffic_time = now
        self._timer = loop.call_later(limits.connect_deadline_seconds, self._check_time)

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait to be sent."""
        return self._queued_bytes

    def feed(self, data: bytes) -> None:
        """Take bytes from the client and do what they ask; the session may end over it, but nothing is raised."""
        if self.end_reason is not None:
            return
        self._reader.feed(data)
        try:
            while self.end_reason is None and (packet := self._reader.next_packet()) is not None:
                if self._is_flood():
                    self.abort(EndReason.FLOOD)
                else:
                    self._handle(packet)
        except UnacceptableProtocol:
            if not self._is_connected:
                self._send(connack_packet(ConnectReturnCode.UNACCEPTABLE_PROTOCOL))
            self.finish(EndReason.PROTOCOL_ERROR)
        except MqttError:
            self.finish(EndReason.PROTOCOL_ERROR)

    async def outgoing(self) -> list[bytes]:
        """Wait for packets to send and take them out of the queue; none: the session is over.

        To be called again only when those of the call before are on their way.
        """
        while not self._queue:
            if self.end_reason is not None:
                return []
            self._queue_filled.clear()
            await self._queue_filled.wait()
        packets: list[bytes] = []
        size = 0
        while self._queue and (not packets or size + len(self._queue[0]) <= _BATCH_BYTES):
            packet = self._queue.popleft()
            packets.append(packet)
            size += len(packet)
        self._last_traffic_time = self._loop.time()
        self._queued_bytes -= size
        self._host.queue_changed(-size)
        return packets

    def deliver(self, topic: str, packet: bytes) -> None:
        """Queue a publication; a state of that topic that is still being read is out of date with it."""
        self.awaited.pop(topic, None)
        self._send(packet)

    def finish(self, reason: EndReason) -> None:
        """End the session when what is in the queue is sent, or the time for that is over."""
        if self.end_reason is None:
            self._end(reason)
            self._timer = self._loop.call_later(self._limits.write_deadline_seconds, self.abort, reason)

    def abort(self, reason: EndReason) -> None:
        """End the session at once."""
        if self.end_reason is None:
            self._end(reason)
        self._timer.cancel()
        self._queue.clear()
        dropped, self._queued_bytes = self._queued_bytes, 0
        if not self.aborted.done():
            self.aborted.set_result(None)
        self._host.queue_changed(-dropped)

    def _end(self, reason: EndReason) -> None:
        self.end_reason = reason
        self._timer.cancel()
        self._host.ended(self)
        self.subscriptions.clear()
        self.awaited.clear()
        self._queue_filled.set()

    def _send(self, packet: bytes) -> None:
        if self.end_reason is not None:
            return
        self._queue.append(packet)
        self._queued_bytes += len(packet)
        self._queue_filled.set()
        self._host.queue_changed(len(packet))
        limits = self._limits
        if len(self._queue) > limits.max_queued_packets or self._queued_bytes > limits.max_queued_bytes:
            self.abort(EndReason.SLOW)

    def _is_flood(self) -> bool:
        """Count a packet against what the client may send: a bucket that fills by the second."""
        now = self._loop.time()
        earned = (now - self._last_packet_time) * self._limits.packets_per_second
        self._credit = min(self._limits.packet_burst, self._credit + earned) - 1
        self._last_packet_time = self._last_traffic_time = now
        return self._credit < 0

    def _handle(self, packet: Packet) -> None:
        if isinstance(packet, Connect):
            self._connect(packet)
            return
        if not self._is_connected:
            raise MalformedPacket("packet type", "the first packet is not CONNECT")
        match packet:
            case Subscribe(packet_id, filters):
                self._subscribe(packet_id, filters)
            case Unsubscribe(packet_id, filters):
                self._unsubscribe(filters)
                self._send(unsuback_packet(packet_id))
            case PingReq():
                self._send(pingresp_packet())
            case Disconnect():
                self.finish(EndReason.CLIENT_LEFT)
            case Publish(1, int(packet_id)):
                self._send(puback_packet(packet_id))
            case Publish(2, int(packet_id)):
                self._send(pubrec_packet(packet_id))
            case PubRel(packet_id):
                self._send(pubcomp_packet(packet_id))
            case Publish():
                pass  # Quality of service 0: nothing to acknowledge.

    def _connect(self, packet: Connect) -> None:
        if self._is_connected:
            raise MalformedPacket("packet type", "a second CONNECT")
        if not packet.client_id and not packet.clean_session:
            self._send(connack_packet(ConnectReturnCode.IDENTIFIER_REJECTED))
            self.finish(EndReason.REFUSED)
            return
        self._is_connected = True
        self._keep_alive_seconds = packet.keep_alive_seconds
        self._timer.cancel()
        self._send(connack_packet(ConnectReturnCode.ACCEPTED))
        self._check_time()

    def _subscribe(self, packet_id: int, filters: tuple[str, ...]) -> None:
        for topic_filter in filters:
            check_filter(topic_filter)
        granted = tuple(self._grant(topic_filter) for topic_filter in filters)
        self._send(suback_packet(packet_id, granted))
        for topic_filter in dict.fromkeys(filters):
            query = state_query(topic_filter)
            if query is not None and topic_filter in self.subscriptions:
                self._host.send_state(self, topic_filter, query)

    def _grant(self, topic_filter: str) -> bool:
        if topic_filter in self.subscriptions:
            return True
        if len(self.subscriptions) >= self._limits.max_subscriptions or topic_filter.count("/") >= MAX_FILTER_LEVELS:
            return False
        if not self._host.subscribe(self, topic_filter):
            return False
        self.subscriptions.add(topic_filter)
        return True

    def _unsubscribe(self, filters: tuple[str, ...]) -> None:
        for topic_filter in filters:
            check_filter(topic_filter)
        for topic_filter in filters:
            if topic_filter in self.subscriptions:
                self.subscriptions.remove(topic_filter)
                self.awaited.pop(topic_filter, None)
                self._host.unsubscribe(self, topic_filter)

    def _check_time(self) -> None:
        """End the session if the client is too late with its next sign of life, else look again when it could be."""
        if not self._is_connected:
            self.abort(EndReason.NO_CONNECT)
            return
        if self._keep_alive_seconds:
            reason = EndReason.KEEP_ALIVE
            due = self._last_packet_time + _KEEP_ALIVE_FACTOR * self._keep_alive_seconds
        else:
            reason, due = EndReason.IDLE, self._last_traffic_time + self._limits.idle_seconds
        if self._loop.time() >= due:
            self.abort(reason)
        elif self.end_reason is None:
            self._timer = self._loop.call_at(due, self._check_time)
