"""The fast engine against the readable Curl-P: whatever goes in, the same comes out."""

import random
from typing import Any

import pytest
from tests.mam.vectors import trits_of_signs, vectors
from tests.ternary.oracle import CHAIN_STEPS, CurlAt, known_chains, random_trits

from datasouk.ternary.curl import RATE, STATE, Curl
from datasouk.ternary.lanes import PREFIXES, Lanes, chain_table, follow_chains, transform_prefixes
from datasouk.ternary.trits import Trits, deinterleave, interleave

# One segment, a few, and what signatures have: 27 segments a level of security, two keys made at once.
WIDTHS = (1, 2, 5, 9, 10, 27, 54, 81)


@pytest.fixture(scope="module", autouse=True)
def _chains() -> None:
    """Follow the known chains before the first test, which would else seem slow."""
    known_chains()


@vectors("curl", "rounds", "squeeze_trytes")
def test_absorb_and_squeeze(number: int, entry: Any) -> None:
    lanes = Lanes(entry["rounds"])
    for trytes in entry["absorb"]:
        lanes.absorb(Trits.from_trytes(trytes))
    assert lanes.squeeze(3 * entry["squeeze_trytes"]).to_trytes() == entry["out"]


@vectors("curl_trits", "rounds")
def test_a_partial_chunk_leaves_the_other_rate_trits(number: int, entry: Any) -> None:
    lanes = Lanes(entry["rounds"])
    lanes.absorb(Trits.from_trytes(entry["absorb_trytes"]))
    lanes.absorb(trits_of_signs(entry["then_absorb_trits"]))
    assert lanes.rate().to_trytes() == entry["rate"]


@vectors("mask_hash", "key")
def test_hash_with_81_rounds(number: int, entry: Any) -> None:
    lanes = Lanes(81)
    lanes.absorb(Trits.from_trytes(entry["key"]))
    assert lanes.rate().to_trytes() == entry["out"]


class Pair:
    """A fast sponge of some lanes and as many readable ones, fed with the same."""

    def __init__(self, rounds: int, lanes: int) -> None:
        self._lanes = lanes
        self._fast = Lanes(rounds, lanes=lanes)
        self._readable = [Curl(rounds) for _ in range(lanes)]

    def absorb(self, strings: list[Trits]) -> None:
        self._fast.absorb(interleave(strings) if self._lanes > 1 else strings[0])
        for curl, string in zip(self._readable, strings, strict=True):
            curl.absorb(string)

    def squeeze_alike(self, length: int) -> bool:
        return self._unwoven(self._fast.squeeze(length)) == [curl.squeeze(length) for curl in self._readable]

    def are_alike(self) -> bool:
        return self._unwoven(self._fast.state) == [curl.state for curl in self._readable] and (
            self._unwoven(self._fast.rate(100)) == [curl.rate(100) for curl in self._readable]
        )

    def _unwoven(self, woven: Trits) -> list[Trits]:
        return deinterleave(woven, self._lanes) if self._lanes > 1 else [woven]

    def reset(self) -> None:
        self._fast.reset()
        for curl in self._readable:
            curl.reset()


@pytest.mark.parametrize("lanes", [1, 2, 3])
@pytest.mark.parametrize("rounds", [27, 81])
class TestLanes:
    def test_random_states(self, rounds: int, lanes: int) -> None:
        source = random.Random(f"states {rounds} {lanes}")
        pair = Pair(rounds, lanes)
        for length in (RATE, RATE, source.randrange(1, RATE), RATE + source.randrange(1, RATE)):
            pair.absorb([random_trits(source, length) for _ in range(lanes)])
            assert pair.are_alike()

    def test_lanes_do_not_disturb_each_other(self, rounds: int, lanes: int) -> None:
        source = random.Random("one lane of zeros")
        pair = Pair(rounds, lanes)
        pair.absorb([Trits.zeros(RATE), *(random_trits(source, RATE) for _ in range(lanes - 1))])
        assert pair.are_alike()

    @pytest.mark.parametrize("length", [1, 242, 243, 244, 500])
    def test_squeeze(self, rounds: int, lanes: int, length: int) -> None:
        source = random.Random(f"squeeze {length}")
        pair = Pair(rounds, lanes)
        pair.absorb([random_trits(source, 81) for _ in range(lanes)])
        assert pair.squeeze_alike(length)
        assert pair.are_alike()

    def test_reset(self, rounds: int, lanes: int) -> None:
        source = random.Random("reset")
        pair = Pair(rounds, lanes)
        for _ in range(2):
            pair.absorb([random_trits(source, RATE) for _ in range(lanes)])
            pair.reset()
            assert pair.are_alike()


def test_zeros_stay_zeros() -> None:
    lanes = Lanes(lanes=2)
    lanes.absorb(Trits.zeros(2 * RATE))
    assert lanes.state == Trits.zeros(2 * STATE)


def test_absorbing_nothing_transforms_once() -> None:
    lanes, curl = Lanes(), Curl()
    for sponge in (lanes, curl):
        sponge.absorb(Trits.of([1, -1]))
        sponge.absorb(Trits.zeros(0))
    assert lanes.state == curl.state


