import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasouk.ternary.curl import RATE, hash_once
from datasouk.ternary.search import spread, trailing_zeros, zero_lanes
from datasouk.ternary.trits import Trits, deinterleave, interleave

_blocks = st.lists(st.sampled_from([-1, 0, 1]), min_size=RATE, max_size=RATE).map(Trits.of)


def _zeros_of(block: Trits) -> int:
    """Zeros at the end of the readable Curl's hash."""
    values = list(hash_once(block, 81))
    return next((count for count, trit in enumerate(reversed(values)) if trit), RATE)


def _random_block(seed: int) -> Trits:
    return Trits.of(random.Random(seed).choices([-1, 0, 1], k=RATE))


class TestSpread:
    @pytest.mark.parametrize("lanes", [1, 2, 7, 64, 256])
    @pytest.mark.parametrize("length", [1, 3, 48, 243])
    def test_every_lane_holds_the_string(self, lanes: int, length: int) -> None:
        trits = _random_block(lanes)[:length]
        woven = spread(trits, lanes)
        assert woven == interleave([trits] * lanes)
        assert deinterleave(woven, lanes) == [trits] * lanes

    def test_zeros_stay_zeros(self) -> None:
        assert spread(Trits.zeros(3), 256) == Trits.zeros(3 * 256)


class TestTrailingZeros:
    @pytest.mark.slow
    @settings(deadline=None, max_examples=30)
    @given(_blocks)
    def test_same_as_the_readable_curl(self, block: Trits) -> None:
        assert trailing_zeros(block) == _zeros_of(block)

    def test_block_of_zeros(self) -> None:
        assert trailing_zeros(Trits.zeros(RATE)) == _zeros_of(Trits.zeros(RATE))

    def test_several_zeros_are_counted(self) -> None:
        """A random hash ends in few; the seed was looked for."""
        block = _random_block(199)
        assert trailing_zeros(block) == _zeros_of(block) == 8


class TestZeroLanes:
    @pytest.mark.parametrize("lanes", [1, 3, 15])
    def test_each_lane_is_judged_by_its_own_hash(self, lanes: int) -> None:
        blocks = [_random_block(seed) for seed in range(lanes)]
        counts = [_zeros_of(block) for block in blocks]
        woven = interleave(blocks)
        for zeros in range(max(counts) + 2):
            wanted = sum(1 << lane for lane, count in enumerate(counts) if count >= zeros)
            assert zero_lanes(woven, lanes, zeros) == wanted

    def test_all_lanes_end_in_no_zeros_or_more(self) -> None:
        assert zero_lanes(interleave([_random_block(1)] * 5), 5, 0) == 0b11111

    def test_no_hash_is_all_zeros(self) -> None:
        assert zero_lanes(_random_block(1), 1, RATE) == 0
