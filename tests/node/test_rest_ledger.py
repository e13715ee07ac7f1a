from collections.abc import AsyncIterator

import pytest
from tests.fakes import OPERATOR, FakeFaucet
from tests.node.rig import API, BUYER, Rig, running

from datasouk.ledger import OutputType

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
