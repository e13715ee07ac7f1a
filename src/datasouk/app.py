"""The composition root: the only place that chooses parts and puts them together.

Parts are imported where they are built, so that a command pays for what it uses.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasouk.node.settings import NodeSettings

if TYPE_CHECKING:
    from datasouk.ledger.keys import SigningKey
    from datasouk.market.ports import Node, Store
    from datasouk.market.removal import Removals
    from datasouk.market.rules import Rules
    from datasouk.market.secrets import Vault
    from datasouk.market.settlement import Settlement
    from datasouk.market.teller import Teller
    from datasouk.market.users import Users
    from datasouk.serving import ServingLimits
    from datasouk.settings import Settings
    from datasouk.web import Mount
    from datasouk.web.ports import Market

__all__ = ["NodeServing", "administer", "name_databases", "serve_market", "serve_node"]

_log = logging.getLogger(__name__)
_RESERVE_IOTA = 1_000_000
_KEY_FILE = "server.key"
_MARKET_FILE = "market.db"


@dataclass(frozen=True, slots=True)
class NodeServing:
    """How to serve a node by itself.

    Attributes:
        data_dir: The node's folder; made if it is not there.
        port: Of REST, and of MQTT over WebSocket at ``/mqtt``; 0 takes any that is free.
        mqtt_port: Of MQTT over TCP; None for none.
        limits: What a client may take; None: the defaults.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 14265
    mqtt_port: int | None = None
    node: NodeSettings = field(default_factory=NodeSettings)
    limits: "ServingLimits | None" = None


async def serve_node(serving: NodeServing, *, ready: Callable[[int, int | None], None] | None = None) -> None:
    """Run a ledger node until SIGTERM or SIGINT.

    Args:
        ready: Called with the ports of REST and of MQTT over TCP once both accept connections.

    Raises:
        BrokenLedger: The database contradicts itself, or belongs to another network or other keys.
        CannotListen: An address cannot be had.
    """
    from datasouk.node.embedded import EmbeddedNode
    from datasouk.node.faucet import Faucet
    from datasouk.node.mqtt import MqttBroker
    from datasouk.node.rest import create_node_app
    from datasouk.serving import serve

    async with AsyncExitStack() as stack:
        node = EmbeddedNode(serving.data_dir, serving.node)
        await node.start()
        stack.push_async_callback(node.close)
        faucet = None
        if serving.node.faucet is not None:
            faucet = Faucet(node, node.operator_key, serving.node.faucet)
            faucet.start()
            stack.push_async_callback(faucet.close)
        broker = MqttBroker(node)
        stack.push_async_callback(broker.close)
        mqtt_port = None
        if serving.mqtt_port is not None:
            mqtt_port = await broker.serve_tcp(serving.host, serving.mqtt_port)
        app = create_node_app(node, faucet=faucet, websocket=broker.websocket)
        await serve(
            app,
            host=serving.host,
            port=serving.port,
            limits=serving.limits,
            ready=None if ready is None else lambda port: ready(port, mqtt_port),
        )


@dataclass(frozen=True, slots=True)
class _Base:
    """What the server and the command line's own opening of the store have in common."""

    store: "Store"
    vault: "Vault"
    rules: "Rules"
    users: "Users"


@dataclass(frozen=True, slots=True)
class _Money:
    """What moves tokens."""

    settlement: "Settlement"
    removals: "Removals"
    teller: "Teller"

    async def check(self) -> str:
        """Why no tokens can be moved."""
        return "" if self.settlement.state.is_running else "it has stopped"

    async def warn(self) -> str:
        """Why there will soon be none."""
        operator = await self.teller.operator()
        if operator.is_low:
            return f"the operator's wallet is low: {operator.balance_iota} tokens"
        return "more was given within a day than the alarm is set to" if operator.is_alarming else ""

    async def balance(self) -> float:
        """What the operator has left."""
        return float((await self.teller.operator()).balance_iota)

    async def count_waiting(self) -> float:
        """Movements that wait to be settled."""
        return float(self.settlement.state.waiting)

    async def count_under_way(self) -> float:
        """Groups of movements of which the ledger has not decided."""
        return float(self.settlement.state.groups_under_way)


