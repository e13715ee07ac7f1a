from collections.abc import AsyncIterator

import pytest
from tests.fakes import OPERATOR, FakeFaucet
from tests.node.rig import BUYER, Rig, running

from datasouk.ledger import Address
from datasouk.ledger.inclusion import InclusionPath, verify_inclusion

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running(FakeFaucet()) as rig:
        yield rig


async def test_health_has_no_body(rig: Rig) -> None:
    answer = await rig.http.get("/health")
    assert (answer.status_code, answer.content) == (200, b"")
    rig.node.is_healthy = False
    answer = await rig.http.get("/health")
    assert (answer.status_code, answer.content) == (503, b"")


async def test_routes_list_themselves(rig: Rig) -> None:
    routes = (await rig.get("/api/routes"))["routes"]
    assert "/api/v1/info" in routes
    assert "/api/plugins/faucet/enqueue" in routes


async def test_inclusion_path_verifies(rig: Rig) -> None:
    message_id = await rig.pay(1_000_000)
    answer = await rig.get(f"/api/plugins/inclusion/paths/{message_id.hex()}")
    path = InclusionPath.from_json(answer)
    assert verify_inclusion(path, message_id, await rig.node.coordinator_keys()).message_id == message_id


class TestFaucet:
    async def test_info_and_enqueue(self, rig: Rig) -> None:
        operator = OPERATOR.address.to_bech32(hrp="atoi")
        assert await rig.get("/api/plugins/faucet/info") == {"address": operator, "balance": 1_000_000}
        body = {"address": BUYER.to_bech32(hrp="atoi")}
        path = "/api/plugins/faucet/enqueue"
        assert await rig.post(path, 202, json=body) == {**body, "waitingRequests": 1}
        assert "waiting already" in (await rig.post(path, 400, json=body))["message"]
        assert (await rig.post(path, 202, json={"address": operator}))["waitingRequests"] == 2
        third = Address(b"\x08" * 32).to_bech32(hrp="atoi")
        assert (await rig.post(path, 503, json={"address": third}))["code"] == "503"

    @pytest.mark.parametrize("body", [b"", b"{}", b'{"address":5}', b'{"address":"iota1"}', b"[]"])
    async def test_rubbish_is_400(self, rig: Rig, body: bytes) -> None:
        await rig.post("/api/plugins/faucet/enqueue", 400, content=body)

    async def test_absent_when_switched_off(self) -> None:
        async with running() as rig:
            await rig.get("/api/plugins/faucet/info", 404)
            assert not any("faucet" in route for route in (await rig.get("/api/routes"))["routes"])
