"""Names and credentials as they are drawn: user ids, handles, API keys, device secrets, and ids of rows.

| what | shape | bits | who sees it |
|---|---|---|---|
| user id | 28 base-62 characters | 166 | its holder: a credential |
| handle | 28 base-62 characters, an independent draw | 166 | everybody: opens nothing |
| API key | ``dsk_``, 30 base-62 characters, 6 of checksum | 178 | its holder, once |
| device secret (``sk``) | 64 hexadecimal digits | 256 | the device and its owner |
| row id | UUID, version 7 (RFC 9562, section 5.7) | 74 random | nobody outside |

The checksum is the CRC-32 of the 34 characters before it, in base 62: scanners find keys in logs and repositories
offline, without false alarms.  Keys stay opaque to clients: a key is right if we know it, not if its checksum fits.

Randomness is an argument everywhere, a function from a number of bytes to that many random bytes.
"""

import re
import secrets
import time
import zlib
from collections.abc import Callable

__all__ = [
    "API_KEY_PREFIX",
    "Clock",
    "Randomness",
    "has_api_key_checksum",
    "is_device_id",
    "new_api_key",
    "new_device_secret",
    "new_handle",
    "new_row_id",
    "new_user_id",
    "now_ms",
]

Randomness = Callable[[int], bytes]
Clock = Callable[[], int]
"""Milliseconds since 1970."""

API_KEY_PREFIX = "dsk_"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Bytes from here on are thrown away: 248 is the greatest multiple of 62 that a byte can count to.
_UNBIASED = 248
_NAME_CHARACTERS = 28
_API_KEY_CHARACTERS = 30
_CHECKSUM_CHARACTERS = 6
_DEVICE_SECRET_BYTES = 32
_API_KEY = re.compile(rf"{API_KEY_PREFIX}[0-9A-Za-z]{{{_API_KEY_CHARACTERS + _CHECKSUM_CHARACTERS}}}", re.ASCII)
_DEVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def now_ms() -> int:
    """The wall clock: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def new_user_id(randomness: Randomness = secrets.token_bytes) -> str:
    """A user id, 28 base-62 characters.  Secret."""
    return _draw(_NAME_CHARACTERS, randomness)


def new_handle(randomness: Randomness = secrets.token_bytes) -> str:
    """A handle, 28 base-62 characters."""
    return _draw(_NAME_CHARACTERS, randomness)


def new_api_key(randomness: Randomness = secrets.token_bytes) -> str:
    """An API key, 40 characters.  Secret."""
    body = API_KEY_PREFIX + _draw(_API_KEY_CHARACTERS, randomness)
    return body + _checksum(body)


def new_device_secret(randomness: Randomness = secrets.token_bytes) -> str:
    """A device's secret key (``sk``), 64 lower-case hexadecimal digits.  Secret."""
    return randomness(_DEVICE_SECRET_BYTES).hex()


def new_row_id(clock: Clock = now_ms, randomness: Randomness = secrets.token_bytes) -> str:
    """A UUID of version 7: 36 characters that sort by the millisecond they were made in."""
    milliseconds, random = clock(), int.from_bytes(randomness(10), "big")
    high = (milliseconds & (2**48 - 1)) << 16 | 0x7000 | (random >> 62) & 0x0FFF
    low = 0x8000_0000_0000_0000 | random & (2**62 - 1)
    digits = f"{high << 64 | low:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def has_api_key_checksum(text: str) -> bool:
    """Whether a text is an API key of ours by shape and checksum; says nothing about whose, or whether it is valid."""
    return bool(_API_KEY.fullmatch(text)) and _checksum(text[:-_CHECKSUM_CHARACTERS]) == text[-_CHECKSUM_CHARACTERS:]


def is_device_id(text: str) -> bool:
    """Whether a text may be a device's id: 1 to 64 of ``A-Za-z0-9._-``, the first a letter or digit."""
    return bool(_DEVICE_ID.fullmatch(text))


def _draw(count: int, randomness: Randomness) -> str:
    drawn: list[str] = []
    while len(drawn) < count:
        drawn += [_BASE62[byte % 62] for byte in randomness(count) if byte < _UNBIASED]
    return "".join(drawn[:count])


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits
