"""npm @iota/iota.js 1.8.6, unmodified, against a served node."""

import os
from hashlib import blake2b
from typing import Any

import pytest
from tests.clients.bank import Bank
from tests.clients.javascript import Iota, check_fields
from tests.peers import PeerError, installed_versions

from datasouk.ledger import Address, OutputType
from datasouk.ledger.pow import pow_score

MEGA = 1_000_000
UNKNOWN_ID = "ab" * 32


def random_key() -> dict[str, str]:
    """An index that nobody has used yet."""
    return {"hex": os.urandom(16).hex()}


class Wallet:
    """A seed of iota.js and its first addresses."""

    def __init__(self, iota: Iota) -> None:
        seed = os.urandom(32).hex()
        self.seed = {"seed": seed}
        self.addresses = iota.addresses(seed, 3)

    def address(self, number: int = 0) -> Address:
        return Address(bytes.fromhex(self.addresses[number]["hex"]))

    def bech32(self, number: int = 0) -> str:
        return self.addresses[number]["bech32"]


@pytest.fixture
def wallet(iota: Iota) -> Wallet:
    return Wallet(iota)


@pytest.fixture
def rich(wallet: Wallet, bank: Bank) -> Wallet:
    """A wallet with ten million on its first address."""
    bank.pay(wallet.address(), 10 * MEGA)
    return wallet


def included(iota: Iota, bank: Bank, message_id: str) -> dict[str, Any]:
    """The metadata of a message that carries a transaction, once a milestone has taken it."""
    bank.client.wait_included(bytes.fromhex(message_id), timeout_seconds=10)
    metadata: dict[str, Any] = iota.client("messageMetadata", message_id)
    return metadata


def test_the_package_is_the_published_one() -> None:
    assert installed_versions()["@iota/iota.js"] == "1.8.6"


class TestNode:
    def test_health(self, iota: Iota) -> None:
        assert iota.client("health") is True

    def test_info(self, iota: Iota) -> None:
        info = iota.client("info")
        check_fields(info, "INodeInfo")
        assert info["isHealthy"]
        assert info["minPoWScore"] == 1
        assert info["networkId"] == "datasouk"
        assert "PoW" in info["features"]
        assert info["confirmedMilestoneIndex"] == info["latestMilestoneIndex"] >= 1

    def test_tips(self, iota: Iota) -> None:
        tips = iota.client("tips")
        check_fields(tips, "api/ITipsResponse")
        ids = tips["tipMessageIds"]
        assert 1 <= len(ids) <= 8
        assert ids == sorted(set(ids))

    def test_treasury_receipts_and_peers_are_empty(self, iota: Iota) -> None:
        treasury = iota.client("treasury")
        check_fields(treasury, "ITreasury")
        assert treasury["amount"] == 0
        assert iota.client("receipts") == {"receipts": []}
        assert iota.client("receipts", 1) == {"receipts": []}
        assert iota.client("peers") == []

    @pytest.mark.parametrize("method", ["peer", "peerDelete"])
    def test_no_peer_can_be_named(self, iota: Iota, method: str) -> None:
        failure = iota.failure(method, "12D3KooWAvbiFXRbeq55ZRGF7M5kyrtnrTEbCkCHnSRFpD5fHNqk")
        assert (failure["kind"], failure["status"], failure["code"]) == ("ClientError", 404, "404")

    def test_no_peer_can_be_added(self, iota: Iota) -> None:
        failure = iota.failure("peerAdd", "/ip4/127.0.0.1/tcp/15600/p2p/12D3KooW", "friend")
        assert (failure["kind"], failure["status"], failure["code"]) == ("ClientError", 405, "405")


