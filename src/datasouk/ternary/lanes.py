"""Curl-P on bit planes: the fast engine, many states side by side in Python's big integers.

**Bit planes.**  A state is two integers, ``plus`` (bit set where a trit is +1) and ``minus`` (-1).  With a = (p, n) and
b = (q, m) the round's F(a, b) = (p', n') is

    u = n ^ q,   v = p ^ m,   p' = u & ~p,   n' = ~(u | v)

Python has no and-not, and ``~`` makes numbers negative, so a plane may be stored complemented: three rounds in a row go
(p, n) -> (p, ~n) -> (~p, n) -> (p, n) with 5 + 4 + 5 operations (``_transform``).

**Re-indexed rounds.**  Writing S_r for the state after r rounds, X_r[j] = S_r[(-2)^r j mod 729] turns the round's
scattered reads into one rotation of the ring of 729 trits:

    X_r[j] = F(X_{r-1}[j], X_{r-1}[j + 364^r mod 729])

**Layouts.**  After t transforms of 27 rounds the trits lie in *layout* t: S[649^t j] = X[j], as (-2)^27 = 649 modulo
729, which is 1 + 8*81.  649^9 = 1, so nine transforms bring the natural order back.  A chain of hashes therefore runs on without
putting anything in order; it only needs the rate's mask in each of nine layouts.  A sponge restores the natural order
after every transform (``_restore``).

**Lanes, position-major.**  Bit (position * lanes + lane) holds the trit of one lane, so that rotating all states is one
rotation of the big integer, moving every digit once.

Reading: ``docs/explanation/mam.md``, section "How it is made fast"; measured in ``docs/reference/performance.md``.
"""

from collections.abc import Sequence
from functools import lru_cache

from datasouk.ternary.curl import RATE, STATE
from datasouk.ternary.trits import Trits, deinterleave, interleave

__all__ = ["ChainTable", "Lanes", "chain_table", "follow_chains", "transform_prefixes"]

_LAYOUTS = 9
_ROUNDS = 27


@lru_cache(maxsize=256)
def _rotations(lanes: int, layout: int) -> tuple[tuple[int, ...], ...]:
    """What 27 rounds that begin in ``layout`` rotate by: nine rows of three (down, mask, up)."""
    rows = []
    for first in range(_ROUNDS * layout + 1, _ROUNDS * layout + _ROUNDS, 3):
        row: list[int] = []
        for number in range(first, first + 3):
            down = pow(364, number, STATE) * lanes
            row += (down, (1 << down) - 1, STATE * lanes - down)
        rows.append(tuple(row))
    return tuple(rows)


def _transform(p: int, n: int, rotations: tuple[tuple[int, ...], ...]) -> tuple[int, int]:
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


@lru_cache(maxsize=64)
def _column(lanes: int) -> int:
    """Bit 0 of every position: times a number below 2**lanes it gives that number at every position."""
    return int(("0" * (lanes - 1) + "1") * STATE, 2)


