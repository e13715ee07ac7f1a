import random
from typing import Any

import pytest
from tests.mam.vectors import trits_of_signs, vectors
from tests.ternary.oracle import CurlAt, known_chains, random_trits

from datasouk.ternary.curl import RATE, STATE, Curl, follow_chains, hash_once, hash_times
from datasouk.ternary.trits import Trits


@vectors("curl_transform", "rounds")
def test_transform(number: int, entry: Any) -> None:
    curl = CurlAt(Trits.from_trytes(entry["state"]), entry["rounds"])
    assert curl.transformed().to_trytes() == entry["out"]


@vectors("curl", "rounds", "squeeze_trytes")
def test_absorb_and_squeeze(number: int, entry: Any) -> None:
    curl = Curl(entry["rounds"])
    for trytes in entry["absorb"]:
        curl.absorb(Trits.from_trytes(trytes))
    assert curl.squeeze(3 * entry["squeeze_trytes"]).to_trytes() == entry["out"]


@vectors("curl_trits", "rounds")
def test_a_partial_chunk_leaves_the_other_rate_trits(number: int, entry: Any) -> None:
    curl = Curl(entry["rounds"])
    curl.absorb(Trits.from_trytes(entry["absorb_trytes"]))
    curl.absorb(trits_of_signs(entry["then_absorb_trits"]))
    assert curl.rate().to_trytes() == entry["rate"]


@vectors("mask_hash", "key")
def test_hash_with_81_rounds(number: int, entry: Any) -> None:
    assert hash_once(Trits.from_trytes(entry["key"]), 81).to_trytes() == entry["out"]


def test_81_rounds_are_three_times_27() -> None:
    state = random_trits(random.Random("rounds"), STATE)
    expected = state
    for _ in range(3):
        expected = CurlAt(expected).transformed()
    assert CurlAt(state, 81).transformed() == expected


def test_absorbing_nothing_transforms_once() -> None:
    state = random_trits(random.Random("nothing"), STATE)
    curl = CurlAt(state)
    curl.absorb(Trits.zeros(0))
    assert curl.state == CurlAt(state).transformed()


def test_squeezing_nothing_changes_nothing() -> None:
    state = random_trits(random.Random("squeeze"), STATE)
    curl = CurlAt(state)
    assert curl.squeeze(0) == Trits.zeros(0)
    assert curl.state == state


def test_reading_the_rate_changes_nothing() -> None:
    state = random_trits(random.Random("rate"), STATE)
    curl = CurlAt(state)
    assert curl.rate() == state[:RATE]
    assert curl.rate(5) == state[:5]
    assert curl.state == state


def test_reset_brings_back_the_zeros_of_the_beginning() -> None:
    curl = Curl()
    assert curl.state == Trits.zeros(STATE)
    curl.absorb(Trits.of([1]))
    assert curl.state != Trits.zeros(STATE)
    curl.reset()
    assert curl.state == Trits.zeros(STATE)


@pytest.mark.parametrize("lanes", [0, 2])
def test_the_readable_sponge_has_one_lane(lanes: int) -> None:
    with pytest.raises(ValueError, match=f"has 1 lane, not {lanes}"):
        Curl(lanes=lanes)


@pytest.mark.slow
def test_chains_are_repeated_hashes() -> None:
    chain = known_chains()[0]
    assert hash_times(chain[0], 0) == chain[0]
    assert hash_times(chain[0], 3) == chain[3]
    assert follow_chains([chain[0], chain[5], chain[9]], [4, 0, 1]) == [chain[4], chain[5], chain[10]]
