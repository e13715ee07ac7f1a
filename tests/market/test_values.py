import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasouk.market.errors import InvalidField
from datasouk.market.values import (
    MAX_PRICE_IOTA,
    check_storable,
    is_absent,
    is_shown_text,
    read_decimal,
    read_whole,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    # No surrogates, no zero character.
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=12,
)


class TestReadWhole:
    @given(st.integers(0, MAX_PRICE_IOTA))
    def test_d7_a_number_and_its_digits_are_the_same(self, number: int) -> None:
        assert read_whole(number) == read_whole(str(number)) == number

    @pytest.mark.parametrize("value", [0, 0.0, "0", "000", -0.0])
    def test_zero_is_a_whole_number(self, value: object) -> None:
        assert read_whole(value) == 0

    def test_json_has_one_kind_of_number(self) -> None:
        assert read_whole(1e3) == 1000

    @pytest.mark.parametrize(
        "value",
        [None, True, False, -1, "-1", 1.5, "1.5", "", " 1", "1 ", "+1", "1e3", "0x10", "٣", "1_000", [5], {}],
    )
    def test_d7_everything_else_is_none(self, value: object) -> None:
        assert read_whole(value) is None

    @pytest.mark.parametrize(
        "value",
        [math.nan, math.inf, -math.inf, "9" * 17, "NaN"],
    )
    def test_d7_numbers_beyond_all_limits_are_none(self, value: object) -> None:
        assert read_whole(value) is None


class TestReadDecimal:
    @pytest.mark.parametrize(("value", "number"), [(0, 0), ("0", 0), (52.09, 52.09), ("-52.09", -52.09), ("5.0", 5)])
    def test_d8_numbers_and_their_digits(self, value: object, number: float) -> None:
        assert read_decimal(value) == number

    @pytest.mark.parametrize(
        "value", [None, True, "", "north", "1,5", "1e1", " 1", "٣", [1], {}, math.nan, math.inf, 10**400, "1" * 17]
    )
    def test_d8_everything_else_is_none(self, value: object) -> None:
        assert read_decimal(value) is None


class TestTexts:
    @pytest.mark.parametrize("text", ["Weather Station", "Fähre 🚢", "日本", "x" * 20])
    def test_texts_that_can_be_shown(self, text: str) -> None:
        assert is_shown_text(text, 20)

    @pytest.mark.parametrize(
        "value", ["", "  ", "x" * 21, 5, None, "a\x00", "a\nb", "evil\u202egpj", "\u2066x", "\x85"]
    )
    def test_values_that_cannot(self, value: object) -> None:
        assert not is_shown_text(value, 20)

    def test_absent(self) -> None:
        values: list[object] = [None, "", 0, False, " ", [], {}]
        assert [is_absent(value) for value in values] == [True, True] + [False] * 5


class TestStorable:
    @given(JSON)
    def test_d16_accepts_what_json_can_say(self, value: object) -> None:
        check_storable(value, "device")
        assert json.loads(json.dumps(value)) == value

    @pytest.mark.parametrize(
        ("value", "limit"),
        [
            (math.nan, "finite"),
            (math.inf, "finite"),
            (10**400, "10\\^308"),
            ("\ud800", "surrogates"),
            ("a\x00b", "zero characters"),
            ("x" * 20_001, "20000 characters"),
            ({"\ud800": 1}, "surrogates"),
            ([0] * 1001, "1000 members"),
            ({str(each): 0 for each in range(1001)}, "1000 members"),
            (b"bytes", "JSON value"),
            ({1: 2}, "JSON value"),
        ],
    )
    def test_d16_refuses_the_rest_naming_field_and_limit(self, value: object, limit: str) -> None:
        nestings: list[object] = [value, [value], {"a": [value]}]
        for nested in nestings:
            with pytest.raises(InvalidField, match=f"^device must be .*{limit}"):
                check_storable(nested, "device")

    @pytest.mark.parametrize("is_object", [True, False])
    def test_d16_depth_is_at_most_16(self, is_object: bool) -> None:
        value: object = 0
        for _ in range(16):
            value = {"a": value} if is_object else [value]
        check_storable(value, "device")
        with pytest.raises(InvalidField, match="16 deep"):
            check_storable([value], "device")

    def test_a_value_without_end_is_refused_in_time(self) -> None:
        value: list[object] = []
        value.append(value)
        with pytest.raises(InvalidField, match="16 deep"):
            check_storable(value, "device")
