"""P2, and the original's balance and faucet."""

import pytest
from tests.web.rig import running
from tests.web.test_captcha import solve

from datasouk.ledger.address import Address
from datasouk.web.captcha import Captcha, CaptchaMode, Challenge
from datasouk.web.limits import RateRules

pytestmark = pytest.mark.anyio
ADDRESS = Address(b"\x07" * 32).to_bech32(hrp="atoi")
OTHER_NETWORK = Address(b"\x07" * 32).to_bech32(hrp="iota")


async def test_a_made_up_user_gets_no_wallet() -> None:
    async with running() as rig:
        for user_id in ("nobody", "me/purchases/ws-1", "../x"):
            refused = await rig.error("POST", "/wallet", 403, json={"userId": user_id})
            assert refused["code"] == "unknown_user_id"


async def test_a_wallet_is_made_by_a_form_too() -> None:
    async with running() as rig:
        alice = await rig.person()
        answer = await rig.http.post("/wallet", data={"userId": alice.user_id})
        assert answer.status_code == 201
        assert len(answer.json()["messageId"]) == 64


@pytest.mark.parametrize("address", ["xyz", "", OTHER_NETWORK, ADDRESS[:-1], ADDRESS.upper() + "x", "é", "0" * 64])
async def test_a_balance_needs_an_address_of_this_network(address: str) -> None:
    async with running() as rig:
        refused = await rig.error("GET", "/balance", 400, params={"address": address})
        assert refused["error"] == "Could not get balance"


async def test_the_faucet_gives_to_any_address() -> None:
    async with running() as rig:
        assert (await rig.http.get("/balance", params={"address": ADDRESS})).text == "0"
        for _ in range(2):
            answer = await rig.http.post("/faucet", json={"address": ADDRESS, "captcha": "captcha-ok"})
            assert len(answer.json()["messageId"]) == 64
        assert (await rig.http.get("/balance", params={"address": ADDRESS})).text == "1000000"


async def test_the_faucet_gives_so_often() -> None:
    async with running(rates=RateRules(gifts_an_hour=1)) as rig:
        body = {"address": ADDRESS, "captcha": "captcha-ok"}
        assert [(await rig.http.post("/faucet", json=body)).status_code for _ in range(2)] == [200, 429]


async def test_a_challenge_is_solved_for_the_faucet_once() -> None:
    async with running(captcha=Captcha(CaptchaMode.ALTCHA, max_number=50)) as rig:
        fields = (await rig.http.get("/v2/captcha")).json()
        assert sorted(fields) == ["algorithm", "challenge", "maxNumber", "salt", "signature"]
        challenge = Challenge(
            fields["algorithm"], fields["challenge"], fields["maxNumber"], fields["salt"], fields["signature"]
        )
        body = {"address": "xyz", "captcha": solve(challenge)}
        await rig.error("POST", "/faucet", 400, json=body)
        body["address"] = ADDRESS
        assert (await rig.http.post("/faucet", json=body)).status_code == 200
        refused = await rig.error("POST", "/faucet", 403, json=body)
        assert (refused["error"], refused["code"]) == (["timeout-or-duplicate"], "captcha_refused")


async def test_without_altcha_there_are_no_challenges() -> None:
    async with running() as rig:
        assert (await rig.error("GET", "/v2/captcha", 404))["code"] == "no_captcha"
