import contextlib
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.node import mqtt_wire as wire

from datasouk.node import mqtt_codec
from datasouk.node.mqtt_codec import PacketReader, publish_packet, suback_packet
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

relaxed = settings(deadline=None, max_examples=60)


def read_all(pieces: Iterable[bytes], limits: CodecLimits | None = None) -> list[Packet]:
    reader = PacketReader(limits or CodecLimits())
    packets = []
    for piece in pieces:
        reader.feed(piece)
        while (packet := reader.next_packet()) is not None:
            packets.append(packet)
    return packets


VALID = {
    "connect": (wire.connect("abc", keep_alive=60), Connect("abc", True, 60)),
    "connect that is to be kept": (wire.connect("abc", flags=0), Connect("abc", False, 0)),
    "connect without identifier": (wire.connect(""), Connect("", True, 0)),
    "connect with everything": (
        wire.packet(
            0x10,
            wire.connect_body("abc", flags=0b1110_1110)
            + wire.text("will/topic")
            + wire.text(b"\xff\x00")
            + wire.text("user")
            + wire.text(b"\xff"),
        ),
        Connect("abc", True, 0),
    ),
    "connect with a user name only": (
        wire.packet(0x10, wire.connect_body("abc", flags=0b1000_0010) + wire.text("user")),
        Connect("abc", True, 0),
    ),
    "publish": (wire.client_publish("a/b", b"x"), Publish(0, None)),
    "publish nothing": (wire.client_publish("a/b", b""), Publish(0, None)),
    "publish at 1, again": (wire.packet(0x3A, wire.text("a") + b"\0\7x"), Publish(1, 7)),
    "publish at 2, retained": (wire.packet(0x35, wire.text("a") + b"\0\7x"), Publish(2, 7)),
    "pubrel": (wire.pubrel(9), PubRel(9)),
    "subscribe": (wire.subscribe("a/+", "#", packet_id=513, quality=2), Subscribe(513, ("a/+", "#"))),
    "unsubscribe": (wire.unsubscribe("a", "b"), Unsubscribe(1, ("a", "b"))),
    "pingreq": (wire.PINGREQ, PingReq()),
    "disconnect": (wire.DISCONNECT, Disconnect()),
}

