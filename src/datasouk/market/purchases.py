"""Purchases: who may read what, at which price (decisions D5, D7).  Paying comes later.

A purchase refers to a device's number, which is never given again: whoever bought a device that was removed does not
own a later one with the same id (D13).
"""

from datasouk.market.ids import Clock, now_ms
from datasouk.market.ports import Store
from datasouk.market.records import Account, Device, Purchase
from datasouk.market.rules import Rules

__all__ = ["Purchases"]


class Purchases:
    """The rules of purchases.

    Args:
        store: Where they are kept.
        rules: What the operator chose.
        clock: Milliseconds since 1970.
    """

    def __init__(self, store: Store, *, rules: Rules, clock: Clock = now_ms) -> None:
        self._purchases = store.purchases
        self._rules = rules
        self._clock = clock

    def price(self, device: Device) -> int:
        """What a stream costs, in tokens; the price that is shown is the price that is charged (D7)."""
        return self._rules.default_price_iota if device.price_iota is None else device.price_iota

    async def may_read(self, account: Account, device: Device) -> bool:
        """Whether an account owns a device or has bought its stream."""
        return device.owner_id == account.account_id or await self.has(account, device)

    async def has(self, account: Account, device: Device) -> bool:
        """Whether an account has bought a device's stream."""
        return await self._purchases.get(account.account_id, device.number) is not None

    async def grant(self, account: Account, device: Device, *, price_iota: int) -> bool:
        """Let an account read a stream that it has paid for; False if it might already.

        Raises:
            DeviceNotFound: The device is being removed, or is gone.
        """
        return await self._purchases.grant(
            Purchase(account.account_id, device.number, price_iota, bought_ms=self._clock())
        )
