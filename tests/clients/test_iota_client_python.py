"""PyPI iota-client-python 0.2.0a26, unmodified, against a served node; see `tests.clients.scenarios`.

Left out where there is no wheel of it: ``tests/conftest.py``.
"""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version
from tests.clients.bank import Bank
from tests.served_node import ServedNode

from datasouk.ledger import Address
from datasouk.ledger.keys import SigningKey, wallet_path
from datasouk.ledger.pow import pow_score

ROOT = Path(__file__).parents[2]
MEGA = 1_000_000
TIMEOUT_SECONDS = 60.0


def see(name: str, node: ServedNode, **arguments: Any) -> dict[str, Any]:
    """Run a scenario and return what it saw."""
    command = [sys.executable, "-m", f"tests.clients.scenarios.{name}", node.url, json.dumps(arguments)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    seen: dict[str, Any] = json.loads(ended.stdout)
    return seen


def address_of(seed: str, index: int) -> Address:
    return SigningKey.from_path(bytes.fromhex(seed), wallet_path(index=index)).address


@pytest.fixture
def seed(bank: Bank) -> str:
    """Of a wallet with ten million on its first address."""
    seed = os.urandom(32).hex()
    bank.pay(address_of(seed, 0), 10 * MEGA)
    return seed


def test_the_package_is_the_published_one() -> None:
    assert Version(version("iota-client-python")) == Version("0.2.0a26")  # It spells its own name in another way.


def test_node_is_healthy_and_synced(served: ServedNode) -> None:
    """The client is made with node sync on, which takes no node that is not: it would not get this far."""
    seen = see("info", served)
    assert seen["healthy"] is True
    info = seen["info"]["nodeinfo"]
    assert (info["network_id"], info["bech32_hrp"], info["min_pow_score"]) == ("datasouk", "atoi", 1.0)
    assert 1 <= len(seen["tips"]) <= 8
    assert seen["peers"] == seen["receipts"] == seen["receipts of one"] == []
    assert seen["treasury"]["amount"] == 0
    assert seen["milestone"]["index"] == 1
    assert seen["changes"] == {"index": 1, "created_outputs": [], "consumed_outputs": []}


@pytest.mark.parametrize("local_pow", [True, False], ids=["work of the client", "work of the node"])
def test_data_messages(served: ServedNode, bank: Bank, local_pow: bool) -> None:
    index, index_raw = os.urandom(8).hex(), os.urandom(16).hex()
    seen = see("data", served, local_pow=local_pow, index=index, index_raw=index_raw, large=8000)
    text = seen["text"]
    assert text["payload"]["indexation"] == [{"index": index.encode().hex(), "data": list("Grüße".encode())}]
    assert seen["raw"]["payload"]["indexation"] == [{"index": index_raw, "data": [0, 255]}]
    ids = {text["message_id"], seen["largest"]}
    assert set(seen["ids"]) == {each["message_id"] for each in seen["found"]} == ids
    assert seen["found by id"] == [text]
    assert seen["again"] == text
    assert seen["metadata"]["is_solid"] is True
    assert seen["child"]["parents"] == [text["message_id"]]
    assert seen["child"]["message_id"] in seen["children"]
    assert seen["raw bytes"]
    # As with a node of HORNET: a message that is well is neither promoted nor attached once more.
    assert all("doesn't need to be promoted or reattached" in refusal for refusal in seen["refusals"])
    for message_id in (text["message_id"], seen["raw"]["message_id"], seen["largest"]):
        assert pow_score(bank.client.raw(bytes.fromhex(message_id))) >= 1


@pytest.mark.parametrize("local_pow", [True, False], ids=["work of the client", "work of the node"])
def test_transfers_with_dust(served: ServedNode, seed: str, local_pow: bool) -> None:
    seen = see("tokens", served, local_pow=local_pow, seed=seed)
    addresses = [address_of(seed, index).to_bech32(hrp="atoi") for index in range(5)]
    assert seen["addresses"] == addresses
    for transfer in ("with remainder", "allowance", "dust"):
        assert seen[transfer]["ledger_inclusion_state"] == {"state": "Included"}
        assert seen[transfer]["conflict_reason"] is None
    assert seen["attached once more"] == []
    assert "No dust output allowed" in seen["dust without allowance"]
    assert seen["balance before"] == seen["balance after"] == 10 * MEGA
    assert [each["balance"] for each in seen["balances"]] == [6 * MEGA - 1, 3 * MEGA, MEGA + 1, 0, 0]
    assert [each["dust_allowed"] for each in seen["balances"]] == [False, False, True, False, False]
    assert seen["unspent"] == [addresses[3], 3]
    (output,) = seen["outputs"]
    assert output["message_id"] == seen["included"] == seen["with remainder"]["message_id"]
    assert output["is_spent"] is False
    assert output["output"]["signature_locked_single"]["amount"] == 3 * MEGA
    assert seen["output"] == output | {"ledger_index": seen["output"]["ledger_index"]}
    assert len(seen["output ids"]) == 2


def test_events_over_websocket(served: ServedNode, bank: Bank, seed: str) -> None:
    index, address = os.urandom(8).hex(), Address(os.urandom(32))
    seen = see("mqtt", served, index=index, seed=seed, address=address.to_bech32(hrp="atoi"))
    assert seen["milestone"]["index"] >= 1
    assert seen["by index"] == seen["message"]
    assert bytes(seen["by index"]["payload"]["data"]["index"]).decode() == index
    assert bytes(seen["by index"]["payload"]["data"]["data"]) == b"21.5"
    assert seen["referenced"]["ledgerInclusionState"] in {"noTransaction", "included"}
    assert seen["output"]["messageId"] == seen["payment"]
    assert seen["output"]["output"]["amount"] == 2 * MEGA
    assert seen["next milestone"]["index"] > seen["milestone"]["index"]
    assert seen["metadata"]["messageId"] == seen["sent"]
    assert seen["metadata"]["ledgerInclusionState"] == "noTransaction"
    assert bank.client.balance(address).balance_iota == 2 * MEGA
