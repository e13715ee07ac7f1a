"""A marketplace's money for tests: the real node and the real store in a folder, fast, with a way to crash it."""

import asyncio
import dataclasses
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.market_fakes import some_account, some_draft

from datasouk.ledger import TOKEN_SUPPLY_IOTA, Address, Essence, Output, OutputType, UtxoInput, split_output_id
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import sign_transaction
from datasouk.market.errors import DeviceNotFound
from datasouk.market.funding import Funding
from datasouk.market.ids import now_ms
from datasouk.market.keyring import KeyRing
from datasouk.market.payment_errors import SettlementPending
from datasouk.market.payments import Payments
from datasouk.market.ports import Node, Store
from datasouk.market.records import Account, Device
from datasouk.market.removal import Removals
from datasouk.market.secrets import Vault
from datasouk.market.settlement import Settlement
from datasouk.market.settlement_jobs import FAULT_POINTS, SettlementSettings, no_fault
from datasouk.market.wallets import make_wallet
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.settings import NodeSettings
from datasouk.storage import open_store

FAST_NODE = NodeSettings(value_delay_seconds=0.001, milestone_seconds=0.5, faucet=None)
FAST = SettlementSettings(timeout_seconds=20, retry_seconds=0.01, longest_retry_seconds=0.05, reattach_seconds=1)
VAULT_KEY = b"k" * 32
PRICE = 100


class Crash(Exception):
    """The process ends here."""


class FaultAt:
    """Crashes at the n-th time that a fault point is reached, once."""

    def __init__(self, name: str, count: int = 1) -> None:
        assert name in FAULT_POINTS
        self.name = name
        self.count = count
        self.crashed = asyncio.Event()

    def __call__(self, name: str) -> None:
        if name == self.name and not self.crashed.is_set():
            self.count -= 1
            if not self.count:
                self.crashed.set()
                raise Crash(name)