MALFORMED = {
    "type 0": wire.packet(0x00),
    "type 15": wire.packet(0xF0),
    "connack": wire.packet(0x20, b"\0\0"),
    "puback": wire.packet(0x40, b"\0\1"),
    "pubrec": wire.packet(0x50, b"\0\1"),
    "pubcomp": wire.packet(0x70, b"\0\1"),
    "suback": wire.packet(0x90, b"\0\1\0"),
    "unsuback": wire.packet(0xB0, b"\0\1"),
    "pingresp": wire.PINGRESP,
    "connect with flags": wire.packet(0x11, wire.connect_body()),
    "subscribe without flags": wire.packet(0x80, b"\0\1" + wire.text("a") + b"\0"),
    "subscribe with more flags": wire.packet(0x83, b"\0\1" + wire.text("a") + b"\0"),
    "unsubscribe without flags": wire.packet(0xA0, b"\0\1" + wire.text("a")),
    "pubrel without flags": wire.packet(0x60, b"\0\1"),
    "pingreq with flags": wire.packet(0xC1),
    "disconnect with flags": wire.packet(0xE2),
    "length of five bytes": b"\xc0\x80\x80\x80\x80\x01",
    "length with a needless byte": b"\xc0\x80\x00",
    "protocol name of another protocol": wire.packet(0x10, wire.connect_body(name="HTTP")),
    "protocol name in lower case": wire.packet(0x10, wire.connect_body(name="mqtt")),
    "connect without anything": wire.packet(0x10),
    "connect with the reserved bit": wire.packet(0x10, wire.connect_body(flags=3)),
    "connect with a will's quality and no will": wire.packet(0x10, wire.connect_body(flags=0b0000_1010)),
    "connect with a will's retain and no will": wire.packet(0x10, wire.connect_body(flags=0b0010_0010)),
    "connect with a will of quality 3": wire.packet(
        0x10, wire.connect_body(flags=0b0001_1110) + wire.text("a") + wire.text("")
    ),
    "connect with a password and no user": wire.packet(0x10, wire.connect_body(flags=0b0100_0010) + wire.text("p")),
    "connect with a user that is missing": wire.packet(0x10, wire.connect_body(flags=0b1000_0010)),
    "connect with a will to a wildcard": wire.packet(
        0x10, wire.connect_body(flags=0b0000_0110) + wire.text("a/#") + wire.text("")
    ),
    "connect with something behind": wire.packet(0x10, wire.connect_body() + b"x"),
    "connect with an identifier that is not UTF-8": wire.packet(
        0x10, wire.connect_body()[:-6] + wire.text(b"\xc3\x28")
    ),
    "connect with a zero character": wire.packet(0x10, wire.connect_body("a\0b")),
    "connect with a surrogate": wire.packet(0x10, wire.connect_body()[:-6] + wire.text(b"\xed\xa0\x80")),
    "publish at 3": wire.packet(0x36, wire.text("a") + b"\0\1"),
    "publish at 0, again": wire.packet(0x38, wire.text("a")),
    "publish with number 0": wire.packet(0x32, wire.text("a") + b"\0\0"),
    "publish without a number": wire.packet(0x32, wire.text("a")),
    "publish to no topic": wire.client_publish("", b"x"),
    "publish to +": wire.client_publish("a/+", b"x"),
    "publish to #": wire.client_publish("#", b"x"),
    "publish with a topic that is cut": wire.packet(0x30, b"\0\5abc"),
    "subscribe with number 0": wire.subscribe("a", packet_id=0),
    "subscribe to nothing": wire.subscribe(),
    "subscribe to an empty filter": wire.subscribe(""),
    "subscribe at 3": wire.subscribe("a", quality=3),
    "subscribe with a reserved bit": wire.subscribe("a", quality=4),
    "subscribe without quality": wire.packet(0x82, b"\0\1" + wire.text("a")),
    "subscribe with a filter that is not UTF-8": wire.packet(0x82, b"\0\1" + wire.text(b"\xff") + b"\0"),
    "unsubscribe with number 0": wire.unsubscribe("a", packet_id=0),
    "unsubscribe from nothing": wire.unsubscribe(),
    "unsubscribe from an empty filter": wire.unsubscribe(""),
    "pubrel with number 0": wire.pubrel(0),
    "pubrel with something behind": wire.packet(0x62, b"\0\1\0"),
    "pubrel that is cut": wire.packet(0x62, b"\1"),
    "pingreq with something behind": wire.packet(0xC0, b"x"),
    "disconnect with something behind": wire.packet(0xE0, b"x"),
}


class TestReader:
    @pytest.mark.parametrize("name", VALID)
    def test_valid_packet(self, name: str) -> None:
        data, expected = VALID[name]
        assert read_all([data]) == [expected]

    @pytest.mark.parametrize("name", MALFORMED)
    def test_malformed_packet_is_refused(self, name: str) -> None:
        with pytest.raises(MalformedPacket):
            read_all([MALFORMED[name]])

    @pytest.mark.parametrize("name", MALFORMED)
    def test_malformed_packet_is_refused_byte_by_byte(self, name: str) -> None:
        with pytest.raises(MalformedPacket):
            read_all(bytes([each]) for each in MALFORMED[name])

    @pytest.mark.parametrize(("name", "level"), [("MQIsdp", 3), ("MQTT", 5), ("MQTT", 3), ("MQTT", 0x84)])
    def test_other_version_is_told_apart_whatever_follows(self, name: str, level: int) -> None:
        with pytest.raises(UnacceptableProtocol) as caught:
            read_all([wire.packet(0x10, wire.text(name) + bytes([level]) + b"\xff" * 9)])
        assert (caught.value.name, caught.value.level) == (name, level)

    def test_packets_before_a_malformed_one_are_read(self) -> None:
        reader = PacketReader(CodecLimits())
        reader.feed(wire.PINGREQ + wire.packet(0))
        assert reader.next_packet() == PingReq()
        with pytest.raises(MalformedPacket):
            reader.next_packet()

    @relaxed
    @given(st.lists(st.sampled_from(sorted(VALID)), max_size=6), st.data())
    def test_pieces_do_not_matter(self, names: list[str], data: st.DataObject) -> None:
        stream = b"".join(VALID[name][0] for name in names)
        cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
        pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        expected = [VALID[name][1] for name in names]
        assert read_all(pieces) == read_all([stream]) == read_all(bytes([each]) for each in stream) == expected


_filters = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40).filter(
    lambda text: len(text.encode()) <= 256
)


class TestRoundTrip:
    @relaxed
    @given(_filters | st.just(""), st.booleans(), st.integers(0, 0xFFFF))
    def test_connect(self, client_id: str, clean: bool, keep_alive: int) -> None:
        data = wire.connect(client_id, flags=2 if clean else 0, keep_alive=keep_alive)
        assert read_all([data]) == [Connect(client_id, clean, keep_alive)]

    @relaxed
    @given(st.lists(_filters, min_size=1, max_size=9), st.integers(1, 0xFFFF), st.integers(0, 2))
    def test_subscribe_and_unsubscribe(self, filters: list[str], packet_id: int, quality: int) -> None:
        stream = wire.subscribe(*filters, packet_id=packet_id, quality=quality)
        stream += wire.unsubscribe(*filters, packet_id=packet_id)
        assert read_all([stream]) == [Subscribe(packet_id, tuple(filters)), Unsubscribe(packet_id, tuple(filters))]


class TestLimits:
    limits = CodecLimits(max_packet_bytes=200, max_filter_bytes=10, max_filters=3)

    def test_too_long_packet_is_refused_before_it_has_arrived(self) -> None:
        reader = PacketReader(self.limits)
        reader.feed(b"\x30" + wire.variable_length(201))
        with pytest.raises(MalformedPacket, match="201 is above 200"):
            reader.next_packet()

    def test_longest_packet_is_taken(self) -> None:
        assert read_all([wire.client_publish("a", bytes(197))], self.limits) == [Publish(0, None)]

    def test_filter_length_counts_bytes(self) -> None:
        assert read_all([wire.subscribe("ä" * 5)], self.limits) == [Subscribe(1, ("ä" * 5,))]
        with pytest.raises(MalformedPacket):
            read_all([wire.subscribe("ä" * 5 + "a")], self.limits)

    @pytest.mark.parametrize("encode", [wire.subscribe, wire.unsubscribe])
    def test_number_of_filters(self, encode: object) -> None:
        assert callable(encode)
        read_all([encode("a", "b", "c")], self.limits)
        with pytest.raises(MalformedPacket, match="more than 3"):
            read_all([encode("a", "b", "c", "d")], self.limits)


class TestWriter:
    def test_answers(self) -> None:
        assert mqtt_codec.connack_packet(ConnectReturnCode.ACCEPTED) == bytes([0x20, 2, 0, 0])
        assert mqtt_codec.connack_packet(ConnectReturnCode.UNACCEPTABLE_PROTOCOL) == bytes([0x20, 2, 0, 1])
        assert suback_packet(258, (True, False)) == bytes([0x90, 4, 1, 2, 0, 0x80])
        assert mqtt_codec.unsuback_packet(258) == bytes([0xB0, 2, 1, 2])
        assert mqtt_codec.pingresp_packet() == wire.PINGRESP
        assert mqtt_codec.puback_packet(3) == bytes([0x40, 2, 0, 3])
        assert mqtt_codec.pubrec_packet(3) == bytes([0x50, 2, 0, 3])
        assert mqtt_codec.pubcomp_packet(3) == bytes([0x70, 2, 0, 3])

    def test_long_suback(self) -> None:
        ((received,), rest) = wire.split_packets(suback_packet(1, (True,) * 300))
        assert (received.first, received.body, rest) == (0x90, b"\0\1" + bytes(300), b"")

    @pytest.mark.parametrize("length", [0, 123, 124, 125, 16_379, 16_380, 16_381, 32_768, 2_097_147, 2_097_149])
    def test_publish_around_every_width_of_the_length(self, length: int) -> None:
        payload = bytes(length)
        (received,), rest = wire.split_packets(publish_packet("a", payload))
        assert (received.topic, received.payload, rest) == ("a", payload, b"")


@relaxed
@given(st.binary(max_size=80) | st.sampled_from(sorted(VALID)).map(lambda name: VALID[name][0] + b"\x10\xff"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(MqttError):
        read_all([data])
