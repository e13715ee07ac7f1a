import asyncio
import json

import pytest
from tests.node import mqtt_wire as wire
from tests.node import sample_events as events
from tests.node.loops import asynchronous
from tests.node.mqtt_client import TcpClient
from tests.node.served_broker import serve, subscribed

from datasouk.ledger.json import Json
from datasouk.node import mqtt_topics
from datasouk.node.events import TransactionIncluded
from datasouk.node.mqtt import MqttLimits, client_address

MESSAGE_ID = events.data_message().message_id().hex()
METADATA_TOPIC = f"messages/{MESSAGE_ID}/metadata"
OUTPUT_TOPIC = f"outputs/{'22' * 32}0100"
INCLUDED_TOPIC = f"transactions/{'22' * 32}/included-message"


class TestPublishing:
    @asynchronous
    async def test_event_reaches_the_topics_that_are_subscribed(self) -> None:
        async with serve() as served, subscribed(served, "messages", "messages/referenced") as client:
            served.node.happen(events.attached())
            served.node.happen(events.referenced())
            served.node.happen(events.milestone())
            first, second = await client.receive(), await client.receive()
            assert (first.topic, first.payload) == ("messages", events.data_message().to_bytes())
            assert second.topic == "messages/referenced"
            await client.ping()

    @asynchronous
    async def test_wildcards(self) -> None:
        async with serve() as served, subscribed(served, "messages/+/metadata", "addresses/#") as client:
            for event in (events.attached(), events.created(), events.milestone()):
                served.node.happen(event)
            topics = [(await client.receive()).topic for _ in range(3)]
            assert topics[0] == METADATA_TOPIC
            assert [each.split("/")[0] for each in topics[1:]] == ["addresses"] * 2
            await client.ping()

    @asynchronous
    async def test_overlapping_filters_deliver_once(self) -> None:
        async with serve() as served, subscribed(served, "#", "messages", "+") as client:
            served.node.happen(events.attached(events.data_message()))
            assert len({(await client.receive()).topic for _ in range(3)}) == 3
            await client.ping()

    @asynchronous
    async def test_payload_is_encoded_once_for_all_and_never_for_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[object] = []
        encode = mqtt_topics._encode

        def count_and_encode(value: Json) -> bytes:
            made.append(value)
            return encode(value)

        monkeypatch.setattr(mqtt_topics, "_encode", count_and_encode)
        async with serve() as served:
            served.node.happen(events.referenced())
            async with (
                subscribed(served, "messages/referenced", client_id="a") as one,
                subscribed(served, "messages/referenced", METADATA_TOPIC, client_id="b") as two,
            ):
                await two.receive()  # The state, which is not an event.
                made.clear()
                served.node.happen(events.milestone())
                served.node.happen(events.created())
                assert made == []
                served.node.happen(events.referenced())
                received = [await one.receive(), await two.receive(), await two.receive()]
                assert len({each.payload for each in received}) == 1
                assert len(made) == 1

    @asynchronous
    async def test_unsubscribed_topics_fall_silent(self) -> None:
        async with serve() as served, subscribed(served, "messages", "messages/+/metadata") as client:
            client.send(wire.unsubscribe("messages"))
            assert (await client.receive()).first == 0xB0
            served.node.happen(events.attached())
            assert (await client.receive()).topic == METADATA_TOPIC
            await client.ping()

    @asynchronous
    async def test_client_cannot_publish_to_others(self) -> None:
        async with (
            serve() as served,
            subscribed(served, "#", client_id="a") as victim,
            TcpClient(served.port) as forger,
        ):
            await forger.connect("b")
            forger.send(wire.client_publish("messages", b"forged", quality=1))
            assert (await forger.receive()).first == 0x40
            await victim.ping()


