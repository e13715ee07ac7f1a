"""Money while none can be moved: free streams can be bought, everything else that costs something is refused.

It stands where the settlement of purchases on the ledger will be (`datasouk.web.ports.Money`).
"""

from typing import NoReturn

from datasouk.ledger.address import Address
from datasouk.market.errors import DeviceNotFound, MarketError
from datasouk.market.ports import Node, Store
from datasouk.market.purchases import Purchases
from datasouk.market.records import Account, Device
from datasouk.market.users import Caller

__all__ = ["NoMoney", "NoPayments"]

_RESERVE_IOTA = 1_000_000


class NoPayments(MarketError):
    """This marketplace moves no tokens."""

    code = "no_payments"

    def __init__(self) -> None:
        super().__init__("this marketplace moves no tokens yet")


class NoMoney:
    """Moves nothing.

    Args:
        store: Where devices are.
        purchases: Who may read.
        node: For balances.
    """

    def __init__(self, store: Store, purchases: Purchases, node: Node) -> None:
        self._devices = store.devices
        self._purchases = purchases
        self._node = node

    async def fund(self, _caller: Caller, /) -> NoReturn:
        """Refuse.

        Raises:
            NoPayments: Always.
        """
        raise NoPayments

    async def buy(self, caller: Caller, device_id: str) -> None:
        """Buy a stream that is free, or one's own already.

        Raises:
            DeviceNotFound: No device has this id.
            NoPayments: It costs something.
        """
        device = await self._devices.get(device_id)
        if device is None:
            raise DeviceNotFound(device_id)
        if await self._purchases.may_read(caller.account, device):
            return
        if self._purchases.price(device):
            raise NoPayments
        await self._purchases.grant(caller.account, device, price_iota=0)

    async def balance(self, _account: Account, /) -> None:
        """Nobody has a wallet."""

    async def spendable(self, address: Address) -> int:
        """What any address holds on the ledger, less the protected rest."""
        return max((await self._node.balance(address)).balance_iota - _RESERVE_IOTA, 0)

    async def give(self, _address: Address, /) -> NoReturn:
        """Refuse.

        Raises:
            NoPayments: Always.
        """
        raise NoPayments

    async def endow(self, _device: Device, /) -> None:
        """Nothing: the address stays empty."""

    async def pay_out(self, _device: Device, /) -> None:
        """Nothing: there is nothing to pay out."""
