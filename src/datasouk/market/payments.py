"""Paying for streams: who pays how much, once, and the receipt (P5, D2, D5, D7)."""

from dataclasses import dataclass

from datasouk.market.errors import DeviceNotFound
from datasouk.market.group_building import AlreadyBought, PriceChanged
from datasouk.market.ids import Clock, now_ms
from datasouk.market.movements import MovementKind
from datasouk.market.payment_errors import DearerThanAllowed, NotEnoughFunds, SpendingLimitReached
from datasouk.market.ports import Store
from datasouk.market.receipts import Receipt
from datasouk.market.records import Account, Device, Purchase
from datasouk.market.settlement import Settlement

__all__ = ["Bought", "Payments"]

_MOST_PRICE_CHANGES = 8


@dataclass(frozen=True, slots=True)
class Bought:
    """The account may read the stream.

    Attributes:
        device: Which.
        paid_iota: What this call has cost.
    """

    device: Device
    paid_iota: int


class Payments:
    """Buys streams.

    Args:
        settlement: Moves the tokens; its settings are ours.
    """

    def __init__(self, store: Store, settlement: Settlement, *, clock: Clock = now_ms) -> None:
        self._store = store
        self._settlement = settlement
        self._settings = settlement.settings
        self._clock = clock

    def price_of(self, device: Device) -> int:
        """What a stream costs (D7)."""
        return self._settings.default_price_iota if device.price_iota is None else device.price_iota

    async def buy(self, account: Account, device_id: str, *, by_user_id: bool, most_iota: int | None = None) -> Bought:
        """Buy a stream, unless it is the account's own or bought already.

        Args:
            account: The buyer.
            by_user_id: Whether the buyer has shown a user id alone.
            most_iota: Refuse a higher price.

        Raises:
            DeviceNotFound: No such device.
            NotEnoughFunds: Nothing was paid.
            DearerThanAllowed: Nothing was paid.
            SpendingLimitReached: By user id alone; nothing was paid.
            SettlementPending: It takes longer; it goes on, and buying again tells how it ended.
        """
        for _ in range(_MOST_PRICE_CHANGES):
            device = await self._store.devices.get(device_id)
            if device is None:
                raise DeviceNotFound(device_id)
            if await self._is_readable(account, device):
                return Bought(device, 0)
            price = self.price_of(device)
            if most_iota is not None and price > most_iota:
                raise DearerThanAllowed(price, most_iota)
            if not price:
                free = Purchase(account.account_id, device.number, 0, self._clock())
                await self._store.purchases.grant(free)
                return Bought(device, 0)
            try:
                return Bought(device, await self._pay(account, device, price, by_user_id=by_user_id))
            except AlreadyBought:
                return Bought(device, 0)
            except PriceChanged:
                # The price shown is the price charged: look again.
                continue
        raise PriceChanged("the price changes faster than it can be paid: try again")

    async def receipt(self, account_id: str, device: int) -> Receipt | None:
        """The receipt for a purchase; None if nothing was paid."""
        settled = await self._store.settlements.purchase(account_id, device)
        return None if settled is None else Receipt.of(settled)

    async def _is_readable(self, account: Account, device: Device) -> bool:
        if device.owner_id == account.account_id:
            return True
        return await self._store.purchases.get(account.account_id, device.number) is not None

    async def _pay(self, account: Account, device: Device, price: int, *, by_user_id: bool) -> int:
        if by_user_id and price > self._settings.spending_iota_per_purchase:
            raise SpendingLimitReached(self._settings.spending_iota_per_purchase, what="a purchase")
        buyer = await self._store.wallets.of_account(account.account_id)
        seller = await self._store.wallets.of_device(device.number)
        if buyer is None:
            raise NotEnoughFunds(price)
        if seller is None:
            raise DeviceNotFound(device.device_id)
        movement = self._settlement.movement(
            MovementKind.PURCHASE,
            buyer.address,
            seller.address,
            price,
            account_id=account.account_id,
            device=device,
            by_user_id=by_user_id,
        )
        settled = await self._settlement.settle(movement)
        return settled.movement.amount_iota if settled.movement is movement else 0
