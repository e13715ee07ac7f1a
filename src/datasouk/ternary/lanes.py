"""The fast engine: sponges and hash chains, many states side by side in Python's big integers.

How the rounds work is told in ``ring.py``; one state alone goes through ``single.py``.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from datasouk.ternary.curl import RATE, STATE
from datasouk.ternary.ring import (
    LAYOUTS,
    ROUNDS,
    column,
    lane_columns,
    rate_mask,
    restore,
    rotations,
    sort,
    sorting,
    transform,
)
from datasouk.ternary.single import single_transform
from datasouk.ternary.trits import Trits, deinterleave, interleave

__all__ = ["PREFIXES", "ChainTable", "Lanes", "chain_table", "follow_chains", "transform_prefixes"]


class Lanes:
    """One Curl-P sponge, or several that always absorb and squeeze together.

    With several lanes every trit string that goes in or out is woven (``trits.interleave``): position 0 of each lane,
    position 1 of each lane, and so on.

    Args:
        rounds: 27 or 81.
        lanes: Number of sponges side by side.
    """

    __slots__ = ("_capacity", "_lanes", "_minus", "_plus", "_transform")

    def __init__(self, rounds: int = ROUNDS, *, lanes: int = 1) -> None:
        self._lanes = lanes
        self._plus = self._minus = 0
        self._capacity = (1 << STATE * lanes) - (1 << RATE * lanes)
        self._transform = single_transform(rounds) if lanes == 1 else _many_transform(rounds, lanes)

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
            self._overwrite(chunk.plus, chunk.minus, chunk.length)

    def _overwrite(self, x: int, y: int, length: int) -> None:
        """Overwrite the first trits of the rate and transform."""
        kept = self._capacity if length == RATE * self._lanes else (1 << STATE * self._lanes) - (1 << length)
        self._plus, self._minus = self._transform(self._plus & kept | x, self._minus & kept | y)

    def squeeze(self, length: int = RATE) -> Trits:
        """Give out ``length`` trits of each lane, transforming after each chunk of up to 243."""
        parts = []
        for start in range(0, length, RATE):
            parts.append(self.rate(min(RATE, length - start)))
            self._overwrite(0, 0, 0)
        return parts[0] if len(parts) == 1 else Trits.join(parts)

    def rate(self, length: int = RATE) -> Trits:
        """The first ``length`` trits of each lane's state, without a transform."""
        length *= self._lanes
        mask = (1 << length) - 1
        return Trits(self._plus & mask, self._minus & mask, length)

    def mask(self, plain: Trits) -> Trits:
        """Encipher and absorb: see ``curl.Curl.mask``; one lane only."""
        parts = []
        for chunk in plain.chunks(RATE):
            key = self.rate(chunk.length)
            parts.append(chunk.add(key))
            self._overwrite(chunk.plus, chunk.minus, chunk.length)
        return Trits.join(parts)

    def unmask(self, masked: Trits) -> Trits:
        """Decipher and absorb: see ``curl.Curl.unmask``; one lane only."""
        parts = []
        for chunk in masked.chunks(RATE):
            plain = chunk.subtract(self.rate(chunk.length))
            parts.append(plain)
            self._overwrite(plain.plus, plain.minus, plain.length)
        return Trits.join(parts)


