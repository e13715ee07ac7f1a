import random

import pytest
from tests.ternary.oracle import known_chains, random_trits

import datasouk.ternary
from datasouk.ternary import kernel
from datasouk.ternary.curl import Curl
from datasouk.ternary.trits import deinterleave, interleave


def test_the_kernel_says_its_name() -> None:
    assert kernel.KERNEL_NAME
    assert datasouk.ternary.KERNEL_NAME == kernel.KERNEL_NAME


@pytest.mark.parametrize("rounds", [27, 81])
def test_a_sponge_is_the_readable_one(rounds: int) -> None:
    source = random.Random(f"kernel {rounds}")
    fast: kernel.Sponge = kernel.sponge(rounds)
    readable: kernel.Sponge = Curl(rounds)
    for sponge in (fast, readable):
        sponge.absorb(random_trits(random.Random("kernel"), 300))
    assert fast.state == readable.state
    assert fast.squeeze() == readable.squeeze()
    assert fast.rate(17) == readable.rate(17)
    for sponge in (fast, readable):
        sponge.reset()
        sponge.absorb(random_trits(source, 0))
    assert fast.state == readable.state


def test_a_sponge_has_27_rounds_and_one_lane_unless_asked_for_more() -> None:
    string = random_trits(random.Random("default"), 243)
    one, curl = kernel.sponge(), Curl(27)
    two = kernel.sponge(lanes=2)
    one.absorb(string)
    curl.absorb(string)
    two.absorb(interleave([string, string]))
    assert one.rate() == curl.rate()
    assert deinterleave(two.rate(), 2) == [curl.rate()] * 2


@pytest.mark.slow
def test_chains() -> None:
    chains = known_chains()
    starts = [chain[0] for chain in chains]
    table: kernel.ChainTable = kernel.chain_table(starts, 12)
    assert table.ends() == [chain[12] for chain in chains]
    assert table.at([0, 3, 9, 12, 1]) == [chain[step] for chain, step in zip(chains, (0, 3, 9, 12, 1), strict=True)]
    assert kernel.follow_chains(starts, [2] * 5) == [chain[2] for chain in chains]


@pytest.mark.slow
def test_chains_of_several_lanes() -> None:
    one, two, *_ = known_chains()
    table = kernel.chain_table([interleave([one[0], two[0]])], 4, lanes=2)
    assert deinterleave(table.ends()[0], 2) == [one[4], two[4]]
    assert table.at([3], 1) == [two[3]]


def test_prefixes() -> None:
    state = random_trits(random.Random("kernel prefixes"), 729)
    others = [random_trits(random.Random(f"other {number}"), 243) for number in range(kernel.PREFIXES - 1)]
    after = deinterleave(kernel.transform_prefixes(Curl().state, [state[:243], *others]), kernel.PREFIXES)
    # From zeros, absorbing a string is the same as beginning with it.
    curl = Curl()
    curl.absorb(state[:243])
    assert after[0] == curl.rate()
    assert len(set(after)) == kernel.PREFIXES
