from dataclasses import replace

import pytest
from tests.market.rig import VAULT_KEY
from tests.market_fakes import MemoryStore, some_account

from datasouk.ledger.keys import SigningKey, wallet_path
from datasouk.market.errors import CannotOpen
from datasouk.market.keyring import KeyRing, new_wallet
from datasouk.market.secrets import Place, Vault

pytestmark = pytest.mark.anyio

OPERATOR = SigningKey(b"o" * 32)


async def test_keys_of_wallets_and_of_the_operator_are_found_by_address() -> None:
    store, vault = MemoryStore(), Vault([VAULT_KEY])
    ring = KeyRing(store.settlements, vault, OPERATOR, most_keys=2)
    wallets = [
        await store.wallets.add_for_account(some_account(each).account_id, new_wallet(vault)) for each in range(5)
    ]
    for _ in range(2):
        for wallet in wallets:
            key = await ring.key_of(wallet.address)
            assert key is not None
            assert key.address.digest == wallet.address
    assert len(ring._keys) == 2
    assert await ring.key_of(ring.operator_address) is OPERATOR
    assert await ring.key_of(b"s" * 32) is None


def test_d4_a_wallet_s_seed_is_sealed_for_its_row_and_its_address_is_the_first_of_any_wallet() -> None:
    vault = Vault([VAULT_KEY])
    wallet = new_wallet(vault, lambda: 5, lambda count: b"r" * count)
    assert wallet.created_ms == 5
    seed = vault.wallet_seeds.open(wallet.seed_sealed, Place("wallet", wallet.row_id, "seed"))
    assert seed == b"r" * 32
    assert SigningKey.from_path(seed, wallet_path(index=0)).address.digest == wallet.address
    assert seed not in wallet.seed_sealed
    with pytest.raises(CannotOpen):
        vault.wallet_seeds.open(wallet.seed_sealed, Place("wallet", "another", "seed"))


async def test_a_damaged_envelope_is_an_error() -> None:
    store, vault = MemoryStore(), Vault([VAULT_KEY])
    wallet = replace(new_wallet(vault), seed_sealed=b"damaged")
    await store.wallets.add_for_account("a", wallet)
    with pytest.raises(CannotOpen):
        await KeyRing(store.settlements, vault, OPERATOR).key_of(wallet.address)