class TestState:
    @asynchronous
    async def test_everything_with_a_state_is_sent_at_once_after_suback(self) -> None:
        async with serve() as served:
            for event in (
                events.attached(),
                events.referenced(),
                events.milestone(),
                events.spent(),
                TransactionIncluded(events.TRANSACTION_ID, events.data_message().to_bytes()),
            ):
                served.node.happen(event)
            topics = ["milestones/latest", "milestones/confirmed", METADATA_TOPIC, OUTPUT_TOPIC, INCLUDED_TOPIC]
            async with subscribed(served, *topics) as client:
                received = [await client.receive() for _ in topics]
                assert [each.topic for each in received] == topics
                assert json.loads(received[0].payload) == {"index": 7, "timestamp": 1_700_000_000}
                assert json.loads(received[2].payload)["referencedByMilestoneIndex"] == 7
                assert json.loads(received[3].payload)["isSpent"] is True
                assert received[4].payload == events.data_message().to_bytes()
                await client.ping()

    @asynchronous
    async def test_only_who_subscribes_gets_it(self) -> None:
        async with serve() as served, subscribed(served, "milestones/latest", client_id="a") as first:
            await first.receive()
            async with subscribed(served, "milestones/latest", client_id="b") as second:
                assert (await second.receive()).topic == "milestones/latest"
                await first.ping()

    @asynchronous
    async def test_unknown_ids_have_none(self) -> None:
        async with serve() as served, subscribed(served, METADATA_TOPIC, OUTPUT_TOPIC, INCLUDED_TOPIC) as client:
            while served.node.lookups < 3:
                await asyncio.sleep(0)
            await client.ping()
            served.node.happen(events.attached())
            assert (await client.receive()).topic == METADATA_TOPIC

    @asynchronous
    async def test_event_overtakes_a_state_that_is_still_being_read(self) -> None:
        """What was read before the event would arrive after it, and be taken for the newer one."""
        async with serve() as served:
            served.node.happen(events.attached())
            served.node.gate.clear()
            async with subscribed(served, METADATA_TOPIC) as client:
                while not served.node.lookups:
                    await asyncio.sleep(0)
                served.node.happen(events.referenced())
                served.node.gate.set()
                assert json.loads((await client.receive()).payload)["referencedByMilestoneIndex"] == 7
                await client.ping()

    @asynchronous
    async def test_subscribing_again_while_it_is_read_sends_it_once_more_at_most(self) -> None:
        async with serve() as served:
            served.node.happen(events.attached())
            served.node.gate.clear()
            async with subscribed(served, METADATA_TOPIC) as client:
                for _ in range(20):
                    await client.subscribe(METADATA_TOPIC)
                served.node.gate.set()
                await client.receive()
                await client.ping()
                assert served.node.lookups == 2

    @asynchronous
    async def test_state_read_for_who_has_left_is_dropped(self) -> None:
        async with serve() as served:
            served.node.happen(events.attached())
            served.node.gate.clear()
            async with subscribed(served, METADATA_TOPIC):
                pass
            await served.until(connections=0)
            served.node.gate.set()

    @asynchronous
    async def test_closing_does_not_wait_for_the_node(self) -> None:
        async with serve() as served, subscribed(served, METADATA_TOPIC):
            served.node.gate.clear()
            await served.broker.close()


