"""MQTT 3.1.1 packets of clients as values, their limits, and what can be wrong with them.

Implements the contents of chapter 3 of the OASIS standard "MQTT Version 3.1.1" that a server needs which lets clients
read only; `datasouk.node.mqtt_codec` reads them out of bytes.  Section numbers are those of the standard.

    MqttError
    ├── MalformedPacket         a packet breaks a rule of the standard or a limit of ours
    ├── UnacceptableProtocol    a version of MQTT other than 3.1.1
    └── InvalidFilter           a topic filter breaks the rules for wildcards

All three end the connection (4.8); `UnacceptableProtocol` after CONNACK with return code 1 (3.1.2.2).
"""

from dataclasses import dataclass
from enum import IntEnum

from datasouk.errors import DatasoukError

__all__ = [
    "CodecLimits",
    "Connect",
    "ConnectReturnCode",
    "Disconnect",
    "InvalidFilter",
    "MalformedPacket",
    "MqttError",
    "Packet",
    "PingReq",
    "PubRel",
    "Publish",
    "Subscribe",
    "UnacceptableProtocol",
    "Unsubscribe",
]


class MqttError(DatasoukError):
    """A client of MQTT breaks the rules; its connection is closed."""


class MalformedPacket(MqttError):
    """A packet breaks a rule of the standard or a limit of ours.

    Attributes:
        field: Name of the field, as in the standard.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


class UnacceptableProtocol(MqttError):
    """The client speaks another version of MQTT."""

    def __init__(self, name: str, level: int) -> None:
        super().__init__(f"protocol {name} level {level} is not MQTT level 4")
        self.name = name
        self.level = level


class InvalidFilter(MqttError):
    """A topic filter breaks the rules for wildcards (4.7.1)."""


class ConnectReturnCode(IntEnum):
    """What CONNACK says (3.2.2.3)."""

    ACCEPTED = 0
    UNACCEPTABLE_PROTOCOL = 1
    IDENTIFIER_REJECTED = 2


@dataclass(frozen=True, slots=True)
class CodecLimits:
    """Limits on what clients send.

    Attributes:
        max_packet_bytes: On the remaining length, that is a packet without its first two to five bytes.
        max_filter_bytes: On one topic filter in UTF-8; the longest topic of the node has 148.
        max_filters: On the topic filters of one packet.
    """

    max_packet_bytes: int = 16_384
    max_filter_bytes: int = 256
    max_filters: int = 64


@dataclass(frozen=True, slots=True)
class Connect:
    """CONNECT (3.1); will, user name and password are checked for form and dropped.

    Attributes:
        client_id: May be empty.
        keep_alive_seconds: 0 for none.
    """

    client_id: str
    clean_session: bool
    keep_alive_seconds: int


@dataclass(frozen=True, slots=True)
class Publish:
    """PUBLISH (3.3); topic and payload are checked for form and dropped.

    Attributes:
        packet_id: None exactly at quality of service 0.
    """

    quality: int
    packet_id: int | None


@dataclass(frozen=True, slots=True)
class PubRel:
    """PUBREL (3.6): the client's second step at quality of service 2."""

    packet_id: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """SUBSCRIBE (3.8), without the qualities asked for: 0 is granted."""

    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """UNSUBSCRIBE (3.10)."""

    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PingReq:
    """PINGREQ (3.12)."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """DISCONNECT (3.14)."""


Packet = Connect | Publish | PubRel | Subscribe | Unsubscribe | PingReq | Disconnect
