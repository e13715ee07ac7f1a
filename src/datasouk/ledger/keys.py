"""Seeds, key derivation and Ed25519 signatures.

Implements BIP-39 (mnemonic to seed), SLIP-0010 for Ed25519 (seed to keys), the paths of BIP-44 with IOTA's coin type
4218, and RFC 8032 (Ed25519) through the `cryptography` library; no other file of this package has a dependency.

Leaves out making a mnemonic from randomness and checking its words: both need BIP-39's word list, and a wallet of this
project is seeded from 32 random bytes. It also leaves out the looser verification rule of the network (TIP-14,
ZIP-215): OpenSSL is stricter on crafted keys and signatures; honest ones verify alike.

SLIP-0010, with ``k`` the private key, ``c`` the chain code and ``i`` a path step; every step is hardened::

    k || c = HMAC-SHA512("ed25519 seed", seed)
    k || c = HMAC-SHA512(c, 0x00 || k || ser32(i + 2^31))
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from datasouk.ledger.address import Address
from datasouk.ledger.errors import BadKeyMaterial

__all__ = ["SigningKey", "derive_key", "format_path", "mnemonic_to_seed", "parse_path", "verify", "wallet_path"]

_COIN_TYPE_IOTA = 4218
_PURPOSE_BIP44 = 44
_HARDENED = 2**31
_MAX_PATH_STEPS = 32
_MIN_SEED_BYTES, _MAX_SEED_BYTES = 16, 64  # SLIP-0010: 128 to 512 bits.
_KEY_BYTES = 32
_BIP39_ROUNDS = 2048
_PATH_PATTERN = re.compile(r"m(/(0|[1-9][0-9]{0,9})')*", re.ASCII)


class SigningKey:
    """An Ed25519 private key; shows its public half and nothing else.

    Args:
        seed: The 32 bytes of RFC 8032 from which the key pair is made (iota.js calls seed + public key "private key").

    Raises:
        BadKeyMaterial: The seed is not 32 bytes.
    """

    __slots__ = ("_private", "public_key")

    public_key: bytes
    """32 bytes."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != _KEY_BYTES:
            raise BadKeyMaterial(f"an Ed25519 seed is {_KEY_BYTES} bytes long, not {len(seed)}")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @classmethod
    def from_path(cls, seed: bytes, path: Sequence[int]) -> Self:
        """The key at a path under a seed; see `derive_key`."""
        return cls(derive_key(seed, path))

    @property
    def address(self) -> Address:
        """The address that this key owns."""
        return Address.from_public_key(self.public_key)

    def sign(self, data: bytes) -> bytes:
        """Sign data; 64 bytes, always the same for the same data."""
        return self._private.sign(data)

    def __repr__(self) -> str:
        """The public key, never the private one."""
        return f"SigningKey(public_key={self.public_key.hex()})"


def verify(public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Whether a signature is this key's over this data.

    Args:
        public_key: 32 bytes; others never verify.
        data: What was signed; for the ledger a hash of 32 bytes.
        signature: 64 bytes; others never verify.
    """
    if len(public_key) != _KEY_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def mnemonic_to_seed(mnemonic: str, passphrase: str = "") -> bytes:
    """Turn the words of a wallet backup into its seed (BIP-39, section "From mnemonic to seed").

    Args:
        mnemonic: Words separated by single spaces; not checked against a word list.
        passphrase: An optional extra secret.

    Returns:
        64 bytes: PBKDF2-HMAC-SHA512, 2048 rounds, salt "mnemonic" + passphrase, both texts in NFKD.
    """
    password = unicodedata.normalize("NFKD", mnemonic).encode()
    salt = unicodedata.normalize("NFKD", f"mnemonic{passphrase}").encode()
    return hashlib.pbkdf2_hmac("sha512", password, salt, _BIP39_ROUNDS)


def wallet_path(account: int = 0, *, index: int, internal: bool = False) -> tuple[int, ...]:
    """The path of a wallet's address, m/44'/4218'/account'/change'/index'.

    Args:
        account: Number of the wallet's account.
        index: Number of the address.
        internal: False for addresses that are given out (change 0), True for remainders (change 1).
    """
    return (_PURPOSE_BIP44, _COIN_TYPE_IOTA, account, int(internal), index)


def parse_path(text: str) -> tuple[int, ...]:
    """Read a path such as "m/44'/4218'/0'/0'/7'".

    Returns:
        The steps without their hardening bit.

    Raises:
        BadKeyMaterial: Not of this form, or a step is not hardened (Ed25519 has no others), or is 2^31 or more.
    """
    if len(text) > 12 * _MAX_PATH_STEPS or not _PATH_PATTERN.fullmatch(text):
        raise BadKeyMaterial("a key path has the form m/44'/4218'/0'/0'/0', every step with its apostrophe")
    path = tuple(int(step) for step in re.findall(r"[0-9]+", text))
    _check_path(path)
    return path


def format_path(path: Sequence[int]) -> str:
    """Write a path, the inverse of `parse_path`."""
    return "/".join(["m", *(f"{step}'" for step in path)])


def derive_key(seed: bytes, path: Sequence[int]) -> bytes:
    """Derive the private key at a path (SLIP-0010, Ed25519, every step hardened).

    Args:
        seed: 16 to 64 bytes: 32 of a generated wallet seed, 64 of BIP-39.
        path: Steps without their hardening bit, 0 to 2^31 - 1 each, for example of `wallet_path`.

    Returns:
        32 bytes: a seed for `SigningKey`. Secret.

    Raises:
        BadKeyMaterial: The seed's length or a step is outside its limits.
    """
    if not _MIN_SEED_BYTES <= len(seed) <= _MAX_SEED_BYTES:
        raise BadKeyMaterial(f"a seed is {_MIN_SEED_BYTES} to {_MAX_SEED_BYTES} bytes long, not {len(seed)}")
    _check_path(path)
    node = hmac.digest(b"ed25519 seed", seed, "sha512")
    for step in path:
        k, c = node[:_KEY_BYTES], node[_KEY_BYTES:]
        node = hmac.digest(c, b"\x00" + k + (step + _HARDENED).to_bytes(4, "big"), "sha512")
    return node[:_KEY_BYTES]


def _check_path(path: Sequence[int]) -> None:
    if len(path) > _MAX_PATH_STEPS:
        raise BadKeyMaterial(f"a key path has at most {_MAX_PATH_STEPS} steps, not {len(path)}")
    for position, step in enumerate(path):
        if not 0 <= step < _HARDENED:
            raise BadKeyMaterial(f"step {position} of the key path is not within 0 to {_HARDENED - 1}")
