from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.chrysalis import VECTORS, entries
from tests.ledger.strategies import messages, relaxed

from datasouk.ledger import Indexation, Message
from datasouk.ledger.binary import U64_MAX
from datasouk.ledger.pow import find_nonce, mine, pow_digest, pow_score, zeros_needed
from datasouk.ternary import b1t6
from datasouk.ternary.curl import hash_once
from datasouk.ternary.trits import Trits

_MINED = [entry for entry in VECTORS["messages"] if "minedFromNonceZeroForScore" in entry]
_DIGEST = bytes(range(32))


def _zeros(digest: bytes, nonce: int) -> int:
    """Zeros at the end of the hash, by the readable Curl."""
    block = b1t6.encode(digest + nonce.to_bytes(8, "little")) + Trits.zeros(3)
    values = list(hash_once(block, 81))
    count = 0
    while count < len(values) and values[-1 - count] == 0:
        count += 1
    return count


class TestScore:
    @entries("powScore", name="nonce")
    def test_recorded_message_has_its_digest_and_score(self, entry: dict[str, Any]) -> None:
        raw = bytes.fromhex(entry["message"])
        assert raw[-8:] == int(entry["nonce"]).to_bytes(8, "little")
        assert pow_digest(raw).hex() == entry["powDigest"]
        assert pow_score(raw) == entry["score"]
        assert Fraction(entry["score"]).limit_denominator(10**6) == Fraction(3 ** entry["trailingZeros"], len(raw))

    @entries("messages")
    def test_recorded_message_of_every_kind_has_its_score(self, entry: dict[str, Any]) -> None:
        assert pow_score(bytes.fromhex(entry["bytes"])) == entry["powScore"]

    def test_digest_is_that_of_everything_but_the_nonce(self) -> None:
        message = Message(1, (bytes(32),), payload=Indexation(b"sensor"))
        assert pow_digest(message.to_bytes()) == pow_digest(message.with_nonce(U64_MAX).to_bytes())
        assert pow_digest(message.to_bytes()) != pow_digest(Message(2, (bytes(32),)).to_bytes())

    @pytest.mark.slow
    @relaxed
    @given(messages())
    def test_any_message_scores_what_the_readable_curl_says(self, message: Message) -> None:
        raw = message.to_bytes()
        assert pow_score(raw) == float(Fraction(3 ** _zeros(pow_digest(raw), message.nonce), len(raw)))


class TestZerosNeeded:
    @entries("powTargetZeros", name="length")
    def test_recorded_target(self, entry: dict[str, Any]) -> None:
        assert zeros_needed(entry["length"], entry["targetScore"]) == entry["zeros"]

    def test_score_of_zero_needs_none(self) -> None:
        assert zeros_needed(32_768, 0) == 0

    @pytest.mark.parametrize("zeros", [1, 5, 30, 100, 240])
    def test_exact_power_of_three_needs_no_zero_more(self, zeros: int) -> None:
        """Logarithms of floating-point numbers get some of these wrong."""
        assert zeros_needed(3**zeros, 1) == zeros
        assert zeros_needed(3**zeros + 1, 1) == zeros + 1

    def test_no_score_needs_more_zeros_than_a_hash_has(self) -> None:
        assert zeros_needed(32_768, 1e300) == 243

    @given(st.integers(53, 32_768), st.floats(1e-6, 1e9))
    def test_fewest_zeros_that_reach_the_score(self, length: int, score: float) -> None:
        zeros = zeros_needed(length, score)
        assert Fraction(3**zeros, length) >= Fraction(score)
        assert zeros == 0 or Fraction(3 ** (zeros - 1), length) < Fraction(score)


class TestFindNonce:
    @pytest.mark.parametrize("entry", _MINED, ids=lambda entry: entry["name"])
    def test_recorded_nonce_is_found(self, entry: dict[str, Any]) -> None:
        """The vectors hold the smallest nonce that reaches the score."""
        raw = bytes.fromhex(entry["bytes"])
        zeros = zeros_needed(len(raw), float(entry["minedFromNonceZeroForScore"]))
        assert find_nonce(pow_digest(raw), zeros) == int.from_bytes(raw[-8:], "little")

    @pytest.mark.slow
    def test_smallest_nonce_of_the_first_batch_by_the_readable_curl(self) -> None:
        zeros = [_zeros(_DIGEST, nonce) for nonce in range(30)]
        for wanted in range(max(zeros) + 1):
            first = next(nonce for nonce, found in enumerate(zeros) if found >= wanted)
            assert find_nonce(_DIGEST, wanted) == first

    def test_nothing_is_lost_or_found_twice_at_the_border_of_a_batch(self) -> None:
        found = find_nonce(_DIGEST, 6)
        assert found is not None
        assert found >= 256, "the digest was chosen so that the search crosses a border"
        assert _zeros(_DIGEST, found) >= 6
        border = found - found % 256
        assert find_nonce(_DIGEST, 6, tries=border) is None
        assert find_nonce(_DIGEST, 6, tries=border + 1) == found
        assert find_nonce(_DIGEST, 6, start=border) == found
        assert find_nonce(_DIGEST, 6, start=found) == found
        after = find_nonce(_DIGEST, 6, start=border + 256)
        assert after is not None
        assert after > found

    @pytest.mark.parametrize("start", [2**53 + 256, 2**63, 2**64 - 256])
    def test_start_above_what_a_double_holds(self, start: int) -> None:
        nonce = find_nonce(_DIGEST, 3, start=start, tries=256)
        assert nonce is not None
        assert start <= nonce < start + 256
        assert _zeros(_DIGEST, nonce) >= 3

    def test_last_nonces_of_all_are_tried_and_none_beyond(self) -> None:
        assert find_nonce(_DIGEST, 40, start=U64_MAX, tries=10_000) is None

    def test_gives_up_after_so_many_tries(self) -> None:
        assert find_nonce(_DIGEST, 40, tries=1) is None

    def test_no_zeros_are_found_at_once(self) -> None:
        assert find_nonce(_DIGEST, 0) == 0


class TestMine:
    @pytest.mark.parametrize("score", [0.01, 1.0, 10.0])
    def test_mined_message_reaches_the_score_and_is_otherwise_the_same(self, score: float) -> None:
        message = Message(1, (bytes(32),), payload=Indexation(b"sensor", b"23.5"))
        mined = mine(message, score)
        assert pow_score(mined.to_bytes()) >= score
        assert mined.with_nonce(0) == message

    @pytest.mark.parametrize("entry", _MINED, ids=lambda entry: entry["name"])
    def test_recorded_message_comes_out_byte_by_byte(self, entry: dict[str, Any]) -> None:
        message = Message.from_bytes(bytes.fromhex(entry["bytes"]))
        assert mine(message.with_nonce(0), float(entry["minedFromNonceZeroForScore"])) == message
