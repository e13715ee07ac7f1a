"""Secrets at rest (decision D4): hashes for comparing, envelopes for showing again, and the keys behind both.

Keys, all from the server key ``K`` (32 bytes), each with an id of 4 bytes that goes where the key was used::

    key || id = HKDF-SHA256(K, salt="datasouk", info=purpose, length=36)

| purpose | for |
|---|---|
| ``api key``, ``user id``, ``device secret`` | hashes |
| ``credential`` | envelopes of user ids and device secrets |
| ``data key`` | envelopes of the devices' data keys |
| ``wallet seed`` | envelopes of wallet seeds |
| ``known answer`` | the envelope by which a wrong server key is noticed |

A hash, 36 bytes: ``key id || BLAKE2b-256(text, key)``.  What is hashed has 122 bits of randomness and more, so a slow
hash would protect nothing and be a way to keep the server busy.

An envelope, AES-256-GCM (NIST SP 800-38D):

| offset | size | field |
|---|---|---|
| 0 | 1 | version: 1 |
| 1 | 4 | key id |
| 5 | 12 | nonce, random |
| 17 | n | ciphertext |
| 17 + n | 16 | tag over the ciphertext and the associated data ``table|row|column`` |

As the place is part of it, an envelope that is moved to another row does not open there.  GCM with random nonces is
safe for 2^32 envelopes a key: side keys, of which there may be more, are sealed under a data key for each device.

Rotation: a `Vault` knows older server keys too.  Hashes are looked up under all of them, envelopes are opened by their
key id, and everything new is made with the first.  Data keys keep what hangs on them, as they are merely wrapped anew.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from datasouk.market.errors import BadServerKey, CannotOpen, WrongServerKey
from datasouk.market.ids import Randomness
from datasouk.market.ports import Store
from datasouk.market.server_key import SERVER_KEY_BYTES

__all__ = ["DataKey", "Hasher", "Place", "Sealer", "Vault", "check_server_key"]

_KEY_BYTES = 32
_KEY_ID_BYTES = 4
_HASH_BYTES = 32
_FINGERPRINT_BYTES = 16
_NONCE_BYTES = 12
_TAG_BYTES = 16
_VERSION = 1
_HEADER_BYTES = 1 + _KEY_ID_BYTES
_KNOWN_ANSWER = b"datasouk"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an envelope lies: the name of a table, what identifies the row for ever, and the name of a column."""

    table: str
    row: str
    column: str

    def __str__(self) -> str:
        """The associated data; table and column contain no bar, so no two places read alike."""
        return f"{self.table}|{self.row}|{self.column}"


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    key_id: bytes
    secret: bytes

    def __repr__(self) -> str:
        """The id, never the key."""
        return f"_Key({self.key_id.hex()})"


class Hasher:
    """Keyed hashes of one kind of secret; the first key is for new ones.

    Args:
        keys: From `_derive`.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[_Key]) -> None:
        self._keys = tuple(keys)

    def hash(self, text: str) -> bytes:
        """The hash under the current key, 36 bytes."""
        return _hash(self._keys[0], text)

    def candidates(self, text: str) -> tuple[bytes, ...]:
        """What may be stored for this text: its hash under every key, the current one first."""
        return tuple(_hash(key, text) for key in self._keys)

    def matches(self, stored: bytes, text: str) -> bool:
        """Whether a stored hash is this text's; takes as long for a wrong text as for the right one."""
        matching = [hmac.compare_digest(candidate, stored) for candidate in self.candidates(text)]
        return any(matching)

    def is_current(self, stored: bytes) -> bool:
        """Whether a stored hash was made with the current key."""
        return stored[:_KEY_ID_BYTES] == self._keys[0].key_id


class Sealer:
    """Envelopes of one kind; the first key is for new ones.

    Args:
        keys: From `_derive`, or one data key.
        randomness: For the nonces.
    """

    __slots__ = ("_ciphers", "_current", "_randomness")

    def __init__(self, keys: Sequence[_Key], randomness: Randomness = secrets.token_bytes) -> None:
        self._current = keys[0].key_id
        self._ciphers = {key.key_id: AESGCM(key.secret) for key in reversed(keys)}
        self._randomness = randomness

    def seal(self, secret: bytes, place: Place) -> bytes:
        """Put a secret into an envelope for this place; 33 bytes longer than the secret."""
        nonce = self._randomness(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, secret, str(place).encode())
        return bytes([_VERSION]) + self._current + nonce + sealed

    def open(self, envelope: bytes, place: Place) -> bytes:
        """Take a secret out.

        Returns:
            What was sealed.  Secret.

        Raises:
            CannotOpen: The envelope was damaged, belongs to another place, or to a key that is not known.
        """
        if len(envelope) < _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES or envelope[0] != _VERSION:
            raise CannotOpen(str(place), "it is no envelope of a known version")
        cipher = self._ciphers.get(envelope[1:_HEADER_BYTES])
        if cipher is None:
            raise CannotOpen(str(place), f"there is no key with the id {envelope[1:_HEADER_BYTES].hex()}")
        nonce, sealed = envelope[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES], envelope[_HEADER_BYTES + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, sealed, str(place).encode())
        except InvalidTag:
            raise CannotOpen(str(place), "it was damaged, or it belongs elsewhere") from None

    def is_current(self, envelope: bytes) -> bool:
        """Whether an envelope was made with the current key."""
        return envelope[1:_HEADER_BYTES] == self._current


