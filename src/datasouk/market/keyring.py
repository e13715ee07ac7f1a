"""The keys that sign for the marketplace's addresses: those of accounts, of devices, and the operator's own.

Seeds are at rest in envelopes (`datasouk.market.wallets`); opened keys are kept in memory, a bounded number of them.
"""

from collections import OrderedDict

from datasouk.ledger.address import Address
from datasouk.ledger.keys import SigningKey
from datasouk.market.ports import SettlementStore
from datasouk.market.secrets import Vault
from datasouk.market.wallets import open_wallet

__all__ = ["KeyRing"]


class KeyRing:
    """Finds the key that owns an address.

    Args:
        store: Where wallets are found by their address.
        vault: Opens their seeds.
        operator: Owns what is given away.
        most_keys: How many opened keys stay in memory.
    """

    def __init__(self, store: SettlementStore, vault: Vault, operator: SigningKey, *, most_keys: int = 8192) -> None:
        self._store = store
        self._vault = vault
        self._most_keys = most_keys
        self._operator = operator
        self._keys: OrderedDict[bytes, SigningKey] = OrderedDict()

    @property
    def operator_address(self) -> bytes:
        """The address of the operator's wallet, 32 bytes."""
        return self._operator.address.digest

    async def key_of(self, address: bytes) -> SigningKey | None:
        """The key that owns an address; None if it is not one of ours.

        Raises:
            CannotOpen: The seed's envelope cannot be opened.
        """
        if address == self.operator_address:
            return self._operator
        key = self._keys.get(address)
        if key is not None:
            self._keys.move_to_end(address)
            return key
        wallet = await self._store.wallet_at(address)
        if wallet is None:
            return None
        key = open_wallet(self._vault, wallet)
        assert key.address == Address(address), "the envelope is bound to the wallet's row"
        self._keys[address] = key
        while len(self._keys) > self._most_keys:
            self._keys.popitem(last=False)
        return key
