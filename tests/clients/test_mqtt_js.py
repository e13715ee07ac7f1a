"""npm @iota/mqtt.js 1.8.6, unmodified, against a served node: each topic, over TCP and over WebSocket."""

import os

import pytest
from tests.clients.bank import Bank
from tests.clients.javascript import Mqtt, check_fields
from tests.peers import installed_versions

from datasouk.ledger import Address, Message, Transaction

MEGA = 1_000_000


def random_index() -> bytes:
    return os.urandom(16)


def test_the_package_is_the_published_one() -> None:
    assert installed_versions()["@iota/mqtt.js"] == "1.8.6"


class TestConnection:
    def test_client_says_that_it_is_connected_and_nothing_went_wrong(self, mqtt: Mqtt) -> None:
        mqtt.settle()
        statuses = mqtt.statuses()
        assert [status["state"] for status in statuses if status["type"] == "connect"] == ["connected"]
        assert "error" not in {status["type"] for status in statuses}

    def test_what_is_unsubscribed_is_not_sent(self, mqtt: Mqtt, bank: Bank) -> None:
        index = random_index()
        ended = mqtt.subscribe("indexRaw", {"hex": index.hex()})
        kept = mqtt.subscribe("messagesRaw")
        mqtt.settle()
        mqtt.unsubscribe(ended)
        mqtt.settle()
        message_id = bank.client.submit_data(index, b"unheard")
        while Message.from_bytes(bytes.fromhex(mqtt.next(kept)[1][0]["hex"])).message_id() != message_id:
            pass
        assert mqtt.waiting(ended) == 0


class TestMilestones:
    @pytest.mark.parametrize("kind", ["latest", "confirmed"])
    def test_current_one_at_once_and_then_each(self, mqtt: Mqtt, bank: Bank, kind: str) -> None:
        before = bank.client.info().latest_milestone_index
        subscription = mqtt.subscribe(f"milestones{kind.capitalize()}")
        topic, (now,) = mqtt.next(subscription)
        assert topic == f"milestones/{kind}"
        assert now.keys() == {"index", "timestamp"}
        assert now["index"] >= before
        bank.milestone()
        _, (following,) = mqtt.next(subscription)
        assert following["index"] == now["index"] + 1
        milestone = bank.client.milestone(following["index"])
        assert following["timestamp"] == milestone.timestamp_seconds


class TestMessages:
    def test_every_message_decoded(self, mqtt: Mqtt, bank: Bank) -> None:
        """Milestones too, which the package can decode only if they are signed with two keys."""
        subscription = mqtt.subscribe("messages")
        mqtt.settle()
        index = random_index()
        message_id = bank.client.submit_data(index, b"21.5")
        bank.milestone()
        kinds: set[int] = set()
        while kinds != {0, 1, 2}:
            topic, (message, raw) = mqtt.next(subscription)
            assert topic == "messages"
            payload = message.get("payload") or {"type": None}
            if payload["type"] == 2 and payload["index"] == index.hex():
                assert raw["hex"] == bank.client.raw(message_id).hex()
                assert payload["data"] == b"21.5".hex()
            kinds |= {payload["type"]} - {None}
        assert "error" not in {status["type"] for status in mqtt.statuses()}

    def test_raw(self, mqtt: Mqtt, bank: Bank) -> None:
        subscription = mqtt.subscribe("messagesRaw")
        mqtt.settle()
        message_id = bank.client.submit_data(random_index(), b"raw")
        expected = bank.client.raw(message_id).hex()
        while mqtt.next(subscription) != ("messages", [{"hex": expected}]):
            pass

    def test_by_index(self, mqtt: Mqtt, bank: Bank) -> None:
        index = random_index()
        decoded = mqtt.subscribe("index", {"hex": index.hex()})
        raw = mqtt.subscribe("indexRaw", {"hex": index.hex()})
        mqtt.settle()
        bank.client.submit_data(random_index(), b"of somebody else")
        for text in (b"1", b"2"):
            expected = bank.client.raw(bank.client.submit_data(index, text)).hex()
            topic, (message, bytes_) = mqtt.next(decoded)
            assert topic == f"messages/indexation/{index.hex()}"
            assert message["payload"]["data"] == text.hex()
            assert bytes_["hex"] == expected
            assert mqtt.next(raw) == (topic, [{"hex": expected}])

    def test_metadata_at_once_and_when_it_is_referenced(self, mqtt: Mqtt, bank: Bank) -> None:
        message_id = bank.client.submit_data(random_index(), b"watched").hex()
        subscription = mqtt.subscribe("messageMetadata", message_id)
        topic, (metadata,) = mqtt.next(subscription)
        assert topic == f"messages/{message_id}/metadata"
        check_fields(metadata, "IMessageMetadata")
        assert metadata["isSolid"]
        bank.milestone()
        while "ledgerInclusionState" not in metadata:
            _, (metadata,) = mqtt.next(subscription)
        check_fields(metadata, "IMessageMetadata")
        assert metadata["ledgerInclusionState"] == "noTransaction"
        assert metadata["referencedByMilestoneIndex"] >= 1

    def test_metadata_of_all_that_are_referenced(self, mqtt: Mqtt, bank: Bank) -> None:
        subscription = mqtt.subscribe("messagesMetadata")
        mqtt.settle()
        wanted = bank.client.submit_data(random_index(), b"one of many").hex()
        bank.milestone()
        seen = set()
        while True:
            topic, (metadata,) = mqtt.next(subscription)
            assert topic == "messages/referenced"
            check_fields(metadata, "IMessageMetadata")
            seen.add(metadata["messageId"])
            if "milestoneIndex" in metadata and wanted in seen:
                return


