import pytest

from datasouk.ledger.keys import SigningKey
from datasouk.market.errors import CannotOpen
from datasouk.market.secrets import Vault
from datasouk.market.wallets import address_text, make_wallet, open_wallet

VAULT = Vault([b"\x01" * 32])
SEED = bytes(range(32))


def test_d4_a_wallet_opens_to_the_key_of_its_address() -> None:
    wallet = make_wallet(VAULT, clock=lambda: 5, randomness=lambda count: SEED[:count])
    key = open_wallet(VAULT, wallet)
    assert key.public_key == SigningKey(SEED).public_key
    assert wallet.address == key.address.digest
    assert wallet.created_ms == 5
    assert address_text(wallet, hrp="atoi") == key.address.to_bech32(hrp="atoi")


def test_two_wallets_differ() -> None:
    one, two = make_wallet(VAULT), make_wallet(VAULT)
    assert (one.row_id, one.address) != (two.row_id, two.address)


def test_d4_the_seed_shows_nowhere() -> None:
    wallet = make_wallet(VAULT, randomness=lambda count: SEED[:count])
    assert SEED not in wallet.seed_sealed
    assert SEED.hex() not in repr(wallet)
    assert "seed" not in repr(wallet)


def test_another_server_key_does_not_open_it() -> None:
    with pytest.raises(CannotOpen):
        open_wallet(Vault([b"\x02" * 32]), make_wallet(VAULT))
