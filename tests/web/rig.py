"""A marketplace in memory, its web application, and a client that talks to it without a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from tests.market.description_samples import device
from tests.market_fakes import MemoryStore
from tests.web.fake_money import FakeMoney

from datasouk.ledger import TOKEN_SUPPLY_IOTA
from datasouk.market.devices import Devices
from datasouk.market.ids import now_ms
from datasouk.market.purchases import Purchases
from datasouk.market.records import Role
from datasouk.market.rules import ConsumptionAuth, Rules
from datasouk.market.secrets import Vault
from datasouk.market.streams import Streams
from datasouk.market.users import NewAccount, Users
from datasouk.web import Mount, create_web_app
from datasouk.web.captcha import Captcha, CaptchaMode
from datasouk.web.limits import RateLimits, RateRules
from datasouk.web.mail import Mailer
from datasouk.web.metrics import Metrics
from datasouk.web.options import WebOptions
from datasouk.web.places import Places, Town
from datasouk.web.ports import Market

BERLIN = Town("Berlin", "Germany", 52.52437, 13.41053)
PERTH = Town("Perth", "Australia", -31.95224, 115.8614)


@dataclass
class Rig:
    market: Market
    store: MemoryStore
    money: FakeMoney
    app: Any
    http: httpx2.AsyncClient
    people: dict[str, NewAccount] = field(default_factory=dict)

    async def person(self, name: str = "alice", role: Role = Role.USER) -> NewAccount:
        """An account, made when it is first named."""
        if name not in self.people:
            self.people[name] = await self.market.users.create(email=f"{name}@example.org", role=role)
        return self.people[name]

    async def register(self, owner: NewAccount, /, device_id: str = "ws-1", **changes: Any) -> str:
        """Register a device through the front door; returns its secret key."""
        fields = device(**{"owner": owner.user_id} | changes)
        body = {"id": device_id, "apiKey": owner.api_key, "device": fields}
        answer = await self.http.post("/newDevice", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["sk"])

    async def publish(self, device_id: str, secret: str, number: int = 1) -> httpx2.Response:
        packet = {"time": 1_700_000_000_000 + number, "root": "ROOT", "sidekey": "KEY", "messageId": f"m{number}"}
        return await self.http.post("/newData", json={"id": device_id, "sk": secret, "packet": packet})

    async def error(self, method: str, path: str, status: int, **arguments: Any) -> dict[str, Any]:
        """Send what will be refused; checks the form of every refusal."""
        answer = await self.http.request(method, path, **arguments)
        assert answer.status_code == status, (answer.status_code, answer.text)
        body: dict[str, Any] = answer.json()
        assert body["error"]
        assert body["code"]
        assert body["requestId"] == answer.headers["x-request-id"]
        assert answer.headers["cache-control"] == "no-store"
        return body


def make_market(
    store: MemoryStore,
    *,
    rules: Rules | None = None,
    options: WebOptions | None = None,
    rates: RateRules | None = None,
    captcha: Captcha | None = None,
    mailer: Mailer | None = None,
) -> tuple[Market, FakeMoney]:
    rules = rules or Rules()
    vault, money = Vault([b"\x01" * 32]), FakeMoney(store, rules)
    users = Users(store, vault, rules=rules)
    purchases = Purchases(store, rules=rules)
    market = Market(
        users=users,
        devices=Devices(store, vault, users, money, rules=rules),
        streams=Streams(store, vault, purchases, rules=rules, clock=now_ms),
        money=money,
        readiness=money,
        options=options or WebOptions(),
        limits=RateLimits(rates),
        captcha=captcha or Captcha(CaptchaMode.TEST),
        mailer=mailer or Mailer(),
        places=Places([BERLIN, PERTH]),
        metrics=Metrics(),
        unspent=_unspent,
    )
    return market, money


async def _unspent() -> int:
    return TOKEN_SUPPLY_IOTA


@asynccontextmanager
async def running(*, mounts: tuple[Mount, ...] = (), **arguments: Any) -> AsyncIterator[Rig]:
    store = MemoryStore()
    market, money = make_market(store, **arguments)
    app = create_web_app(market, mounts=mounts)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://souk") as http:
        yield Rig(market, store, money, app, http)


NEEDS_KEY = Rules(consumption_auth=ConsumptionAuth.KEY)
