"""The REST interface over a node in memory, called in this process."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.fakes import FakeFaucet, FakeNode
from tests.node.rig import API, Rig, running

from datasouk.node.rest import create_node_app
from datasouk.node.rest_http import AsgiMessage, Receive, Scope, Send

pytestmark = pytest.mark.anyio
_HELLO = {"payload": {"type": 2, "index": "aa", "data": "00ff"}}


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running(FakeFaucet()) as rig:
        yield rig


class TestNodeRoutes:
    async def test_info(self, rig: Rig) -> None:
        info = await rig.get(f"{API}/info")
        assert (info["networkId"], info["bech32HRP"], info["isHealthy"]) == ("fake", "atoi", True)
        assert info["features"] == ["PoW"]

    async def test_unhealthy_node_answers_503(self, rig: Rig) -> None:
        rig.node.is_healthy = False
        error = await rig.post(f"{API}/messages", 503, json=_HELLO)
        assert error == {"code": "503", "message": "the node is not healthy"}

    async def test_tips_are_the_parents_of_the_next_message(self, rig: Rig) -> None:
        tips = (await rig.get(f"{API}/tips"))["tipMessageIds"]
        message_id = (await rig.post(f"{API}/messages", json={}))["messageId"]
        assert (await rig.get(f"{API}/messages/{message_id}"))["parentMessageIds"] == tips

    async def test_what_this_network_does_not_have_is_empty(self, rig: Rig) -> None:
        assert await rig.get(f"{API}/treasury") == {"milestoneId": "00" * 32, "amount": 0}
        assert await rig.get(f"{API}/receipts") == {"receipts": []}
        assert await rig.get(f"{API}/receipts/5") == {"receipts": []}
        assert await rig.get(f"{API}/peers") == []


_HOSTILE_BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"\\ud800"',
    b'{"payload":5}',
    b'{"payload":{"type":true}}',
    b'{"payload":{"type":2,"index":""}}',
    b'{"payload":{"type":2,"index":"0"}}',
    b'{"payload":{"type":2,"index":"00","index":"01"}}',
    b'{"payload":{"type":2,"index":"\\ud800\\ud800"}}',
    b'{"payload":{"type":9}}',
    b'{"networkId":5}',
    b'{"networkId":"5"}',
    b'{"nonce":"5"}',
    b'{"parentMessageIds":["' + b"12" * 32 + b'"]}',
    b'{"parentMessageIds":["' + b"22" * 32 + b'","' + b"11" * 32 + b'"]}',
    b'{"payload":{"type":2,"index":"0000","data":"' + b"00" * 32_704 + b'"}}',
    b"[" * 100_000,
    b"9" * 10_000,
    b"NaN",
    b"\xff\xfe{}",
]


class TestHostileInput:
    @pytest.mark.parametrize("body", _HOSTILE_BODIES, ids=range(len(_HOSTILE_BODIES)))
    async def test_json_gets_400_and_a_reason(self, rig: Rig, body: bytes) -> None:
        for kind in ("application/json", "application/json; charset=utf-8"):
            error = await rig.post(f"{API}/messages", 400, content=body, headers={"content-type": kind})
            assert error["code"] == "400"
            assert len(error["message"]) > 10

    @pytest.mark.parametrize("body", [b"", b"\0" * 20, b"\0" * 22, b"\xff" * 60, b"\0" * 40_000], ids=len)
    async def test_bytes_get_400_and_a_reason(self, rig: Rig, body: bytes) -> None:
        assert (await rig.post(f"{API}/messages", 400, content=body))["message"]

    async def test_body_over_1_mib_is_413(self, rig: Rig) -> None:
        error = await rig.post(f"{API}/messages", 413, content=b"x" * (2**20 + 1))
        assert error == {"code": "413", "message": "the body is longer than 1048576 bytes"}

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(17):
                yield b"x" * 65_536

        assert (await rig.post(f"{API}/messages", 413, content=chunks()))["code"] == "413"

    @pytest.mark.parametrize(
        "query", ["", "?index=", "?index=zz", "?index=" + "00" * 65, "?index", "?" + "a&" * 50, "?index=%ff%fe"]
    )
    async def test_index_out_of_bounds_is_400(self, rig: Rig, query: str) -> None:
        await rig.get(f"{API}/messages{query}", 400)

    @pytest.mark.parametrize(
        "path",
        [
            "milestones/x",
            "milestones/-1",
            "milestones/4294967296",
            "milestones/%D9%A1",
            "outputs/12",
            f"outputs/{'12' * 34}",
            "addresses/atoi1qqqq",
            "addresses/iota1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqy0rpc3",
            "addresses/ed25519/12",
            f"addresses/ed25519/{'12' * 32}/outputs?type=2",
            f"addresses/ed25519/{'12' * 32}/outputs?type=x",
            f"addresses/ed25519/{'12' * 32}/outputs?include-spent=perhaps",
            f"addresses/ed25519/{'12' * 32}/tx-history?pageSize=0",
            "receipts/x",
        ],
    )
    async def test_parameters_out_of_bounds_are_400(self, rig: Rig, path: str) -> None:
        error = await rig.get(f"{API}/{path}", 400)
        assert len(error["message"]) > 10

    async def test_what_nobody_foresaw_is_a_500_without_details(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fail() -> None:
            raise RuntimeError("secret detail")

        monkeypatch.setattr(rig.node, "tips", fail)
        assert await rig.get(f"{API}/tips", 500) == {"code": "500", "message": "internal error"}
        assert "secret detail" in caplog.text


class TestHttp:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/"),
            ("GET", "/api"),
            ("GET", "/api/v2/info"),
            ("GET", f"{API}/peers/x"),
            ("DELETE", f"{API}/peers/x"),
            ("POST", f"{API}/control/database/prune"),
            ("POST", f"{API}/control/snapshots/create"),
            ("GET", "/mqtt"),
            ("GET", "/..%2f..%2fetc/passwd"),
        ],
    )
    async def test_unknown_route_is_404_in_the_envelope(self, rig: Rig, method: str, path: str) -> None:
        answer = await rig.http.request(method, path)
        assert answer.status_code == 404
        assert answer.json() == {"error": {"code": "404", "message": "there is no such route"}}

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("DELETE", f"{API}/info", "GET, HEAD, OPTIONS"),
            ("POST", f"{API}/peers", "GET, HEAD, OPTIONS"),
            ("PUT", f"{API}/messages", "POST, GET, HEAD, OPTIONS"),
            ("BREW", f"{API}/messages", "POST, GET, HEAD, OPTIONS"),
        ],
    )
    async def test_wrong_method_is_405_in_the_envelope(self, rig: Rig, method: str, path: str, allowed: str) -> None:
        answer = await rig.http.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        assert answer.json()["error"]["code"] == "405"

    async def test_head_is_get_without_the_body(self, rig: Rig) -> None:
        full, head = await rig.http.get(f"{API}/treasury"), await rig.http.head(f"{API}/treasury")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(full.content))
        assert (await rig.http.head(f"{API}/messages/{'12' * 32}")).status_code == 404

    async def test_options_without_origin(self, rig: Rig) -> None:
        answer = await rig.http.options(f"{API}/messages")
        assert (answer.status_code, answer.headers["allow"]) == (204, "POST, GET, HEAD, OPTIONS")

    @pytest.mark.parametrize("path", [f"{API}/info", f"{API}/messages/xx", "/nowhere"])
    async def test_any_origin_may_read(self, rig: Rig, path: str) -> None:
        answer = await rig.http.get(path, headers={"origin": "https://shop.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Location" in answer.headers["access-control-expose-headers"]

    async def test_preflight(self, rig: Rig) -> None:
        headers = {
            "origin": "https://shop.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        }
        answer = await rig.http.options(f"{API}/messages", headers=headers)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "POST" in answer.headers["access-control-allow-methods"]

    async def test_long_answers_are_compressed_for_who_asks(self, rig: Rig) -> None:
        draft = {"payload": {"type": 2, "index": "aa", "data": "00" * 3000}}
        message_id = (await rig.post(f"{API}/messages", json=draft))["messageId"]
        for encoding, wanted in (("gzip", "gzip"), ("identity", None)):
            request = rig.http.build_request(
                "GET", f"{API}/messages/{message_id}", headers={"accept-encoding": encoding}
            )
            answer = await rig.http.send(request, stream=True)
            body = b"".join([chunk async for chunk in answer.aiter_raw()])
            assert answer.headers.get("content-encoding") == wanted
            fields = json.loads(gzip.decompress(body) if wanted else body)
            assert fields["data"]["payload"] == draft["payload"]


class TestWebsocket:
    @staticmethod
    async def connect(path: str, *, with_mqtt: bool = True) -> list[AsgiMessage]:
        """What the application sends to a WebSocket client."""
        sent: list[AsgiMessage] = []

        async def receive() -> AsgiMessage:
            return {"type": "websocket.connect"}

        async def send(message: AsgiMessage) -> None:
            sent.append(message)

        async def accept(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "websocket.accept"})

        app = create_node_app(FakeNode(), websocket=accept if with_mqtt else None)
        await app({"type": "websocket", "path": path, "headers": []}, receive, send)
        return sent

    async def test_mqtt_is_handed_on(self) -> None:
        assert await self.connect("/mqtt") == [{"type": "websocket.accept"}]

    @pytest.mark.parametrize("path", ["/api/v1/info", "/nowhere", "/mqtt/"])
    async def test_other_paths_refuse(self, path: str) -> None:
        assert await self.connect(path) == [{"type": "websocket.close"}]

    async def test_without_mqtt_nothing_is_served(self) -> None:
        assert await self.connect("/mqtt", with_mqtt=False) == [{"type": "websocket.close"}]


async def test_server_may_ask_about_start_and_end() -> None:
    """The node is started and closed elsewhere; ASGI's lifespan call returns at once, without a word."""

    async def never(*_: object) -> Any:
        raise AssertionError

    await create_node_app(FakeNode())({"type": "lifespan"}, never, never)
