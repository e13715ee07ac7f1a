"""The two ends of a ledger payload: how ``mamAttach`` writes a message into a node, and how ``mamFetch`` reads it back.

    index = BLAKE2b-256 of the 81 ASCII bytes of the address
    data  = length of the packed tag (1 byte) || packed tag || packed payload
    packed trytes: 5 bits a tryte, its number in the alphabet, most significant bit first; 1-bits up to a whole byte

No network here: bytes in, bytes out.  Source: ``@iota/mam.js`` 1.6.3, ``mamClient.js``; ``@iota/iota.js`` 1.8.6,
``utils/trytesHelper.js`` (packTrytes).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from datasouk.mam.checks import check_hash, trits_of
from datasouk.mam.errors import InvalidArgument, MamError, TruncatedMessage
from datasouk.mam.message import Message, parse
from datasouk.ternary.trits import ALPHABET

__all__ = ["Fetched", "find_message", "ledger_index", "pack", "pack_trytes", "unpack", "unpack_trytes"]

MOST_TAG_TRYTES = 27
# Nothing a message fits into is shorter: mamFetch passes over data of up to 100 bytes without looking.
_LEAST_DATA_BYTES = 101

_BITS = 5
_NUMBERS = bytes.maketrans(ALPHABET.encode(), bytes(range(27)))
_TEXT_OF_NUMBER = ALPHABET.encode().ljust(256, b"9")
_NO_TRYTES = bytes(range(27, 32))


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message found in the ledger.

    Attributes:
        root: The root it was read with, 81 trytes.
        next_root: The root of the next message, 81 trytes.
        message: Trytes.
        tag: Trytes, possibly empty.
    """

    root: str
    next_root: str
    message: str
    tag: str


def pack_trytes(trytes: str) -> bytes:
    """Five bits for each tryte: ceil(5 n / 8) bytes.

    Raises:
        InvalidTrytes: A character is outside ``9A-Z``.
    """
    trits_of("trytes", trytes)
    numbers = trytes.encode().translate(_NUMBERS)
    size = -(-_BITS * len(numbers) // 8)
    fill = 8 * size - _BITS * len(numbers)
    # Eight numbers make five bytes: sum them up as one big number, halves first, so that no bit is moved too often.
    return (_gather(numbers) << fill | (1 << fill) - 1).to_bytes(size, "big")


def unpack_trytes(data: bytes) -> str:
    """The inverse of ``pack_trytes``; as in the original, groups of five bits above 26 are passed over."""
    count = 8 * len(data) // _BITS
    numbers = _scatter(int.from_bytes(data, "big") >> 8 * len(data) - _BITS * count, count)
    return numbers.translate(_TEXT_OF_NUMBER, _NO_TRYTES).decode()


def _gather(numbers: bytes) -> int:
    if len(numbers) <= 8:
        value = 0
        for number in numbers:
            value = value << _BITS | number
        return value
    half = len(numbers) // 2
    return _gather(numbers[:half]) << _BITS * (len(numbers) - half) | _gather(numbers[half:])


def _scatter(value: int, count: int) -> bytes:
    if count <= 8:
        return bytes([value >> _BITS * place & 31 for place in reversed(range(count))])
    low = count - count // 2
    return _scatter(value >> _BITS * low, count - low) + _scatter(value & (1 << _BITS * low) - 1, low)


def ledger_index(address: str) -> bytes:
    """The 32-byte index under which a node keeps the messages of an address.

    Raises:
        InvalidArgument: The address is not 81 trytes long.
    """
    return blake2b(check_hash("address", address).encode(), digest_size=32).digest()


def pack(message: Message | str, tag: str | None = None) -> bytes:
    """The data of a ledger message.

    Args:
        message: A message, or its payload in trytes.
        tag: Up to 27 trytes, or None.

    Raises:
        InvalidArgument: The tag is too long.
        InvalidTrytes: Tag or payload contain another character than ``9A-Z``.
    """
    payload = message.payload if isinstance(message, Message) else message
    trits_of("payload", payload)
    tag = "" if tag is None else tag
    trits_of("tag", tag)
    if len(tag) > MOST_TAG_TRYTES:
        raise InvalidArgument("tag", f"must have at most {MOST_TAG_TRYTES} trytes, it has {len(tag)}")
    packed_tag = pack_trytes(tag)
    return bytes([len(packed_tag)]) + packed_tag + pack_trytes(payload)


def unpack(data: bytes) -> tuple[str, str]:
    """Tag and payload of a ledger message's data, both trytes.

    Raises:
        InvalidArgument: The data are no bytes.
        TruncatedMessage: The data end before the tag does.
    """
    _check_bytes(data)
    data = bytes(data)
    if not data or len(data) < 1 + data[0]:
        raise TruncatedMessage(f"the data have {len(data)} bytes, the tag alone asks for {1 + data[0] if data else 1}")
    return unpack_trytes(data[1 : 1 + data[0]]), unpack_trytes(data[1 + data[0] :])


def _check_bytes(data: bytes) -> None:
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InvalidArgument("data", f"must be bytes, it is a {type(data).__name__}")


def find_message(candidates: Iterable[bytes], root: str, *, side_key: str | None = None) -> Fetched | None:
    """The first of several ledger messages that can be read with this root and side key, as ``mamFetch`` picks it.

    Args:
        candidates: The data of the messages that lie at the root's index, in the order the node lists them.
        root: 81 trytes.
        side_key: Trytes for a restricted channel, None for the others.

    Raises:
        InvalidArgument: The root is not 81 trytes long, or a candidate is no bytes.
        InvalidTrytes: The side key contains another character than ``9A-Z``.
    """
    check_hash("root", root)
    trits_of("side_key", "" if side_key is None else side_key)
    for data in candidates:
        _check_bytes(data)
        if len(data) < _LEAST_DATA_BYTES:
            continue
        try:
            tag, payload = unpack(data)
            parsed = parse(payload, root, side_key=side_key)
        except MamError:
            continue
        return Fetched(root, parsed.next_root, parsed.message, tag)
    return None
