import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.node import mqtt_wire as wire
from tests.node.loops import ManualClockLoop, on_manual_clock
from tests.node.test_mqtt_codec import MALFORMED, VALID, relaxed

from datasouk.node.mqtt_packets import CodecLimits
from datasouk.node.mqtt_session import EndReason, MqttLimits, Session
from datasouk.node.mqtt_topics import StateQuery

ACCEPTED = bytes([0x20, 2, 0, 0])


class Host:
    """A host that writes down what it is asked for, and allows everything unless it is full."""

    def __init__(self) -> None:
        self.is_full = False
        self.subscribed: set[str] = set()
        self.states: list[str] = []
        self.ends = 0
        self.queued_bytes = 0

    def ended(self, session: Session) -> None:
        self.ends += 1
        self.subscribed -= session.subscriptions

    def subscribe(self, session: Session, topic_filter: str) -> bool:
        if not self.is_full:
            assert topic_filter not in self.subscribed
            self.subscribed.add(topic_filter)
        return not self.is_full

    def unsubscribe(self, session: Session, topic_filter: str) -> None:
        self.subscribed.remove(topic_filter)

    def send_state(self, session: Session, topic: str, query: StateQuery) -> None:
        self.states.append(topic)

    def queue_changed(self, change_bytes: int) -> None:
        self.queued_bytes += change_bytes
        assert self.queued_bytes >= 0


class Client:
    """A session, its host, and what it answers."""

    def __init__(self, limits: MqttLimits | None = None) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ManualClockLoop)
        self.loop = loop
        self.host = Host()
        self.session = Session(self.host, limits=limits or MqttLimits(), loop=loop)

    def connected(self, keep_alive: int = 0) -> "Client":
        self.session.feed(wire.connect(keep_alive=keep_alive))
        return self

    async def take(self) -> bytes:
        """What is queued, without waiting for more."""
        return b"".join(await self.session.outgoing()) if self.session.queued_bytes else b""

    async def answer(self, data: bytes) -> bytes:
        self.session.feed(data)
        return await self.take()

    def end(self) -> EndReason | None:
        return self.session.end_reason

    @property
    def is_aborted(self) -> bool:
        return self.session.aborted.done()


class TestConnect:
    @on_manual_clock
    async def test_accepted(self) -> None:
        client = Client()
        assert await client.answer(wire.connect("me")) == ACCEPTED

    @on_manual_clock
    async def test_second_connect_ends_the_session(self) -> None:
        client = Client().connected()
        assert await client.answer(wire.connect()) == ACCEPTED
        assert client.end() is EndReason.PROTOCOL_ERROR

    @pytest.mark.parametrize(
        "data", [wire.PINGREQ, wire.subscribe("a"), wire.DISCONNECT, wire.client_publish("a", b"")]
    )
    @on_manual_clock
    async def test_anything_before_connect_ends_the_session(self, data: bytes) -> None:
        client = Client()
        assert await client.answer(data) == b""
        assert client.end() is EndReason.PROTOCOL_ERROR

    @pytest.mark.parametrize(("name", "level"), [("MQIsdp", 3), ("MQTT", 5)])
    @on_manual_clock
    async def test_other_versions_are_told_so(self, name: str, level: int) -> None:
        client = Client()
        data = wire.packet(0x10, wire.connect_body(name=name, level=level))
        assert await client.answer(data) == bytes([0x20, 2, 0, 1])
        assert client.end() is EndReason.PROTOCOL_ERROR
        assert await client.session.outgoing() == []

    @on_manual_clock
    async def test_nameless_client_cannot_have_its_session_kept(self) -> None:
        client = Client()
        assert await client.answer(wire.connect("", flags=0)) == bytes([0x20, 2, 0, 2])
        assert client.end() is EndReason.REFUSED

    @pytest.mark.parametrize(("client_id", "flags"), [("", 2), ("me", 0)])
    @on_manual_clock
    async def test_nameless_or_kept_sessions_are_clean_ones(self, client_id: str, flags: int) -> None:
        assert await Client().answer(wire.connect(client_id, flags=flags)) == ACCEPTED


