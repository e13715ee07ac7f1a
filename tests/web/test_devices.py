"""P1, P6, P8, P9 and the original's other calls about devices; texts as recorded are in test_transcript."""

import json

import pytest
from tests.market.description_samples import device
from tests.web.rig import running

from datasouk.market.devices import PublicList
from datasouk.market.records import Role

pytestmark = pytest.mark.anyio


async def test_d12_the_public_list_has_every_device_and_nothing_secret() -> None:
    async with running() as rig:
        alice = await rig.person()
        secret = await rig.register(alice)
        answer = await rig.http.get("/devices")
        (shown,) = answer.json()
        assert shown["hasData"] is False
        assert shown["inactive"] is True
        assert shown["owner"] == alice.account.handle
        for hidden in (secret, alice.user_id, alice.api_key, alice.account.account_id):
            assert hidden not in answer.text
        await rig.publish("ws-1", secret)
        assert (await rig.http.get("/devices")).json()[0]["hasData"] is True


async def test_the_public_list_is_sent_once_for_each_change() -> None:
    async with running() as rig:
        alice = await rig.person()
        await rig.register(alice)
        first = await rig.http.get("/devices", headers={"Accept-Encoding": "identity"})
        assert first.headers["cache-control"] == "no-cache"
        assert first.headers["vary"] == "Origin, Accept-Encoding"
        tag = first.headers["etag"]
        for sent in (tag, f'"x", W/{tag}', "*"):
            again = await rig.http.get("/devices", headers={"If-None-Match": sent, "Accept-Encoding": "identity"})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        await rig.register(alice, "ws-2")
        changed = await rig.http.get("/devices", headers={"If-None-Match": tag, "Accept-Encoding": "identity"})
        assert changed.status_code == 200
        assert len(changed.json()) == 2


async def test_the_list_is_named_by_its_bytes_not_by_its_version_alone() -> None:
    """After a restart with another default price the version is the same, and the list is not."""
    tags = set()
    for body in (b'[{"price":1000}]', b'[{"price":2000}]'):
        async with running() as rig:

            async def public_list(body: bytes = body) -> PublicList:
                return PublicList(1, body)

            rig.market.devices.public_list = public_list  # type: ignore[method-assign]
            tags.add((await rig.http.get("/devices")).headers["etag"])
    assert len(tags) == 2


async def test_a_long_public_list_is_compressed_for_those_who_ask() -> None:
    async with running() as rig:
        alice = await rig.person()
        for number in range(4):
            await rig.register(alice, f"ws-{number}")
        plain = await rig.http.get("/devices", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        zipped = await rig.http.get("/devices", headers={"Accept-Encoding": "br, gzip"})
        assert zipped.headers["content-encoding"] == "gzip"
        assert zipped.json() == plain.json()
        assert zipped.headers["etag"] != plain.headers["etag"]
        assert int(zipped.headers["content-length"]) < len(plain.content)
        for coding in ("gzip;q=0", "gzip; q=0.0", "br", "x-gzip"):
            assert (
                "content-encoding" not in (await rig.http.get("/devices", headers={"Accept-Encoding": coding})).headers
            )


async def test_the_own_list_is_never_kept_and_names_the_owner_by_user_id() -> None:
    async with running() as rig:
        alice = await rig.person()
        secret = await rig.register(alice)
        answer = await rig.http.get("/devices", params={"userId": alice.user_id, "apiKey": alice.api_key})
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["deprecation"]
        assert [(each["sk"], each["owner"]) for each in answer.json()] == [(secret, alice.user_id)]


async def test_d1_the_owner_must_be_the_caller() -> None:
    async with running() as rig:
        alice, bob = await rig.person(), await rig.person("bob")
        await rig.register(alice, "ws-1", owner=alice.account.handle)
        for owner in (bob.user_id, bob.account.handle, "x", alice.api_key):
            body = {"id": "ws-2", "apiKey": alice.api_key, "device": device(owner=owner)}
            assert (await rig.error("POST", "/newDevice", 403, json=body))["code"] == "owner_mismatch"


@pytest.mark.parametrize(
    "device_id", ["a/b", "../x", "", "é", "a b", "x" * 65, ".a", "a\x00", "\ud800", 5, True, ["a"]]
)
async def test_d9_ids_have_a_grammar(device_id: object) -> None:
    async with running() as rig:
        alice = await rig.person()
        body = {"id": device_id, "apiKey": alice.api_key, "device": device(owner=alice.user_id)}
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        await rig.error("POST", "/newDevice", 400, content=content, headers=headers)


async def test_d7_zero_is_free_and_shown_as_it_is_charged() -> None:
    async with running() as rig:
        alice, bob = await rig.person(), await rig.person("bob")
        await rig.register(alice, "free", price=0)
        assert (await rig.http.get("/device", params={"deviceId": "free"})).json()["price"] == 0
        answer = await rig.http.post("/purchaseStream", json={"userId": bob.user_id, "deviceId": "free"})
        assert answer.json() == {"success": True}


@pytest.mark.parametrize("switch", ["yes", 1, 0, [], {}, "truee"])
async def test_approval_takes_true_and_false_only(switch: object) -> None:
    async with running() as rig:
        boss = await rig.person("boss", Role.ADMIN)
        await rig.register(boss)
        body = {"sensorId": "ws-1", "apiKey": boss.api_key, "uid": boss.user_id, "isInactive": switch}
        await rig.error("POST", "/toggleWhitelist", 400, json=body)


async def test_approval_as_text_and_as_a_switch() -> None:
    async with running() as rig:
        boss = await rig.person("boss", Role.ADMIN)
        await rig.register(boss)
        for switch, is_inactive in (("false", False), (True, True), ("FALSE", False), ("true", True), (False, False)):
            body = {"sensorId": "ws-1", "apiKey": boss.api_key, "uid": boss.user_id, "isInactive": switch}
            assert (await rig.http.post("/toggleWhitelist", json=body)).status_code == 200
            assert (await rig.http.get("/device", params={"deviceId": "ws-1"})).json()["inactive"] is is_inactive


async def test_approving_an_unknown_device_makes_no_ghost() -> None:
    async with running() as rig:
        boss = await rig.person("boss", Role.ADMIN)
        body = {"sensorId": "ghost", "apiKey": boss.api_key, "uid": boss.user_id, "isInactive": "false"}
        assert (await rig.error("POST", "/toggleWhitelist", 403, json=body))["code"] == "device_not_found"
        assert (await rig.http.get("/devices")).json() == []
