"""What a fuzzer feeds with bytes: the reader of MQTT packets, and the filters that it finds.

A target returns for input that is refused with an MqttError as for input that is valid; anything else is a finding.
"""

from datasouk.node.mqtt_codec import PacketReader
from datasouk.node.mqtt_packets import CodecLimits, MqttError, Packet, Subscribe, Unsubscribe
from datasouk.node.mqtt_topics import SubscriptionIndex, check_filter, state_query

__all__ = ["TARGETS", "fuzz_mqtt_packets"]


def fuzz_mqtt_packets(data: bytes) -> None:
    """Bytes make the same packets and the same error in one piece and byte by byte; filters can be listed and found."""
    whole = _read([data])
    assert whole == _read([bytes([byte]) for byte in data])
    index: SubscriptionIndex[int] = SubscriptionIndex()
    for packet in whole[0]:
        if isinstance(packet, Subscribe | Unsubscribe):
            for topic_filter in packet.filters:
                _list_and_find(index, topic_filter)
    assert not index


TARGETS = {"mqtt_packets": fuzz_mqtt_packets}


def _read(pieces: list[bytes]) -> tuple[list[Packet], str | None]:
    reader = PacketReader(CodecLimits())
    packets: list[Packet] = []
    try:
        for piece in pieces:
            reader.feed(piece)
            while (packet := reader.next_packet()) is not None:
                packets.append(packet)
    except MqttError as error:
        return packets, str(error)
    return packets, None


def _list_and_find(index: SubscriptionIndex[int], topic_filter: str) -> None:
    state_query(topic_filter)
    try:
        check_filter(topic_filter)
    except MqttError:
        return
    topic = topic_filter.replace("+", "x").replace("#", "x/y")
    index.add(topic_filter, 1)
    assert topic.startswith("$") or index.subscribers(topic) == {1}
    assert index.listens_to(topic_filter.split("/", maxsplit=1)[0])
    index.remove(topic_filter, 1)
