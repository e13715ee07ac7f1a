"""P3."""

import pytest
from tests.web.rig import running

pytestmark = pytest.mark.anyio


async def test_d3_the_api_key_is_never_shown() -> None:
    async with running() as rig:
        alice = await rig.person()
        answer = await rig.http.get("/user", params={"userId": alice.user_id})
        assert answer.json() == {"numberOfDevices": 5, "handle": alice.account.handle}
        await rig.http.post("/wallet", json={"userId": alice.user_id})
        answer = await rig.http.get("/user", params={"userId": alice.user_id}, headers={"X-API-Key": alice.api_key})
        assert answer.json()["wallet"] == {"balance": 2_000_000}
        assert alice.api_key not in answer.text


async def test_d1_a_handle_opens_nothing() -> None:
    async with running() as rig:
        alice = await rig.person()
        assert (await rig.http.get("/user", params={"userId": alice.account.handle})).text == "null"


async def test_a_rotated_user_id_is_nobodys() -> None:
    async with running() as rig:
        alice = await rig.person()
        await rig.market.users.rotate_user_id(alice.account)
        assert (await rig.http.get("/user", params={"userId": alice.user_id})).text == "null"


async def test_a_disabled_account_is_told_so() -> None:
    async with running() as rig:
        alice = await rig.person()
        await rig.market.users.change(alice.account, is_disabled=True)
        assert (await rig.error("GET", "/user", 403, params={"userId": alice.user_id}))["code"] == "account_disabled"
