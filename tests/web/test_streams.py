"""P4 and P7."""

import time

import pytest
from tests.web.rig import running

pytestmark = pytest.mark.anyio
PACKET = {"time": 1_700_000_000_000, "root": "ROOT", "sidekey": "KEY"}


async def test_device_is_another_name_of_id() -> None:
    async with running() as rig:
        secret = await rig.register(await rig.person())
        answer = await rig.http.post("/newData", json={"device": "ws-1", "sk": secret, "packet": PACKET})
        assert answer.json() == {"success": True}


async def test_a_packet_without_message_id_is_shown_without() -> None:
    async with running() as rig:
        alice = await rig.person()
        secret = await rig.register(alice)
        sent = {"id": "ws-1", "sk": secret, "packet": PACKET | {"more": "dropped"}}
        for _ in range(2):
            assert (await rig.http.post("/newData", json=sent)).json() == {"success": True}
        answer = await rig.http.get("/stream", params={"userId": alice.user_id, "deviceId": "ws-1"})
        assert answer.json() == [PACKET]
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("time_text", ["", "null", "undefined", None, "9999999999999"])
async def test_words_for_the_newest_page(time_text: str | None) -> None:
    async with running() as rig:
        alice = await rig.person()
        await rig.publish("ws-1", await rig.register(alice))
        query = {"userId": alice.user_id, "deviceId": "ws-1"} | ({} if time_text is None else {"time": time_text})
        assert len((await rig.http.get("/stream", params=query)).json()) == 1


@pytest.mark.parametrize("time_text", ["yesterday", "1.5", "1e12", "NaN", "٣", "0x10", "9" * 40, "null ", "-"])
async def test_garbage_for_a_time_is_refused(time_text: str) -> None:
    async with running() as rig:
        alice = await rig.person()
        await rig.register(alice)
        query = {"userId": alice.user_id, "deviceId": "ws-1", "time": time_text}
        await rig.error("GET", "/stream", 400, params=query)


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "x"},
        {"time": None},
        {"time": -1},
        {"time": 1.5},
        {"time": True},
        {"time": 4_000_000_000_000},
        {"root": ""},
        {"root": "a b"},
        {"root": "x" * 82},
        {"root": 5},
        {"sidekey": "\x00"},
        {"sidekey": None},
        {"messageId": "../x"},
        {"messageId": 5},
        {"messageId": "x" * 65},
    ],
)
async def test_d10_packets_have_limits(changes: dict[str, object]) -> None:
    async with running() as rig:
        secret = await rig.register(await rig.person())
        body = {"id": "ws-1", "sk": secret, "packet": PACKET | changes}
        assert (await rig.error("POST", "/newData", 400, json=body))["code"] == "invalid_packet"


async def test_d11_packets_that_share_a_time_stay_together() -> None:
    async with running() as rig:
        alice = await rig.person()
        secret = await rig.register(alice)
        for number in range(25):
            packet = PACKET | {"messageId": f"m{number}"}
            await rig.http.post("/newData", json={"id": "ws-1", "sk": secret, "packet": packet})
        answer = await rig.http.get("/stream", params={"userId": alice.user_id, "deviceId": "ws-1"})
        assert len(answer.json()) == 25


async def test_d10_a_packet_ahead_of_the_clock_waits() -> None:
    async with running() as rig:
        alice = await rig.person()
        secret = await rig.register(alice)
        ahead = int(time.time() * 1000) + 300_000
        body = {"id": "ws-1", "sk": secret, "packet": PACKET | {"time": ahead}}
        assert (await rig.http.post("/newData", json=body)).json() == {"success": True}
        query = {"userId": alice.user_id, "deviceId": "ws-1", "time": str(ahead + 1)}
        assert (await rig.http.get("/stream", params=query)).json() == []


async def test_unknown_user_unknown_device_and_not_bought_are_one_answer() -> None:
    async with running() as rig:
        alice, bob = await rig.person(), await rig.person("bob")
        await rig.register(alice)
        queries = [
            {"userId": "nobody", "deviceId": "ws-1"},
            {"userId": bob.user_id, "deviceId": "nothing"},
            {"userId": bob.user_id, "deviceId": "ws-1"},
            {"userId": alice.account.handle, "deviceId": "ws-1"},
        ]
        answers = [await rig.http.get("/stream", params=query) for query in queries]
        assert {(answer.status_code, answer.text) for answer in answers} == {(200, '{"success":false}')}