@lru_cache(maxsize=64)
def _digit_masks(lanes: int, place: int) -> tuple[int, int, int]:
    """The positions whose ternary digit number ``place`` is 0, 1, 2; all lanes."""
    masks = []
    for digit in range(3):
        chosen = ("01"[j // 3**place % 3 == digit] * lanes for j in reversed(range(STATE)))
        masks.append(int("".join(chosen), 2))
    return masks[0], masks[1], masks[2]


@lru_cache(maxsize=256)
def _sorting(lanes: int, place: int, turns: int) -> tuple[int, ...]:
    """Constants of ``_sort``: rotate the trits whose position has digit d at ``place`` by 81 * turns * d."""
    row = list(_digit_masks(lanes, place))
    for digit in (1, 2):
        down = 81 * (turns * digit % _LAYOUTS) * lanes
        row += (down, (1 << down) - 1, STATE * lanes - down)
    return tuple(row)


def _sort(p: int, n: int, sorting: tuple[int, ...]) -> tuple[int, int]:
    """Choose for every position between three rotations of the ring."""
    keep, once, twice, down1, mask1, up1, down2, mask2, up2 = sorting
    return (
        p & keep | (p >> down1 | (p & mask1) << up1) & once | (p >> down2 | (p & mask2) << up2) & twice,
        n & keep | (n >> down1 | (n & mask1) << up1) & once | (n >> down2 | (n & mask2) << up2) & twice,
    )


def _restore(states: Sequence[tuple[int, int]], lanes: int) -> tuple[int, int]:
    """Bring trits into natural order and lay them over each other; ``states[t]`` lies in layout t.

    S[i] = X[i + 81 * (t * i mod 9) mod 729].  With i mod 9 = d + 3e that is a rotation by 81 * t * d, then one by
    81 * 3t * e.  The second depends on t mod 3 alone, so what has t mod 3 in common takes it together.
    """
    thirds = [(0, 0)] * 3
    for layout, (p, n) in enumerate(states):
        if p or n:
            if layout:
                p, n = _sort(p, n, _sorting(lanes, 0, layout))
            third = thirds[layout % 3]
            thirds[layout % 3] = third[0] | p, third[1] | n
    plus, minus = thirds[0]
    for layout in (1, 2):
        p, n = thirds[layout]
        if p or n:
            p, n = _sort(p, n, _sorting(lanes, 1, 3 * layout))
            plus, minus = plus | p, minus | n
    return plus, minus


@lru_cache(maxsize=256)
def _rate_mask(lanes: int, layout: int) -> int:
    """The 243 rate trits in ``layout``, all lanes."""
    factor = pow(649, layout, STATE)
    return int("".join("01"[factor * j % STATE < RATE] * lanes for j in reversed(range(STATE))), 2)


class Lanes:
    """One Curl-P sponge, or several that always absorb and squeeze together.

    With several lanes every trit string that goes in or out is woven (``trits.interleave``): position 0 of each lane,
    position 1 of each lane, and so on.

    Args:
        rounds: 27 or 81.
        lanes: Number of sponges side by side.
    """

    __slots__ = ("_first", "_lanes", "_minus", "_plus", "_rotations", "_second")

    def __init__(self, rounds: int = _ROUNDS, *, lanes: int = 1) -> None:
        transforms = rounds // _ROUNDS
        self._lanes = lanes
        self._rotations = sum((_rotations(lanes, layout) for layout in range(transforms)), ())
        self._first = _sorting(lanes, 0, transforms)
        self._second = _sorting(lanes, 1, 3 * transforms)
        self._plus = self._minus = 0

    @property
    def state(self) -> Trits:
        """All 729 trits of each lane."""
        return Trits(self._plus, self._minus, STATE * self._lanes)

    def reset(self) -> None:
        """Back to all zeros."""
        self._plus = self._minus = 0

    def absorb(self, trits: Trits) -> None:
        """Take in any number of trits, in chunks of up to 243 for each lane."""
        rate = RATE * self._lanes
        for chunk in (trits,) if trits.length <= rate else trits.chunks(rate):
            length = chunk.length
            self._plus = self._plus >> length << length | chunk.plus
            self._minus = self._minus >> length << length | chunk.minus
            self._transform()

    def squeeze(self, length: int = RATE) -> Trits:
        """Give out ``length`` trits of each lane, transforming after each chunk of up to 243."""
        parts = []
        for start in range(0, length, RATE):
            parts.append(self.rate(min(RATE, length - start)))
            self._transform()
        return parts[0] if len(parts) == 1 else Trits.join(parts)

    def rate(self, length: int = RATE) -> Trits:
        """The first ``length`` trits of each lane's state, without a transform."""
        length *= self._lanes
        mask = (1 << length) - 1
        return Trits(self._plus & mask, self._minus & mask, length)

    def _transform(self) -> None:
        p, n = _transform(self._plus, self._minus, self._rotations)
        p, n = _sort(p, n, self._first)
        self._plus, self._minus = _sort(p, n, self._second)


class ChainTable:
    """Hash chains x, h(x), h(h(x)), ... of many strings at once, with every value on the way kept.

    Made by ``chain_table``; holds what one-time signatures are made of, so keep it as secret as the key.
    """

    __slots__ = ("_lanes", "_states", "_width")

    def __init__(self, states: list[tuple[int, int]], width: int, lanes: int) -> None:
        self._states = states
        self._width = width
        self._lanes = lanes

    def ends(self) -> list[Trits]:
        """The last value of each chain, woven like the starts."""
        last = len(self._states) - 1
        layouts = [(0, 0)] * (last % _LAYOUTS) + [self._states[last]]
        woven = Trits(*_restore(layouts, self._width), RATE * self._width)
        return deinterleave(woven, self._width // self._lanes, lanes=self._lanes)

    def at(self, steps: Sequence[int], lane: int = 0) -> list[Trits]:
        """The value of chain i after ``steps[i]`` steps, of one lane: 243 trits each."""
        layouts = [(0, 0)] * _LAYOUTS
        chosen: dict[int, int] = {}
        for chain, step in enumerate(steps):
            chosen[step] = chosen.get(step, 0) | 1 << chain * self._lanes + lane
        for step, lanes in chosen.items():
            mask = _column(self._width) * lanes
            plus, minus = layouts[step % _LAYOUTS]
            p, n = self._states[step]
            layouts[step % _LAYOUTS] = plus | p & mask, minus | n & mask
        woven = Trits(*_restore(layouts, self._width), RATE * self._width)
        return deinterleave(woven, self._width, chosen=range(lane, self._width, self._lanes))


def _hash_step(p: int, n: int, lanes: int, layout: int) -> tuple[int, int]:
    """h of every lane; the state holds 243 trits a lane in ``layout``, the result in the next one."""
    p, n = _transform(p, n, _rotations(lanes, layout))
    mask = _rate_mask(lanes, (layout + 1) % _LAYOUTS)
    return p & mask, n & mask


def chain_table(starts: Sequence[Trits], length: int, *, lanes: int = 1) -> ChainTable:
    """Apply h ``length`` times to every string, keeping all values.

    Args:
        starts: Strings of 243 trits for each lane, woven when there is more than one lane.
        length: Number of steps.
        lanes: How many lanes each string is woven of.
    """
    width = len(starts) * lanes
    woven = interleave(starts, lanes=lanes)
    states = [(woven.plus, woven.minus)]
    for step in range(length):
        states.append(_hash_step(*states[-1], width, step % _LAYOUTS))
    return ChainTable(states, width, lanes)


def follow_chains(starts: Sequence[Trits], steps: Sequence[int]) -> list[Trits]:
    """h applied ``steps[i]`` times to ``starts[i]``, each 243 trits.

    The chains run together, longest first; after every nine steps, when the natural order is back anyway, those that
    have arrived are taken out and the rest move up.
    """
    order = sorted(range(len(starts)), key=lambda i: steps[i], reverse=True)
    values = list(starts)
    width = _round_up(len(order))
    woven = interleave([starts[i] for i in order] + [Trits.zeros(RATE)] * (width - len(order)))
    done = 0
    while order:
        left = [steps[i] - done for i in order]
        p, n = _follow_nine(woven.plus, woven.minus, width, left)
        woven = Trits(p, n, RATE * width)
        staying = sum(count > _LAYOUTS for count in left)
        arrived = deinterleave(woven, width, chosen=range(staying, len(order)))
        for i, value in zip(order[staying:], arrived, strict=True):
            values[i] = value
        order, done = order[:staying], done + _LAYOUTS
        if (kept := _round_up(staying)) < width:
            p, n = _drop_lanes(p, width, kept), _drop_lanes(n, width, kept)
            woven, width = Trits(p, n, RATE * kept), kept
    return values


def _round_up(lanes: int) -> int:
    """A multiple of nine: few widths, so that their masks are made once."""
    return -(-lanes // 9) * 9


def _follow_nine(p: int, n: int, width: int, steps: list[int]) -> tuple[int, int]:
    """h of lane i, min(steps[i], 9) times, from natural order to natural order; ``steps`` descends."""
    layouts = [(0, 0)] * _LAYOUTS
    column = _column(width)
    below = len(steps)
    for step in range(_LAYOUTS + 1):
        first = next((i for i, count in enumerate(steps) if count <= step), below) if step < _LAYOUTS else 0
        if first < below:
            mask = column * ((1 << below) - (1 << first))
            plus, minus = layouts[step % _LAYOUTS]
            layouts[step % _LAYOUTS] = plus | p & mask, minus | n & mask
            below = first
        if below == 0:
            break
        p, n = _hash_step(p, n, width, step)
    return _restore(layouts, width)


@lru_cache(maxsize=64)
def _dropping(width: int, kept: int) -> tuple[tuple[int, int, int], ...]:
    """Constants of ``_drop_lanes``: for each round the groups that stay, those that move, and how far."""
    rows = []
    size = kept
    stride = width
    positions = RATE
    while positions > 1:
        pairs = -(-positions // 2)
        unit = sum(1 << 2 * stride * pair for pair in range(pairs))
        stay = unit * ((1 << size) - 1)
        rows.append((stay, stay << stride, stride - size))
        size, stride, positions = 2 * size, 2 * stride, pairs
    return tuple(rows)


def _drop_lanes(plane: int, width: int, kept: int) -> int:
    """Keep the lowest ``kept`` lanes of 243 positions; neighbours move together, then pairs, then fours, ..."""
    for stay, move, down in _dropping(width, kept) if kept else ():
        plane = plane & stay | (plane & move) >> down
    return plane if kept else 0


def transform_prefixes(state: Trits, prefixes: Sequence[Trits]) -> list[Trits]:
    """What the rate would be after one transform, if the state began with this prefix; for each prefix.

    Args:
        state: 729 trits.
        prefixes: Strings of one length, at most 243 trits.

    Returns:
        243 trits for each prefix.
    """
    count = len(prefixes)
    rest = state[prefixes[0].length :]
    woven = interleave(prefixes) + interleave([rest] * count)
    after = _transform(woven.plus, woven.minus, _rotations(count, 0))
    plus, minus = _restore([(0, 0), after], count)
    return deinterleave(Trits(plus, minus, STATE * count)[: RATE * count], count)
