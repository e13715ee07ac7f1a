import pytest

from datasouk.errors import DatasoukError
from datasouk.ternary import TernaryError, Trits


def test_a_ternary_error_is_a_value_error_of_datasouk() -> None:
    assert issubclass(TernaryError, DatasoukError)
    assert issubclass(TernaryError, ValueError)


def test_a_ternary_error_names_the_place_and_the_value() -> None:
    with pytest.raises(TernaryError, match=r"trit 2 is 5, it must be -1, 0 or 1"):
        Trits.of([0, 1, 5])
