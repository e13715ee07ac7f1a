import random
from typing import Any

import pytest
from tests.mam.vectors import signs_of, vectors
from tests.ternary.oracle import CurlAt, random_trits

from datasouk.mam.nonce import NONCE_TRITS, candidate_trits, checksum_security, find_nonce
from datasouk.ternary.kernel import sponge
from datasouk.ternary.trits import Trits


@vectors("hamming", "security")
def test_nonce(number: int, entry: Any) -> None:
    state = Trits.from_trytes(entry["state"])
    assert find_nonce(CurlAt(state), entry["security"]).to_trytes() == entry["nonce"]


@vectors("hamming_lanes")
def test_candidate(number: int, entry: str) -> None:
    assert signs_of(candidate_trits(number)) == entry


@vectors("checksum_security", "level")
def test_checksum_security(number: int, entry: Any) -> None:
    assert checksum_security(Trits.from_trytes(entry["hash"])) == entry["level"]


@pytest.mark.parametrize(
    ("plus", "minus", "level"),
    [
        ([0], [80], 1),
        ([0], [81], 2),
        ([0], [161], 2),
        ([0], [162], 3),
        ([0], [242], 3),
        ([0], [], 0),
        ([81], [], 1),
        ([0, 81, 162], [], 0),
        ([0, 81], [161, 162], 3),
    ],
)
def test_the_level_is_that_of_the_first_third_whose_sum_from_the_beginning_is_zero(
    plus: list[int], minus: list[int], level: int
) -> None:
    assert checksum_security(Trits.of((i in plus) - (i in minus) for i in range(243))) == level


@pytest.mark.parametrize("security", [1, 2, 3])
class TestFindNonce:
    def test_absorbing_the_nonce_gives_exactly_this_level(self, security: int) -> None:
        hasher = sponge()
        hasher.absorb(random_trits(random.Random(f"level {security}"), 500))
        nonce = find_nonce(hasher, security)
        assert len(nonce) == NONCE_TRITS
        hasher.absorb(nonce)
        assert checksum_security(hasher.rate()) == security

    def test_the_sponge_is_left_as_it_is(self, security: int) -> None:
        hasher = sponge()
        hasher.absorb(random_trits(random.Random("left"), 243))
        before = hasher.state
        assert find_nonce(hasher, security) == find_nonce(hasher, security)
        assert hasher.state == before

    def test_trits_4_to_53_are_those_of_the_sponge(self, security: int) -> None:
        state = random_trits(random.Random(f"middle {security}"), 729)
        nonce = find_nonce(CurlAt(state), security)
        assert nonce[4:54] == state[4:54]
        assert nonce[:4] in {candidate_trits(number) for number in range(64)}

    def test_the_counter_goes_on_at_its_smallest_value(self, security: int) -> None:
        state = random_trits(random.Random(f"counter {security}"), 729)
        state = state[:54] + Trits.of([1] * 27) + state[81:]
        counter = find_nonce(CurlAt(state), security)[54:]
        # The first increment carries through all trits; a few more follow if whole batches of candidates fail.
        assert counter.value - Trits.of([-1] * 27).value < 5