@lru_cache(maxsize=16)
def _many_transform(rounds: int, lanes: int) -> Callable[[int, int], tuple[int, int]]:
    """27 or 81 rounds of several states, from natural order to natural order."""
    transforms = rounds // ROUNDS
    rows = sum((rotations(lanes, layout) for layout in range(transforms)), ())
    first, second = sorting(lanes, 0, transforms), sorting(lanes, 1, 3 * transforms)

    def run(p: int, n: int) -> tuple[int, int]:
        return sort(*sort(*transform(p, n, rows), first), second)

    return run


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
        layouts = [(0, 0)] * (last % LAYOUTS) + [self._states[last]]
        woven = Trits(*restore(layouts, self._width), RATE * self._width)
        return deinterleave(woven, self._width // self._lanes, lanes=self._lanes)

    def at(self, steps: Sequence[int], lane: int = 0) -> list[Trits]:
        """The value of chain i after ``steps[i]`` steps, of one lane: 243 trits each."""
        layouts = [(0, 0)] * LAYOUTS
        masks: dict[int, int] = {}
        columns = lane_columns(self._width)
        for chain, step in enumerate(steps):
            masks[step] = masks.get(step, 0) | columns[chain * self._lanes + lane]
        for step, mask in masks.items():
            p, n = self._states[step]
            layouts[step % LAYOUTS] = _overlay(layouts[step % LAYOUTS], p, n, mask)
        woven = Trits(*restore(layouts, self._width), RATE * self._width)
        return deinterleave(woven, self._width, chosen=range(lane, self._width, self._lanes))


def _hash_step(p: int, n: int, lanes: int, layout: int) -> tuple[int, int]:
    """h of every lane; the state holds 243 trits a lane in ``layout``, the result in the next one."""
    p, n = transform(p, n, rotations(lanes, layout))
    mask = rate_mask(lanes, (layout + 1) % LAYOUTS)
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
        states.append(_hash_step(*states[-1], width, step % LAYOUTS))
    return ChainTable(states, width, lanes)


def follow_chains(starts: Sequence[Trits], steps: Sequence[int]) -> list[Trits]:
    """h applied ``steps[i]`` times to ``starts[i]``, each 243 trits.

    No lane idles while others finish: each takes two chains, a long one and then a short one, so that all lanes are
    done at about the same time.  The second chain enters in whatever layout its lane has reached.
    """
    if not starts:
        return []
    order = sorted(range(len(starts)), key=lambda i: steps[i], reverse=True)
    width = -(-len(order) // 2)
    long, short = order[:width], order[width:][::-1]
    turns = [steps[i] for i in long]
    ends = [turn + steps[i] for turn, i in zip(turns, short, strict=False)]
    first = _weave(starts, long, width)
    second = _relay(_weave(starts, short, width), turns, width, enter=True)
    turning, ending = _lanes_by_time(turns), _lanes_by_time(ends)
    p, n = first
    arrived = [(0, 0)] * 2
    columns = column(width)
    for step in range(max(turns + ends) + 1):
        if step:
            p, n = _hash_step(p, n, width, (step - 1) % LAYOUTS)
        if step in turning:
            mask = columns * turning[step]
            arrived[0] = _overlay(arrived[0], p, n, mask)
            p = p ^ p & mask | second[0] & mask
            n = n ^ n & mask | second[1] & mask
        if step in ending:
            arrived[1] = _overlay(arrived[1], p, n, columns * ending[step])
    values = list(starts)
    for chains, times, (plus, minus) in ((long, turns, arrived[0]), (short, ends, arrived[1])):
        plus, minus = _relay((plus, minus), times, width, enter=False)
        for i, value in zip(chains, deinterleave(Trits(plus, minus, RATE * width), width), strict=False):
            values[i] = value
    return values


def _weave(strings: Sequence[Trits], chosen: Sequence[int], width: int) -> tuple[int, int]:
    """Some strings of 243 trits, one a lane; zeros in the lanes that are left over."""
    woven = interleave([strings[i] for i in chosen] + [Trits.zeros(RATE)] * (width - len(chosen)))
    return woven.plus, woven.minus


def _lanes_by_time(times: Sequence[int]) -> dict[int, int]:
    """For each time the lanes it belongs to, as bits."""
    lanes: dict[int, int] = {}
    for lane, time in enumerate(times):
        lanes[time] = lanes.get(time, 0) | 1 << lane
    return lanes


def _overlay(state: tuple[int, int], p: int, n: int, mask: int) -> tuple[int, int]:
    """Lay the masked lanes over a state that is empty there."""
    return state[0] | p & mask, state[1] | n & mask


def _relay(state: tuple[int, int], times: Sequence[int], width: int, *, enter: bool) -> tuple[int, int]:
    """Bring each lane from natural order into the layout it has after ``times[lane]`` steps, or back."""
    columns = column(width)
    lanes = _lanes_by_time([time % LAYOUTS for time in times])
    masks = [columns * lanes.get(layout, 0) for layout in range(LAYOUTS)]
    parts = [(state[0] & mask, state[1] & mask) for mask in masks]
    if enter:
        # The way into layout t is the way out of layout 9 - t.
        parts = parts[:1] + parts[:0:-1]
    return restore(parts, width)


PREFIXES = 16
"""How many prefixes ``transform_prefixes`` takes at once."""


def _sixteenfold(plane: int) -> int:
    """Every bit sixteen times: each lane of sixteen gets the same plane."""
    # Reading binary digits as hexadecimal ones puts four bits where one was; twice makes sixteen.
    return int(f"{int(f'{plane:b}', 16):b}", 16) * 0xFFFF


def transform_prefixes(state: Trits, prefixes: Sequence[Trits]) -> Trits:
    """What the rate would be after one transform, if the state began with this prefix; for each of 16 prefixes.

    Args:
        state: 729 trits.
        prefixes: 16 strings of one length, at most 243 trits.

    Returns:
        243 trits for each prefix, woven.
    """
    length = prefixes[0].length
    woven = interleave(prefixes)
    shift = PREFIXES * length
    plus = _sixteenfold(state.plus >> length) << shift | woven.plus
    minus = _sixteenfold(state.minus >> length) << shift | woven.minus
    after = transform(plus, minus, rotations(PREFIXES, 0))
    plus, minus = restore([(0, 0), after], PREFIXES)
    low = (1 << RATE * PREFIXES) - 1
    return Trits(plus & low, minus & low, RATE * PREFIXES)
