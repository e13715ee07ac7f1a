"""Curl-P on bit planes: the rounds of the fast engine.

**Bit planes.**  A state is two integers, ``plus`` (bit set where a trit is +1) and ``minus`` (-1).  With a = (p, n) and
b = (q, m) the round's F(a, b) = (p', n') is

    u = n ^ q,   v = p ^ m,   p' = u & ~p,   n' = ~(u | v)

Python has no and-not, and ``~`` makes numbers negative, so a plane may be stored complemented: three rounds in a row go
(p, n) -> (p, ~n) -> (~p, n) -> (p, n) with 5 + 4 + 5 operations (``transform``).

**Re-indexed rounds.**  Writing S_r for the state after r rounds, X_r[j] = S_r[(-2)^r j mod 729] turns the round's
scattered reads into one rotation of the ring of 729 trits:

    X_r[j] = F(X_{r-1}[j], X_{r-1}[j + 364^r mod 729])

**Layouts.**  After t transforms of 27 rounds the trits lie in *layout* t: S[649^t j] = X[j], as (-2)^27 = 649 modulo
729, which is 1 + 8*81.  649^9 = 1, so nine transforms bring the natural order back.  A chain of hashes therefore runs
on without putting anything in order; it only needs the rate's mask in each of nine layouts.  A sponge restores the
natural order after every transform (``restore``).

**Lanes, position-major.**  Bit (position * lanes + lane) holds the trit of one lane, so that rotating all states is one
rotation of the big integer, moving every digit once.

Reading: ``docs/explanation/mam.md``, section "How it is made fast"; measured in ``docs/reference/performance.md``.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from datasouk.ternary.curl import RATE, STATE

__all__ = [
    "LAYOUTS",
    "ROUNDS",
    "column",
    "lane_columns",
    "rate_mask",
    "restore",
    "rotations",
    "sort",
    "sorting",
    "transform",
]

LAYOUTS = 9
ROUNDS = 27


@lru_cache(maxsize=1024)
def rotations(lanes: int, layout: int) -> tuple[tuple[int, ...], ...]:
    """What 27 rounds that begin in ``layout`` rotate by: nine rows of three (down, mask, up)."""
    rows = []
    for first in range(ROUNDS * layout + 1, ROUNDS * layout + ROUNDS, 3):
        row: list[int] = []
        for number in range(first, first + 3):
            down = pow(364, number, STATE) * lanes
            row += (down, (1 << down) - 1, STATE * lanes - down)
        rows.append(tuple(row))
    return tuple(rows)


def transform(p: int, n: int, rotations: tuple[tuple[int, ...], ...]) -> tuple[int, int]:
    """27 rounds of Curl-P; the result lies in the next layout."""
    for down1, mask1, up1, down2, mask2, up2, down3, mask3, up3 in rotations:
        # (p, n) -> (p, ~n)
        u = n ^ (p >> down1 | (p & mask1) << up1)
        n = u | p ^ (n >> down1 | (n & mask1) << up1)
        p = (u | p) ^ p
        # (p, ~n) -> (~p, n); u and v come out complemented
        u = n ^ (p >> down2 | (p & mask2) << up2)
        n = u & (p ^ (n >> down2 | (n & mask2) << up2))
        p |= u
        # (~p, n) -> (p, n)
        u = n ^ (p >> down3 | (p & mask3) << up3)
        n = u & (p ^ (n >> down3 | (n & mask3) << up3))
        p ^= p & u
    return p, n


def _all_lanes(positions: Iterable[bool], lanes: int) -> int:
    """A mask of whole positions, from 728 down to 0."""
    one, none = "1" * lanes, "0" * lanes
    return int("".join([one if chosen else none for chosen in positions]), 2)


@lru_cache(maxsize=128)
def column(lanes: int) -> int:
    """Bit 0 of every position: times a number below 2**lanes it gives that number at every position."""
    return int(("0" * (lanes - 1) + "1") * STATE, 2)


@lru_cache(maxsize=4)
def lane_columns(lanes: int) -> tuple[int, ...]:
    """Each lane's bits at every position."""
    first = column(lanes)
    return tuple(first << lane for lane in range(lanes))


@lru_cache(maxsize=128)
def _digit_masks(lanes: int, place: int) -> tuple[int, ...]:
    """The positions whose ternary digit number ``place`` is 0, 1, 2; all lanes."""
    digits = [j // 3**place % 3 for j in reversed(range(STATE))]
    return tuple(_all_lanes((found == digit for found in digits), lanes) for digit in range(3))


@lru_cache(maxsize=1024)
def sorting(lanes: int, place: int, turns: int) -> tuple[int, ...]:
    """Constants of ``sort``: rotate the trits whose position has digit d at ``place`` by 81 * turns * d."""
    row = list(_digit_masks(lanes, place))
    for digit in (1, 2):
        down = 81 * (turns * digit % LAYOUTS) * lanes
        row += (down, (1 << down) - 1, STATE * lanes - down)
    return tuple(row)


def sort(p: int, n: int, sorting: tuple[int, ...]) -> tuple[int, int]:
    """Choose for every position between three rotations of the ring."""
    keep, once, twice, down1, mask1, up1, down2, mask2, up2 = sorting
    return (
        p & keep | (p >> down1 | (p & mask1) << up1) & once | (p >> down2 | (p & mask2) << up2) & twice,
        n & keep | (n >> down1 | (n & mask1) << up1) & once | (n >> down2 | (n & mask2) << up2) & twice,
    )


def restore(states: Sequence[tuple[int, int]], lanes: int) -> tuple[int, int]:
    """Bring trits into natural order and lay them over each other; ``states[t]`` lies in layout t.

    S[i] = X[i + 81 * (t * i mod 9) mod 729].  With i mod 9 = d + 3e that is a rotation by 81 * t * d, then one by
    81 * 3t * e.  The second depends on t mod 3 alone, so what has t mod 3 in common takes it together.
    """
    thirds = [(0, 0)] * 3
    for layout, (p, n) in enumerate(states):
        if p or n:
            if layout:
                p, n = sort(p, n, sorting(lanes, 0, layout))
            third = thirds[layout % 3]
            thirds[layout % 3] = third[0] | p, third[1] | n
    plus, minus = thirds[0]
    for layout in (1, 2):
        p, n = thirds[layout]
        if p or n:
            p, n = sort(p, n, sorting(lanes, 1, 3 * layout))
            plus, minus = plus | p, minus | n
    return plus, minus


@lru_cache(maxsize=1024)
def rate_mask(lanes: int, layout: int) -> int:
    """The 243 rate trits in ``layout``, all lanes."""
    factor = pow(649, layout, STATE)
    return _all_lanes((factor * j % STATE < RATE for j in reversed(range(STATE))), lanes)