class DataKey:
    """The key of one device's side keys.

    Args:
        secret: 32 bytes.
        randomness: For the nonces.
    """

    __slots__ = ("_fingerprint_key", "sealer")

    sealer: Sealer

    def __init__(self, secret: bytes, randomness: Randomness = secrets.token_bytes) -> None:
        key_id = hashlib.blake2b(key=secret, person=b"key id", digest_size=_KEY_ID_BYTES).digest()
        self.sealer = Sealer([_Key(key_id, secret)], randomness)
        self._fingerprint_key = hashlib.blake2b(key=secret, person=b"fingerprint", digest_size=_KEY_BYTES).digest()

    def fingerprint(self, *parts: str) -> bytes:
        """16 bytes that stand for these texts, the same each time; they say nothing about the texts without the key.

        Args:
            parts: Texts without zero characters.
        """
        text = "\x00".join(parts).encode()
        return hashlib.blake2b(text, key=self._fingerprint_key, digest_size=_FINGERPRINT_BYTES).digest()


class Vault:
    """Everything that is derived from the server keys; shows none of it.

    Args:
        server_keys: 32 bytes each; the current one first, then older ones.
        randomness: For nonces and data keys.

    Raises:
        BadServerKey: There is none, or one of another length.
    """

    __slots__ = (
        "_data_keys",
        "_known_answers",
        "_randomness",
        "api_keys",
        "credentials",
        "device_secrets",
        "user_ids",
        "wallet_seeds",
    )

    api_keys: Hasher
    user_ids: Hasher
    device_secrets: Hasher
    credentials: Sealer
    """For user ids and device secrets."""
    wallet_seeds: Sealer

    def __init__(self, server_keys: Sequence[bytes], *, randomness: Randomness = secrets.token_bytes) -> None:
        if not server_keys or any(len(key) != SERVER_KEY_BYTES for key in server_keys):
            raise BadServerKey(f"there must be a server key, and each must be {SERVER_KEY_BYTES} bytes long")
        self._randomness = randomness
        self.api_keys = Hasher(_derive(server_keys, "api key"))
        self.user_ids = Hasher(_derive(server_keys, "user id"))
        self.device_secrets = Hasher(_derive(server_keys, "device secret"))
        self.credentials = Sealer(_derive(server_keys, "credential"), randomness)
        self.wallet_seeds = Sealer(_derive(server_keys, "wallet seed"), randomness)
        self._data_keys = Sealer(_derive(server_keys, "data key"), randomness)
        self._known_answers = Sealer(_derive(server_keys, "known answer"), randomness)

    def __repr__(self) -> str:
        """Nothing of what is inside."""
        return "<Vault>"

    def new_data_key(self, row: str) -> bytes:
        """Make a data key for a device.

        Args:
            row: The device's row id.

        Returns:
            The key in its envelope, to be stored; `open_data_key` opens it.
        """
        return self._data_keys.seal(self._randomness(_KEY_BYTES), _data_key_place(row))

    def open_data_key(self, wrapped: bytes, row: str) -> DataKey:
        """Open a device's data key.

        Raises:
            CannotOpen: As `Sealer.open`.
        """
        return DataKey(self._data_keys.open(wrapped, _data_key_place(row)), self._randomness)

    def rewrap_data_key(self, wrapped: bytes, row: str) -> bytes:
        """The same data key in an envelope of the current server key.

        Raises:
            CannotOpen: As `Sealer.open`.
        """
        place = _data_key_place(row)
        return self._data_keys.seal(self._data_keys.open(wrapped, place), place)

    def known_answer(self) -> bytes:
        """An envelope that only this server key opens, to be stored when a store is made."""
        return self._known_answers.seal(_KNOWN_ANSWER, _KNOWN_ANSWER_PLACE)

    def check_known_answer(self, stored: bytes) -> None:
        """Hold the server key against a store.

        Raises:
            WrongServerKey: The store was made with another one.
        """
        try:
            self._known_answers.open(stored, _KNOWN_ANSWER_PLACE)
        except CannotOpen:
            raise WrongServerKey from None

    def is_current_answer(self, stored: bytes) -> bool:
        """Whether a known answer was made with the current server key."""
        return self._known_answers.is_current(stored)


async def check_server_key(store: Store, vault: Vault) -> None:
    """Hold the server key against a store before anything else; a new store learns it.

    Raises:
        WrongServerKey: The store was made with another one.
    """
    stored = await store.keep(_KNOWN_ANSWER_PLACE.row, vault.known_answer())
    vault.check_known_answer(stored)
    if not vault.is_current_answer(stored):
        await store.replace(_KNOWN_ANSWER_PLACE.row, vault.known_answer())


_KNOWN_ANSWER_PLACE = Place("meta", "known answer", "value")


def _data_key_place(row: str) -> Place:
    return Place("device", row, "data_key")


def _derive(server_keys: Sequence[bytes], purpose: str) -> tuple[_Key, ...]:
    """The keys of one purpose, one for each server key."""
    keys = []
    for server_key in server_keys:
        hkdf = HKDF(SHA256(), length=_KEY_BYTES + _KEY_ID_BYTES, salt=b"datasouk", info=purpose.encode())
        derived = hkdf.derive(server_key)
        keys.append(_Key(derived[_KEY_BYTES:], derived[:_KEY_BYTES]))
    return tuple(keys)


def _hash(key: _Key, text: str) -> bytes:
    # Credentials come from outside: a lone surrogate must lead to a hash that nothing has, not to an error.
    data = text.encode("utf-8", "surrogatepass")
    return key.key_id + hashlib.blake2b(data, key=key.secret, digest_size=_HASH_BYTES).digest()
