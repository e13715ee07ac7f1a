"""P5."""

import pytest
from tests.web.rig import running

from datasouk.market.errors import StoreOverloaded
from datasouk.market.payment_errors import SettlementPending

pytestmark = pytest.mark.anyio


async def test_d5_buying_again_and_buying_ones_own_is_free() -> None:
    async with running() as rig:
        alice, bob = await rig.person(), await rig.person("bob")
        await rig.register(alice)
        await rig.http.post("/wallet", json={"userId": bob.user_id})
        for name in ("deviceId", "device"):
            answer = await rig.http.post("/purchaseStream", json={"userId": bob.user_id, name: "ws-1"})
            assert answer.json() == {"success": True}
        assert (await rig.http.get("/user", params={"userId": bob.user_id})).json()["wallet"]["balance"] == 1_999_900
        answer = await rig.http.post("/purchaseStream", json={"userId": alice.user_id, "deviceId": "ws-1"})
        assert answer.json() == {"success": True}


async def test_an_unknown_buyer_is_refused() -> None:
    async with running() as rig:
        await rig.register(await rig.person())
        body = {"userId": "nobody", "deviceId": "ws-1"}
        assert (await rig.error("POST", "/purchaseStream", 403, json=body))["code"] == "unknown_user_id"


async def test_what_takes_long_goes_on_in_the_background() -> None:
    async with running() as rig:
        alice = await rig.person()
        rig.money.fails = SettlementPending(30)
        for path, body in (
            ("/purchaseStream", {"userId": alice.user_id, "deviceId": "x"}),
            ("/wallet", {"userId": alice.user_id}),
        ):
            answer = await rig.http.post(path, json=body)
            assert answer.status_code == 202
            assert answer.json()["success"] is False
            assert answer.json()["code"] == "pending"


async def test_when_too_much_waits_the_caller_is_told_to_come_again() -> None:
    async with running() as rig:
        alice = await rig.person()
        rig.money.fails = StoreOverloaded("full")
        body = {"userId": alice.user_id, "deviceId": "x"}
        assert (await rig.error("POST", "/purchaseStream", 503, json=body))["code"] == "overloaded"
