import inspect

import pytest

from datasouk.errors import DatasoukError
from datasouk.market import errors
from datasouk.market.errors import (
    DeviceIdTaken,
    InvalidDevice,
    MarketError,
    MissingField,
    RefusedInput,
    TooManyAtOneTime,
)

CLASSES = [getattr(errors, name) for name in errors.__all__]


def test_all_are_public_and_stand_in_the_tree() -> None:
    defined = [
        name for name, thing in vars(errors).items() if inspect.isclass(thing) and thing.__module__ == errors.__name__
    ]
    assert sorted(defined) == sorted(errors.__all__)
    assert errors.__doc__ is not None
    assert [name for name in defined if f" {name} " not in errors.__doc__.replace("\n", " ")] == []


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [each.code for each in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all(code.isascii() and code == code.lower() and " " not in code for code in codes)


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_is_a_datasouk_error(error: type[MarketError]) -> None:
    assert issubclass(error, DatasoukError)


def test_refused_input_names_the_field_and_the_limit() -> None:
    error = RefusedInput("packet.root", "1 to 81 letters and digits")
    assert str(error) == "packet.root must be 1 to 81 letters and digits"
    assert (error.field, error.limit) == ("packet.root", "1 to 81 letters and digits")


def test_a_missing_field_has_the_recorded_text() -> None:
    assert str(MissingField("apiKey")) == "Ensure all fields are included"


def test_an_invalid_device_begins_with_the_recorded_text() -> None:
    recorded = "Please enter a device coordinates"
    assert str(InvalidDevice("lat", "-90 to 90", recorded, is_missing=True)) == recorded
    assert str(InvalidDevice("lat", "-90 to 90", recorded)) == f"{recorded}: lat must be -90 to 90"


def test_errors_carry_their_facts() -> None:
    assert DeviceIdTaken("ws-1").device_id == "ws-1"
    assert TooManyAtOneTime(7, 1000).limit == 1000
