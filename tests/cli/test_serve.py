"""``datasouk serve``: started, stopped, killed and started again, as an operator does."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from tests.market.description_samples import device
from tests.served_market import ServedMarket

PACKET = {"time": 1_700_000_000_000, "root": "ROOT", "sidekey": "KEY", "messageId": "m1"}


@pytest.mark.slow
def test_what_was_acknowledged_outlasts_a_kill(tmp_path: Path) -> None:
    market = ServedMarket(tmp_path)
    market.start()
    account = market.users("create", "--email", "a@example.org")
    with httpx2.Client(base_url=market.url) as http:
        body = {"id": "ws-1", "apiKey": account["apiKey"], "device": device(owner=account["userId"])}
        secret = http.post("/newDevice", json=body).json()["sk"]
        assert http.post("/newData", json={"id": "ws-1", "sk": secret, "packet": PACKET}).json() == {"success": True}
    market.end(signal.SIGKILL)
    market.start()
    with httpx2.Client(base_url=market.url) as http:
        query = {"userId": account["userId"], "deviceId": "ws-1"}
        assert http.get("/stream", params=query).json() == [PACKET]
    assert market.end(signal.SIGTERM) == 0
    assert not (market.data / "admin.sock").exists()


@pytest.mark.slow
def test_the_node_answers_on_the_same_origin(tmp_path: Path) -> None:
    with ServedMarket(tmp_path) as market, httpx2.Client(base_url=market.url) as http:
        assert http.get("/api/v1/info").json()["data"]["isHealthy"] is True
        assert http.get("/health").status_code == 200
        assert http.get("/readyz").json() == {"status": "ok"}
        assert http.get("/settings").json()["defaultPrice"] == 1000
        metrics = http.get("/metrics").text
        for name in ("datasouk_requests_total", "datasouk_operator_iota 2", "datasouk_settlements_waiting 0.0"):
            assert name in metrics
        assert http.get("/mqtt").status_code in (404, 426)


@pytest.mark.slow
def test_a_folder_has_one_server_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with ServedMarket(tmp_path) as market:
        assert market.data.stat().st_mode & 0o077 == 0
        assert (market.data / "admin.sock").stat().st_mode & 0o777 == 0o600
        command = [sys.executable, "-m", "datasouk", "serve", "--port", "0", "--data-dir", str(market.data)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert ended.returncode == 1
        assert "in use" in ended.stderr


def test_a_misspelt_setting_stops_it_before_anything_is_made(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "datasouk", "serve", "--data-dir", str(tmp_path / "data")]
    environment = os.environ | {"DATASOUK_DEFAULT_PRIZE": "5"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert "did you mean DATASOUK_DEFAULT_PRICE?" in ended.stderr
    assert not (tmp_path / "data").exists()
