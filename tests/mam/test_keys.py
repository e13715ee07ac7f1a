import gc
import random
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from tests.mam.vectors import sha256_of, vectors
from tests.ternary.oracle import random_trits

from datasouk import mam
from datasouk.mam.keys import OneTimeKey, addresses, one_time_keys, segment_count, subseed
from datasouk.ternary.trits import Trits

SEED = Trits.from_trytes("KEYS" + "9" * 77)


@pytest.fixture(autouse=True)
def _no_remembered_keys() -> Iterator[None]:
    mam.forget_keys()
    yield
    mam.forget_keys()


@vectors("subseed", "index")
def test_subseed(number: int, entry: Any) -> None:
    assert subseed(Trits.from_trytes(entry["seed"]), entry["index"]).to_trytes() == entry["subseed"]


@vectors("iss", "security", "index")
def test_key_and_signature(number: int, entry: Any) -> None:
    seed, index, security = Trits.from_trytes(entry["seed"]), entry["index"], entry["security"]
    assert subseed(seed, index).to_trytes() == entry["subseed"]
    [key] = one_time_keys(seed, [index], security)
    assert key.digest.to_trytes() == entry["digest"]
    assert key.address.to_trytes() == entry["address"]

    private_key = key.private_key(security).to_trytes()
    assert len(private_key) == 2187 * security
    assert private_key[:81] == entry["private_key_first81"]
    assert private_key[-81:] == entry["private_key_last81"]
    assert sha256_of(private_key) == entry["private_key_sha256"]
    assert private_key == entry.get("private_key", private_key)

    signature = key.sign(Trits.from_trytes(entry["sign_hash"]), security).to_trytes()
    assert signature[:81] == entry["signature_first81"]
    assert sha256_of(signature) == entry["signature_sha256"]
    assert signature == entry.get("signature", signature)


@pytest.mark.parametrize("security", [1, 2, 3])
def test_segments(security: int) -> None:
    assert segment_count(security) == 27 * security


class TestSign:
    @pytest.mark.parametrize("tryte", ["M", "N", "9"])
    def test_extreme_trytes(self, tryte: str) -> None:
        """M = 13 gives the private key itself away, N = -13 the end of the chains."""
        [key] = one_time_keys(SEED, [0], 1)
        signature = key.sign(Trits.from_trytes(tryte * 81), 1)
        assert (signature == key.private_key(1)) is (tryte == "M")
        assert len(signature) == 6561

    def test_only_the_first_segments_of_the_hash_are_signed_at_low_security(self) -> None:
        [key] = one_time_keys(SEED, [0], 1)
        assert key.sign(Trits.from_trytes("A" * 81), 1) == key.sign(Trits.from_trytes("A" * 27 + "B" * 54), 1)


class TestAskingForSeveral:
    @pytest.mark.parametrize("count", [1, 2, 3, 5])
    def test_keys_made_side_by_side_are_those_made_alone(self, count: int) -> None:
        together = [key.address for key in one_time_keys(SEED, range(count), 1)]
        alone = []
        for index in range(count):
            mam.forget_keys()
            alone += [key.address for key in one_time_keys(SEED, [index], 1)]
        assert together == alone
        assert addresses(SEED, range(count), 1) == alone

    def test_the_order_is_that_of_the_indexes_and_repeats_are_allowed(self) -> None:
        one, two, three = addresses(SEED, [0, 1, 2], 1)
        assert addresses(SEED, [2, 0, 2, 1], 1) == [three, one, three, two]
        assert [key.address for key in one_time_keys(SEED, [1, 1, 0], 1)] == [two, two, one]

    def test_no_index_no_key(self) -> None:
        assert one_time_keys(SEED, [], 1) == []
        assert addresses(SEED, [], 1) == []

    def test_seed_index_and_security_all_matter(self) -> None:
        other = Trits.from_trytes("KEYT" + "9" * 77)
        found = [
            addresses(seed, [index], level)[0] for seed in (SEED, other) for index in (0, 1) for level in (1, 2, 3)
        ]
        assert len(set(found)) == len(found)

    def test_an_index_counts_the_seed_up(self) -> None:
        """Key 5 of a seed is key 0 of the seed that lies five further; the largest is followed by the smallest."""
        seed = random_trits(random.Random("seed"), 243)
        further = Trits.from_value(seed.value + 5, 243)
        assert subseed(seed, 5) == subseed(further, 0)
        assert subseed(Trits.of([1] * 243), 1) == subseed(Trits.of([-1] * 243), 0)


class TestRemembering:
    def test_a_remembered_key_is_not_made_again(self) -> None:
        [first] = one_time_keys(SEED, [0], 1)
        assert one_time_keys(SEED, [0], 1)[0] is first
        mam.forget_keys()
        [again] = one_time_keys(SEED, [0], 1)
        assert again is not first
        assert (again.address, again.digest) == (first.address, first.digest)

    @pytest.mark.slow
    def test_the_number_of_remembered_keys_is_bounded(self) -> None:
        addresses(SEED, range(24), 1)
        gc.collect()
        assert sum(isinstance(item, OneTimeKey) for item in gc.get_objects()) <= 16
        mam.forget_keys()
        gc.collect()
        assert not any(isinstance(item, OneTimeKey) for item in gc.get_objects())

    def test_addresses_stay_when_their_keys_have_gone(self) -> None:
        first = addresses(SEED, range(24), 1)
        assert all(again is address for again, address in zip(addresses(SEED, range(24), 1), first, strict=True))

    def test_threads_get_the_same_keys(self) -> None:
        found: list[list[Trits]] = []
        threads = [Thread(target=lambda: found.append(addresses(SEED, range(6), 1))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        mam.forget_keys()
        assert found == [addresses(SEED, range(6), 1)] * 4


def test_a_key_does_not_show_what_it_holds() -> None:
    [key] = one_time_keys(SEED, [0], 1)
    assert key.private_key(1).to_trytes()[:8] not in repr(key)
    assert len(repr(key)) < 100