class TestMessages:
    def test_submitted_message_is_there_at_once_in_both_forms(self, iota: Iota) -> None:
        message_id = iota.client("messageSubmit", {"payload": {"type": 2, "index": "ab00", "data": "21"}})
        message = iota.client("message", message_id)
        assert message["payload"] == {"type": 2, "index": "ab00", "data": "21"}
        assert isinstance(message["networkId"], str)
        assert isinstance(message["nonce"], str)
        raw = iota.client("messageRaw", message_id)["hex"]
        described = iota.describe(message)
        assert (described["bytes"], described["messageId"]) == (raw, message_id)

    def test_message_without_payload(self, iota: Iota) -> None:
        message = iota.client("message", iota.client("messageSubmit", {}))
        assert message["payload"] is None

    def test_metadata_before_and_after_a_milestone(self, iota: Iota, bank: Bank) -> None:
        sent = iota.do("sendData", random_key(), "21.5")["messageId"]
        metadata = iota.client("messageMetadata", sent)
        check_fields(metadata, "IMessageMetadata")
        assert metadata["isSolid"]
        bank.milestone()
        metadata = iota.client("messageMetadata", sent)
        check_fields(metadata, "IMessageMetadata")
        assert metadata["ledgerInclusionState"] == "noTransaction"
        assert metadata["referencedByMilestoneIndex"] <= iota.client("info")["confirmedMilestoneIndex"]
        assert not {"shouldPromote", "shouldReattach", "conflictReason", "milestoneIndex"} & metadata.keys()

    def test_find(self, iota: Iota) -> None:
        key = random_key()
        sent = {iota.do("sendData", key, str(number))["messageId"] for number in range(3)}
        found = iota.client("messagesFind", key)
        check_fields(found, "api/IMessagesResponse")
        assert found["index"] == key["hex"]
        assert found["count"] == 3
        assert set(found["messageIds"]) == sent
        assert iota.client("messagesFind", random_key())["messageIds"] == []
        assert iota.client("messagesFind", {"hex": key["hex"] + "00"})["count"] == 0

    def test_find_by_text(self, iota: Iota) -> None:
        key = os.urandom(8).hex()
        sent = iota.do("sendData", key, "x")["messageId"]
        assert iota.client("messagesFind", key)["messageIds"] == [sent]

    def test_children(self, iota: Iota) -> None:
        parent = iota.do("sendData", random_key(), "parent")["messageId"]
        child = iota.client("messageSubmit", {"parentMessageIds": [parent]})
        children = iota.client("messageChildren", parent)
        check_fields(children, "api/IChildrenResponse")
        assert child in children["childrenMessageIds"]
        assert children["count"] == len(children["childrenMessageIds"])
        assert iota.client("messageChildren", UNKNOWN_ID)["count"] == 0

    def test_largest_data(self, iota: Iota) -> None:
        data = {"hex": os.urandom(32_000).hex()}
        sent = iota.do("sendData", random_key(), data)["messageId"]
        assert iota.do("retrieveData", sent)["data"] == data

    def test_errors_carry_status_code_and_reason(self, iota: Iota) -> None:
        failure = iota.failure("message", UNKNOWN_ID)
        assert (failure["kind"], failure["status"], failure["code"]) == ("ClientError", 404, "404")
        assert UNKNOWN_ID in failure["message"]
        failure = iota.failure("message", "zz")
        assert (failure["status"], failure["code"]) == (400, "400")
        failure = iota.failure("messageSubmit", {"parentMessageIds": [UNKNOWN_ID]})
        assert (failure["status"], failure["code"]) == (400, "400")
        assert UNKNOWN_ID in failure["message"]
        assert iota.failure("messagesFind", {"hex": ""})["status"] == 400


