"""Decisions D1 and D2: where keys may stand, and what happens when two disagree."""

from typing import Any

import pytest
from tests.web.rig import NEEDS_KEY, running

from datasouk.web.options import WebOptions

pytestmark = pytest.mark.anyio


async def test_a_key_may_stand_in_two_headers_or_a_field() -> None:
    async with running() as rig:
        alice = await rig.person()
        await rig.register(alice)
        for headers, fields in (
            ({"Authorization": f"Bearer {alice.api_key}"}, {}),
            ({"authorization": f"bearer  {alice.api_key} "}, {}),
            ({"X-API-Key": alice.api_key}, {}),
            ({}, {"apiKey": alice.api_key}),
            ({"X-API-Key": alice.api_key}, {"apiKey": alice.api_key}),
        ):
            query = {"userId": alice.user_id} | fields
            answer = await rig.http.get("/devices", params=query, headers=headers)
            assert answer.status_code == 200
            assert answer.json()[0]["sk"]
            assert ("deprecation" in answer.headers) == bool(fields)


async def test_two_keys_that_disagree_are_refused() -> None:
    async with running() as rig:
        alice, bob = await rig.person(), await rig.person("bob")
        for headers, body in (
            ({"X-API-Key": bob.api_key}, {"apiKey": alice.api_key}),
            ({"Authorization": f"Bearer {bob.api_key}", "X-API-Key": alice.api_key}, {}),
            ({"Authorization": "Bearer nonsense"}, {"apiKey": alice.api_key}),
        ):
            refused = await rig.error("POST", "/delete", 403, headers=headers, json={"deviceId": "x"} | body)
            assert refused["code"] == "credentials_disagree"


async def test_a_key_and_a_user_id_that_disagree_are_refused() -> None:
    async with running() as rig:
        alice, bob = await rig.person(), await rig.person("bob")
        headers = {"X-API-Key": bob.api_key}
        calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
            ("GET", "/user", {"params": {"userId": alice.user_id}}),
            ("GET", "/stream", {"params": {"userId": alice.user_id, "deviceId": "x"}}),
            ("GET", "/devices", {"params": {"userId": alice.user_id}}),
            ("POST", "/wallet", {"json": {"userId": alice.user_id}}),
            ("POST", "/purchaseStream", {"json": {"userId": alice.user_id, "deviceId": "x"}}),
        )
        for method, path, arguments in calls:
            refused = await rig.error(method, path, 403, headers=headers, **arguments)
            assert refused["code"] == "credentials_disagree"


async def test_keys_in_queries_can_be_denied() -> None:
    async with running(options=WebOptions(accepts_query_keys=False)) as rig:
        alice = await rig.person()
        query = {"userId": alice.user_id, "apiKey": alice.api_key}
        assert (await rig.error("GET", "/devices", 403, params=query))["code"] == "query_key_denied"
        answer = await rig.http.get("/devices", params={"userId": alice.user_id}, headers={"X-API-Key": alice.api_key})
        assert answer.status_code == 200


async def test_a_server_may_want_the_key_for_buying_and_reading() -> None:
    async with running(rules=NEEDS_KEY) as rig:
        alice = await rig.person()
        calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
            ("GET", "/user", {"params": {"userId": alice.user_id}}),
            ("GET", "/stream", {"params": {"userId": alice.user_id, "deviceId": "x"}}),
            ("POST", "/wallet", {"json": {"userId": alice.user_id}}),
            ("POST", "/purchaseStream", {"json": {"userId": alice.user_id, "deviceId": "x"}}),
        )
        for method, path, arguments in calls:
            assert (await rig.error(method, path, 403, **arguments))["code"] == "api_key_required"
            answer = await rig.http.request(method, path, headers={"X-API-Key": alice.api_key}, **arguments)
            assert answer.status_code in (200, 201)


async def test_a_cookie_is_nothing() -> None:
    async with running(rules=NEEDS_KEY) as rig:
        alice = await rig.person()
        headers = {"Cookie": f"apiKey={alice.api_key}; session={alice.api_key}"}
        await rig.error("GET", "/user", 403, params={"userId": alice.user_id}, headers=headers)
