"""The nonce that gives a message's hash its security level ("hamming diver"): deterministic, part of the wire format.

    batch t = 1, 2, ...: trits 54..80 of the sponge's state are incremented t times (balanced, with carry);
    candidate b = 0..63 of a batch: trits 0..3 are a fixed pattern of b, the rest is as it was;
    a candidate does if one more transform gives a hash of exactly the wanted level.
    The first that does decides; but if that is number 0, the whole batch is dropped (a quirk of the original).

Level of a hash: 1 if trits 0..80 sum to 0, else 2 if trits 0..161 do, else 3 if all 243 do, else none.

Source: ``@iota/mam.js`` 1.6.3, ``hammingDiver.js``.
"""

from collections.abc import Iterator

from datasouk.ternary.kernel import PREFIXES, Sponge, transform_prefixes
from datasouk.ternary.trits import Trits

__all__ = ["NONCE_TRITS", "checksum_security", "find_nonce"]

NONCE_TRITS = 81

_COUNTER_START = 54
_CANDIDATES = 64

# Bit b of (low, high) gives trit 0..3 of candidate b: low alone -1, high alone +1, both 0.
_LOW = (0xDB6DB6DB6DB6DB6D, 0xF1F8FC7E3F1F8FC7, 0x7FFFE00FFFFC01FF, 0xFFC0000007FFFFFF)
_HIGH = (0xB6DB6DB6DB6DB6DB, 0x8FC7E3F1F8FC7E3F, 0xFFC01FFFF803FFFF, 0x003FFFFFFFFFFFFF)


def candidate_trits(number: int) -> Trits:
    """Trits 0..3 of a candidate."""
    return Trits.of((high >> number & 1) - (low >> number & 1) for low, high in zip(_LOW, _HIGH, strict=True))


_CANDIDATE_TRITS = tuple(candidate_trits(number) for number in range(_CANDIDATES))


# Bit 0 of each of the positions that count for a level, of hashes woven side by side.
_LEVEL_MASKS = tuple(sum(1 << PREFIXES * place for place in range(81 * level)) for level in (1, 2, 3))


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
        # About one candidate in thirty does, so they are not all tried at once.
        for first in range(0, _CANDIDATES, PREFIXES):
            nonces = [head + tail for head in _CANDIDATE_TRITS[first : first + PREFIXES]]
            found = _first_of_level(transform_prefixes(state, nonces), security)
            if found is not None:
                if first + found == 0:
                    break
                return nonces[found]
    raise AssertionError("the counter went once around")


def _first_of_level(woven: Trits, security: int) -> int | None:
    """Which of the woven hashes is the first to have exactly this level."""
    for lane in range(PREFIXES):
        for level in range(1, security + 1):
            mask = _LEVEL_MASKS[level - 1] << lane
            if (woven.plus & mask).bit_count() == (woven.minus & mask).bit_count():
                if level == security:
                    return lane
                break
    return None


def _counted(counter: Trits) -> Iterator[Trits]:
    start = counter.value
    for step in range(1, 3**counter.length):
        yield Trits.from_value(start + step, counter.length)
