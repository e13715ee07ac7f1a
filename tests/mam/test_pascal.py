from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mam.vectors import signs_of, trits_of_signs, vectors
from tests.outcomes import outcome_of
from tests.strategies import trits

from datasouk import mam
from datasouk.mam import pascal
from datasouk.ternary.trits import Trits

LARGEST = (27**12 - 1) // 2


@vectors("pascal", "value")
def test_vector(number: int, entry: Any) -> None:
    if "encode" in entry:
        with pytest.raises(
            mam.InvalidArgument, match=f"^number must be from 0 to .*, it is {entry['value']}$"
        ) as caught:
            pascal.encode(entry["value"])
        assert caught.value.reason == entry["encode"]["error"]["category"]
        return
    assert signs_of(pascal.encode(entry["value"])) == entry["trits"]
    followed = trits_of_signs(entry["trits"] + "+-0+-")
    assert pascal.decode(followed) == (entry["decoded"], entry["end"])


class TestRoundTrip:
    @given(st.integers(0, LARGEST), trits(0, 10), trits(0, 10))
    def test_anywhere_in_a_string(self, value: int, before: Trits, after: Trits) -> None:
        encoded = pascal.encode(value)
        assert pascal.decode(before + encoded + after, len(before)) == (value, len(before) + len(encoded))

    @given(st.integers(0, 2000))
    def test_small_numbers(self, value: int) -> None:
        assert pascal.decode(pascal.encode(value)) == (value, len(pascal.encode(value)))

    @pytest.mark.parametrize("groups", range(1, 13))
    def test_the_smallest_and_the_largest_of_each_size(self, groups: int) -> None:
        largest = (27**groups - 1) // 2
        smallest = (27 ** (groups - 1) - 1) // 2 + 1
        for value in (smallest, largest):
            encoded = pascal.encode(value)
            assert len(encoded) == 4 * groups
            assert pascal.decode(encoded) == (value, 4 * groups)


class TestEncodeRefuses:
    def test_one_more_than_a_reader_takes(self) -> None:
        assert len(pascal.encode(LARGEST)) == 48
        with pytest.raises(mam.InvalidArgument, match=f"^number must be from 0 to {LARGEST}, it is {LARGEST + 1}$"):
            pascal.encode(LARGEST + 1)

    @pytest.mark.parametrize("value", [10**5000, -(10**5000), 27**100_000], ids=["plus", "minus", "enormous"])
    def test_enormous_numbers_at_once(self, value: int) -> None:
        with pytest.raises(mam.InvalidArgument, match=f"^number must be from 0 to {LARGEST}, it is "):
            pascal.encode(value)


class TestDecodeRefuses:
    @pytest.mark.parametrize("signs", ["", "0", "000", "-", "0" * 36, "-" * 100, "0" * 10_000])
    def test_a_number_that_does_not_end(self, signs: str) -> None:
        with pytest.raises(mam.TruncatedMessage, match="the number at trit 0 does not end"):
            pascal.decode(trits_of_signs(signs))

    def test_a_number_of_more_than_twelve_groups(self) -> None:
        twelve = trits_of_signs("0" * 33 + "+00" + "0" * 12)
        assert pascal.decode(twelve) == (27**11, 48)
        with pytest.raises(mam.TruncatedMessage, match="the number at trit 3 does not end"):
            pascal.decode(trits_of_signs("+00" + "0" * 36 + "+00"), 3)

    def test_a_place_behind_the_end(self) -> None:
        with pytest.raises(mam.TruncatedMessage, match="the number at trit 40 does not end"):
            pascal.decode(pascal.encode(7), 40)

    @pytest.mark.parametrize("signs", ["+00+", "++++", "0+++", "0000+0-+"])
    def test_a_number_below_zero(self, signs: str) -> None:
        """No writer makes one: the last group of a number is positive and its sign bit is not set."""
        with pytest.raises(mam.TruncatedMessage, match="the number at trit 0 is below zero"):
            pascal.decode(trits_of_signs(signs))

    @given(trits(0, 60), st.integers(0, 60))
    def test_random_trits_are_a_number_or_refused(self, string: Trits, start: int) -> None:
        outcome = outcome_of(pascal.decode, string, start)
        if isinstance(outcome, mam.TruncatedMessage):
            assert f"the number at trit {start} " in str(outcome)
        else:
            value, end = outcome
            assert value >= 0
            assert start < end <= start + 48


def test_trits_behind_the_end_count_as_zeros() -> None:
    """A cut number reads as if zeros followed, as in the original; whoever reads on finds the end missing."""
    assert pascal.decode(trits_of_signs("+")) == (1, 4)
    assert pascal.decode(pascal.encode(14)[:4]) == (14, 8)