class TestLedger:
    def test_transfer_in_every_topic(self, mqtt: Mqtt, bank: Bank) -> None:
        """Subscribed beforehand, so that nothing is sent as a state."""
        address = Address(os.urandom(32))
        transaction = bank.prepare(address, 2 * MEGA)
        name = transaction.transaction_id().hex()
        spent = bank.output().hex()
        (output_id,) = [
            each.hex()
            for each, output in zip(transaction.output_ids(), transaction.essence.outputs, strict=True)
            if output.address == address
        ]
        bech32, digest = address.to_bech32(hrp="atoi"), address.digest.hex()
        included = mqtt.subscribe("transactionIncludedMessage", name)
        raw = mqtt.subscribe("transactionIncludedMessageRaw", name)
        created = {
            f"outputs/{output_id}": mqtt.subscribe("output", output_id),
            f"addresses/{bech32}/outputs": mqtt.subscribe("addressOutputs", bech32),
            f"addresses/ed25519/{digest}/outputs": mqtt.subscribe("addressEd25519Outputs", digest),
        }
        consumed = mqtt.subscribe("output", spent)
        assert mqtt.next(consumed)[1][0]["isSpent"] is False
        mqtt.settle()
        message_id = bank.send(transaction)

        expected = bank.client.raw(message_id).hex()
        topic, (message, bytes_) = mqtt.next(included)
        assert topic == f"transactions/{name}/included-message"
        assert bytes_["hex"] == expected
        assert message["payload"]["type"] == 0
        assert mqtt.next(raw) == (topic, [{"hex": expected}])
        for topic, subscription in created.items():
            event, (output,) = mqtt.next(subscription)
            assert event == topic
            check_fields(output, "api/IOutputResponse", more=frozenset({"ledgerIndex"}))
            assert (output["messageId"], output["transactionId"]) == (message_id.hex(), name)
            assert output["isSpent"] is False
            assert output["output"]["amount"] == 2 * MEGA
        assert mqtt.next(consumed)[1][0]["isSpent"] is True

    def test_states_of_what_happened_before(self, mqtt: Mqtt, bank: Bank) -> None:
        message_id = bank.pay(Address(os.urandom(32)), MEGA)
        message = bank.client.message(message_id)
        assert isinstance(message.payload, Transaction)
        name = message.payload.transaction_id().hex()
        _, (_, raw) = mqtt.next(mqtt.subscribe("transactionIncludedMessage", name))
        assert raw["hex"] == message.to_bytes().hex()
        output_id = bank.output().hex()
        _, (output,) = mqtt.next(mqtt.subscribe("output", output_id))
        assert (output["messageId"], output["isSpent"]) == (message_id.hex(), False)
        _, (metadata,) = mqtt.next(mqtt.subscribe("messageMetadata", message_id.hex()))
        assert metadata["ledgerInclusionState"] == "included"

    @pytest.mark.parametrize("method", ["subscribeJson", "subscribeRaw"])
    def test_receipts_can_be_asked_for_and_never_come(self, mqtt: Mqtt, bank: Bank, method: str) -> None:
        receipts = mqtt.subscribe(method, "receipts")
        milestones = mqtt.subscribe(method, "milestones/latest")
        mqtt.next(milestones)
        bank.milestone()
        mqtt.next(milestones)
        assert mqtt.waiting(receipts) == 0
        assert "error" not in {status["type"] for status in mqtt.statuses()}
