import inspect

import pytest
from tests.node import mqtt_wire as wire

from datasouk.errors import DatasoukError
from datasouk.node import mqtt_packets
from datasouk.node.mqtt_codec import PacketReader
from datasouk.node.mqtt_packets import CodecLimits, MalformedPacket, MqttError, UnacceptableProtocol


def test_every_error_is_public_and_drawn_below_its_base() -> None:
    tree = (mqtt_packets.__doc__ or "").splitlines()
    drawn = {line.split("── ")[1].split()[0] for line in tree if "── " in line}
    classes = [each for _, each in inspect.getmembers(mqtt_packets, inspect.isclass) if issubclass(each, MqttError)]
    assert {each.__name__ for each in classes} == {"MqttError", *drawn}
    assert issubclass(MqttError, DatasoukError)
    for each in classes:
        assert each is MqttError or each.__bases__ == (MqttError,)
        assert each.__name__ in mqtt_packets.__all__


def test_errors_name_the_field_the_value_and_the_limit() -> None:
    reader = PacketReader(CodecLimits(max_packet_bytes=10))
    reader.feed(b"\x30\x0b")
    with pytest.raises(MalformedPacket) as caught:
        reader.next_packet()
    assert str(caught.value) == "remaining length: 11 is above 10"
    assert caught.value.field == "remaining length"
    assert str(UnacceptableProtocol("MQTT", 5)) == "protocol MQTT level 5 is not MQTT level 4"


def test_longest_topic_of_the_node_fits_the_limit_on_filters() -> None:
    longest = "messages/indexation/" + "ab" * 64
    assert len(longest) == 148 <= CodecLimits().max_filter_bytes
    assert len(wire.subscribe(longest)) < CodecLimits().max_packet_bytes
