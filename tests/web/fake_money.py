"""Money without a ledger: balances in a dictionary, as the original's stand-in ledger had them."""

import hashlib
from collections import Counter

from datasouk.ledger.address import Address
from datasouk.market.errors import DeviceNotFound
from datasouk.market.funding import Funded
from datasouk.market.ids import new_row_id
from datasouk.market.payment_errors import NotEnoughFunds
from datasouk.market.ports import Store
from datasouk.market.purchases import Purchases
from datasouk.market.records import Account, Device, Wallet
from datasouk.market.rules import Rules
from datasouk.market.users import Caller

RESERVE = 1_000_000
FUNDING = 1_000_000


class FakeMoney:
    """`datasouk.web.ports.Money` and `datasouk.market.ports.DeviceMoney`, without a ledger."""

    def __init__(self, store: Store, rules: Rules) -> None:
        self._store = store
        self._purchases = Purchases(store, rules=rules)
        self._sent = 0
        self.held: Counter[bytes] = Counter()
        self.fails: Exception | None = None

    async def fund(self, caller: Caller) -> Funded:
        self._fail()
        account_id = caller.account.account_id
        wallet = await self._store.wallets.of_account(account_id)
        if wallet is None:
            address = hashlib.blake2b(account_id.encode(), digest_size=32).digest()
            wallet = await self._store.wallets.add_for_account(account_id, _wallet(address))
            self.held[wallet.address] += RESERVE + FUNDING
            return Funded(True, self._message_id())
        self.held[wallet.address] += FUNDING
        return Funded(False, self._message_id())

    async def buy(self, caller: Caller, device_id: str) -> None:
        self._fail()
        device = await self._store.devices.get(device_id)
        if device is None:
            raise DeviceNotFound(device_id)
        if await self._purchases.may_read(caller.account, device):
            return
        price = self._purchases.price(device)
        if price:
            await self._pay(caller.account, device, price)
        await self._purchases.grant(caller.account, device, price_iota=price)

    async def balance(self, account: Account) -> int | None:
        wallet = await self._store.wallets.of_account(account.account_id)
        return None if wallet is None else self.held[wallet.address]

    async def spendable(self, address: Address) -> int:
        self._fail()
        return max(self.held[address.digest] - RESERVE, 0)

    async def give(self, address: Address) -> bytes:
        self._fail()
        self.held[address.digest] += FUNDING
        return self._message_id()

    async def endow(self, device: Device) -> None:
        wallet = await self._store.wallets.of_device(device.number)
        assert wallet is not None
        if wallet.address not in self.held:
            self.held[wallet.address] = RESERVE + FUNDING

    async def pay_out(self, device: Device) -> None:
        wallet = await self._store.wallets.of_device(device.number)
        if wallet is not None:
            del self.held[wallet.address]

    async def problems(self) -> dict[str, str]:
        return {"money": str(self.fails)} if self.fails else {}

    async def warnings(self) -> dict[str, str]:
        return {}

    async def gauges(self) -> dict[str, float]:
        return {"operator_iota": 5.0}

    async def _pay(self, account: Account, device: Device, price: int) -> None:
        wallet = await self._store.wallets.of_account(account.account_id)
        held = self.held[wallet.address] if wallet else 0
        if wallet is None or held - price < RESERVE:
            raise NotEnoughFunds(price)
        to = await self._store.wallets.of_device(device.number)
        assert to is not None
        self.held[wallet.address] -= price
        self.held[to.address] += price

    def _fail(self) -> None:
        if self.fails:
            raise self.fails

    def _message_id(self) -> bytes:
        self._sent += 1
        return hashlib.blake2b(b"%d" % self._sent, digest_size=32).digest()


def _wallet(address: bytes) -> Wallet:
    return Wallet(row_id=new_row_id(), address=address, seed_sealed=b"", created_ms=0)
