"""Wallets: keys that own tokens, made here and sealed at once; moving tokens is no business of this file yet."""

import secrets

from datasouk.ledger.address import Address
from datasouk.ledger.keys import SigningKey
from datasouk.market.ids import Clock, Randomness, new_row_id, now_ms
from datasouk.market.records import Wallet
from datasouk.market.secrets import Place, Vault

__all__ = ["address_text", "make_wallet", "open_wallet"]

_SEED_BYTES = 32


def make_wallet(vault: Vault, *, clock: Clock = now_ms, randomness: Randomness = secrets.token_bytes) -> Wallet:
    """Draw a new key and seal it; the key itself is gone when this returns.

    Args:
        vault: Seals the seed.
        clock: Milliseconds since 1970.
        randomness: For the seed.
    """
    row_id, seed = new_row_id(clock, randomness), randomness(_SEED_BYTES)
    return Wallet(
        row_id=row_id,
        address=SigningKey(seed).address.digest,
        seed_sealed=vault.wallet_seeds.seal(seed, _seed_place(row_id)),
        created_ms=clock(),
    )


def open_wallet(vault: Vault, wallet: Wallet) -> SigningKey:
    """The key of a wallet, to sign with.

    Raises:
        CannotOpen: The store does not fit the server key.
    """
    return SigningKey(vault.wallet_seeds.open(wallet.seed_sealed, _seed_place(wallet.row_id)))


def address_text(wallet: Wallet, *, hrp: str) -> str:
    """A wallet's address in bech32, as people see it."""
    return Address(wallet.address).to_bech32(hrp=hrp)


def _seed_place(row_id: str) -> Place:
    return Place("wallet", row_id, "seed")
