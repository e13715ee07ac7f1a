"""Pascal integers: whole numbers as trits that tell their own length.

    encode(0) = + 0 0 -
    encode(v): write v in groups of three balanced trits, as many as it takes; a group of value >= 0 that is not the
               last is negated, so that the first positive group ends the number; bit g of a sign number tells which
               groups were negated and follows in (groups) trits.  Total: 4 trits for each group.

Source: ``@iota/mam.js`` 1.6.3, ``pascal.js``.
"""

from datasouk.mam.checks import shown
from datasouk.mam.errors import InvalidArgument, TruncatedMessage
from datasouk.ternary.trits import Trits

__all__ = ["decode", "encode"]

_GROUP = 3
_GROUP_VALUES = 27
_ZERO = Trits.of((1, 0, 0, -1))
# 12 groups hold 75 * 10**15; no count in a message comes near, and a reader's work stays bounded.
_MOST_GROUPS = 12
_LARGEST = (_GROUP_VALUES**_MOST_GROUPS - 1) // 2


def encode(value: int) -> Trits:
    """The trits of a whole number: 4 below 14, 8 below 365, 12 below 9842, 16 below 265721, and so on.

    Raises:
        InvalidArgument: The number is negative or too large to be read again.
    """
    if not 0 <= value <= _LARGEST:
        raise InvalidArgument("number", f"must be from 0 to {_LARGEST}, it is {shown(value)}")
    if value == 0:
        return _ZERO
    groups = 1
    while (_GROUP_VALUES**groups - 1) // 2 < value:
        groups += 1
    plain = Trits.from_value(value, _GROUP * groups)
    parts = []
    signs = 0
    for number, group in enumerate(plain.chunks(_GROUP)):
        if group.value >= 0 and number < groups - 1:
            group = Trits(group.minus, group.plus, _GROUP)
            signs |= 1 << number
        parts.append(group)
    return Trits.join([*parts, Trits.from_value(signs, groups)])


def decode(trits: Trits, start: int = 0) -> tuple[int, int]:
    """Read a number.

    Args:
        trits: Where to read.
        start: The first trit of the number.

    Returns:
        The number and the place behind it; trits beyond the end count as 0.

    Raises:
        TruncatedMessage: The number does not end, has more than 12 groups, or is below zero: no writer makes such.
    """
    if trits[start : start + 4] == _ZERO:
        return 0, start + 4
    values = []
    for number in range(_MOST_GROUPS):
        group = trits[start + _GROUP * number : start + _GROUP * (number + 1)]
        if not group:
            break
        values.append(group.value)
        if group.value > 0:
            end = start + 4 * (number + 1)
            signs = trits[end - number - 1 : end].value
            value = sum(
                (-part if signs >> place & 1 else part) * _GROUP_VALUES**place for place, part in enumerate(values)
            )
            if value < 0:
                # A length below zero would let the slices of a reader count from the other end of the payload.
                raise TruncatedMessage(f"the number at trit {start} is below zero")
            return value, end
    raise TruncatedMessage(f"the number at trit {start} does not end within {_GROUP * _MOST_GROUPS} trits")
