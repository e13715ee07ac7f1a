"""Reading what stands in paths and queries; everything wrong is a `FormatError`, which becomes a 400."""

import re

from datasouk.ledger.binary import require_length, require_range
from datasouk.ledger.errors import NotHex, WrongType

__all__ = ["read_boolean", "read_hex", "read_number"]

_DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)
# What Go's ParseBool takes, which HORNET reads this with.
_BOOLEANS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


def read_hex(name: str, text: str, *, length: int | None = None) -> bytes:
    """Hexadecimal digits of either case, without prefix.

    Args:
        name: Of the parameter, for the error.
        text: The digits.
        length: The only length allowed, in bytes; None for any.

    Raises:
        NotHex: They are something else.
        WrongLength: They are another number of bytes.
    """
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise NotHex(name, len(text)) from None
    if len(data) * 2 != len(text):
        raise NotHex(name, len(text))
    if length is not None:
        require_length(name, data, length)
    return data


def read_number(name: str, text: str, *, minimum: int = 0, maximum: int) -> int:
    """Decimal digits.

    Raises:
        WrongType: They are something else.
        OutOfRange: The number is outside its limits.
    """
    if not _DIGITS.fullmatch(text):
        raise WrongType(name, "something else", "1 to 20 decimal digits")
    require_range(name, int(text), minimum, maximum)
    return int(text)


def read_boolean(name: str, text: str) -> bool:
    """True or false, 1 or 0, t or f.

    Raises:
        WrongType: It is something else.
    """
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise WrongType(name, "something else", "true or false")
    return value