class Bank:
    """The parts of a marketplace that move tokens."""

    def __init__(
        self,
        store: Store,
        node: Node,
        operator: SigningKey,
        settings: SettlementSettings,
        *,
        fault: Callable[[str], None] = no_fault,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self.store = store
        self.node = node
        self.operator = operator
        self.settings = settings
        self.vault = Vault([VAULT_KEY])
        keys = KeyRing(store.settlements, self.vault, operator)
        self.settlement = Settlement(node, store.settlements, keys, settings, fault=fault, clock=clock)
        self.funding = Funding(store, node, self.settlement, self.vault, clock=clock)
        self.payments = Payments(store, self.settlement, clock=clock)
        self.removals = Removals(store, self.settlement, self.funding, fault=fault)

    async def start(self) -> None:
        await self.settlement.start()
        self.removals.start()

    async def close(self) -> None:
        await self.removals.close()
        await self.settlement.close()

    async def account(self, number: int, *, fundings: int = 1) -> Account:
        """An account, with a wallet that was funded so often."""
        account = some_account(number)
        if await self.store.users.get(account.account_id) is None:
            await self.store.users.add(account, None)
        for _ in range(fundings):
            await _patiently(lambda: self.funding.fund(account.account_id))
        return account

    async def device(self, device_id: str = "ws-1", owner: int = 1, price: int | None = PRICE) -> Device:
        await self.account(owner, fundings=0)
        draft = some_draft(device_id, owner, row_id=f"row of {device_id} {now_ms()}", price_iota=price)
        device = await self.store.devices.add(draft, b"{}", make_wallet(self.vault), quota=1000)
        assert device is not None
        await _patiently(lambda: self.funding.endow(device))
        return device

    async def buy(self, account: Account, device_id: str = "ws-1", **options: Any) -> int:
        options.setdefault("by_user_id", False)
        return (await self.payments.buy(account, device_id, **options)).paid_iota

    async def remove(self, device: Device) -> None:
        """As `Devices.remove` does it."""
        if not await self.store.devices.begin_removal(device.number, device.owner_id):
            raise DeviceNotFound(device.device_id)
        await self.removals.pay_out(device)
        await self.store.devices.delete(device.number)

    async def balance(self, account: Account) -> int:
        state = await self.funding.state(account.account_id)
        return 0 if state is None else state.balance_iota

    async def ledger(self, address: bytes) -> int:
        return (await self.node.balance(Address(address))).balance_iota

    async def device_ledger(self, device: Device) -> int:
        wallet = await self.store.wallets.of_device(device.number)
        assert wallet is not None
        return await self.ledger(wallet.address)

    async def device_address(self, device: Device) -> Address:
        wallet = await self.store.wallets.of_device(device.number)
        assert wallet is not None
        return Address(wallet.address)


async def _patiently(call: Callable[[], Awaitable[object]]) -> None:
    """Ask again while it is pending: some tests wait for a moment only, and machines are slow."""
    while True:
        try:
            await call()
        except SettlementPending:
            await asyncio.sleep(0.01)
        else:
            return


@asynccontextmanager
async def open_node(folder: Path, settings: NodeSettings = FAST_NODE) -> AsyncIterator[EmbeddedNode]:
    node = EmbeddedNode(folder / "ledger", settings)
    await node.start()
    try:
        yield node
    finally:
        await node.close()


@asynccontextmanager
async def open_bank(
    folder: Path,
    *,
    node: EmbeddedNode | None = None,
    wrap: Callable[[EmbeddedNode], Any] | None = None,
    fault: Callable[[str], None] = no_fault,
    clock: Callable[[], int] = now_ms,
    **settings: Any,
) -> AsyncIterator[Bank]:
    """A bank over the store in a folder, and over a node that is running, or one of its own."""
    if node is None:
        async with (
            open_node(folder) as own,
            open_bank(folder, node=own, wrap=wrap, fault=fault, clock=clock, **settings) as bank,
        ):
            yield bank
        return
    store = await open_store(folder / "market.db")
    reached: Any = node if wrap is None else wrap(node)
    bank = Bank(store, reached, node.operator_key, dataclasses.replace(FAST, **settings), fault=fault, clock=clock)
    await bank.start()
    try:
        yield bank
    finally:
        await bank.close()
        await store.close()


class Stranger:
    """Somebody with tokens and a key of their own."""

    def __init__(self, node: Node, seed: bytes = b"stranger" * 4) -> None:
        self.node = node
        self.key = SigningKey(seed)

    async def send(self, *outputs: Output) -> bytes:
        """Send outputs; whatever is left goes back in one output."""
        return await send_from(self.node, self.key, *outputs)


async def send_from(node: Node, key: SigningKey, *outputs: Output) -> bytes:
    """Spend outputs of a key; returns the transaction's id once it is included."""
    inputs, total = [], 0
    for output_id in (await node.outputs(key.address, output_type=OutputType.SINGLE))[:100]:
        inputs.append(UtxoInput(*split_output_id(output_id)))
        total += (await node.output(output_id)).output.amount_iota
    rest = total - sum(output.amount_iota for output in outputs)
    made = (*outputs, Output(key.address, rest)) if rest else outputs
    transaction = sign_transaction(Essence.sorted(tuple(inputs), made), [key] * len(inputs))
    message_id = await node.submit(transaction)
    metadata = await node.wait_included(message_id, timeout_seconds=10)
    assert metadata.inclusion == "included", metadata
    return transaction.transaction_id()


def supply_is_whole(folder: Path) -> bool:
    """Whether the unspent outputs on disk add up to the supply."""
    connection = sqlite3.connect(folder / "ledger" / "ledger.db")
    try:
        (total,) = connection.execute("SELECT sum(amount) FROM output WHERE spent IS NULL").fetchone()
    finally:
        connection.close()
    return bool(total == TOKEN_SUPPLY_IOTA)


async def flood(bank: Bank, address: bytes, count: int) -> None:
    """Send so many outputs of a million to an address; one for each transaction, as an address may have one in each."""
    stranger = Stranger(bank.node)
    target, own, rest = Address(address), stranger.key.address, count * 1_000_000
    await bank.funding.give(own, rest)
    (coin,) = await bank.node.outputs(own)
    message_id = b""
    for _ in range(count):
        rest -= 1_000_000
        outputs = (Output(target, 1_000_000), *((Output(own, rest),) if rest else ()))
        essence = Essence.sorted((UtxoInput(*split_output_id(coin)),), outputs)
        transaction = sign_transaction(essence, [stranger.key])
        if rest:
            coin = transaction.output_ids()[[output.address for output in essence.outputs].index(own)]
        message_id = await bank.node.submit(transaction)
    await bank.node.wait_included(message_id, timeout_seconds=30)
