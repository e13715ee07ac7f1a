"""The calls of the published JavaScript samples, with the packages that they use, against the marketplace as served.

``samples.mjs`` makes each call as its sample does; here is the story of a seller and a buyer who run them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.peers import NodeProcess
from tests.served_market import ServedMarket

SAMPLES = Path(__file__).parent / "samples.mjs"
DEVICE_ID = "speeder-4"
PRICE_IOTA = 100
PAGE = 20
PACKETS = PAGE + 3
DEVICE = {
    "sensorId": "speeder",
    "type": "Landspeeder",
    "company": "Mos Eisley Rentals",
    "price": str(PRICE_IOTA),
    "date": "14 February, 2019 11:16 am",
    "inactive": True,
    "dataTypes": [{"id": "speed", "name": "Speed", "unit": "km/h"}, {"id": "note", "name": "Note", "unit": ""}],
    "location": {"city": "Anchorhead", "country": "Tatooine"},
    "lat": 40,
    "lon": 20,
}

pytestmark = pytest.mark.slow


@dataclass
class Stall:
    """A seller, a buyer, and the samples that they run."""

    samples: NodeProcess
    seller: dict[str, str]
    buyer: dict[str, str]
    sk: str = ""

    def call(self, sample: str, **fields: Any) -> Any:
        return self.samples.call(sample, **fields)

    def open(self) -> Any:
        device = DEVICE | {"owner": self.seller["userId"]}
        answer = self.call("newDevice", apiKey=self.seller["apiKey"], id=DEVICE_ID, device=device)
        self.sk = answer.get("sk", "")
        return answer

    def publish(self, reading: dict[str, Any]) -> dict[str, Any]:
        """Publish a reading, which must be accepted; returns its packet."""
        done = self.call("publish", id=DEVICE_ID, sk=self.sk, reading=reading, tag="SPEEDER")
        assert done["answer"] == {"success": True}
        packet: dict[str, Any] = done["packet"]
        return packet

    def stream(self, time: int | str = "null") -> Any:
        return self.call("stream", deviceId=DEVICE_ID, userId=self.buyer["userId"], time=time)

    def balance(self) -> int:
        balance: int = self.call("user", userId=self.buyer["userId"])["wallet"]["balance"]
        return balance

    def buy(self) -> Any:
        return self.call("purchase", userId=self.buyer["userId"], deviceId=DEVICE_ID)


@pytest.fixture
def stall(tmp_path: Path) -> Iterator[Stall]:
    with ServedMarket(tmp_path) as market, NodeProcess(SAMPLES, market.url) as samples:
        seller = market.users("create", "--email", "seller@example.org")
        yield Stall(samples, seller, market.users("create", "--email", "buyer@example.org"))


def test_a_seller_and_a_buyer_run_the_nine_samples(stall: Stall) -> None:
    user_id = stall.buyer["userId"]
    opened = stall.open()
    assert opened["success"] is True
    assert len(opened["sk"]) == 64
    packets = [stall.publish({"speed": number, "note": "Überholt, 100 %"}) for number in range(PACKETS)]

    assert "wallet" not in stall.call("user", userId=user_id)
    assert stall.stream()["success"] is False
    assert set(stall.call("wallet", userId=user_id)) == {"messageId"}
    before = stall.balance()
    assert stall.buy() == {"success": True}
    assert stall.balance() == before - PRICE_IOTA

    newest = stall.stream()
    assert newest == packets[: -PAGE - 1 : -1]
    older = stall.stream(min(packet["time"] for packet in newest))
    assert newest + older == packets[::-1]
    for number in (0, PACKETS - 1):
        packet = (newest + older)[PACKETS - 1 - number]
        read = stall.call("read", root=packet["root"], sidekey=packet["sidekey"])
        assert read == {"time": packet["time"], "data": {"speed": number, "note": "Überholt, 100 %"}}


def test_devices_are_listed_for_all_and_for_their_owner_until_they_are_removed(stall: Stall) -> None:
    stall.open()
    stall.publish({"speed": 1})
    seller = stall.seller
    (listed,) = stall.call("devices")
    assert listed["sensorId"] == DEVICE_ID
    assert listed["owner"] == seller["handle"]
    assert "sk" not in listed
    for name in ("type", "company", "price", "date", "dataTypes", "location"):
        assert listed[name] == DEVICE[name], name
    (own,) = stall.call("ownDevices", userId=seller["userId"], apiKey=seller["apiKey"])
    assert (own["sk"], own["owner"]) == (stall.sk, seller["userId"])
    quota = stall.call("user", userId=seller["userId"])["numberOfDevices"]  # How many it may have, as in the original.
    assert quota == 5

    assert stall.call("remove", apiKey=seller["apiKey"], deviceId=DEVICE_ID) == {"success": True}
    assert stall.call("devices") == []
    assert stall.call("ownDevices", userId=seller["userId"], apiKey=seller["apiKey"]) == []
    assert stall.call("publish", id=DEVICE_ID, sk=stall.sk, reading={"speed": 2}, tag="SPEEDER")["answer"]["error"]