class TestAnswers:
    @on_manual_clock
    async def test_ping(self) -> None:
        assert await Client().connected().answer(wire.PINGREQ) == ACCEPTED + wire.PINGRESP

    @on_manual_clock
    async def test_publications_of_clients_are_acknowledged_and_dropped(self) -> None:
        client = Client().connected()
        await client.take()
        assert await client.answer(wire.client_publish("messages", b"forged")) == b""
        assert await client.answer(wire.client_publish("messages", b"forged", quality=1)) == bytes([0x40, 2, 0, 1])
        assert await client.answer(wire.client_publish("messages", b"forged", quality=2)) == bytes([0x50, 2, 0, 1])
        assert await client.answer(wire.pubrel(1)) == bytes([0x70, 2, 0, 1])
        assert client.end() is None

    @on_manual_clock
    async def test_disconnect_sends_what_is_queued_and_ends(self) -> None:
        client = Client().connected()
        client.session.feed(wire.PINGREQ + wire.DISCONNECT + wire.PINGREQ)
        assert await client.take() == ACCEPTED + wire.PINGRESP
        assert await client.session.outgoing() == []
        assert (client.end(), client.is_aborted) == (EndReason.CLIENT_LEFT, False)

    @pytest.mark.parametrize("name", MALFORMED)
    @on_manual_clock
    async def test_malformed_packet_ends_the_session(self, name: str) -> None:
        client = Client().connected()
        client.session.feed(MALFORMED[name] + wire.PINGREQ)
        assert client.end() is EndReason.PROTOCOL_ERROR
        assert await client.take() == ACCEPTED
        assert await client.session.outgoing() == []


class TestSubscribe:
    @on_manual_clock
    async def test_granted_at_quality_0(self) -> None:
        client = Client().connected()
        await client.take()
        assert await client.answer(wire.subscribe("messages", "a/#", packet_id=5, quality=2)) == b"\x90\x04\0\5\0\0"
        assert client.host.subscribed == {"messages", "a/#"}

    @on_manual_clock
    async def test_again_is_granted_again_and_sends_the_state_again(self) -> None:
        client = Client().connected()
        for _ in range(2):
            client.session.feed(wire.subscribe("milestones/latest", "milestones/latest"))
        assert client.host.subscribed == {"milestones/latest"}
        assert client.host.states == ["milestones/latest"] * 2

    @pytest.mark.parametrize("data", [wire.subscribe("a", "b#"), wire.unsubscribe("a", "#/b")])
    @on_manual_clock
    async def test_bad_wildcard_ends_the_session(self, data: bytes) -> None:
        client = Client().connected()
        client.session.feed(data)
        assert client.end() is EndReason.PROTOCOL_ERROR
        assert not client.host.subscribed

    @on_manual_clock
    async def test_filters_deeper_than_any_topic_fail(self) -> None:
        client = Client().connected()
        await client.take()
        assert await client.answer(wire.subscribe("a/b/c/d/e/f", "a/b/c/d/#")) == b"\x90\x04\0\1\x80\0"

    @on_manual_clock
    async def test_one_client_gets_so_many(self) -> None:
        client = Client(MqttLimits(max_subscriptions=2)).connected()
        await client.take()
        assert await client.answer(wire.subscribe("a", "b", "milestones/latest", "a")) == b"\x90\x06\0\1\0\0\x80\0"
        assert client.host.states == []
        client.session.feed(wire.unsubscribe("a"))
        client.session.feed(wire.subscribe("milestones/latest"))
        assert client.host.states == ["milestones/latest"]

    @on_manual_clock
    async def test_host_that_is_full(self) -> None:
        client = Client().connected()
        client.host.is_full = True
        await client.take()
        assert await client.answer(wire.subscribe("milestones/latest")) == b"\x90\x03\0\1\x80"
        assert client.host.states == []

    @on_manual_clock
    async def test_unsubscribe_known_and_unknown(self) -> None:
        client = Client().connected()
        client.session.feed(wire.subscribe("a", "b"))
        await client.take()
        assert await client.answer(wire.unsubscribe("a", "c", packet_id=9)) == b"\xb0\x02\0\x09"
        assert client.host.subscribed == {"b"}

    @on_manual_clock
    async def test_end_takes_the_subscriptions_along(self) -> None:
        client = Client().connected()
        client.session.feed(wire.subscribe("a", "b"))
        client.session.abort(EndReason.SHUTDOWN)
        client.session.abort(EndReason.SLOW)
        assert (client.host.subscribed, client.host.ends, client.end()) == (set(), 1, EndReason.SHUTDOWN)


class TestQueue:
    @on_manual_clock
    async def test_waits_for_something_to_send(self) -> None:
        client = Client().connected()
        await client.take()
        waiting = asyncio.ensure_future(client.session.outgoing())
        await client.loop.advance(0)
        assert not waiting.done()
        client.session.deliver("a", b"packet")
        assert await waiting == [b"packet"]

    @on_manual_clock
    async def test_batches_are_bounded(self) -> None:
        client = Client().connected()
        await client.take()
        packets = [bytes([each]) * 30_000 for each in range(3)] + [bytes(100_000)]
        for packet in packets:
            client.session.deliver("a", packet)
        batches = [await client.session.outgoing() for _ in range(3)]
        assert batches == [packets[:2], packets[2:3], packets[3:]]
        assert client.session.queued_bytes == client.host.queued_bytes == 0

    @pytest.mark.parametrize(
        "limits", [MqttLimits(max_queued_packets=5), MqttLimits(max_queued_bytes=5 * 1_000)], ids=["packets", "bytes"]
    )
    @on_manual_clock
    async def test_who_does_not_read_is_cut(self, limits: MqttLimits) -> None:
        client = Client(limits).connected()
        await client.take()
        for _ in range(5):
            client.session.deliver("a", bytes(1_000))
        assert client.end() is None
        client.session.deliver("a", bytes(1_000))
        assert (client.end(), client.is_aborted) == (EndReason.SLOW, True)
        assert client.session.queued_bytes == client.host.queued_bytes == 0
        client.session.deliver("a", bytes(1_000))
        assert client.session.queued_bytes == 0

    @on_manual_clock
    async def test_answers_that_are_not_read_count_too(self) -> None:
        client = Client(MqttLimits(max_queued_packets=20)).connected()
        client.session.feed(wire.PINGREQ * 100)
        assert client.end() is EndReason.SLOW

    @on_manual_clock
    async def test_goodbye_has_a_deadline(self) -> None:
        client = Client(MqttLimits(write_deadline_seconds=10)).connected()
        client.session.feed(wire.DISCONNECT)
        await client.loop.advance(9.9)
        assert not client.is_aborted
        await client.loop.advance(0.2)
        assert client.is_aborted
        assert client.host.queued_bytes == 0