class TestLimits:
    @asynchronous
    async def test_slow_client_is_cut_and_the_others_get_everything(self) -> None:
        limits = MqttLimits(max_queued_bytes=200_000)
        async with (
            serve(limits) as served,
            subscribed(served, "messages", client_id="slow") as slow,
            subscribed(served, "messages", client_id="fast") as fast,
        ):
            slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
            big = events.attached(events.data_message(data=bytes(30_000)))
            count = 0
            while served.broker.connection_count == 2:
                served.node.happen(big)
                count += 1
                assert (await fast.receive()).payload == big.raw
                assert count < 2_000, "the slow client is never cut"
            served.node.happen(events.attached())
            assert (await fast.receive()).payload == events.data_message().to_bytes()

    @asynchronous
    async def test_slow_client_with_little_to_read_is_cut_by_the_clock(self) -> None:
        limits = MqttLimits(max_queued_bytes=2**26, write_deadline_seconds=0.05)
        async with serve(limits) as served, subscribed(served, "messages") as slow:
            slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
            for _ in range(500):
                served.node.happen(events.attached(events.data_message(data=bytes(30_000))))
            await served.until(connections=0)

    @asynchronous
    async def test_all_queues_together_have_a_limit_and_the_longest_pays(self) -> None:
        limits = MqttLimits(max_total_queued_bytes=100_000)
        big = events.attached(events.data_message(data=bytes(30_000)))
        async with (
            serve(limits) as served,
            subscribed(served, "messages", client_id="one"),
            subscribed(served, "messages/referenced", client_id="two") as other,
        ):
            for _ in range(4):  # In one go, so that nothing can be written in between.
                served.node.happen(big)
            await served.until(connections=1)
            served.node.happen(events.referenced())
            assert (await other.receive()).topic == "messages/referenced"

    @asynchronous
    async def test_flood_of_packets_is_cut(self) -> None:
        async with serve(MqttLimits(packet_burst=100)) as served, TcpClient(served.port) as client:
            await client.connect()
            client.send(wire.PINGREQ * 1_000)
            assert await client.is_cut()

    @pytest.mark.slow
    @asynchronous
    async def test_silence_after_keep_alive_is_cut(self) -> None:
        async with serve() as served, TcpClient(served.port) as client:
            started = asyncio.get_running_loop().time()
            await client.connect(keep_alive=1)
            assert await client.is_cut()
            assert 1.4 < asyncio.get_running_loop().time() - started < 5

    @asynchronous
    async def test_connection_without_connect_is_cut(self) -> None:
        async with serve(MqttLimits(connect_deadline_seconds=0.05)) as served, TcpClient(served.port) as client:
            client.send(b"\x10")
            assert await client.is_cut()

    @pytest.mark.parametrize(
        "limits", [MqttLimits(max_connections=2), MqttLimits(max_connections_per_address=2)], ids=["total", "address"]
    )
    @asynchronous
    async def test_connections_above_the_cap_are_refused_until_one_leaves(self, limits: MqttLimits) -> None:
        async with serve(limits) as served, TcpClient(served.port) as one, TcpClient(served.port) as two:
            await one.connect("one")
            await two.connect("two")
            async with TcpClient(served.port) as three:
                assert await three.is_cut()
            one.writer.close()
            await served.until(connections=1)
            async with TcpClient(served.port) as four:
                await four.connect("four")

    @asynchronous
    async def test_subscriptions_of_all_clients_have_a_limit(self) -> None:
        limits = MqttLimits(max_total_subscriptions=2)
        async with serve(limits) as served, subscribed(served, "a", "b", client_id="a"), TcpClient(served.port) as late:
            await late.connect("late")
            late.send(wire.subscribe("c"))
            assert (await late.receive()).body == b"\0\1\x80"

    @asynchronous
    async def test_malformed_packet_closes_the_connection(self) -> None:
        async with serve() as served, TcpClient(served.port) as client:
            await client.connect()
            client.send(b"\xff\xff\xff")
            with pytest.raises(ConnectionError):
                await client.receive()

    @asynchronous
    async def test_packet_in_drips_is_understood(self) -> None:
        async with serve() as served, TcpClient(served.port) as client:
            for byte in wire.connect() + wire.subscribe("milestones/latest"):
                client.send(bytes([byte]))
                await asyncio.sleep(0)
            assert [(await client.receive()).first for _ in range(3)] == [0x20, 0x90, 0x30]


class TestConnections:
    @pytest.mark.parametrize("client_id", ["iota.rs", ""])
    @asynchronous
    async def test_clients_of_the_same_name_do_not_cut_each_other(self, client_id: str) -> None:
        """Every iota-client has the same one."""
        async with (
            serve() as served,
            subscribed(served, "messages", client_id=client_id) as older,
            subscribed(served, "messages", client_id=client_id) as newer,
        ):
            served.node.happen(events.attached())
            assert (await older.receive()).topic == (await newer.receive()).topic == "messages"

    @asynchronous
    async def test_leaving_in_any_way_forgets_everything(self) -> None:
        async with serve() as served:
            for goodbye in (wire.DISCONNECT, b"\xff", b""):
                async with subscribed(served, "messages", "#", "milestones/latest") as client:
                    assert served.broker.subscription_count == 3
                    client.send(goodbye)
                    if goodbye:
                        assert await client.is_cut()
                await served.until(connections=0)
                assert served.broker.subscription_count == 0
                assert served.broker._queued_bytes == 0

    @asynchronous
    async def test_closing_cuts_everyone_and_listens_no_longer(self) -> None:
        async with serve() as served, subscribed(served, "messages") as client:
            await served.broker.close()
            await served.broker.close()
            assert await client.is_cut()
            served.node.happen(events.attached())
            with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the system likes it
                await TcpClient(served.port).__aenter__()

    @asynchronous
    async def test_nagle_is_off(self) -> None:
        """Otherwise small packets wait for the client's acknowledgement, 40 ms each."""
        async with serve() as served, TcpClient(served.port) as client:
            await client.connect()
            loop = asyncio.get_running_loop()
            started = loop.time()
            for _ in range(50):
                await client.ping()
            assert loop.time() - started < 1


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_client_address(host: str, address: str) -> None:
    assert client_address(host) == address


def test_defaults_hold_a_busy_marketplace() -> None:
    """A second of full speed (2,000 messages of 3 KB) may wait for a client that pauses."""
    limits = MqttLimits()
    assert limits.max_queued_packets > 2_000
    assert limits.max_queued_bytes > 1_000 * 3_000
