"""One window for everything that moves tokens at a caller's wish: what the calls P2, P5 and the faucet need.

It knows nothing itself: `Funding` fund, `Payments` buy, the ledger says what there is.
"""

from datasouk.ledger.address import Address
from datasouk.market.funding import Funded, Funding, OperatorState
from datasouk.market.movements import RESERVE_IOTA
from datasouk.market.payment_errors import NotEnoughFunds, SpendingLimitReached
from datasouk.market.payments import Payments
from datasouk.market.ports import Node, Store
from datasouk.market.records import Account
from datasouk.market.users import Caller

__all__ = ["Teller"]


class Teller:
    """Moves tokens at a caller's wish.

    Args:
        store: Where devices are.
        wallets: Fund, and tell what wallets hold.
        payments: Buy.
        node: Tells what any address holds.
        gift_iota: What the faucet gives.
    """

    def __init__(self, store: Store, wallets: Funding, payments: Payments, node: Node, *, gift_iota: int) -> None:
        self._devices = store.devices
        self._wallets = wallets
        self._payments = payments
        self._node = node
        self._gift_iota = gift_iota

    async def fund(self, caller: Caller, /) -> Funded:
        """Give an account a wallet, or refill the one it has; see `Funding.fund`."""
        return await self._wallets.fund(caller.account.account_id)

    async def buy(self, caller: Caller, device_id: str) -> None:
        """Buy a device's stream, unless the caller may read it already; see `Payments.buy`."""
        try:
            await self._payments.buy(caller.account, device_id, by_user_id=not caller.has_key)
        except SpendingLimitReached:
            # Whoever has too little is told so first, as with the original: sending the key would not help.
            device = await self._devices.get(device_id)
            state = await self._wallets.state(caller.account.account_id)
            if device is not None and (state is None or state.spendable_iota < self._payments.price_of(device)):
                raise NotEnoughFunds(self._payments.price_of(device)) from None
            raise

    async def balance(self, account: Account, /) -> int | None:
        """What an account's wallet holds, the protected rest included; None if it has no wallet."""
        state = await self._wallets.state(account.account_id)
        return None if state is None else state.balance_iota

    async def spendable(self, address: Address) -> int:
        """What any address holds on the ledger, less the protected rest, at least 0."""
        return max((await self._node.balance(address)).balance_iota - RESERVE_IOTA, 0)

    async def give(self, address: Address, /) -> bytes:
        """Send a little to any address; returns the message id, 32 bytes."""
        return (await self._wallets.give(address, self._gift_iota)).message_id

    async def operator(self) -> OperatorState:
        """What the operator can give."""
        return await self._wallets.operator()
