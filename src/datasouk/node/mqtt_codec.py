"""MQTT 3.1.1 on the wire: what clients send, out of bytes; what the node sends, into bytes.

Implements chapters 2 and 3 of the OASIS standard "MQTT Version 3.1.1" as far as a server needs them that lets clients
read only, and that delivers at quality of service 0.  No input or output: `PacketReader` is fed with whatever arrives,
in pieces of any size, and hands out complete packets.  Section numbers below are those of the standard.

Every length has a limit, and it is checked as soon as it is known, before the bytes that it counts have arrived.
Refused although the standard leaves it open: a remaining length written with more bytes than it needs, and
acknowledgements (PUBACK, PUBREC, PUBCOMP), because nothing is ever sent here that they could answer.
"""

from enum import IntEnum

from datasouk.node.mqtt_packets import (
    CodecLimits,
    Connect,
    ConnectReturnCode,
    Disconnect,
    MalformedPacket,
    Packet,
    PingReq,
    Publish,
    PubRel,
    Subscribe,
    UnacceptableProtocol,
    Unsubscribe,
)

__all__ = [
    "PacketReader",
    "connack_packet",
    "pingresp_packet",
    "puback_packet",
    "pubcomp_packet",
    "publish_packet",
    "pubrec_packet",
    "suback_packet",
    "unsuback_packet",
]

_PROTOCOL_NAME = "MQTT"
_PROTOCOL_LEVEL = 4
_OLD_PROTOCOL_NAME = "MQIsdp"  # MQTT 3.1, level 3.
_MAX_LENGTH_BYTES = 4  # 2.2.3: a remaining length takes at most four bytes.


