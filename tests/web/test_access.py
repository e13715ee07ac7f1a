"""Who may do what: every route against every kind of caller.

The columns are nobody (no credentials), a stranger (an account that has nothing to do with the device), the owner, a
buyer, an admin, the device itself (its secret key alone), and the owner with credentials that were rotated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.market.description_samples import device
from tests.web.rig import Rig, running
from tests.web.test_visitors import LETTER
from tests.web.test_wallets import ADDRESS

from datasouk.market.records import Role
from datasouk.web import make_routes

pytestmark = pytest.mark.anyio
CALLERS = ("nobody", "stranger", "owner", "buyer", "admin", "device", "rotated")


@dataclass(frozen=True)
class Who:
    """What a caller knows; None: it has no such thing."""

    user_id: str | None
    api_key: str | None
    secret: str | None = None

    def named(self, **names: str | None) -> dict[str, str]:
        return {name: value for name, value in names.items() if value is not None}


Call = Callable[[Who], dict[str, Any]]


def packet() -> dict[str, Any]:
    return {"time": 1_700_000_000_000, "root": "A", "sidekey": "B"}


def json_of(**fields: Any) -> dict[str, Any]:
    return {"json": {name: value for name, value in fields.items() if value is not None}}


# Route -> the request, and for each caller what comes of it: a status, or a status and how the body begins.
GUESS = (403, '{"error"')
NO_KEY = (400, '{"error"')
YES = (200, '{"success":true')
NOT_YOURS = (200, '{"success":false')
PUBLIC = (200, "")
TABLE: dict[tuple[str, str], tuple[Call, tuple[Any, ...]]] = {
    ("GET", "/devices"): (
        lambda who: {"params": who.named(userId=who.user_id, apiKey=who.api_key)},
        ((200, '[{"'), (200, "[]"), (200, '[{"'), (200, "[]"), (200, "[]"), (200, '[{"'), GUESS),
    ),
    ("POST", "/wallet"): (
        lambda who: json_of(userId=who.user_id),
        (NO_KEY, 201, 201, 200, 201, NO_KEY, GUESS),
    ),
    ("GET", "/user"): (
        lambda who: {"params": who.named(userId=who.user_id)},
        (NO_KEY, PUBLIC, PUBLIC, PUBLIC, PUBLIC, NO_KEY, (200, "null")),
    ),
    ("GET", "/stream"): (
        lambda who: {"params": who.named(userId=who.user_id, deviceId="ws-1")},
        (NO_KEY, NOT_YOURS, (200, '[{"time"'), (200, '[{"time"'), NOT_YOURS, NO_KEY, NOT_YOURS),
    ),
    ("POST", "/purchaseStream"): (
        lambda who: json_of(userId=who.user_id, deviceId="ws-1"),
        (NO_KEY, (200, '{"error":"Not enough'), YES, YES, (200, '{"error":"Not enough'), NO_KEY, GUESS),
    ),
    ("POST", "/newDevice"): (
        lambda who: json_of(id="ws-1", apiKey=who.api_key, device=device(owner=who.user_id or "x")),
        (
            NO_KEY,
            (200, '{"error":"Device with'),
            YES,
            (200, '{"error":"Device with'),
            (200, '{"error":"Device with'),
            NO_KEY,
            GUESS,
        ),
    ),
    ("POST", "/newData"): (
        lambda who: json_of(id="ws-1", sk=who.secret or who.api_key, packet=packet()),
        (NO_KEY, GUESS, GUESS, GUESS, GUESS, YES, GUESS),
    ),
    ("DELETE", "/delete"): (
        lambda who: json_of(deviceId="ws-1", apiKey=who.api_key),
        (NO_KEY, GUESS, YES, GUESS, GUESS, NO_KEY, GUESS),
    ),
    ("POST", "/delete"): (
        lambda who: json_of(deviceId="ws-1", apiKey=who.api_key),
        (NO_KEY, GUESS, YES, GUESS, GUESS, NO_KEY, GUESS),
    ),
    ("GET", "/device"): (lambda who: {"params": {"deviceId": "ws-1"}}, (PUBLIC,) * 7),
    ("GET", "/settings"): (lambda who: {}, (PUBLIC,) * 7),
    ("GET", "/balance"): (lambda who: {"params": {"address": ADDRESS}}, (PUBLIC,) * 7),
    ("POST", "/toggleWhitelist"): (
        lambda who: json_of(sensorId="ws-1", isInactive="false", apiKey=who.api_key, uid=who.user_id),
        (NO_KEY, GUESS, GUESS, GUESS, YES, NO_KEY, GUESS),
    ),
    ("POST", "/faucet"): (lambda who: json_of(address=ADDRESS, captcha="captcha-ok"), (PUBLIC,) * 7),
    ("POST", "/sendEmail"): (lambda who: json_of(**LETTER), (PUBLIC,) * 7),
    ("GET", "/location"): (lambda who: {"params": {"gps": "1,2"}}, (PUBLIC,) * 7),
    ("GET", "/v2/captcha"): (lambda who: {}, (404,) * 7),
    ("GET", "/v2/ledger/total"): (lambda who: {}, (PUBLIC,) * 7),
    ("GET", "/healthz"): (lambda who: {}, (PUBLIC,) * 7),
    ("GET", "/readyz"): (lambda who: {}, (PUBLIC,) * 7),
    ("GET", "/metrics"): (lambda who: {}, (PUBLIC,) * 7),
}


def test_the_table_has_every_route() -> None:
    assert set(TABLE) == {(route.method, route.path) for route in make_routes()}


async def callers(rig: Rig) -> dict[str, Who]:
    """A device with a packet, its owner, a buyer, and the others."""
    people = {name: await rig.person(name) for name in ("stranger", "owner", "buyer")}
    people["admin"] = await rig.person("admin", Role.ADMIN)
    secret = await rig.register(people["owner"])
    await rig.publish("ws-1", secret)
    await rig.http.post("/wallet", json={"userId": people["buyer"].user_id})
    await rig.http.post("/purchaseStream", json={"userId": people["buyer"].user_id, "deviceId": "ws-1"})
    found = {name: Who(account.user_id, account.api_key) for name, account in people.items()}
    return found | {"nobody": Who(None, None), "device": Who(None, None, secret)}


async def rotate(rig: Rig) -> Who:
    """The owner's credentials after both were changed; the old ones are what is returned."""
    owner = rig.people["owner"]
    users = rig.market.users
    (key,) = await users.api_keys(owner.account)
    await users.add_api_key(owner.account, "second")
    await users.revoke_api_key(owner.account, key.key_id)
    await users.rotate_user_id(owner.account)
    return Who(owner.user_id, owner.api_key)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("method", "path"), TABLE)
async def test_who_may_do_what(method: str, path: str, caller: str) -> None:
    call, outcomes = TABLE[method, path]
    expected = outcomes[CALLERS.index(caller)]
    status, beginning = expected if isinstance(expected, tuple) else (expected, "")
    async with running() as rig:
        known = await callers(rig)
        who = await rotate(rig) if caller == "rotated" else known[caller]
        answer = await rig.http.request(method, path, **call(who))
        assert answer.status_code == status, answer.text
        assert answer.text.startswith(beginning)


async def test_whoever_is_refused_changes_nothing() -> None:
    async with running() as rig:
        known = await callers(rig)
        before = (await rig.http.get("/device", params={"deviceId": "ws-1"})).json()
        for method, path in TABLE:
            for caller in ("nobody", "stranger"):
                if path not in ("/faucet", "/sendEmail"):
                    await rig.http.request(method, path, **TABLE[method, path][0](known[caller]))
        assert (await rig.http.get("/device", params={"deviceId": "ws-1"})).json() == before
        owner = known["owner"]
        answer = await rig.http.get("/stream", params={"userId": owner.user_id, "deviceId": "ws-1"})
        assert len(answer.json()) == 1
