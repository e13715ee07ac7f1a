"""npm @iota/mam.js 1.6.3, unmodified, against a served node, and both ways with `datasouk.mam`."""

import os
from typing import Any

import pytest
from tests.clients.bank import Bank
from tests.clients.javascript import Mam
from tests.peers import installed_versions

from datasouk import mam
from datasouk.client.node import NodeClient
from datasouk.ledger import Indexation

TEXTS = ["21.5", "Grüße, 5 °C", "温度"]
MODES = ["public", "private", "restricted"]


@pytest.fixture(params=MODES)
def channel(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What makes a channel in either language; ``sideKey`` is None where there is none."""
    side_key = mam.generate_seed() if request.param == "restricted" else None
    return {"seed": mam.generate_seed(), "security": 1, "mode": request.param, "sideKey": side_key}


def ours(channel: dict[str, Any]) -> mam.Channel:
    return mam.Channel(channel["seed"], security=channel["security"], mode=channel["mode"], side_key=channel["sideKey"])


def publish(node: NodeClient, channel: mam.Channel, texts: list[str], tag: str | None = None) -> None:
    """Publish as a sensor in Python does."""
    for text in texts:
        message = channel.create_message(mam.text_to_trytes(text))
        node.submit_data(mam.ledger_index(message.address), mam.pack(message, tag))


def read(node: NodeClient, channel: dict[str, Any], root: str) -> list[mam.Fetched]:
    """Read a channel to its end, from the bytes that the node keeps."""
    messages: list[mam.Fetched] = []
    while True:
        index = mam.ledger_index(mam.decode_address(root, channel["mode"]))
        payloads = [node.message(message_id).payload for message_id in node.find(index)]
        candidates = [payload.data for payload in payloads if isinstance(payload, Indexation)]
        fetched = mam.find_message(candidates, root, side_key=channel["sideKey"])
        if fetched is None:
            return messages
        messages.append(fetched)
        root = fetched.next_root


def test_the_package_is_the_published_one() -> None:
    assert installed_versions()["@iota/mam.js"] == "1.6.3"


class TestJavaScriptAlone:
    def test_attach_and_fetch(self, mam_js: Mam, channel: dict[str, Any]) -> None:
        sent = [mam.text_to_trytes(text) for text in TEXTS]
        published = mam_js.publish(channel, sent, "SENSORDATA")
        first = published["messages"][0]["root"]
        fetched = mam_js.fetch(first, channel["mode"], channel["sideKey"])
        assert fetched is not None
        assert (fetched["message"], fetched["tag"]) == (sent[0], "SENSORDATA")
        assert fetched["nextRoot"] == published["messages"][1]["root"]
        everything = mam_js.fetch_all(first, channel["mode"], channel["sideKey"])
        assert [each["message"] for each in everything] == sent
        assert everything[-1]["nextRoot"] == published["nextRoot"]
        assert len(mam_js.fetch_all(first, channel["mode"], channel["sideKey"], 2)) == 2

    def test_nothing_there(self, mam_js: Mam, channel: dict[str, Any]) -> None:
        root = ours(channel).root
        assert mam_js.fetch(root, channel["mode"], channel["sideKey"]) is None
        assert mam_js.fetch_all(root, channel["mode"], channel["sideKey"]) == []


class TestBothWays:
    def test_python_reads_what_javascript_publishes(self, mam_js: Mam, bank: Bank, channel: dict[str, Any]) -> None:
        published = mam_js.publish(channel, [mam.text_to_trytes(text) for text in TEXTS], "TAG")
        fetched = read(bank.client, channel, ours(channel).root)
        assert [mam.trytes_to_text(each.message) for each in fetched] == TEXTS
        assert {each.tag for each in fetched} == {"TAG"}
        assert fetched[-1].next_root == published["nextRoot"]

    def test_javascript_reads_what_python_publishes(self, mam_js: Mam, bank: Bank, channel: dict[str, Any]) -> None:
        mine = ours(channel)
        root = mine.root
        publish(bank.client, mine, TEXTS, "TAG")
        fetched = mam_js.fetch_all(root, channel["mode"], channel["sideKey"])
        assert [mam.trytes_to_text(each["message"]) for each in fetched] == TEXTS
        assert {each["tag"] for each in fetched} == {"TAG"}

    def test_others_at_the_same_index_are_passed_over(self, mam_js: Mam, bank: Bank, channel: dict[str, Any]) -> None:
        """Anybody can write to an index; both readers find the owner's message among the rest."""
        mine = ours(channel)
        root = mine.root
        index = mam.ledger_index(mam.decode_address(root, channel["mode"]))
        bank.client.submit_data(index, os.urandom(3000))
        publish(bank.client, mine, TEXTS[:1])
        bank.client.submit_data(index, b"short")
        fetched = mam_js.fetch(root, channel["mode"], channel["sideKey"])
        assert fetched is not None
        assert mam.trytes_to_text(fetched["message"]) == TEXTS[0]
        assert len(read(bank.client, channel, root)) == 1