async def serve_market(settings: "Settings", *, ready: Callable[[int], None] | None = None) -> None:
    """Run the marketplace, with its node if that is embedded, until SIGTERM or SIGINT.

    Args:
        settings: Everything that is set.
        ready: Called with the port once connections are accepted.

    Raises:
        FolderInUse: Another process works in the data folder.
        CannotListen: The address cannot be had.
        MarketError: The store or the server key cannot be used.
    """
    from datasouk.admin import AdminSocket, run_command
    from datasouk.logs import configure_logs
    from datasouk.serving import ServingLimits, serve
    from datasouk.web import create_web_app

    configure_logs(settings.log_level)
    async with AsyncExitStack() as stack:
        base = await _open_base(settings, stack)
        node, operator, mounts = await _open_node(settings, stack)
        money = await _open_money(settings, base, node, operator, stack)
        market = _make_market(settings, base, node, money)
        if not settings.secret_key:
            _log.warning("the server key is in %s, beside what it protects: that is for trying out", _KEY_FILE)
        databases = name_databases(settings)
        admin = AdminSocket(settings.folder, lambda request: run_command(base.users, request, databases=databases))
        await admin.start()
        stack.push_async_callback(admin.close)
        await serve(
            create_web_app(market, mounts=mounts),
            host=settings.host,
            port=settings.port,
            limits=ServingLimits(
                header_seconds=settings.header_seconds,
                body_seconds=settings.body_seconds,
                connections=settings.connections,
                connections_per_address=settings.connections_per_address,
            ),
            ready=ready,
            trusted_proxies=frozenset(settings.trusted_proxies),
        )


def name_databases(settings: "Settings") -> dict[str, str | None]:
    """Where the databases are: ``market``, and ``ledger`` unless that is another node's."""
    from datasouk.node.database import LEDGER_FILE
    from datasouk.storage import store_path

    market = store_path(settings.database or settings.folder / _MARKET_FILE)
    ledger = str((settings.folder / LEDGER_FILE).absolute()) if settings.is_embedded else None
    return {"market": str(market.absolute()), "ledger": ledger}


async def administer(settings: "Settings", request: Mapping[str, Any]) -> object:
    """Do what an operator asks for without a server: open the store, act, close it.

    Raises:
        FolderInUse: A server works in the data folder.
        DatasoukError: It cannot be done.
    """
    from datasouk.admin import run_command

    async with AsyncExitStack() as stack:
        base = await _open_base(settings, stack)
        return await run_command(base.users, request)


async def _open_base(settings: "Settings", stack: AsyncExitStack) -> _Base:
    from datasouk.market.rules import ConsumptionAuth, Rules
    from datasouk.market.secrets import Vault, check_server_key
    from datasouk.market.server_key import load_server_keys, parse_server_key
    from datasouk.market.users import Users
    from datasouk.node.lockfile import lock_folder
    from datasouk.storage import open_store

    folder = settings.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stack.callback(lock_folder(folder, name="market.lock").close)
    if settings.secret_key:
        keys: tuple[bytes, ...] = (parse_server_key(settings.secret_key, source="DATASOUK_SECRET_KEY"),)
    else:
        keys = load_server_keys(folder / _KEY_FILE)
    store = await open_store(settings.database or folder / _MARKET_FILE)
    stack.push_async_callback(store.close)
    vault = Vault(keys)
    await check_server_key(store, vault)
    rules = Rules(
        default_price_iota=settings.default_price,
        devices_per_user=settings.devices_per_user,
        needs_approval=settings.device_approval,
        consumption_auth=ConsumptionAuth.KEY if settings.needs_key else ConsumptionAuth.CAPABILITY,
        bech32_hrp=settings.bech32_hrp,
    )
    return _Base(store, vault, rules, Users(store, vault, rules=rules))


async def _open_node(settings: "Settings", stack: AsyncExitStack) -> "tuple[Node, SigningKey, tuple[Mount, ...]]":
    """The node, the operator's key, and what of the node is served on the marketplace's own origin."""
    from datasouk.node.keyfiles import OPERATOR_FILE, load_keys

    if not settings.is_embedded:
        from datasouk.node.external import ExternalNode

        (operator,) = load_keys(settings.folder / OPERATOR_FILE, 1)
        return await stack.enter_async_context(ExternalNode(settings.node)), operator, ()
    from datasouk.node.embedded import EmbeddedNode
    from datasouk.node.faucet import Faucet
    from datasouk.node.mqtt import MqttBroker
    from datasouk.node.rest import create_node_app
    from datasouk.node.settings import FaucetSettings
    from datasouk.web import Mount

    chosen = NodeSettings(
        network_name=settings.network,
        bech32_hrp=settings.bech32_hrp,
        max_index_results=settings.max_index_results,
        faucet=FaucetSettings() if settings.node_faucet else None,
    )
    node = EmbeddedNode(settings.folder, chosen)
    await node.start()
    stack.push_async_callback(node.close)
    faucet = None
    if chosen.faucet is not None:
        faucet = Faucet(node, node.operator_key, chosen.faucet)
        faucet.start()
        stack.push_async_callback(faucet.close)
    broker = MqttBroker(node)
    stack.push_async_callback(broker.close)
    if settings.mqtt_port:
        await broker.serve_tcp(settings.host, settings.mqtt_port)
    app = create_node_app(node, faucet=faucet, websocket=broker.websocket)
    return node, node.operator_key, (Mount(app, frozenset({"/health", "/mqtt"}), ("/api/",)),)


