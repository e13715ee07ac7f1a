from collections.abc import AsyncIterator

import pytest
from tests.fakes import OPERATOR, FakeFaucet
from tests.node.rig import API, BUYER, Rig, running

from datasouk.ledger import Address, OutputType
from datasouk.ledger.inclusion import InclusionPath, verify_inclusion

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running(FakeFaucet()) as rig:
        yield rig


class TestLedgerRoutes:
    async def test_balance_in_both_address_forms(self, rig: Rig) -> None:
        await rig.pay(1_000_000)
        expected = {"addressType": 0, "address": "07" * 32, "balance": 1_000_000, "dustAllowed": False}
        for name in (BUYER.to_bech32(hrp="atoi"), f"ed25519/{'07' * 32}"):
            balance = await rig.get(f"{API}/addresses/{name}")
            assert balance.items() >= expected.items()

    async def test_unused_address_is_zero(self, rig: Rig) -> None:
        assert (await rig.get(f"{API}/addresses/ed25519/{'55' * 32}"))["balance"] == 0

    async def test_outputs_by_address_type_and_state(self, rig: Rig) -> None:
        await rig.pay(1_000_000)
        path = f"{API}/addresses/ed25519/{OPERATOR.address.digest.hex()}/outputs"
        unspent = await rig.get(path)
        assert unspent["count"] == len(unspent["outputIds"]) == 1
        both = await rig.get(f"{path}?include-spent=true&type=0")
        assert both["outputIds"][:1] == unspent["outputIds"]
        assert both["count"] == 2
        assert (await rig.get(f"{path}?type={OutputType.DUST_ALLOWANCE}"))["count"] == 0
        spent = await rig.get(f"{API}/outputs/{both['outputIds'][1]}")
        assert spent["isSpent"]
        assert spent["output"]["address"]["address"] == OPERATOR.address.digest.hex()

    async def test_history(self, rig: Rig) -> None:
        message_id = await rig.pay(1_000_000)
        await rig.pay(2_000_000)
        path = f"{API}/addresses/{BUYER.to_bech32(hrp='atoi')}/tx-history"
        history = await rig.get(path)
        assert [entry["addressBalanceChange"] for entry in history["history"]] == [2_000_000, 1_000_000]
        assert history["history"][1]["messageId"] == message_id.hex()
        shorter = await rig.get(f"{path}?pageSize=1")
        assert (shorter["maxResults"], shorter["count"]) == (1, 1)

    async def test_milestone_and_its_changes(self, rig: Rig) -> None:
        metadata = await rig.node.metadata(await rig.pay(1_000_000))
        assert metadata.referenced_by
        milestone = await rig.get(f"{API}/milestones/{metadata.referenced_by}")
        assert list(milestone) == ["index", "messageId", "timestamp"]
        changes = await rig.get(f"{API}/milestones/{metadata.referenced_by}/utxo-changes")
        assert (len(changes["createdOutputs"]), len(changes["consumedOutputs"])) == (2, 1)
        assert (await rig.get(f"{API}/milestones/999", 404))["message"] == "milestone not found: 999"

    async def test_included_message_of_a_transaction(self, rig: Rig) -> None:
        message_id = await rig.pay(1_000_000)
        (output_id,) = await rig.node.outputs(BUYER)
        path = f"{API}/transactions/{output_id[:32].hex()}/included-message"
        assert await rig.get(path) == await rig.get(f"{API}/messages/{message_id.hex()}")
        assert (await rig.get(f"{path}/metadata"))["messageId"] == message_id.hex()
        assert (await rig.get(f"{path}/children"))["count"] == 1
        assert (await rig.http.get(f"{path}/raw")).content == await rig.node.raw(message_id)
        await rig.get(f"{API}/transactions/{'12' * 32}/included-message", 404)

    async def test_inclusion_path_verifies(self, rig: Rig) -> None:
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
