import pytest

from datasouk.ledger.errors import FormatError, NotHex, OutOfRange, WrongLength, WrongType
from datasouk.node.rest_params import read_boolean, read_hex, read_number


def test_hex_of_either_case() -> None:
    assert read_hex("id", "aBcD", length=2) == b"\xab\xcd"
    assert read_hex("id", "") == b""


@pytest.mark.parametrize(("text", "error"), [("abc", NotHex), ("a b", NotHex), ("0x12", NotHex), ("12", WrongLength)])
def test_other_hex_is_refused(text: str, error: type[FormatError]) -> None:
    with pytest.raises(error, match=r"^id: "):
        read_hex("id", text, length=2)


def test_numbers_within_limits() -> None:
    assert read_number("n", "007", maximum=7) == 7
    for text in ("8", "9" * 20):
        with pytest.raises(OutOfRange):
            read_number("n", text, maximum=7)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1e3", " 1", "١", "9" * 21, "1_0"])
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(WrongType):
        read_number("n", text, maximum=10**30)


def test_booleans_as_go_reads_them() -> None:
    assert [read_boolean("b", text) for text in ("1", "t", "TRUE", "0", "f", "False")] == [True] * 3 + [False] * 3
    with pytest.raises(WrongType):
        read_boolean("b", "yes")