class TestRawMessages:
    def test_bytes_without_work_get_it_from_the_node(self, iota: Iota) -> None:
        tips = iota.client("tips")["tipMessageIds"]
        key = random_key()["hex"]
        draft = {"networkId": "0", "parentMessageIds": tips, "payload": {"type": 2, "index": key}, "nonce": "0"}
        message_id = iota.client("messageSubmitRaw", {"hex": iota.describe(draft)["bytes"]})
        raw = bytes.fromhex(iota.client("messageRaw", message_id)["hex"])
        assert pow_score(raw) >= 1
        assert blake2b(raw, digest_size=32).hexdigest() == message_id
        assert iota.client("messagesFind", {"hex": key})["messageIds"] == [message_id]

    def test_bytes_with_work_of_the_client_are_taken_as_they_are(self, iota: Iota) -> None:
        tips = iota.client("tips")["tipMessageIds"]
        draft = {"networkId": "0", "parentMessageIds": tips, "payload": {"type": 2, "index": "ab", "data": "cd"}}
        unfinished = iota.describe(draft | {"nonce": "0"})["bytes"]
        message_id = iota.client("messageSubmitRaw", {"hex": unfinished}, local=True)
        message = iota.client("message", message_id)
        assert message["parentMessageIds"] == tips
        again = iota.client("messageSubmitRaw", iota.client("messageRaw", message_id))
        assert again == message_id

    def test_too_little_work_is_refused(self, iota: Iota) -> None:
        message = iota.client("message", iota.do("sendData", "index", "data")["messageId"])
        lazy = iota.describe(message | {"nonce": "1"})["bytes"]
        if pow_score(bytes.fromhex(lazy)) >= 1:
            lazy = iota.describe(message | {"nonce": "2"})["bytes"]
        failure = iota.failure("messageSubmitRaw", {"hex": lazy})
        assert (failure["status"], failure["code"]) == (400, "400")
        assert "proof of work" in failure["message"]


class TestData:
    @pytest.mark.parametrize("local", [False, True], ids=["work of the node", "work of the client"])
    @pytest.mark.parametrize("data", ["21,5 °C", {"hex": "00ff"}], ids=["text", "bytes"])
    def test_send_and_retrieve(self, iota: Iota, data: Any, local: bool) -> None:
        key = random_key()
        sent = iota.do("sendData", key, data, local=local)["messageId"]
        found = iota.do("retrieveData", sent)
        expected = data["hex"] if isinstance(data, dict) else data.encode().hex()
        assert found == {"index": key, "data": {"hex": expected}}
        assert pow_score(bytes.fromhex(iota.client("messageRaw", sent)["hex"])) >= 1

    def test_index_alone(self, iota: Iota) -> None:
        key = random_key()
        sent = iota.do("sendData", key)["messageId"]
        assert iota.do("retrieveData", sent)["index"] == key

    def test_reattach(self, iota: Iota, bank: Bank) -> None:
        key = random_key()
        first = iota.do("sendData", key, "once more")["messageId"]
        bank.milestone()
        again = iota.do("reattach", first)
        second = again["messageId"]
        assert second != first
        assert iota.client("message", second)["payload"] == again["message"]["payload"]
        assert set(iota.client("messagesFind", key)["messageIds"]) == {first, second}

    def test_promote(self, iota: Iota) -> None:
        sent = iota.do("sendData", random_key(), "promote me")["messageId"]
        promotion = iota.client("message", iota.do("promote", sent)["messageId"])
        assert sent in promotion["parentMessageIds"]
        assert promotion["payload"] is None

    def test_retry_declines(self, iota: Iota, bank: Bank) -> None:
        sent = iota.do("sendData", random_key(), "healthy")["messageId"]
        for _ in range(2):
            with pytest.raises(PeerError, match="Error: The message should not be promoted or reattached"):
                iota.do("retry", sent)
            bank.milestone()


