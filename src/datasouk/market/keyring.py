"""The keys that sign for the marketplace's addresses: those of accounts, of devices, and the operator's own.

A wallet's seed is 32 random bytes; its one address is at the first path that every Chrysalis wallet uses,
``m/44'/4218'/0'/0'/0'``.  Seeds are at rest in envelopes; opened keys are kept in memory, a bounded number of them.
"""

import secrets
from collections import OrderedDict

from datasouk.ledger.address import Address
from datasouk.ledger.keys import SigningKey, wallet_path
from datasouk.market.ids import Clock, Randomness, new_row_id, now_ms
from datasouk.market.ports import SettlementStore
from datasouk.market.records import Wallet
from datasouk.market.secrets import Place, Vault

__all__ = ["KeyRing", "new_wallet"]

_SEED_BYTES = 32
_PATH = wallet_path(index=0)


def new_wallet(vault: Vault, clock: Clock = now_ms, randomness: Randomness = secrets.token_bytes) -> Wallet:
    """Draw a wallet for an account or a device; its address is empty until something is moved there."""
    row_id = new_row_id(clock, randomness)
    seed = randomness(_SEED_BYTES)
    address = SigningKey.from_path(seed, _PATH).address
    sealed = vault.wallet_seeds.seal(seed, _place(row_id))
    return Wallet(row_id=row_id, address=address.digest, seed_sealed=sealed, created_ms=clock())


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
        seed = self._vault.wallet_seeds.open(wallet.seed_sealed, _place(wallet.row_id))
        key = SigningKey.from_path(seed, _PATH)
        assert key.address == Address(address), "the envelope is bound to the wallet's row"
        self._keys[address] = key
        while len(self._keys) > self._most_keys:
            self._keys.popitem(last=False)
        return key


def _place(row_id: str) -> Place:
    return Place("wallet", row_id, "seed")
