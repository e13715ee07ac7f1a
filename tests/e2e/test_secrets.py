"""No secret that was used in a run is in the log or in the database file (D4)."""

import signal
from pathlib import Path

import httpx2
import pytest
from tests.market.description_samples import device
from tests.served_market import ServedMarket

PACKET = {"time": 1_700_000_000_000, "root": "ROOTROOTROOT", "sidekey": "CANARYSIDEKEY99999999", "messageId": "m1"}


def use(http: httpx2.Client, user_id: str, api_key: str) -> set[str]:
    """Send every secret by every way that a client may choose, right and wrong ones; returns them."""
    body = {"id": "ws-1", "apiKey": api_key, "device": device(owner=user_id)}
    secret = http.post("/newDevice", json=body).json()["sk"]
    http.post("/newData", json={"id": "ws-1", "sk": secret, "packet": PACKET})
    http.get("/stream", params={"userId": user_id, "deviceId": "ws-1"})
    http.get("/devices", params={"userId": user_id, "apiKey": api_key})
    http.get("/devices", params={"userId": user_id}, headers={"Authorization": f"Bearer {api_key}"})
    wrong = {"wrongsecret" + "0" * 53, "wrong-api-key-canary", "wrong-user-id-canary"}
    for each in sorted(wrong | {secret, user_id, api_key}):
        http.post("/newData", json={"id": "ws-1", "sk": each, "packet": PACKET})
        http.post("/delete", json={"deviceId": "nothing", "apiKey": each})
        http.get("/stream", params={"userId": each, "deviceId": each, "time": each})
        http.get(f"/{each}")
        http.get("/devices", params={"userId": each, "apiKey": each}, headers={"X-API-Key": each})
        http.post("/wallet", data={"userId": each})
        http.post("/newData", content=f'{{"sk": "{each}"', headers={"Content-Type": "application/json"})
        http.request(each, "/devices")
        http.post("/faucet", json={"address": "x", "captcha": each})
    return wrong | {secret, user_id, api_key, PACKET["sidekey"]}


@pytest.mark.slow
def test_no_secret_is_in_the_log_or_in_the_database(tmp_path: Path) -> None:
    with ServedMarket(tmp_path, LOG_LEVEL="debug", LOG_REQUESTS="on", CAPTCHA="test") as market:
        account = market.users("create", "--email", "a@example.org")
        market.users("list")
        with httpx2.Client(base_url=market.url) as http:
            secrets = use(http, account["userId"], account["apiKey"])
        secrets.add((market.data / "server.key").read_text().strip())
        secrets.add((market.data / "operator.key").read_text().strip())
        market.end(signal.SIGKILL)  # The journal stays beside the database.
    log = market.log()
    assert '"route": "/newData"' in log
    assert [secret for secret in secrets if secret in log] == []
    files = [path for path in market.data.glob("market.db*") if path.is_file()]
    assert len(files) > 1
    kept = b"".join(path.read_bytes() for path in files)
    assert b"ws-1" in kept
    assert [secret for secret in secrets if secret.encode() in kept] == []
