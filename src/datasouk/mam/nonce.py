"""The nonce that gives a message's hash its security level ("hamming diver"): deterministic, part of the wire format.

    batch t = 1, 2, ...: trits 54..80 of the sponge's state are incremented t times (balanced, with carry);
    candidate b = 0..63 of a batch: trits 0..3 are a fixed pattern of b, the rest is as it was;
    a candidate does if one more transform gives a hash of exactly the wanted level.
    The first that does decides; but if that is number 0, the whole batch is dropped (a quirk of the original).

Level of a hash: 1 if trits 0..80 sum to 0, else 2 if trits 0..161 do, else 3 if all 243 do, else none.

Source: ``@iota/mam.js`` 1.6.3, ``hammingDiver.js``.
"""

from collections.abc import Iterator

from datasouk.ternary.kernel import Sponge, transform_prefixes
from datasouk.ternary.trits import Trits

__all__ = ["NONCE_TRITS", "checksum_security", "find_nonce"]

NONCE_TRITS = 81

_COUNTER_START = 54
_CANDIDATES = 64
# Candidates tried at once: about one in thirty does, and a transform of 16 states costs less than four of one.
_AT_ONCE = 16

# Bit b of (low, high) gives trit 0..3 of candidate b: low alone -1, high alone +1, both 0.
_LOW = (0xDB6DB6DB6DB6DB6D, 0xF1F8FC7E3F1F8FC7, 0x7FFFE00FFFFC01FF, 0xFFC0000007FFFFFF)
_HIGH = (0xB6DB6DB6DB6DB6DB, 0x8FC7E3F1F8FC7E3F, 0xFFC01FFFF803FFFF, 0x003FFFFFFFFFFFFF)


def candidate_trits(number: int) -> Trits:
    """Trits 0..3 of a candidate."""
    return Trits.of((high >> number & 1) - (low >> number & 1) for low, high in zip(_LOW, _HIGH, strict=True))


_CANDIDATE_TRITS = tuple(candidate_trits(number) for number in range(_CANDIDATES))


def checksum_security(message_hash: Trits) -> int:
    """The security level that a hash of 243 trits announces, 1 to 3; 0 if none."""
    for level in (1, 2, 3):
        part = message_hash[: 81 * level]
        if part.plus.bit_count() == part.minus.bit_count():
            return level
    return 0


def find_nonce(sponge: Sponge, security: int) -> Trits:
    """The 81 trits to absorb next, so that the rate then has the security level asked for.

    Args:
        sponge: Its whole state counts; it is left as it is.
        security: 1, 2 or 3.
    """
    state = sponge.state
    fixed = state[4:_COUNTER_START]
    for counter in _counted(state[_COUNTER_START:NONCE_TRITS]):
        tail = fixed + counter
        for first in range(0, _CANDIDATES, _AT_ONCE):
            nonces = [head + tail for head in _CANDIDATE_TRITS[first : first + _AT_ONCE]]
            hashes = transform_prefixes(state, nonces)
            found = next((i for i, value in enumerate(hashes) if checksum_security(value) == security), None)
            if found is not None:
                if first + found == 0:
                    break
                return nonces[found]
    raise AssertionError("the counter went once around")


def _counted(counter: Trits) -> Iterator[Trits]:
    start = counter.value
    for step in range(1, 3**counter.length):
        yield Trits.from_value(start + step, counter.length)
