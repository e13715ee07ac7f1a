import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mam.vectors import signs_of, trits_of_signs, vectors
from tests.strategies import trits, trytes

from datasouk.ternary.errors import TernaryError
from datasouk.ternary.trits import ALPHABET, TRITS_PER_TRYTE, Trits, deinterleave, interleave, is_trytes


@vectors("trits", "trytes")
class TestVectors:
    def test_trytes_become_these_trits(self, number: int, entry: Any) -> None:
        assert signs_of(Trits.from_trytes(entry["trytes"])) == entry["trits"]

    def test_trits_become_these_trytes(self, number: int, entry: Any) -> None:
        assert trits_of_signs(entry["trits"]).to_trytes() == entry["trytes"]

    def test_value(self, number: int, entry: Any) -> None:
        assert trits_of_signs(entry["trits"]).value == entry.get("value", _plain_value(entry["trits"]))


def _plain_value(signs: str) -> int:
    return sum((1 if sign == "+" else -1) * 3**place for place, sign in enumerate(signs) if sign != "0")


@vectors("from_trits_partial", "trits")
def test_trits_left_over_yield_no_tryte(number: int, entry: Any) -> None:
    assert trits_of_signs(entry["trits"]).to_trytes() == entry["trytes"]


@vectors("is_trytes", "text")
def test_is_trytes(number: int, entry: Any) -> None:
    assert is_trytes(entry["text"]) is entry["is_trytes"]
    assert is_trytes(entry["text"], length=81) is entry["is_hash"]
    assert is_trytes(entry["text"], length=27) is entry["is_tag"]