def starts_of(width: int) -> list[Trits]:
    """The starts of as many known chains, going round."""
    chains = known_chains()
    return [chains[number % len(chains)][0] for number in range(width)]


def values_of(steps: list[int]) -> list[Trits]:
    """What ``starts_of`` become after so many steps each."""
    chains = known_chains()
    return [chains[number % len(chains)][step] for number, step in enumerate(steps)]


@pytest.mark.parametrize("width", WIDTHS)
class TestChainTable:
    def test_ends(self, width: int) -> None:
        assert chain_table(starts_of(width), CHAIN_STEPS).ends() == values_of([CHAIN_STEPS] * width)

    @pytest.mark.parametrize("length", [0, 1, 8, 9, 10, 26])
    def test_ends_of_shorter_chains(self, width: int, length: int) -> None:
        assert chain_table(starts_of(width), length).ends() == values_of([length] * width)

    def test_every_step_count_of_every_chain(self, width: int) -> None:
        table = chain_table(starts_of(width), CHAIN_STEPS)
        for first in range(CHAIN_STEPS + 1):
            steps = [(first + chain) % (CHAIN_STEPS + 1) for chain in range(width)]
            assert table.at(steps) == values_of(steps)

    def test_random_step_counts(self, width: int) -> None:
        source = random.Random(f"steps {width}")
        table = chain_table(starts_of(width), CHAIN_STEPS)
        for _ in range(5):
            steps = source.choices(range(CHAIN_STEPS + 1), k=width)
            assert table.at(steps) == values_of(steps)

    def test_the_same_step_count_for_all(self, width: int) -> None:
        table = chain_table(starts_of(width), CHAIN_STEPS)
        for step in (0, 1, 14, 27):
            assert table.at([step] * width) == values_of([step] * width)


@pytest.mark.parametrize("lanes", [2, 3])
@pytest.mark.parametrize("width", [1, 5, 27, 54])
class TestChainTableOfLanes:
    """Each start is woven of several strings, one for each key made at once."""

    @staticmethod
    def starts(width: int, lanes: int) -> list[Trits]:
        unwoven = starts_of(width * lanes)
        return [interleave(unwoven[chain * lanes : chain * lanes + lanes]) for chain in range(width)]

    def test_ends(self, width: int, lanes: int) -> None:
        ends = chain_table(self.starts(width, lanes), CHAIN_STEPS, lanes=lanes).ends()
        expected = values_of([CHAIN_STEPS] * (width * lanes))
        assert [end for woven in ends for end in deinterleave(woven, lanes)] == expected

    def test_values_of_one_lane(self, width: int, lanes: int) -> None:
        source = random.Random(f"lanes {width} {lanes}")
        table = chain_table(self.starts(width, lanes), CHAIN_STEPS, lanes=lanes)
        for lane in range(lanes):
            steps = source.choices(range(CHAIN_STEPS + 1), k=width)
            all_steps = [step for step in steps for _ in range(lanes)]
            assert table.at(steps, lane) == values_of(all_steps)[lane::lanes]


@pytest.mark.parametrize("width", WIDTHS)
class TestFollowChains:
    def test_every_step_count_of_every_chain(self, width: int) -> None:
        for first in range(CHAIN_STEPS + 1):
            steps = [(first + 5 * chain) % (CHAIN_STEPS + 1) for chain in range(width)]
            assert follow_chains(starts_of(width), steps) == values_of(steps)

    def test_random_step_counts(self, width: int) -> None:
        source = random.Random(f"follow {width}")
        for _ in range(5):
            steps = source.choices(range(CHAIN_STEPS + 1), k=width)
            assert follow_chains(starts_of(width), steps) == values_of(steps)

    @pytest.mark.parametrize("step", [0, 1, 9, 10, 18, 26, 27])
    def test_all_the_same(self, width: int, step: int) -> None:
        assert follow_chains(starts_of(width), [step] * width) == values_of([step] * width)

    def test_one_long_chain_among_short_ones(self, width: int) -> None:
        for long in (0, width - 1):
            steps = [CHAIN_STEPS if chain == long else chain % 2 for chain in range(width)]
            assert follow_chains(starts_of(width), steps) == values_of(steps)


class TestTransformPrefixes:
    @pytest.mark.parametrize("length", [1, 4, 80, 81, 82, 242, 243])
    def test_every_prefix_gives_its_own_rate(self, length: int) -> None:
        source = random.Random(f"length {length}")
        state = random_trits(source, STATE)
        prefixes = [random_trits(source, length) for _ in range(PREFIXES)]
        expected = [CurlAt(prefix + state[length:]).transformed()[:RATE] for prefix in prefixes]
        assert deinterleave(transform_prefixes(state, prefixes), PREFIXES) == expected

    @vectors("curl_transform", "rounds")
    def test_the_vectors_of_the_transform(self, number: int, entry: Any) -> None:
        """A transform of 81 rounds is three of 27, of which this function shows the rate alone."""
        state = Trits.from_trytes(entry["state"])
        for _ in range(entry["rounds"] // 27 - 1):
            state = CurlAt(state).transformed()
        woven = transform_prefixes(state, [state[:RATE]] * PREFIXES)
        assert {rate.to_trytes() for rate in deinterleave(woven, PREFIXES)} == {entry["out"][:81]}
