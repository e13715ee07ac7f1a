"""The client's side of MQTT 3.1.1 for tests: packets of clients into bytes, packets of the broker out of bytes.

Written apart from the code under test, straight from the standard, so that the two cannot be wrong alike.
"""

from dataclasses import dataclass

__all__ = [
    "DISCONNECT",
    "PINGREQ",
    "PINGRESP",
    "Received",
    "client_publish",
    "connect",
    "connect_body",
    "packet",
    "pubrel",
    "split_packets",
    "subscribe",
    "text",
    "unsubscribe",
    "variable_length",
]

PINGREQ = bytes([0xC0, 0])
DISCONNECT = bytes([0xE0, 0])
PINGRESP = bytes([0xD0, 0])


def variable_length(number: int) -> bytes:
    """2.2.3, the algorithm of the standard."""
    encoded = bytearray()
    while True:
        number, byte = divmod(number, 128)
        encoded.append(byte | 128 if number else byte)
        if not number:
            return bytes(encoded)


def packet(first: int, body: bytes = b"") -> bytes:
    return bytes([first]) + variable_length(len(body)) + body


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2, "big") + data


def connect_body(
    client_id: str = "test", *, name: str = "MQTT", level: int = 4, flags: int = 2, keep_alive: int = 0
) -> bytes:
    return text(name) + bytes([level, flags]) + keep_alive.to_bytes(2, "big") + text(client_id)


def connect(client_id: str = "test", *, flags: int = 2, keep_alive: int = 0) -> bytes:
    return packet(0x10, connect_body(client_id, flags=flags, keep_alive=keep_alive))


def subscribe(*filters: str, packet_id: int = 1, quality: int = 1) -> bytes:
    body = packet_id.to_bytes(2, "big") + b"".join(text(each) + bytes([quality]) for each in filters)
    return packet(0x82, body)


def unsubscribe(*filters: str, packet_id: int = 1) -> bytes:
    return packet(0xA2, packet_id.to_bytes(2, "big") + b"".join(text(each) for each in filters))


def client_publish(topic: str, payload: bytes, *, quality: int = 0, packet_id: int = 1) -> bytes:
    number = packet_id.to_bytes(2, "big") if quality else b""
    return packet(0x30 | quality << 1, text(topic) + number + payload)


def pubrel(packet_id: int) -> bytes:
    return packet(0x62, packet_id.to_bytes(2, "big"))


@dataclass(frozen=True, slots=True)
class Received:
    """A packet of the broker: its first byte and what is behind the remaining length."""

    first: int
    body: bytes

    @property
    def is_publication(self) -> bool:
        return self.first == 0x30

    @property
    def topic(self) -> str:
        assert self.is_publication
        return self.body[2 : 2 + int.from_bytes(self.body[:2], "big")].decode()

    @property
    def payload(self) -> bytes:
        assert self.is_publication
        return self.body[2 + int.from_bytes(self.body[:2], "big") :]


def split_packets(data: bytes) -> tuple[list[Received], bytes]:
    """The complete packets and the rest."""
    received: list[Received] = []
    while True:
        length = factor = 0
        at = 1
        while at < len(data):
            length |= (data[at] & 0x7F) << factor
            factor += 7
            at += 1
            if data[at - 1] < 0x80:
                break
        else:
            return received, data
        if len(data) < at + length:
            return received, data
        received.append(Received(data[0], data[at : at + length]))
        data = data[at + length :]