class TestTokens:
    def test_send(self, iota: Iota, bank: Bank, rich: Wallet) -> None:
        sent = iota.do("send", rich.seed, 0, rich.bech32(1), 3 * MEGA, {"key": "sale", "data": "thanks"})
        metadata = included(iota, bank, sent["messageId"])
        check_fields(metadata, "IMessageMetadata")
        assert metadata["ledgerInclusionState"] == "included"
        assert "conflictReason" not in metadata
        assert iota.do("getBalance", rich.seed, 0, {"zeroCount": 2}) == 10 * MEGA
        unspent = iota.do("getUnspentAddresses", rich.seed, 0)
        assert [(each["address"], each["balance"]) for each in unspent] == [
            (rich.bech32(0), 7 * MEGA),
            (rich.bech32(1), 3 * MEGA),
        ]
        assert iota.do("getUnspentAddress", rich.seed, 0)["address"] == rich.bech32(0)
        found = iota.do("retrieveData", sent["messageId"])
        assert found == {"index": {"hex": b"sale".hex()}, "data": {"hex": b"thanks".hex()}}

    def test_send_with_local_work(self, iota: Iota, bank: Bank, rich: Wallet) -> None:
        sent = iota.do("send", rich.seed, 0, rich.bech32(1), 10 * MEGA, local=True)
        assert included(iota, bank, sent["messageId"])["ledgerInclusionState"] == "included"

    def test_inputs_of_several_addresses(self, iota: Iota, bank: Bank, rich: Wallet) -> None:
        for _ in range(3):
            bank.pay(rich.address(1), 5 * MEGA)
        sent = iota.do("send", rich.seed, 0, rich.bech32(2), 24 * MEGA)
        assert included(iota, bank, sent["messageId"])["ledgerInclusionState"] == "included"
        assert len(sent["message"]["payload"]["essence"]["inputs"]) == 4
        assert bank.client.balance(rich.address(2)).balance_iota == 24 * MEGA

    def test_send_multiple_with_dust(self, iota: Iota, bank: Bank, rich: Wallet) -> None:
        outputs: list[dict[str, Any]] = [
            {"addressBech32": rich.bech32(1), "amount": MEGA, "isDustAllowance": True},
            {"addressBech32": rich.bech32(2), "amount": 2 * MEGA},
        ]
        sent = iota.do("sendMultiple", rich.seed, 0, outputs)
        assert included(iota, bank, sent["messageId"])["ledgerInclusionState"] == "included"
        assert iota.client("address", rich.bech32(1))["dustAllowed"] is True
        dust = iota.do("send", rich.seed, 0, rich.bech32(1), 1)
        assert included(iota, bank, dust["messageId"])["ledgerInclusionState"] == "included"
        assert iota.client("address", rich.bech32(1))["balance"] == MEGA + 1
        assert iota.client("address", rich.bech32(2))["dustAllowed"] is False
        dust = iota.do("send", rich.seed, 0, rich.bech32(2), 1)
        metadata = included(iota, bank, dust["messageId"])
        check_fields(metadata, "IMessageMetadata")
        assert (metadata["ledgerInclusionState"], metadata["conflictReason"]) == ("conflicting", 6)

    def test_reattached_transfer_conflicts_with_itself(self, iota: Iota, bank: Bank, rich: Wallet) -> None:
        sent = iota.do("send", rich.seed, 0, rich.bech32(1), 4 * MEGA)["messageId"]
        included(iota, bank, sent)
        second = iota.do("reattach", sent)["messageId"]
        metadata = included(iota, bank, second)
        assert (metadata["ledgerInclusionState"], metadata["conflictReason"]) == ("conflicting", 1)
        assert iota.do("getBalance", rich.seed, 0, {"zeroCount": 2}) == 10 * MEGA

    def test_too_little_money_is_noticed_by_the_client(self, iota: Iota, rich: Wallet) -> None:
        with pytest.raises(PeerError, match="not enough funds"):
            iota.do("send", rich.seed, 0, rich.bech32(1), 11 * MEGA)

    def test_empty_wallet(self, iota: Iota, wallet: Wallet) -> None:
        assert iota.do("getBalance", wallet.seed, 0) == 0
        assert iota.do("getUnspentAddress", wallet.seed, 0) is None


