"""Hostile bodies and queries, a few hundred for each route: whatever comes, no answer is a server's error."""

import json
from itertools import product
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from tests.market.description_samples import device
from tests.web.rig import Rig, running
from tests.web.test_fields import HOSTILE_JSON

from datasouk.web import make_routes

pytestmark = pytest.mark.anyio
FIELDS = (
    "userId",
    "deviceId",
    "id",
    "apiKey",
    "sk",
    "packet",
    "device",
    "time",
    "address",
    "captcha",
    "sensorId",
    "isInactive",
    "uid",
    "name",
    "email",
    "iac",
    "gps",
)
VALUES: tuple[Any, ...] = (
    None,
    "",
    0,
    -1,
    1.5,
    True,
    [],
    {},
    [[["a"]]],
    {"a": {"b": None}},
    "' OR 1=1 --",
    "../../etc/passwd",
    "a/b",
    "a\x00b",
    "\ud800",
    "\u202egnp",
    "é\U0001f6a2",
    "x" * 70_000,
    2**70,
    1e308,
    "__proto__",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "a\r\nSet-Cookie: x=1",
)
HEADERS = (
    {"X-API-Key": "\xff\xfe"},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer \xe9"},
    {"Authorization": "Basic eDp5"},
    {"Content-Type": "application/json; charset=nonsense"},
    {"Content-Type": "application/json;charset="},
    {"Content-Type": "\xff"},
    {"Content-Encoding": "gzip"},
    {"Content-Length": "-5"},
    {"If-None-Match": '"' * 5000},
    {"Accept-Encoding": "gzip;q=0"},
    {"Origin": "null"},
    {"Origin": "\xff"},
)
ROUTES = [(route.method, route.path) for route in make_routes()]


async def check(answer: httpx2.Response) -> None:
    assert answer.status_code < 500, answer.text
    assert "set-cookie" not in answer.headers
    if answer.status_code >= 400:
        body = answer.json()
        assert set(body) >= {"error", "code", "requestId"}
        assert "Traceback" not in answer.text


async def defaults(rig: Rig) -> dict[str, Any]:
    """Fields with which most calls succeed, so that a hostile one gets past those before it."""
    alice = await rig.person()
    secret = await rig.register(alice)
    return {
        "userId": alice.user_id,
        "uid": alice.user_id,
        "deviceId": "ws-1",
        "sensorId": "ws-1",
        "isInactive": "true",
        "id": "ws-1",
        "apiKey": alice.api_key,
        "sk": secret,
        "packet": {"time": 1, "root": "A", "sidekey": "B"},
        "device": device(owner=alice.user_id),
        "captcha": "captcha-ok",
    }


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_no_field_of_any_kind_is_an_error_of_ours(method: str, path: str) -> None:
    async with running() as rig:
        good = await defaults(rig)
        for name, value in product(FIELDS, VALUES):
            fields = good | {name: value}
            if method == "GET":
                query = "&".join(
                    f"{key}={quote(str(each).encode('utf-8', 'surrogatepass'))[:60_000]}"
                    for key, each in fields.items()
                    if key in (name, "userId", "deviceId", "apiKey")
                )
                await check(await rig.http.get(f"{path}?{query}"))
            else:
                content = json.dumps(fields).encode()
                headers = {"Content-Type": "application/json"}
                await check(await rig.http.request(method, path, content=content, headers=headers))


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_no_body_query_or_header_is_an_error_of_ours(method: str, path: str) -> None:
    async with running() as rig:
        media_types = ("application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data")
        for body, media_type in product((*HOSTILE_JSON.values(), b"a=1&a=2", b"%ff=%ff"), media_types):
            await check(await rig.http.request(method, path, content=body, headers={"Content-Type": media_type}))
        for query in ("a&b&c", "%", "%ff", "userId=1&userId=2", "userId[]=1", "&" * 500, "apiKey=%00", "=" * 100):
            await check(await rig.http.request(method, f"{path}?{query}"))
        for headers in HEADERS:
            pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            await check(await rig.http.request(method, path, content=b"{}", headers=pairs))


@pytest.mark.parametrize(
    "place", ["type", "company", "location", "dataTypes", "lat", "lon", "price", "value", "owner", "more"]
)
async def test_no_description_of_a_device_is_an_error_of_ours(place: str) -> None:
    async with running() as rig:
        good = await defaults(rig)
        for value in VALUES:
            body = {"id": "ws-2", "apiKey": good["apiKey"], "device": good["device"] | {place: value}}
            content = json.dumps(body).encode()
            answer = await rig.http.post("/newDevice", content=content, headers={"Content-Type": "application/json"})
            await check(answer)
            assert (await rig.http.get("/devices")).status_code == 200


async def test_d16_too_long_a_body_is_refused_on_every_route_that_takes_one() -> None:
    async with running() as rig:
        for method, path in ROUTES:
            if method != "GET":
                refused = await rig.error(method, path, 413, content=b"x" * (256 * 1024 + 1))
                assert refused["code"] == "too_large"
