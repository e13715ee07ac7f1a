"""A running marketplace is backed up and restored elsewhere: what was acknowledged before is there (D6, D13, D17)."""

import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.cli.running import run
from tests.market.description_samples import device
from tests.served_market import ServedMarket

from datasouk.node.checking import check_ledger

DEVICES = 40
SETTINGS = {"RATE_LIMITS": "off", "LOG_LEVEL": "error", "DEVICES_PER_USER": "100"}
KEYS = ("server.key", "coordinator.key", "operator.key")


class Traffic:
    """A sensor that publishes and buyers who buy, until they are told to stop; remembers what was acknowledged."""

    def __init__(self, url: str, owner: dict[str, Any], buyers: list[dict[str, Any]]) -> None:
        self._url = url
        self.buyers = buyers
        self.secrets = {f"SIDEKEY{buyer['userId']}" for buyer in buyers}
        with httpx2.Client(base_url=url, timeout=30) as http:
            self.device_keys = [self._register(http, owner, number) for number in range(DEVICES)]
            for buyer in buyers:
                assert http.post("/wallet", json={"userId": buyer["userId"]}).status_code == 201
        self.published: list[str] = []
        self.bought: list[tuple[str, str]] = []
        self.problems: list[object] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._publish)]
        self._threads += [threading.Thread(target=self._buy, args=(buyer["userId"],)) for buyer in buyers]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _register(self, http: httpx2.Client, owner: dict[str, Any], number: int) -> str:
        body = {"id": f"ws-{number}", "apiKey": owner["apiKey"], "device": device(owner=owner["userId"], price="100")}
        return str(http.post("/newDevice", json=body).json()["sk"])

    def _publish(self) -> None:
        number = 0
        with httpx2.Client(base_url=self._url, timeout=30) as http:
            while not self._stop.is_set():
                number += 1
                packet = {"time": 1_700_000_000_000 + number, "root": "ROOT", "sidekey": min(self.secrets)}
                packet["messageId"] = f"m{number}"
                body = {"id": "ws-0", "sk": self.device_keys[0], "packet": packet}
                answer = http.post("/newData", json=body).json()
                self.published.append(f"m{number}") if answer.get("success") else self.problems.append(answer)

    def _buy(self, user_id: str) -> None:
        with httpx2.Client(base_url=self._url, timeout=30) as http:
            for number in range(DEVICES):
                if self._stop.is_set():
                    return
                body = {"userId": user_id, "deviceId": f"ws-{number}"}
                answer = http.post("/purchaseStream", json=body).json()
                taken = (user_id, f"ws-{number}")
                self.bought.append(taken) if answer == {"success": True} else self.problems.append(answer)


def pages_of(http: httpx2.Client, user_id: str) -> set[str]:
    found: set[str] = set()
    before: int | None = None
    while True:
        params: dict[str, str | int | None] = {"userId": user_id, "deviceId": "ws-0"}
        params |= {} if before is None else {"time": before}
        page = http.get("/stream", params=params).json()
        new = {packet["messageId"] for packet in page} - found
        if not new:
            return found
        found |= new
        before = page[-1]["time"]


@pytest.mark.slow
def test_what_was_acknowledged_before_a_backup_is_there_after_it_was_restored(tmp_path: Path) -> None:
    file = tmp_path / "backup"
    with ServedMarket(tmp_path / "old", **SETTINGS) as market:
        owner = market.users("create", "--email", "owner@example.org")
        buyers = [market.users("create", "--email", f"buyer{number}@example.org") for number in range(3)]
        traffic = Traffic(market.url, owner, buyers)
        while len(traffic.published) < 50 or len(traffic.bought) < 6:
            time.sleep(0.01)
        published, bought = list(traffic.published), list(traffic.bought)
        written = run("backup", str(file), "--data-dir", str(market.data))
        assert (written.returncode, written.stderr) == (0, "")
        assert len(traffic.published) > len(published), "nothing was published meanwhile"
        traffic.stop()
        assert traffic.problems == []
    kept = file.read_bytes()
    secrets = {account[name] for account in (owner, *buyers) for name in ("userId", "apiKey")}
    secrets |= {*traffic.device_keys, *traffic.secrets}
    for name in KEYS:
        secrets |= set((market.data / name).read_text().split())
    secrets_as_bytes = {bytes.fromhex(each) for each in secrets if len(each) == 64}
    assert [each for each in secrets if each.encode() in kept] == []
    assert [each for each in secrets_as_bytes if each in kept] == []
    assert b"ws-0" in kept

    new = ServedMarket(tmp_path / "new", **SETTINGS)
    restored = run("restore", str(file), "--data-dir", str(new.data))
    assert (restored.returncode, restored.stderr) == (0, "")
    assert check_ledger(new.data).problems == []
    for name in KEYS:
        shutil.copy2(market.data / name, new.data)
    with new, httpx2.Client(base_url=new.url, timeout=30) as http:
        assert http.get("/readyz").json()["status"] == "ok"
        for user_id, device_id in bought:
            assert http.get("/stream", params={"userId": user_id, "deviceId": device_id}).json() != {"success": False}
        assert set(published) <= pages_of(http, buyers[0]["userId"])
        total = http.get("/v2/ledger/total").json()
        assert total["supply"] == total["outputs"]
        for buyer in buyers:
            paid = 100 * len([each for each in bought if each[0] == buyer["userId"]])
            balance = http.get("/user", params={"userId": buyer["userId"]}).json()["wallet"]["balance"]
            assert 2_000_000 - 100 * DEVICES <= balance <= 2_000_000 - paid
            # It goes on: what was bought after the backup can be bought again, and the rest.
            for number in range(DEVICES):
                body = {"userId": buyer["userId"], "deviceId": f"ws-{number}"}
                assert http.post("/purchaseStream", json=body).json() == {"success": True}
        body = {"deviceId": "ws-1", "apiKey": owner["apiKey"]}
        assert http.post("/delete", json=body).json() == {"success": True}
    assert check_ledger(new.data).problems == []


@pytest.mark.slow
def test_a_restored_folder_without_its_keys_is_not_served(tmp_path: Path) -> None:
    with ServedMarket(tmp_path / "old") as market:
        market.users("create")
        assert run("backup", str(tmp_path / "backup"), "--data-dir", str(market.data)).returncode == 0
        market.end(signal.SIGTERM)
    new = ServedMarket(tmp_path / "new")
    for missing, error in (("server.key", "ServerKey"), ("coordinator.key", "WrongLedger"), ("operator.key", "Wrong")):
        shutil.rmtree(new.data, ignore_errors=True)
        assert run("restore", str(tmp_path / "backup"), "--data-dir", str(new.data)).returncode == 0
        for name in KEYS:
            if name != missing:
                shutil.copy2(market.data / name, new.data)
        with pytest.raises(RuntimeError, match=error):
            new.start()
