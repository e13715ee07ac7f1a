import random
from typing import Any

import pytest
from tests.mam.vectors import vectors
from tests.ternary.oracle import random_trits

from datasouk.mam.keys import one_time_keys
from datasouk.mam.signature import address_of_digest, signature_digest
from datasouk.ternary.trits import Trits

SEED = Trits.from_trytes("SIGNATURE" + "9" * 72)


@vectors("iss", "security", "index")
def test_digest_from_signature(number: int, entry: Any) -> None:
    signed_hash = Trits.from_trytes(entry["sign_hash"])
    [key] = one_time_keys(Trits.from_trytes(entry["seed"]), [entry["index"]], entry["security"])
    signature = key.sign(signed_hash, entry["security"])
    if "signature" in entry:
        signature = Trits.from_trytes(entry["signature"])
    digest = signature_digest(signed_hash, signature)
    assert digest.to_trytes() == entry["digest_from_signature"] == entry["digest"]
    assert address_of_digest(digest).to_trytes() == entry["address"]


@pytest.mark.parametrize("security", [1, 2, 3])
class TestSignature:
    def test_a_signature_leads_to_the_signers_address(self, security: int) -> None:
        signed_hash = random_trits(random.Random(f"hash {security}"), 243)
        [key] = one_time_keys(SEED, [3], security)
        assert signature_digest(signed_hash, key.sign(signed_hash, security)) == key.digest
        assert address_of_digest(key.digest) == key.address

    def test_another_hash_does_not(self, security: int) -> None:
        signed_hash = random_trits(random.Random(f"hash {security}"), 243)
        [key] = one_time_keys(SEED, [3], security)
        signature = key.sign(signed_hash, security)
        changed = Trits.of([-1 if signed_hash[0] == 1 else 1]) + signed_hash[1:]
        assert signature_digest(changed, signature) != key.digest

    def test_a_changed_trit_of_the_signature_does_not(self, security: int) -> None:
        signed_hash = random_trits(random.Random(f"hash {security}"), 243)
        [key] = one_time_keys(SEED, [3], security)
        signature = key.sign(signed_hash, security)
        for place in (0, 243 * 13 + 7, len(signature) - 1):
            change = Trits.zeros(place) + Trits.of([1]) + Trits.zeros(len(signature) - place - 1)
            assert signature_digest(signed_hash, signature.add(change)) != key.digest


def test_the_extremes_of_a_hash() -> None:
    """Trytes of 13 take 26 steps from the signature to the end of a chain, trytes of -13 none."""
    [key] = one_time_keys(SEED, [0], 1)
    for tryte in "MN9":
        signed_hash = Trits.from_trytes(tryte * 81)
        assert signature_digest(signed_hash, key.sign(signed_hash, 1)) == key.digest