class TestTrytes:
    def test_the_alphabet_counts_from_zero_up_to_13_and_then_from_minus_13_to_minus_1(self) -> None:
        assert [Trits.from_trytes(character).value for character in ALPHABET] == [*range(14), *range(-13, 0)]

    @given(trytes())
    def test_round_trip(self, text: str) -> None:
        found = Trits.from_trytes(text)
        assert len(found) == TRITS_PER_TRYTE * len(text)
        assert found.to_trytes() == text

    @given(trits())
    def test_whole_trytes_come_back(self, string: Trits) -> None:
        whole = string[: len(string) // 3 * 3]
        assert string.to_trytes() == whole.to_trytes()
        assert Trits.from_trytes(whole.to_trytes()) == whole

    @pytest.mark.parametrize(
        ("text", "place"),
        [("a", 0), ("A9b", 2), ("A\n", 1), ("A ", 1), ("AÄ", 1), ("9" * 5000 + "8", 5000), ("A\0", 1), ("٩", 0)],
        ids=["lower-case", "third", "newline", "space", "umlaut", "long", "nul", "foreign-nine"],
    )
    def test_any_other_character_is_refused_with_its_place(self, text: str, place: int) -> None:
        with pytest.raises(TernaryError, match=rf"^character {place} is "):
            Trits.from_trytes(text)


class TestValue:
    @given(st.integers(-(3**60) // 2, 3**60 // 2))
    def test_round_trip(self, value: int) -> None:
        assert Trits.from_value(value, 61).value == value

    @given(trits(1))
    def test_every_string_is_the_digits_of_its_value(self, string: Trits) -> None:
        assert string.value == sum(trit * 3**place for place, trit in enumerate(string))
        assert Trits.from_value(string.value, len(string)) == string

    @pytest.mark.parametrize("length", [1, 3, 27, 243])
    def test_counting_past_the_largest_goes_on_at_the_smallest(self, length: int) -> None:
        largest = Trits.of([1] * length)
        assert Trits.from_value(largest.value + 1, length) == Trits.of([-1] * length)
        assert Trits.from_value(-largest.value - 1, length) == largest

    def test_no_trits_have_the_value_zero(self) -> None:
        assert Trits.zeros(0).value == 0


class TestAdd:
    def test_table(self) -> None:
        signs = {(a, b): Trits.of([a]).add(Trits.of([b]))[0] for a in (-1, 0, 1) for b in (-1, 0, 1)}
        assert signs == {(a, b): (a + b + 1) % 3 - 1 for a, b in signs}

    @given(st.data(), st.integers(0, 70))
    def test_subtract_undoes_add(self, data: st.DataObject, length: int) -> None:
        one, other = data.draw(trits(length, length)), data.draw(trits(length, length))
        total = one.add(other)
        assert list(total) == [(a + b + 1) % 3 - 1 for a, b in zip(one, other, strict=True)]
        assert total.subtract(other) == one
        assert total == other.add(one)

    @given(trits())
    def test_three_times_a_string_is_zero(self, string: Trits) -> None:
        assert string.add(string).add(string) == Trits.zeros(len(string))


class TestPieces:
    @given(trits(), st.integers(1, 100))
    def test_join_undoes_chunks(self, string: Trits, size: int) -> None:
        chunks = string.chunks(size)
        assert Trits.join(chunks) == string
        assert [len(chunk) for chunk in chunks[:-1]] == [size] * (len(chunks) - 1)
        assert not chunks or 0 < len(chunks[-1]) <= size

    @given(st.lists(trits(0, 20), max_size=12))
    def test_join_is_what_the_parts_are_in_order(self, parts: list[Trits]) -> None:
        assert list(Trits.join(parts)) == [trit for part in parts for trit in part]

    def test_join_of_many_thousand_trits(self) -> None:
        source = random.Random("join")
        string = Trits.of(source.choices((-1, 0, 1), k=20_000))
        assert Trits.join(string.chunks(7)) == string

    @given(trits(), st.integers(-310, 310), st.integers(-310, 310))
    def test_a_slice_is_that_of_a_list(self, string: Trits, start: int, stop: int) -> None:
        assert list(string[start:stop]) == list(string)[start:stop]
        assert list(string[start:]) == list(string)[start:]
        assert list(string[:stop]) == list(string)[:stop]

    @given(trits(1))
    def test_a_single_trit_is_that_of_a_list(self, string: Trits) -> None:
        places = range(-len(string), len(string))
        assert [string[place] for place in places] == [list(string)[place] for place in places]

    def test_a_place_outside_is_an_index_error(self) -> None:
        with pytest.raises(IndexError):
            Trits.zeros(3)[3]

    @pytest.mark.parametrize("step", [2, -1])
    def test_slices_with_a_step_are_refused(self, step: int) -> None:
        with pytest.raises(TernaryError, match=f"step 1, not {step}"):
            Trits.zeros(9)[::step]


class TestInterleave:
    @given(st.data(), st.integers(1, 6), st.integers(1, 3), st.integers(1, 20))
    def test_deinterleave_undoes_it(self, data: st.DataObject, count: int, lanes: int, positions: int) -> None:
        length = lanes * positions
        strings = [data.draw(trits(length, length)) for _ in range(count)]
        assert deinterleave(interleave(strings, lanes=lanes), count, lanes=lanes) == strings

    @given(st.data(), st.integers(2, 6), st.integers(1, 3))
    def test_only_the_chosen_strings_come_out_in_the_order_asked_for(
        self, data: st.DataObject, count: int, lanes: int
    ) -> None:
        strings = [data.draw(trits(12, 12)) for _ in range(count)]
        chosen = data.draw(st.lists(st.sampled_from(range(count)), max_size=count))
        woven = interleave(strings, lanes=lanes)
        assert deinterleave(woven, count, lanes=lanes, chosen=chosen) == [strings[number] for number in chosen]

    def test_position_by_position(self) -> None:
        woven = interleave([trits_of_signs("+++"), trits_of_signs("---"), trits_of_signs("000")])
        assert signs_of(woven) == "+-0+-0+-0"

    def test_strings_that_are_woven_themselves_keep_their_lanes_together(self) -> None:
        woven = interleave([trits_of_signs("+-+-"), trits_of_signs("0-0-")], lanes=2)
        assert signs_of(woven) == "+-0-+-0-"


class TestOf:
    @pytest.mark.parametrize("value", [2, -2, 3, 10**30])
    def test_a_number_that_is_no_trit_is_refused(self, value: int) -> None:
        with pytest.raises(TernaryError, match=rf"^trit 1 is {value}, it must be -1, 0 or 1$"):
            Trits.of([0, value])

    @given(st.lists(st.sampled_from((-1, 0, 1))))
    def test_iterating_gives_the_values_back(self, values: list[int]) -> None:
        assert list(Trits.of(values)) == values


class TestIdentity:
    @given(trits())
    def test_equal_strings_have_equal_hashes(self, string: Trits) -> None:
        again = Trits.of(string)
        assert again == string
        assert hash(again) == hash(string)

    def test_length_and_signs_tell_strings_apart(self) -> None:
        strings = [Trits.of(values) for values in ([], [0], [1], [-1], [0, 0], [1, 0], [0, 1])]
        assert len(set(strings)) == len(strings)
        assert Trits.zeros(1) != 0

    def test_the_value_does_not_show(self) -> None:
        """A string of trits may be a seed or a key."""
        assert repr(Trits.from_trytes("SECRET")) == "<Trits length=18>"
