"""What is the same for every route: CORS, methods, limits, ids, counting, the log, and what is mounted beside."""

import asyncio
import logging
from typing import Any

import httpx2
import pytest
from tests.web.rig import running

from datasouk.web import Mount, make_routes
from datasouk.web.app import WebApp
from datasouk.web.limits import RateRules
from datasouk.web.options import WebOptions

pytestmark = pytest.mark.anyio
ORIGIN = {"Origin": "https://shop.example.org"}
PATHS = sorted({route.path for route in make_routes()})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")


@pytest.mark.parametrize("path", PATHS)
async def test_every_route_can_be_asked_from_any_origin_without_credentials(path: str) -> None:
    async with running() as rig:
        asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-api-key"}
        answer = await rig.http.options(path, headers=ORIGIN | asks)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == ORIGIN["Origin"]
        assert answer.headers["access-control-allow-headers"] == "content-type,x-api-key"
        assert "access-control-allow-credentials" not in answer.headers
        for method in ("GET", "POST"):
            answer = await rig.http.request(method, path, headers=ORIGIN)
            assert answer.headers["access-control-allow-origin"] == ORIGIN["Origin"]
            assert "Origin" in answer.headers["vary"]
            assert "access-control-allow-credentials" not in answer.headers
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
async def test_other_methods_are_refused_and_head_is_get_without_body(path: str) -> None:
    allowed = {route.method for route in make_routes() if route.path == path}
    async with running() as rig:
        for method in METHODS:
            if method not in allowed:
                refused = await rig.error(method, path, 405)
                assert refused["code"] == "method_not_allowed"
        if "GET" in allowed:
            got, head = await rig.http.get(path), await rig.http.head(path)
            assert (head.status_code, head.content) == (got.status_code, b"")
            assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize(
    "path", ["/", "/nothing-here", "/Devices", "/semarket", "/migration", "/devices/x", "//devices"]
)
async def test_unknown_routes_are_not_found(path: str) -> None:
    async with running() as rig:
        answer = await rig.http.request("GET", httpx2.URL(f"http://souk{path}"))
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_route")


async def test_request_ids_differ() -> None:
    async with running() as rig:
        ids = {(await rig.http.get("/healthz")).headers["x-request-id"] for _ in range(5)}
        assert len(ids) == 5


async def test_too_many_requests_are_told_when_to_come_again() -> None:
    async with running(rates=RateRules(requests=3)) as rig:
        for _ in range(3):
            assert (await rig.http.get("/settings")).status_code == 200
        answer = await rig.http.get("/settings", headers=ORIGIN)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["access-control-allow-origin"] == ORIGIN["Origin"]
        assert (await rig.http.get("/healthz")).status_code == 200


async def test_guessing_credentials_ends_in_429() -> None:
    async with running(rates=RateRules(refusals=3)) as rig:
        alice = await rig.person()
        await rig.register(alice)
        statuses = []
        for number in range(5):
            packet = {"time": 1, "root": "A", "sidekey": "B"}
            body = {"id": "ws-1", "sk": f"{number}" * 64, "packet": packet}
            statuses.append((await rig.http.post("/newData", json=body)).status_code)
        assert statuses == [403, 403, 403, 429, 429]


async def test_an_unknown_user_id_counts_as_a_guess_though_its_answer_is_a_polite_one() -> None:
    async with running(rates=RateRules(refusals=2)) as rig:
        query = {"userId": "x", "deviceId": "y"}
        assert [(await rig.http.get("/stream", params=query)).status_code for _ in range(3)] == [200, 200, 429]


async def test_an_account_may_change_so_much() -> None:
    async with running(rates=RateRules(changes=2)) as rig:
        alice, bob = await rig.person(), await rig.person("bob")
        statuses = [(await rig.http.post("/wallet", json={"userId": alice.user_id})).status_code for _ in range(3)]
        assert statuses == [201, 200, 429]
        assert (await rig.http.post("/wallet", json={"userId": bob.user_id})).status_code == 201


async def test_the_log_names_the_route_and_nothing_that_the_client_said(caplog: pytest.LogCaptureFixture) -> None:
    async with running(options=WebOptions(logs_requests=True)) as rig:
        with caplog.at_level(logging.INFO, "datasouk"):
            await rig.http.get("/stream?userId=SECRET1&deviceId=SECRET2", headers={"X-API-Key": "SECRET3"})
            await rig.http.get("/SECRET4")
            await rig.http.request("SECRET5", "/stream")
    events = [record.__dict__ for record in caplog.records if record.message == "request"]
    assert [(event["method"], event["route"], event["status"]) for event in events] == [
        ("GET", "/stream", 403),
        ("other", "none", 404),
        ("other", "none", 405),
    ]
    assert "SECRET" not in str(events)


async def test_other_applications_answer_below_their_own_paths() -> None:
    async def node(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 299, "headers": []})
            await send({"type": "http.response.body", "body": scope["path"].encode()})
        else:
            await send({"type": "websocket.accept"})

    mount = Mount(node, frozenset({"/health", "/mqtt"}), ("/api/",))
    async with running(mounts=(mount,)) as rig:
        for path, status in (("/health", 299), ("/api/v1/info", 299), ("/healthz", 200), ("/apis", 404)):
            assert (await rig.http.get(path)).status_code == status
        assert await web_socket(rig.app, "/mqtt") == ["websocket.accept"]
        assert await web_socket(rig.app, "/devices") == ["websocket.close"]


async def web_socket(app: WebApp, path: str) -> list[str]:
    sent: list[str] = []

    async def send(event: Any) -> None:
        sent.append(event["type"])

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    await app({"type": "websocket", "path": path}, receive, send)
    return sent


async def test_the_server_may_ask_whether_it_has_started() -> None:
    async with running() as rig:
        events = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent: list[str] = []

        async def receive() -> Any:
            return events.pop(0)

        async def send(event: Any) -> None:
            sent.append(event["type"])

        await asyncio.wait_for(rig.app({"type": "lifespan"}, receive, send), 5)
        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
