"""Proof of work: the score of a message, and the search for a nonce that reaches one.

    digest = BLAKE2b-256 of the message without its last 8 bytes, the nonce
    block  = b1t6(digest) (192 trits) || b1t6(nonce, little-endian) (48) || 0 0 0
    z      = zero trits at the end of Curl-P-81(block)
    score  = 3^z / length of the message in bytes

Source: TIP-12.  Searching takes processor time and nothing else: run it in another process, for a thread would hold
the interpreter.
"""

from fractions import Fraction

from datasouk.ledger.digest import blake2b_256
from datasouk.ledger.message import Message
from datasouk.ternary import b1t6
from datasouk.ternary.search import spread, trailing_zeros, zero_lanes
from datasouk.ternary.trits import Trits, interleave

__all__ = ["find_nonce", "mine", "pow_digest", "pow_score", "zeros_needed"]

_NONCE_BYTES = 8
_LANES = 256
_MOST_ZEROS = 243
_PADDING = Trits.zeros(3)
# The nonce's lowest byte, lane by lane; the other bytes are the same in all lanes.
_LOW_BYTES = tuple(b1t6.encode(bytes([byte])) for byte in range(_LANES))


def pow_digest(message: bytes) -> bytes:
    """What a nonce is searched for: 32 bytes, from a message's wire form."""
    return blake2b_256(message[:-_NONCE_BYTES])


def pow_score(message: bytes) -> float:
    """The score of a message's wire form."""
    block = b1t6.encode(pow_digest(message) + message[-_NONCE_BYTES:]) + _PADDING
    return float(Fraction(3 ** trailing_zeros(block), len(message)))


def zeros_needed(length: int, score: float) -> int:
    """The fewest zeros with which a message of ``length`` bytes reaches a score, compared exactly."""
    wanted = Fraction(score) * length
    zeros = 0
    while 3**zeros < wanted and zeros < _MOST_ZEROS:
        zeros += 1
    return zeros


def find_nonce(digest: bytes, zeros: int, *, start: int = 0, tries: int | None = None) -> int | None:
    """The smallest nonce from ``start`` on whose hash ends in ``zeros`` zeros.

    Args:
        digest: From `pow_digest`, 32 bytes.
        zeros: 3 to the power of it is how many tries it takes on average.
        start: Rounded down to a multiple of 256.
        tries: Give up after so many nonces, rounded up to a multiple of 256; None: never.

    Returns:
        0 to 2^64 - 1; None if there is none among the tries.
    """
    start -= start % _LANES
    end = 2**64 if tries is None else min(start + tries, 2**64)
    head, low, tail = spread(b1t6.encode(digest), _LANES), interleave(_LOW_BYTES), spread(_PADDING, _LANES)
    for first in range(start, end, _LANES):
        high = spread(b1t6.encode(first.to_bytes(_NONCE_BYTES, "little")[1:]), _LANES)
        found = zero_lanes(Trits.join([head, low, high, tail]), _LANES, zeros)
        if found:
            return first + (found & -found).bit_length() - 1
    return None


def mine(message: Message, score: float) -> Message:
    """The message with the next nonce, from its own on and around, that reaches a score."""
    raw = message.to_bytes()
    digest, zeros = pow_digest(raw), zeros_needed(len(raw), score)
    nonce = find_nonce(digest, zeros, start=message.nonce)
    if nonce is None:
        nonce = find_nonce(digest, zeros)
    assert nonce is not None, "among 2^64 nonces there is one"
    return message.with_nonce(nonce)