class TestLedger:
    @pytest.fixture
    def transfer(self, iota: Iota, bank: Bank, rich: Wallet) -> dict[str, Any]:
        sent: dict[str, Any] = iota.do("send", rich.seed, 0, rich.bech32(1), 4 * MEGA)
        included(iota, bank, sent["messageId"])
        return sent

    def test_included_message(self, iota: Iota, transfer: dict[str, Any]) -> None:
        message = iota.client("message", transfer["messageId"])
        transaction_id = iota.describe(message)["transactionId"]
        assert iota.client("transactionIncludedMessage", transaction_id) == message
        assert iota.failure("transactionIncludedMessage", UNKNOWN_ID)["status"] == 404

    def test_output_before_and_after_it_is_spent(
        self, iota: Iota, bank: Bank, rich: Wallet, transfer: dict[str, Any]
    ) -> None:
        (output_id,) = iota.client("addressEd25519Outputs", rich.addresses[1]["hex"])["outputIds"]
        output = iota.client("output", output_id)
        more = frozenset({"ledgerIndex"})
        check_fields(output, "api/IOutputResponse", more=more)
        assert output["messageId"] == transfer["messageId"]
        assert output["isSpent"] is False
        assert output["output"] == {
            "type": 0,
            "address": {"type": 0, "address": rich.addresses[1]["hex"]},
            "amount": 4 * MEGA,
        }
        spending = iota.do("send", rich.seed, 0, rich.bech32(2), 10 * MEGA)
        included(iota, bank, spending["messageId"])
        output = iota.client("output", output_id)
        check_fields(output, "api/IOutputResponse", more=more | {"milestoneIndexSpent", "transactionIdSpent"})
        assert output["isSpent"] is True

    def test_address_in_both_forms(self, iota: Iota, rich: Wallet) -> None:
        by_bech32 = iota.client("address", rich.bech32())
        check_fields(by_bech32, "api/IAddressResponse")
        by_hex = iota.client("addressEd25519", rich.addresses[0]["hex"])
        assert by_hex | {"ledgerIndex": 0} == by_bech32 | {"ledgerIndex": 0}
        assert by_hex["address"] == rich.addresses[0]["hex"]
        assert by_hex["balance"] == 10 * MEGA

    def test_address_of_another_network_is_refused(self, iota: Iota, rich: Wallet) -> None:
        failure = iota.failure("address", "iota1qpdl66e2p0x2t7uhlnmv27uz7hf0jhdp52ruakyfvc387thc765hx9ftyjx")
        assert (failure["status"], failure["code"]) == (400, "400")

    def test_outputs_of_an_address(self, iota: Iota, bank: Bank, rich: Wallet, transfer: dict[str, Any]) -> None:
        bank.pay(rich.address(1), MEGA, OutputType.DUST_ALLOWANCE)
        bech32, digest = rich.bech32(1), rich.addresses[1]["hex"]
        outputs = iota.client("addressOutputs", bech32)
        check_fields(outputs, "api/IAddressOutputsResponse")
        assert outputs["count"] == len(outputs["outputIds"]) == 2
        (single,) = iota.client("addressOutputs", bech32, 0)["outputIds"]
        (allowance,) = iota.client("addressEd25519Outputs", digest, 1)["outputIds"]
        assert {single, allowance} == set(outputs["outputIds"])
        assert iota.client("output", allowance)["output"]["type"] == 1
        first = rich.addresses[0]["hex"]
        assert iota.client("addressEd25519Outputs", first)["count"] == 1
        with_spent = iota.client("addressEd25519Outputs", first, None, True)["outputIds"]
        assert [iota.client("output", each)["isSpent"] for each in with_spent] == [False, True]

    def test_milestone_and_what_it_changed(
        self, iota: Iota, bank: Bank, rich: Wallet, transfer: dict[str, Any]
    ) -> None:
        index = iota.client("messageMetadata", transfer["messageId"])["referencedByMilestoneIndex"]
        milestone = iota.client("milestone", index)
        check_fields(milestone, "api/IMilestoneResponse")
        assert milestone["index"] == index
        metadata = iota.client("messageMetadata", milestone["messageId"])
        assert metadata["milestoneIndex"] == metadata["referencedByMilestoneIndex"] == index
        message = iota.client("message", milestone["messageId"])
        assert message["payload"]["index"] == index
        assert iota.describe(message)["messageId"] == milestone["messageId"]
        changes = iota.client("milestoneUtxoChanges", index)
        check_fields(changes, "api/IMilestoneUtxoChangesResponse")
        created = {iota.client("output", each)["messageId"] for each in changes["createdOutputs"]}
        assert transfer["messageId"] in created
        spent = transfer["message"]["payload"]["essence"]["inputs"][0]
        place = spent["transactionOutputIndex"].to_bytes(2, "little").hex()
        assert spent["transactionId"] + place in changes["consumedOutputs"]

    def test_milestone_that_changed_nothing(self, iota: Iota) -> None:
        assert iota.client("milestoneUtxoChanges", 1) == {"index": 1, "createdOutputs": [], "consumedOutputs": []}

    def test_milestone_that_is_not_there_yet(self, iota: Iota) -> None:
        assert iota.failure("milestone", 10**9)["status"] == 404
        assert iota.failure("milestoneUtxoChanges", 10**9)["status"] == 404
