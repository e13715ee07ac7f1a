from dataclasses import replace

import pytest
from tests.market.rig import VAULT_KEY
from tests.market_fakes import MemoryStore, some_account

from datasouk.ledger.keys import SigningKey
from datasouk.market.errors import CannotOpen
from datasouk.market.keyring import KeyRing
from datasouk.market.secrets import Vault
from datasouk.market.wallets import make_wallet

pytestmark = pytest.mark.anyio

OPERATOR = SigningKey(b"o" * 32)


async def test_keys_of_wallets_and_of_the_operator_are_found_by_address() -> None:
    store, vault = MemoryStore(), Vault([VAULT_KEY])
    ring = KeyRing(store.settlements, vault, OPERATOR, most_keys=2)
    wallets = [
        await store.wallets.add_for_account(some_account(each).account_id, make_wallet(vault)) for each in range(5)
    ]
    for _ in range(2):
        for wallet in wallets:
            key = await ring.key_of(wallet.address)
            assert key is not None
            assert key.address.digest == wallet.address
    assert len(ring._keys) == 2
    assert await ring.key_of(ring.operator_address) is OPERATOR
    assert await ring.key_of(b"s" * 32) is None


async def test_a_damaged_envelope_is_an_error() -> None:
    store, vault = MemoryStore(), Vault([VAULT_KEY])
    wallet = replace(make_wallet(vault), seed_sealed=b"damaged")
    await store.wallets.add_for_account("a", wallet)
    with pytest.raises(CannotOpen):
        await KeyRing(store.settlements, vault, OPERATOR).key_of(wallet.address)