class TestFlood:
    @on_manual_clock
    async def test_burst_is_cut(self) -> None:
        client = Client(MqttLimits(packet_burst=10, packets_per_second=2)).connected()
        client.session.feed(wire.client_publish("a", b"") * 9)
        assert client.end() is None
        client.session.feed(wire.client_publish("a", b"") * 9)
        assert (client.end(), client.is_aborted) == (EndReason.FLOOD, True)

    @on_manual_clock
    async def test_steady_client_is_not(self) -> None:
        client = Client(MqttLimits(packet_burst=10, packets_per_second=2)).connected()
        for _ in range(100):
            await client.loop.advance(0.5)
            client.session.feed(wire.client_publish("a", b""))
        assert client.end() is None


class TestTime:
    @on_manual_clock
    async def test_connect_has_a_deadline(self) -> None:
        client = Client(MqttLimits(connect_deadline_seconds=5))
        client.session.feed(wire.connect()[:-1])
        await client.loop.advance(4.9)
        assert client.end() is None
        await client.loop.advance(0.2)
        assert client.end() is EndReason.NO_CONNECT

    @on_manual_clock
    async def test_keep_alive_gets_half_as_much_again(self) -> None:
        client = Client().connected(keep_alive=60)
        await client.loop.advance(80)
        client.session.feed(wire.PINGREQ)
        await client.loop.advance(89.9)
        assert client.end() is None
        await client.loop.advance(0.2)
        assert client.end() is EndReason.KEEP_ALIVE

    @on_manual_clock
    async def test_half_a_packet_is_no_sign_of_life(self) -> None:
        client = Client().connected(keep_alive=2)
        for byte in wire.subscribe("a" * 100):
            await client.loop.advance(0.1)
            client.session.feed(bytes([byte]))
        assert client.end() is EndReason.KEEP_ALIVE

    @on_manual_clock
    async def test_being_sent_to_is_no_sign_of_life_for_who_promised_one(self) -> None:
        client = Client().connected(keep_alive=2)
        for _ in range(31):
            await client.loop.advance(0.1)
            client.session.deliver("a", b"packet")
            await client.take()
        assert client.end() is EndReason.KEEP_ALIVE

    @on_manual_clock
    async def test_without_keep_alive_traffic_either_way_counts(self) -> None:
        client = Client(MqttLimits(idle_seconds=100)).connected()
        await client.loop.advance(90)
        client.session.deliver("a", b"packet")
        await client.take()
        await client.loop.advance(90)
        client.session.feed(wire.PINGREQ)
        await client.loop.advance(90)
        assert client.end() is None
        await client.loop.advance(11)
        assert client.end() is EndReason.IDLE

    @on_manual_clock
    async def test_what_is_queued_but_never_taken_is_no_traffic(self) -> None:
        client = Client(MqttLimits(idle_seconds=100)).connected()
        for _ in range(11):
            await client.loop.advance(10)
            client.session.deliver("a", b"packet")
        assert client.end() is EndReason.IDLE


@relaxed
@given(st.lists(st.sampled_from(sorted(VALID)).map(lambda name: VALID[name][0]) | st.binary(max_size=20), max_size=12))
def test_any_conversation_leaves_the_books_in_order(pieces: list[bytes]) -> None:
    @on_manual_clock
    async def converse() -> None:
        client = Client(replace(MqttLimits(packet_burst=8), codec=CodecLimits(max_packet_bytes=100)))
        for piece in pieces:
            client.session.feed(piece)
            assert client.host.queued_bytes == client.session.queued_bytes
            assert client.host.subscribed == client.session.subscriptions
            wire.split_packets(await client.take())
        client.session.abort(EndReason.SHUTDOWN)
        assert (client.host.ends, client.host.subscribed, client.host.queued_bytes) == (1, set(), 0)

    converse()
