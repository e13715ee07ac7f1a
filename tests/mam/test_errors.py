import inspect

import pytest

from datasouk import mam
from datasouk.errors import DatasoukError
from datasouk.mam import errors

CLASSES = [getattr(errors, name) for name in errors.__all__]


def test_all_are_public_and_come_from_one_root() -> None:
    for kind in CLASSES:
        assert issubclass(kind, mam.MamError)
        assert getattr(mam, kind.__name__) is kind
    assert issubclass(mam.MamError, DatasoukError)
    assert issubclass(mam.MamError, ValueError)


def test_no_class_is_left_out() -> None:
    defined = {name for name, _ in inspect.getmembers(errors, inspect.isclass) if name.isidentifier()}
    assert defined - {"DatasoukError", "ClassVar"} == set(errors.__all__)


def test_the_tree_in_the_docstring_is_complete() -> None:
    assert errors.__doc__
    for kind in CLASSES:
        assert kind.__name__ in errors.__doc__


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_says_when_and_has_a_reason_of_one_word(kind: type[mam.MamError]) -> None:
    assert kind.__doc__
    assert kind.reason.replace("_", "").isalpha()


def test_the_reasons_are_those_of_the_vectors() -> None:
    assert {kind.reason for kind in CLASSES} == {
        "mam",
        "argument",
        "invalid_character",
        "key_reused",
        "invalid_message",
        "truncated",
        "invalid_security",
        "root_mismatch",
    }


@pytest.mark.parametrize("kind", [mam.TruncatedMessage, mam.InvalidSecurity, mam.RootMismatch])
def test_what_cannot_be_read_is_caught_by_one_name(kind: type[mam.MamError]) -> None:
    assert issubclass(kind, mam.InvalidMessage)


def test_the_callers_mistakes_are_not_those_of_the_other_side() -> None:
    for kind in (mam.InvalidArgument, mam.InvalidTrytes, mam.InvalidText, mam.KeyReused):
        assert not issubclass(kind, mam.InvalidMessage)


def test_fields() -> None:
    assert mam.InvalidArgument("count", "must be 1").field == "count"
    assert str(mam.InvalidArgument("count", "must be 1")) == "count must be 1"
    trytes = mam.InvalidTrytes("seed", 3, 81)
    assert (trytes.field, trytes.place) == ("seed", 3)
    reused = mam.KeyReused(2, 5)
    assert (reused.leaf, reused.unused) == (2, 5)
    assert "restart()" in str(reused)
