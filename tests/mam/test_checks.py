from typing import Any

import pytest

from datasouk import mam
from datasouk.mam.checks import check_hash, check_index, check_security, shown, trits_of
from datasouk.ternary.trits import Trits


class TestTritsOf:
    @pytest.mark.parametrize("text", ["", "9", "DATASOUK"])
    def test_trytes(self, text: str) -> None:
        assert trits_of("field", text) == Trits.from_trytes(text)

    @pytest.mark.parametrize(("text", "place"), [("a", 0), ("ABC d", 3), ("AB\n", 2), ("9" * 1000 + "8", 1000)])
    def test_names_field_place_and_length_but_not_the_character(self, text: str, place: int) -> None:
        with pytest.raises(mam.InvalidTrytes) as caught:
            trits_of("field", text)
        assert (caught.value.field, caught.value.place) == ("field", place)
        assert str(caught.value) == (
            f"field must consist of the characters 9 and A to Z; character {place} of {len(text)} does not"
        )

    @pytest.mark.parametrize("value", [None, 5, b"A", ["A"], Trits.zeros(3)], ids=type)
    def test_names_the_type_of_what_is_no_text(self, value: Any) -> None:
        with pytest.raises(
            mam.InvalidArgument, match=f"^field must be a text of trytes, it is a {type(value).__name__}$"
        ):
            trits_of("field", value)


@pytest.mark.parametrize("value", ["", "A" * 80, "A" * 82, "a" * 81, "A" * 80 + "\n", None, b"A" * 81, ["A"] * 81])
def test_check_hash_refuses(value: Any) -> None:
    with pytest.raises(mam.InvalidArgument) as caught:
        check_hash("root", value)
    assert str(caught.value) == "root must be 81 trytes long, written with 9 and A to Z"


def test_check_hash_returns_the_hash() -> None:
    assert check_hash("root", "A9Z" * 27) == "A9Z" * 27


@pytest.mark.parametrize("value", [0, 4, -2, 1.0, "1", None, True, (1,)])
def test_check_security_refuses(value: Any) -> None:
    with pytest.raises(mam.InvalidArgument) as caught:
        check_security(value)
    assert str(caught.value) == f"security must be between 1 and 3, it is {value!r}"


def test_check_security_returns_the_level() -> None:
    assert [check_security(level) for level in (1, 2, 3)] == [1, 2, 3]


@pytest.mark.parametrize("value", [-1, 2**53, 0.0, "0", None, False])
def test_check_index_refuses(value: Any) -> None:
    with pytest.raises(mam.InvalidArgument) as caught:
        check_index("start", value)
    assert str(caught.value) == f"start must be a whole number from 0 to 9007199254740991, it is {value!r}"


def test_check_index_has_a_lower_limit_of_choice() -> None:
    assert check_index("count", 1, least=1) == 1
    assert check_index("count", 2**53 - 1, least=1) == 2**53 - 1
    with pytest.raises(
        mam.InvalidArgument, match=r"^count must be a whole number from 1 to 9007199254740991, it is 0$"
    ):
        check_index("count", 0, least=1)


class TestShown:
    def test_values_are_cut(self) -> None:
        assert shown("text") == "'text'"
        assert len(shown("x" * 1000)) == 20

    def test_what_python_cannot_write_has_a_name(self) -> None:
        nested: list[Any] = []
        for _ in range(100_000):
            nested = [nested]
        assert shown(10**5000) == "an enormous int"
        assert shown([10**5000]) == "an enormous list"
        assert shown(nested) == "an enormous list"
