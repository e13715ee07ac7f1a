from dataclasses import replace

import httpx2
import pytest
from tests.web.rig import running

from datasouk.ledger.answers import NodeUnavailable
from datasouk.web import create_web_app
from datasouk.web.operation import Checks
from datasouk.web.options import WebOptions

pytestmark = pytest.mark.anyio


async def test_alive_and_ready_are_two_things() -> None:
    async with running() as rig:
        assert (await rig.http.get("/healthz")).json() == {"status": "ok"}
        assert (await rig.http.get("/readyz")).status_code == 200
        rig.money.fails = ConnectionError("the operator's wallet is empty")
        assert (await rig.http.get("/healthz")).status_code == 200
        answer = await rig.http.get("/readyz")
        assert (answer.status_code, answer.json()["problems"]) == (503, {"money": "the operator's wallet is empty"})


async def test_metrics_count_by_route_and_show_gauges() -> None:
    async with running() as rig:
        await rig.http.get("/devices")
        await rig.http.get("/made-up-by-a-stranger")
        answer = await rig.http.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        assert 'datasouk_requests_total{route="/devices",status="200"} 1.0' in answer.text
        assert "made-up" not in answer.text
        assert "datasouk_operator_iota 5.0" in answer.text


async def test_d6_the_total_is_told_where_it_is_known() -> None:
    async with running() as rig:
        answer = await rig.http.get("/v2/ledger/total")
        assert answer.json() == {"supply": 2_779_530_283_277_761, "outputs": 2_779_530_283_277_761}
        rig.app = create_web_app(replace(rig.market, unspent=None))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(rig.app), base_url="http://souk") as rig.http:
            assert (await rig.error("GET", "/v2/ledger/total", 404))["code"] == "no_ledger_total"


async def test_metrics_can_be_switched_off() -> None:
    async with running(options=WebOptions(shows_metrics=False)) as rig:
        assert (await rig.http.get("/metrics")).status_code == 404


async def test_checks_are_asked_anew_and_one_that_fails_is_a_problem() -> None:
    async def well() -> str:
        return ""

    async def ill() -> str:
        return "it is full"

    async def away() -> str:
        raise NodeUnavailable("10.0.0.9 is away")

    async def number() -> float:
        return 5

    async def no_number() -> float:
        raise NodeUnavailable("10.0.0.9 is away")

    checks = Checks({"a": well, "b": ill, "c": away}, {"x": number, "y": no_number}, warnings={"d": ill, "e": well})
    assert await checks.problems() == {"b": "it is full", "c": "does not answer"}
    assert await checks.warnings() == {"d": "it is full"}
    assert await checks.gauges() == {"x": 5}
