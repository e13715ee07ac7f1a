"""Search on Curl-P-81: of many blocks that differ in a few trits, the first whose hash ends in enough zeros.

The blocks are hashed side by side (``ring.py``); a lane is a candidate.  Only the last trits of the hash are looked at,
where they lie after 81 rounds, so nothing is put in order.
"""

from datasouk.ternary.curl import RATE, STATE
from datasouk.ternary.ring import rotations, transform
from datasouk.ternary.trits import Trits

__all__ = ["spread", "trailing_zeros", "zero_lanes"]

_LAYOUT = 3  # where 81 rounds leave the trits


def spread(trits: Trits, lanes: int) -> Trits:
    """The same string in every lane, woven."""
    every = (1 << lanes) - 1
    planes = []
    for plane in (trits.plus, trits.minus):
        bits = f"{plane:0{trits.length}b}"
        zeros = "0" * (lanes - 1)
        planes.append(int(bits.replace("0", "x").replace("1", zeros + "1").replace("x", zeros + "0"), 2) * every)
    return Trits(planes[0], planes[1], trits.length * lanes)


def zero_lanes(blocks: Trits, lanes: int, zeros: int) -> int:
    """Which lanes' hashes end in ``zeros`` zero trits or more.

    Args:
        blocks: 243 trits a lane, woven.
        lanes: Number of lanes.
        zeros: 0 to 243.

    Returns:
        A number with bit i set for lane i.
    """
    p, n = blocks.plus, blocks.minus
    for layout in range(_LAYOUT):
        p, n = transform(p, n, rotations(lanes, layout))
    nonzero = p | n
    every = (1 << lanes) - 1
    found = every
    for trit in range(RATE - 1, RATE - 1 - zeros, -1):
        place = (trit + 81 * (_LAYOUT * trit % 9)) % STATE
        found &= ~(nonzero >> place * lanes)
        if not found:
            break
    return found & every


def trailing_zeros(block: Trits) -> int:
    """How many zero trits the Curl-P-81 hash of 243 trits ends in."""
    p, n = block.plus, block.minus
    for layout in range(_LAYOUT):
        p, n = transform(p, n, rotations(1, layout))
    nonzero = p | n
    for count in range(RATE):
        trit = RATE - 1 - count
        if nonzero >> (trit + 81 * (_LAYOUT * trit % 9)) % STATE & 1:
            return count
    return RATE
