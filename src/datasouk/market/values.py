"""Reading what others sent: JSON values of any shape, held against a limit each (decisions D7, D8, D10, D16).

A number may also come as a text of decimal digits, as the original's clients send both.  In JSON there is one kind of
number, so 5.0 is a whole number here, and true is none.
"""

import math
import re

from datasouk.ledger.outputs import TOKEN_SUPPLY_IOTA
from datasouk.market.errors import InvalidField

__all__ = ["MAX_PRICE_IOTA", "check_storable", "is_absent", "is_shown_text", "read_decimal", "read_whole"]

MAX_PRICE_IOTA = TOKEN_SUPPLY_IOTA
"""2 779 530 283 277 761: all there are."""
_MAX_DEPTH = 16
_MAX_MEMBERS = 1000
_MAX_TEXT_CHARACTERS = 20_000
_MAX_NUMBER_BITS = 1023
"""Beyond this, readers with floating-point numbers see infinity."""
_WHOLE = re.compile(r"[0-9]{1,16}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,32})?", re.ASCII)
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
# Control characters, and those that reverse the direction in which a text is shown.
_CONFUSING = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def is_absent(value: object) -> bool:
    """Whether a field counts as not given: absent, null or an empty text."""
    return value is None or value == ""


def read_whole(value: object) -> int | None:
    """A whole number from 0, as a number or as 1 to 16 digits; None if it is something else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    return value if isinstance(value, int) and value >= 0 else None


def read_decimal(value: object) -> float | None:
    """A finite number, as a number or as digits with a decimal point; None if it is something else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    if not isinstance(value, int | float) or abs(value) > 2**53 or not math.isfinite(value):
        return None
    return float(value)


def is_shown_text(value: object, limit: int) -> bool:
    """Whether a value is a text with something to see in it, not too long, that shows what it says."""
    return isinstance(value, str) and bool(value.strip()) and len(value) <= limit and not _CONFUSING.search(value)


def check_storable(value: object, field: str) -> None:
    """Refuse what must not be stored (D16).

    Args:
        value: Any JSON value.
        field: Its name, for the error's text.

    Raises:
        InvalidField: Objects and arrays lie more than 16 deep or have more than 1,000 members, a text has more than
            20,000 characters, a zero character or a lone surrogate, or a number is not finite.
    """
    _check(value, field, _MAX_DEPTH)


def _check(value: object, field: str, depth: int) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        if len(value) > _MAX_TEXT_CHARACTERS:
            raise InvalidField(field, f"at most {_MAX_TEXT_CHARACTERS} characters in each text")
        if _UNSTORABLE.search(value):
            raise InvalidField(field, "without zero characters and lone surrogates")
    elif isinstance(value, int):
        if value.bit_length() > _MAX_NUMBER_BITS:
            raise InvalidField(field, "without numbers beyond 10^308")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidField(field, "without numbers that are not finite")
    elif isinstance(value, dict | list):
        _check_members(value, field, depth)
    else:
        raise InvalidField(field, "a JSON value")


def _check_members(value: dict[object, object] | list[object], field: str, depth: int) -> None:
    if depth == 0:
        raise InvalidField(field, f"objects and arrays at most {_MAX_DEPTH} deep")
    if len(value) > _MAX_MEMBERS:
        raise InvalidField(field, f"at most {_MAX_MEMBERS} members in each object and array")
    if isinstance(value, dict):
        for name, member in value.items():
            if not isinstance(name, str):
                raise InvalidField(field, "a JSON value")
            _check(name, field, 0)
            _check(member, field, depth - 1)
    else:
        for member in value:
            _check(member, field, depth - 1)
