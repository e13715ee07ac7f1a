"""Checks of arguments that several modules share; each names the field and the limit, never the value of a secret."""

from datasouk.mam.errors import InvalidArgument, InvalidTrytes
from datasouk.ternary.trits import ALPHABET, Trits, is_trytes

__all__ = ["HASH_TRYTES", "check_hash", "check_index", "check_security", "shown", "trits_of"]

HASH_TRYTES = 81

# Longer than any mode or number that is meant; too short to give away a seed that stands in the wrong place.
_MOST_SHOWN = 20


def shown(value: object) -> str:
    """A value for the text of an error: short, and never an error itself."""
    try:
        return f"{value!r:.{_MOST_SHOWN}}"
    except (ValueError, RecursionError):
        # Python writes no whole number of more than 4300 digits, and nothing that is nested too deeply.
        return f"an enormous {type(value).__name__}"


def trits_of(field: str, trytes: str) -> Trits:
    """The trits of a text that must be trytes, possibly empty.

    Raises:
        InvalidArgument: It is no text.
        InvalidTrytes: It contains another character than ``9A-Z``.
    """
    if not isinstance(trytes, str):
        raise InvalidArgument(field, f"must be a text of trytes, it is a {type(trytes).__name__}")
    if trytes and not is_trytes(trytes):
        place = next(i for i, character in enumerate(trytes) if character not in ALPHABET)
        raise InvalidTrytes(field, place, len(trytes))
    return Trits.from_trytes(trytes)


def check_hash(field: str, trytes: str) -> str:
    """A text of exactly 81 trytes, such as a seed or a root.

    Raises:
        InvalidArgument: It is not.
    """
    if not isinstance(trytes, str) or not is_trytes(trytes, length=HASH_TRYTES):
        raise InvalidArgument(field, f"must be {HASH_TRYTES} trytes long, written with 9 and A to Z")
    return trytes


def check_security(security: int) -> int:
    """A security level.

    Raises:
        InvalidArgument: It is not 1, 2 or 3.
    """
    if type(security) is not int or not 1 <= security <= 3:
        raise InvalidArgument("security", f"must be between 1 and 3, it is {shown(security)}")
    return security


def check_index(field: str, value: int, *, least: int = 0, most: int = 2**53 - 1) -> int:
    """A whole number from ``least`` to ``most``; 2**53 - 1 is the largest that JavaScript counts exactly.

    Raises:
        InvalidArgument: It is not.
    """
    if type(value) is not int or not least <= value <= most:
        raise InvalidArgument(field, f"must be a whole number from {least} to {most}, it is {shown(value)}")
    return value
