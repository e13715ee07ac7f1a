"""A message: what is masked, what is signed, and how a reader checks it.

Layout in trits; ``pascal`` numbers, L = 3 for each tryte of the message, S = 27 * security, q siblings:

    offset      length    content                                       masked
    0           e1        pascal(index of the leaf)                     no
    e1          e2        pascal(L)                                     no
    e1+e2 = o   243       next root                                     yes
    o+243       L         message                                       yes
    o+243+L     81        nonce                                         yes
    o+324+L     243 S     signature                                     yes
    then        e3        pascal(q)                                     yes
    then        243 q     siblings, lowest first                        yes
    then        0..2      zeros, up to a whole tryte                    no

One Curl-P-27 sponge goes through it: absorb side key, root and header; mask next root and message; find the nonce and
mask it; the rate is then the hash M that is signed; mask signature, q and siblings.

Source: ``@iota/mam.js`` 1.6.3, ``channel.js`` (createMessage) and ``parser.js`` (parseMessage).
"""

from dataclasses import dataclass
from enum import StrEnum

from datasouk.mam import pascal
from datasouk.mam.checks import HASH_TRYTES, check_hash, shown, trits_of
from datasouk.mam.errors import InvalidArgument, InvalidSecurity, RootMismatch, TruncatedMessage
from datasouk.mam.keys import SEGMENT_TRITS, OneTimeKey, segment_count
from datasouk.mam.merkle import root_from_siblings
from datasouk.mam.nonce import NONCE_TRITS, checksum_security, find_nonce
from datasouk.mam.signature import address_of_digest, signature_digest
from datasouk.ternary.kernel import Sponge, sponge
from datasouk.ternary.trits import Trits

__all__ = ["Message", "Mode", "Parsed", "check_mode", "decode_address", "parse", "seal"]

_ROOT_TRITS = 3 * HASH_TRYTES
_NO_KEY = "9" * HASH_TRYTES


class Mode(StrEnum):
    """Who can find and read a channel."""

    PUBLIC = "public"
    """The address is the root: whoever sees the ledger reads."""
    PRIVATE = "private"
    """The address is the hash of the root: whoever knows the root reads."""
    RESTRICTED = "restricted"
    """As private, and masked with a side key: whoever knows root and side key reads."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message ready for the ledger; all four are trytes.

    Attributes:
        payload: The masked and signed message.
        root: The root to read it with, 81 trytes.
        address: Where it is found, 81 trytes.
        next_root: The root of the next message, 81 trytes.
    """

    payload: str
    root: str
    address: str
    next_root: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a payload held.

    Attributes:
        message: Trytes.
        next_root: The root to read the channel's next message with, 81 trytes.
    """

    message: str
    next_root: str


def check_mode(mode: Mode | str) -> Mode:
    """A mode from its name.

    Raises:
        InvalidArgument: There is none of this name.
    """
    try:
        return Mode(mode)
    except ValueError:
        raise InvalidArgument("mode", f"must be public, private or restricted, it is {shown(mode)}") from None


def decode_address(root: str, mode: Mode | str) -> str:
    """The address at which the messages of a root lie: 81 trytes.

    Public: the root itself; else its Curl-P-81 hash.

    Raises:
        InvalidArgument: The root is not 81 trytes long, or the mode is unknown.
    """
    check_hash("root", root)
    if check_mode(mode) is Mode.PUBLIC:
        return root
    hasher = sponge(81)
    hasher.absorb(Trits.from_trytes(root))
    return hasher.rate().to_trytes()


def _started_sponge(side_key: Trits, root: Trits, header: Trits) -> Sponge:
    hasher = sponge()
    hasher.absorb(side_key)
    hasher.absorb(root)
    hasher.absorb(header)
    return hasher


def seal(
    message: Trits,
    *,
    side_key: str | None,
    root: Trits,
    next_root: Trits,
    index: int,
    key: OneTimeKey,
    siblings: list[Trits],
    security: int,
) -> str:
    """Mask and sign a message: the payload, in trytes."""
    header = pascal.encode(index) + pascal.encode(message.length)
    hasher = _started_sponge(Trits.from_trytes(side_key or _NO_KEY), root, header)
    body = hasher.mask(next_root + message)
    nonce = hasher.mask(find_nonce(hasher, security))
    signature = key.sign(hasher.rate(), security)
    tail = hasher.mask(Trits.join([signature, pascal.encode(len(siblings)), *siblings]))
    payload = Trits.join([header, body, nonce, tail])
    return (payload + Trits.zeros(-payload.length % 3)).to_trytes()


def parse(payload: str, root: str, *, side_key: str | None = None) -> Parsed:
    """Read a message and verify that the owner of ``root`` signed it.

    Args:
        payload: Trytes; surplus at the end is ignored.
        root: 81 trytes.
        side_key: Trytes for a restricted channel, None for the others.

    Raises:
        InvalidArgument: The root is not 81 trytes long.
        InvalidTrytes: Payload or side key contain another character than ``9A-Z``.
        TruncatedMessage: The payload ends too early, or its counts are impossible.
        InvalidSecurity: Wrong side key, wrong root, or the message was tampered with.
        RootMismatch: The signature is not that of the root's owner; also what a wrong key leads to, one time in eight.
    """
    trits = trits_of("payload", payload)
    root_trits = trits_of("root", check_hash("root", root))
    key_trits = trits_of("side_key", _NO_KEY if side_key is None else side_key)
    index, middle = pascal.decode(trits)
    length, start = pascal.decode(trits, middle)
    body_end = start + _ROOT_TRITS + length
    # Without this bound a tampered length would have us unmask what is not there.
    _require(trits, body_end + NONCE_TRITS + SEGMENT_TRITS * segment_count(1), "message length")
    hasher = _started_sponge(key_trits, root_trits, trits[:start])
    body = hasher.unmask(trits[start:body_end])
    hasher.unmask(trits[body_end : body_end + NONCE_TRITS])

    signed_hash = hasher.rate()
    security = checksum_security(signed_hash)
    if security == 0:
        raise InvalidSecurity("the message's hash has no security level: wrong side key or root, or tampered with")
    tail = hasher.unmask(trits[body_end + NONCE_TRITS :])
    signature_trits = SEGMENT_TRITS * segment_count(security)
    _require(tail, signature_trits + 4, "security level")
    count, siblings_start = pascal.decode(tail, signature_trits)
    siblings_end = siblings_start + SEGMENT_TRITS * count
    _require(tail, siblings_end, "number of siblings")
    leaf = address_of_digest(signature_digest(signed_hash, tail[:signature_trits]))
    siblings = tail[siblings_start:siblings_end].chunks(SEGMENT_TRITS)
    if root_from_siblings(leaf, index, siblings) != root_trits:
        raise RootMismatch("the signature does not lead to the expected root")
    return Parsed(body[_ROOT_TRITS:].to_trytes(), body[:_ROOT_TRITS].to_trytes())


def _require(trits: Trits, least: int, claim: str) -> None:
    if trits.length < least:
        raise TruncatedMessage(f"the {claim} asks for {least} trits, there are {trits.length}")