async def _open_money(
    settings: "Settings", base: _Base, node: "Node", operator: "SigningKey", stack: AsyncExitStack
) -> _Money:
    from datasouk.market.funding import Funding
    from datasouk.market.keyring import KeyRing
    from datasouk.market.payments import Payments
    from datasouk.market.removal import Removals
    from datasouk.market.settlement import Settlement
    from datasouk.market.settlement_jobs import SettlementSettings
    from datasouk.market.teller import Teller

    chosen = SettlementSettings(
        timeout_seconds=settings.settlement_timeout,
        default_price_iota=settings.default_price,
        wallet_funding_iota=settings.wallet_funding,
        fundings_per_day=settings.fundings_per_day,
        alarm_iota_per_day=settings.funding_alarm_per_day,
        operator_low_iota=settings.operator_low,
        spending_iota_per_purchase=settings.spending_per_purchase,
        spending_iota_per_day=settings.spending_per_day,
    )
    keys = KeyRing(base.store.settlements, base.vault, operator)
    settlement = Settlement(node, base.store.settlements, keys, chosen)
    wallets = Funding(base.store, node, settlement, base.vault)
    removals = Removals(base.store, settlement, wallets)
    await settlement.start()
    stack.push_async_callback(settlement.close)
    removals.start()
    stack.push_async_callback(removals.close)
    payments = Payments(base.store, settlement)
    return _Money(settlement, removals, Teller(base.store, wallets, payments, node, gift_iota=settings.faucet_amount))


def _make_market(settings: "Settings", base: _Base, node: "Node", money: _Money) -> "Market":
    from datasouk.market.devices import Devices
    from datasouk.market.purchases import Purchases
    from datasouk.market.streams import Streams
    from datasouk.node.database import LEDGER_FILE
    from datasouk.node.totals import LedgerTotals
    from datasouk.web.captcha import Captcha, CaptchaMode
    from datasouk.web.limits import RateLimits, RateRules
    from datasouk.web.mail import Mailer, MailSettings
    from datasouk.web.metrics import Metrics
    from datasouk.web.operation import Checks
    from datasouk.web.options import WebOptions
    from datasouk.web.places import Places, load_towns
    from datasouk.web.ports import Market

    purchases = Purchases(base.store, rules=base.rules)
    rates = RateRules(
        requests=settings.rate_requests,
        refusals=settings.rate_refusals,
        changes=settings.rate_changes,
        gifts_an_hour=settings.rate_gifts,
    )
    return Market(
        users=base.users,
        devices=Devices(base.store, base.vault, base.users, money.removals, rules=base.rules),
        streams=Streams(base.store, base.vault, purchases, rules=base.rules),
        money=money.teller,
        readiness=Checks(
            {"store": lambda: _check_store(base.store), "node": lambda: _check_node(node), "money": money.check},
            {
                "operator_iota": money.balance,
                "settlements_waiting": money.count_waiting,
                "settlements_under_way": money.count_under_way,
            },
            warnings={"operator": money.warn},
        ),
        options=WebOptions(
            accepts_query_keys=settings.query_keys == "allow",
            bech32_hrp=settings.bech32_hrp,
            public_settings=_public_settings(settings),
            logs_requests=settings.log_requests,
            shows_metrics=settings.metrics,
        ),
        limits=RateLimits(rates if settings.rate_limits else None),
        captcha=Captcha(CaptchaMode(settings.captcha), max_number=settings.captcha_difficulty),
        mailer=Mailer(
            MailSettings(settings.smtp_url, settings.mail_from, settings.mail_to) if settings.smtp_url else None
        ),
        places=Places(load_towns()),
        metrics=Metrics(),
        unspent=LedgerTotals(settings.folder / LEDGER_FILE).unspent if settings.is_embedded else None,
    )


def _public_settings(settings: "Settings") -> dict[str, object]:
    known: dict[str, object] = {
        "defaultPrice": settings.default_price,
        "dustProtectionThreshold": _RESERVE_IOTA,
        "numberOfDevices": settings.devices_per_user,
    }
    if settings.public_url:
        known["provider"] = settings.public_url
    # What the server does itself cannot be told otherwise; where the node is, the operator may know better.
    return {**known, **{name: value for name, value in settings.public_settings.items() if name not in _FIXED}}


_FIXED = frozenset({"defaultPrice", "dustProtectionThreshold", "numberOfDevices"})


async def _check_store(store: "Store") -> str:
    return "its disk has failed" if store.is_failed else ""


async def _check_node(node: "Node") -> str:
    return "" if (await node.info()).is_healthy else "it is not healthy"