class _Type(IntEnum):
    """Types of control packets (2.2.1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


_FLAGS_REQUIRED = 0b0010  # 2.2.2: PUBREL, SUBSCRIBE and UNSUBSCRIBE carry these flags, others none.
_WITH_FLAGS = frozenset({_Type.PUBREL, _Type.SUBSCRIBE, _Type.UNSUBSCRIBE})
_FROM_CLIENTS = _WITH_FLAGS | {_Type.CONNECT, _Type.PUBLISH, _Type.PINGREQ, _Type.DISCONNECT}


class PacketReader:
    """Cuts a stream of bytes into packets.

    After an error the reader is of no further use: there is no way to find where the next packet begins.
    """

    __slots__ = ("_buffer", "_limits")

    def __init__(self, limits: CodecLimits) -> None:
        self._buffer = bytearray()
        self._limits = limits

    def feed(self, data: bytes) -> None:
        """Take what has arrived, any number of bytes."""
        self._buffer += data

    def next_packet(self) -> Packet | None:
        """The next complete packet; None: more bytes are needed.

        Raises:
            MalformedPacket: A rule or limit is broken; also in a packet that has arrived only in part.
            UnacceptableProtocol: CONNECT of another version.
        """
        if not self._buffer:
            return None
        kind, flags = _check_first_byte(self._buffer[0])
        counted = _read_remaining_length(self._buffer)
        if counted is None:
            return None
        length, start = counted
        if length > self._limits.max_packet_bytes:
            raise MalformedPacket("remaining length", f"{length} is above {self._limits.max_packet_bytes}")
        if len(self._buffer) < start + length:
            return None
        body = _Body(bytes(self._buffer[start : start + length]))
        del self._buffer[: start + length]
        packet = _read_packet(kind, flags, body, self._limits)
        body.finish()
        return packet


class _Body:
    """Reads the fields of one packet: big-endian integers, and text and data with a length of two bytes (1.5)."""

    __slots__ = ("_data", "_offset")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    @property
    def remaining(self) -> int:
        return len(self._data) - self._offset

    def take(self, count: int, field: str) -> bytes:
        start = self._offset
        if count > len(self._data) - start:
            raise MalformedPacket(field, f"needs {count} bytes, but only {len(self._data) - start} are left")
        self._offset = start + count
        return self._data[start : self._offset]

    def u8(self, field: str) -> int:
        return self.take(1, field)[0]

    def u16(self, field: str) -> int:
        return int.from_bytes(self.take(2, field), "big")

    def data(self, field: str) -> bytes:
        return self.take(self.u16(field), field)

    def text(self, field: str, *, maximum: int | None = None) -> str:
        """UTF-8 without surrogates and U+0000 (1.5.3)."""
        length = self.u16(field)
        if maximum is not None and length > maximum:
            raise MalformedPacket(field, f"{length} bytes are more than {maximum}")
        try:
            text = self.take(length, field).decode()
        except UnicodeDecodeError as error:
            raise MalformedPacket(field, "is not UTF-8") from error
        if "\0" in text:
            raise MalformedPacket(field, "holds the character U+0000")
        return text

    def packet_id(self) -> int:
        """Not zero (2.3.1)."""
        value = self.u16("packet identifier")
        if value == 0:
            raise MalformedPacket("packet identifier", "is 0")
        return value

    def finish(self) -> None:
        if self.remaining:
            raise MalformedPacket("remaining length", f"{self.remaining} bytes are left over behind the last field")


def _check_first_byte(first: int) -> tuple[_Type, int]:
    kind, flags = first >> 4, first & 0x0F
    if kind not in _FROM_CLIENTS:
        raise MalformedPacket("packet type", f"{kind} is none that a client sends here")
    if kind != _Type.PUBLISH and flags != (_FLAGS_REQUIRED if kind in _WITH_FLAGS else 0):
        raise MalformedPacket("flags", f"{flags:#06b} are not allowed for packet type {kind}")
    return _Type(kind), flags


def _read_remaining_length(buffer: bytearray) -> tuple[int, int] | None:
    """Seven bits a byte, the lowest first (2.2.3).

    Returns:
        The number and where the bytes that it counts begin; None: more bytes are needed.
    """
    length = 0
    for position in range(1, _MAX_LENGTH_BYTES + 1):
        if position == len(buffer):
            return None
        byte = buffer[position]
        length |= (byte & 0x7F) << 7 * (position - 1)
        if byte < 0x80:
            if byte == 0 and position > 1:
                raise MalformedPacket("remaining length", "is written with a needless byte")
            return length, position + 1
    raise MalformedPacket("remaining length", f"takes more than {_MAX_LENGTH_BYTES} bytes")


def _read_packet(kind: _Type, flags: int, body: _Body, limits: CodecLimits) -> Packet:
    match kind:
        case _Type.CONNECT:
            return _read_connect(body)
        case _Type.PUBLISH:
            return _read_publish(flags, body)
        case _Type.PUBREL:
            return PubRel(body.packet_id())
        case _Type.SUBSCRIBE:
            return Subscribe(body.packet_id(), _read_filters(body, limits, with_quality=True))
        case _Type.UNSUBSCRIBE:
            return Unsubscribe(body.packet_id(), _read_filters(body, limits, with_quality=False))
        case _Type.PINGREQ:
            return PingReq()
        case _:
            assert kind is _Type.DISCONNECT
            return Disconnect()


def _read_connect(body: _Body) -> Connect:
    name = body.text("protocol name")
    if name not in (_PROTOCOL_NAME, _OLD_PROTOCOL_NAME):
        raise MalformedPacket("protocol name", f"is not {_PROTOCOL_NAME}")
    level = body.u8("protocol level")
    if (name, level) != (_PROTOCOL_NAME, _PROTOCOL_LEVEL):
        # Other versions go on differently, so that nothing behind this place can be read.
        raise UnacceptableProtocol(name, level)
    flags = body.u8("connect flags")
    has_will, will_quality, will_retain = bool(flags & 0x04), flags >> 3 & 3, bool(flags & 0x20)
    has_password, has_user_name = bool(flags & 0x40), bool(flags & 0x80)
    if flags & 0x01:
        raise MalformedPacket("connect flags", "the reserved bit is set")
    if will_quality == 3 or (not has_will and (will_quality or will_retain)):
        raise MalformedPacket("connect flags", "the will's flags contradict each other")
    if has_password and not has_user_name:
        raise MalformedPacket("connect flags", "there is a password, but no user name")
    keep_alive_seconds = body.u16("keep alive")
    client_id = body.text("client identifier")
    if has_will:
        _check_topic_name(body.text("will topic"), "will topic")
        body.data("will message")
    if has_user_name:
        body.text("user name")
    if has_password:
        body.data("password")
    return Connect(client_id, bool(flags & 0x02), keep_alive_seconds)


def _read_publish(flags: int, body: _Body) -> Publish:
    quality = flags >> 1 & 3
    if quality == 3:
        raise MalformedPacket("flags", "quality of service 3 does not exist")
    if quality == 0 and flags & 0b1000:
        raise MalformedPacket("flags", "a duplicate at quality of service 0")
    _check_topic_name(body.text("topic name"), "topic name")
    packet_id = body.packet_id() if quality else None
    body.take(body.remaining, "payload")
    return Publish(quality, packet_id)


def _check_topic_name(name: str, field: str) -> None:
    """At least one character, no wildcards (3.3.2.1, 4.7.3)."""
    if not name or "+" in name or "#" in name:
        raise MalformedPacket(field, "is empty or has a wildcard")


def _read_filters(body: _Body, limits: CodecLimits, *, with_quality: bool) -> tuple[str, ...]:
    filters: list[str] = []
    while body.remaining:
        if len(filters) == limits.max_filters:
            raise MalformedPacket("topic filters", f"more than {limits.max_filters} in one packet")
        text = body.text("topic filter", maximum=limits.max_filter_bytes)
        if not text:
            raise MalformedPacket("topic filter", "is empty")
        if with_quality and body.u8("requested QoS") > 2:
            raise MalformedPacket("requested QoS", "is above 2 or has reserved bits")
        filters.append(text)
    if not filters:
        raise MalformedPacket("topic filters", "there is none")
    return tuple(filters)


def connack_packet(code: ConnectReturnCode) -> bytes:
    """CONNACK (3.2); never a session present."""
    return _packet(_Type.CONNACK, bytes([0, code]))


def publish_packet(topic: str, payload: bytes) -> bytes:
    """PUBLISH (3.3) at quality of service 0, not retained.

    Args:
        topic: Without wildcards.
        payload: Any bytes; with the topic below 256 MiB.
    """
    name = topic.encode()
    return _packet(_Type.PUBLISH, len(name).to_bytes(2, "big"), name, payload)


def puback_packet(packet_id: int) -> bytes:
    """PUBACK (3.4): the answer to a publication at quality of service 1."""
    return _packet(_Type.PUBACK, packet_id.to_bytes(2, "big"))


def pubrec_packet(packet_id: int) -> bytes:
    """PUBREC (3.5): the first answer to a publication at quality of service 2."""
    return _packet(_Type.PUBREC, packet_id.to_bytes(2, "big"))


def pubcomp_packet(packet_id: int) -> bytes:
    """PUBCOMP (3.7): the second answer to a publication at quality of service 2."""
    return _packet(_Type.PUBCOMP, packet_id.to_bytes(2, "big"))


def suback_packet(packet_id: int, granted: tuple[bool, ...]) -> bytes:
    """SUBACK (3.9).

    Args:
        packet_id: That of the SUBSCRIBE.
        granted: For each of its filters whether it is granted, at quality of service 0.
    """
    codes = bytes(0x00 if each else 0x80 for each in granted)
    return _packet(_Type.SUBACK, packet_id.to_bytes(2, "big"), codes)


def unsuback_packet(packet_id: int) -> bytes:
    """UNSUBACK (3.11)."""
    return _packet(_Type.UNSUBACK, packet_id.to_bytes(2, "big"))


def pingresp_packet() -> bytes:
    """PINGRESP (3.13)."""
    return _packet(_Type.PINGRESP)


def _packet(kind: _Type, *parts: bytes) -> bytes:
    length = sum(map(len, parts))
    header = bytearray([kind << 4])
    while length >= 0x80:
        header.append(length & 0x7F | 0x80)
        length >>= 7
    header.append(length)
    return b"".join((header, *parts))
