import asyncio

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from tests.node import sample_events as events
from tests.node.loops import asynchronous
from tests.node.served_broker import serve


class TestPaho:
    """The most used client of MQTT, as it is."""

    @pytest.mark.slow
    @pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv31])
    @asynchronous
    async def test_over_tcp(self, protocol: MQTTProtocolVersion) -> None:
        async with serve() as served:
            loop = asyncio.get_running_loop()
            arrived: asyncio.Queue[object] = asyncio.Queue()
            client = paho.Client(CallbackAPIVersion.VERSION2, client_id="paho", protocol=protocol)
            client.will_set("messages", b"dead", qos=1, retain=True)
            client.username_pw_set("anyone", "anything")

            def put(item: object) -> None:
                loop.call_soon_threadsafe(arrived.put_nowait, item)

            client.on_connect = lambda _c, _u, _f, code, _p: put(code.value)
            client.on_subscribe = lambda _c, _u, _id, codes, _p: put([each.value for each in codes])
            client.on_message = lambda _c, _u, message: put((message.topic, message.payload, message.qos))
            client.connect_async("127.0.0.1", served.port, keepalive=60)
            client.loop_start()
            try:
                if protocol == MQTTProtocolVersion.MQTTv31:
                    assert await arrived.get() != 0
                    return
                assert await arrived.get() == 0
                client.subscribe([("messages/indexation/" + b"datasouk".hex(), 1), ("milestones/latest", 2)])
                assert await arrived.get() == [0, 0]
                assert await arrived.get() == ("milestones/latest", b'{"index":1,"timestamp":1699999990}', 0)
                served.node.happen(events.attached())
                topic = f"messages/indexation/{b'datasouk'.hex()}"
                assert await arrived.get() == (topic, events.data_message().to_bytes(), 0)
                for quality in (1, 2):
                    info = client.publish("messages", b"forged", qos=quality)
                    await asyncio.to_thread(info.wait_for_publish, 5)
                    assert info.is_published()
            finally:
                client.disconnect()
                await asyncio.to_thread(client.loop_stop)
