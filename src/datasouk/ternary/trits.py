"""Trits and trytes: the one value type of everything balanced-ternary in datasouk.

A trit is -1, 0 or +1.  A tryte is three trits, least significant first (value t0 + 3*t1 + 9*t2, -13..13), written as
one character of ``9ABCDEFGHIJKLMNOPQRSTUVWXYZ``: character number i stands for i up to 13 and for i - 27 above.

``Trits`` holds a string of trits as two *bit planes*, big integers in which bit i speaks of trit i: ``plus`` marks the
+1, ``minus`` the -1.  One operation of the processor then works on 30 trits at once; the engine in ``lanes.py`` is
built on that.

Source: ``@iota/util.js`` 1.8.6, trytes and trits converters; the alphabet is that of IOTA 1.0.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from datasouk.ternary.errors import TernaryError

__all__ = ["ALPHABET", "TRITS_PER_TRYTE", "Trits", "deinterleave", "interleave", "is_trytes"]

ALPHABET = "9ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TRITS_PER_TRYTE = 3

_TRYTES = re.compile("[9A-Z]*")


def _trit_of_character(character: str, place: int) -> int:
    """Trit number ``place`` (0..2) of a tryte character."""
    number = ALPHABET.index(character)
    # Adding 13 = 111 in ternary turns balanced digits -1, 0, 1 into the ordinary digits 0, 1, 2.
    return ((number if number <= 13 else number - 27) + 13) // (1, 3, 9)[place] % 3 - 1


def _plane_table(place: int, trit: int) -> bytes:
    """For ``bytes.translate``: "1" for the tryte characters whose trit number ``place`` is ``trit``, else "0"."""
    table = bytearray(b"0" * 256)
    for character in ALPHABET:
        if _trit_of_character(character, place) == trit:
            table[ord(character)] = ord("1")
    return bytes(table)


_PLUS_TABLES = tuple(_plane_table(place, +1) for place in range(3))
_MINUS_TABLES = tuple(_plane_table(place, -1) for place in range(3))
_VALUE_BY_CHARACTER = {c: number if number <= 13 else number - 27 for number, c in enumerate(ALPHABET)}
# Turns the ASCII digits of a plane into the bytes 0 and 1.
_DIGIT_VALUES = bytes(range(256)).translate(bytes.maketrans(b"01", b"\0\1"))
# Indexed by d0 + 3*d1 + 9*d2, where d is 0, 1, 2 for the trits 0, +1, -1.
_CHARACTER_BY_DIGITS = bytes(
    next(ord(c) for c in ALPHABET if all(_trit_of_character(c, k) % 3 == digits // 3**k % 3 for k in range(3)))
    for digits in range(27)
).ljust(256, b"9")


def is_trytes(text: str, *, length: int | None = None) -> bool:
    """Whether ``text`` consists of one or more tryte characters; exactly ``length`` of them if given."""
    return bool(text) and (length is None or len(text) == length) and _TRYTES.fullmatch(text) is not None


class Trits:
    """A string of trits; immutable by convention, so share it freely.

    Args:
        plus: Bit i is set where trit i is +1.
        minus: Bit i is set where trit i is -1; no bit is set in both planes.
        length: Number of trits; no bit is set at or above it.
    """

    __slots__ = ("length", "minus", "plus")

    def __init__(self, plus: int, minus: int, length: int) -> None:
        self.plus = plus
        self.minus = minus
        self.length = length

    @classmethod
    def of(cls, values: Iterable[int]) -> "Trits":
        """Trits from single values.

        Raises:
            TernaryError: A value is not -1, 0 or +1.
        """
        plus = minus = length = 0
        for length, value in enumerate(values, start=1):
            if value == 1:
                plus |= 1 << (length - 1)
            elif value == -1:
                minus |= 1 << (length - 1)
            elif value != 0:
                raise TernaryError(f"trit {length - 1} is {value}, it must be -1, 0 or 1")
        return cls(plus, minus, length)

    @classmethod
    def zeros(cls, length: int) -> "Trits":
        """``length`` trits of value 0."""
        return cls(0, 0, length)

    @classmethod
    def from_trytes(cls, trytes: str) -> "Trits":
        """Three trits for each character.

        Raises:
            TernaryError: A character is outside ``9A-Z``; the text names its place.
        """
        if _TRYTES.fullmatch(trytes) is None:
            place = next(i for i, c in enumerate(trytes) if c not in ALPHABET)
            raise TernaryError(f"character {place} is {trytes[place]!r}, trytes are written with 9 and A to Z")
        # int() reads the most significant bit first, so the last trit comes first.
        reverse = trytes.encode()[::-1]
        digits = bytearray(b"0" * (TRITS_PER_TRYTE * len(reverse) + 1))
        planes = []
        for tables in (_PLUS_TABLES, _MINUS_TABLES):
            for place in range(3):
                digits[3 - place :: 3] = reverse.translate(tables[place])
            planes.append(int(digits, 2))
        return cls(planes[0], planes[1], TRITS_PER_TRYTE * len(reverse))

    def to_trytes(self) -> str:
        """One character for every three trits; one or two trits left over at the end yield none."""
        size = self.length // TRITS_PER_TRYTE
        if size == 0:
            return ""
        low = (1 << TRITS_PER_TRYTE * size) - 1
        total = 0
        for plane, weight in ((self.plus & low, 1), (self.minus & low, 2)):
            digits = format(plane, f"0{TRITS_PER_TRYTE * size}b").encode().translate(_DIGIT_VALUES)
            for place in range(3):
                total += 3**place * weight * int.from_bytes(digits[2 - place :: 3], "big")
        return total.to_bytes(size, "little").translate(_CHARACTER_BY_DIGITS).decode()

    @classmethod
    def from_value(cls, value: int, length: int) -> "Trits":
        """The balanced-ternary digits of ``value``, least significant first, modulo 3**length."""
        # The same trick as above: adding 111...1 makes the digits ordinary.
        rest = value + (3**length - 1) // 2
        plus = minus = 0
        for place in range(length):
            rest, digit = divmod(rest, 3)
            if digit == 2:
                plus |= 1 << place
            elif digit == 0:
                minus |= 1 << place
        return cls(plus, minus, length)

    @property
    def value(self) -> int:
        """The sum of t_i * 3**i."""
        plus, minus = f"{self.plus:b}", f"{self.minus:b}"
        return _value_of_digits(plus) - _value_of_digits(minus)

    def tryte_values(self) -> list[int]:
        """The value of every three trits, -13..13; one or two trits left over at the end yield none."""
        return [_VALUE_BY_CHARACTER[character] for character in self.to_trytes()]

    def add(self, other: "Trits") -> "Trits":
        """Trit by trit sum modulo 3 (1+1 = -1, -1-1 = 1) of two strings of equal length."""
        # Seven operations instead of a table: Kawahara, Aoki, Takagi 2008, addition in GF(3).
        cross = (self.plus | other.minus) ^ (self.minus | other.plus)
        return Trits(
            (self.minus | other.minus) ^ cross,
            (self.plus | other.plus) ^ cross,
            self.length,
        )

    def subtract(self, other: "Trits") -> "Trits":
        """The inverse of ``add``."""
        return self.add(Trits(other.minus, other.plus, other.length))

    @classmethod
    def join(cls, parts: Iterable["Trits"]) -> "Trits":
        """One string from many, in order."""
        # Merging neighbours in rounds moves each trit log(n) times, not n times.
        pending = list(parts) or [cls(0, 0, 0)]
        while len(pending) > 1:
            merged = [a + b for a, b in zip(pending[::2], pending[1::2], strict=False)]
            pending = merged + pending[len(merged) * 2 :]
        return pending[0]

    def chunks(self, size: int) -> list["Trits"]:
        """Consecutive pieces of ``size`` trits; the last may be shorter."""
        mask = (1 << size) - 1
        planes = []
        for plane in (self.plus, self.minus):
            # Eight pieces are a whole number of bytes: cut there first, or each cut would shift the whole string.
            data = plane.to_bytes(-(-self.length // (8 * size)) * size, "little")
            pieces = []
            for start in range(0, len(data), size):
                eight = int.from_bytes(data[start : start + size], "little")
                pieces += [eight >> size * number & mask for number in range(8)]
            planes.append(pieces)
        count, rest = divmod(self.length, size)
        lengths = [size] * count + [rest] * (rest > 0)
        return [Trits(plus, minus, length) for plus, minus, length in zip(*planes, lengths, strict=False)]

    def __len__(self) -> int:
        return self.length

    def __add__(self, other: "Trits") -> "Trits":
        return Trits(
            self.plus | other.plus << self.length,
            self.minus | other.minus << self.length,
            self.length + other.length,
        )

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> "Trits": ...
    def __getitem__(self, place: int | slice) -> "int | Trits":
        if isinstance(place, slice):
            start, stop, step = place.indices(self.length)
            if step != 1:
                raise TernaryError(f"a slice of trits has step 1, not {step}")
            size = max(0, stop - start)
            mask = (1 << size) - 1
            return Trits(self.plus >> start & mask, self.minus >> start & mask, size)
        at = range(self.length)[place]
        return (self.plus >> at & 1) - (self.minus >> at & 1)

    def __iter__(self) -> Iterator[int]:
        plus, minus = self.plus, self.minus
        for _ in range(self.length):
            yield (plus & 1) - (minus & 1)
            plus >>= 1
            minus >>= 1

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trits):
            return NotImplemented
        return (self.plus, self.minus, self.length) == (other.plus, other.minus, other.length)

    def __hash__(self) -> int:
        return hash((self.plus, self.minus, self.length))

    def __repr__(self) -> str:
        # A trit string may be a seed or a key, so its value never shows.
        return f"<Trits length={self.length}>"


def _value_of_digits(bits: str) -> int:
    """The sum of 3**i over the set bits i of a binary text, most significant first."""
    if len(bits) <= 32:
        return int(bits, 3)
    half = len(bits) // 2
    high: int = _value_of_digits(bits[:-half]) * 3**half
    return high + _value_of_digits(bits[-half:])


def interleave(strings: Sequence[Trits], *, lanes: int = 1) -> Trits:
    """Weave equally long strings position by position.

    The result holds position 0 of every string, then position 1 of every string, and so on.

    Args:
        strings: Strings of one length, a multiple of ``lanes``.
        lanes: How many trits make one position; the strings may themselves be woven of so many.
    """
    length, width = strings[0].length, len(strings) * lanes
    text_form = f"0{length}b"
    planes = []
    for values in ([string.plus for string in strings], [string.minus for string in strings]):
        digits = bytearray(length * len(strings))
        # The text of a plane has its last trit first, so the last string comes first as well.
        for place, value in zip(range(0, width, lanes), reversed(values), strict=True):
            text = format(value, text_form).encode()
            if lanes == 1:
                digits[place::width] = text
            else:
                for lane in range(lanes):
                    digits[place + lane :: width] = text[lane::lanes]
        planes.append(int(digits, 2))
    return Trits(planes[0], planes[1], length * len(strings))


def deinterleave(woven: Trits, count: int, *, lanes: int = 1, chosen: Iterable[int] | None = None) -> list[Trits]:
    """The inverse of ``interleave``: the ``count`` strings that ``woven`` was made of, or only the ``chosen`` ones."""
    length, width = woven.length // count, count * lanes
    places = [count - 1 - number for number in (range(count) if chosen is None else chosen)]
    planes = []
    for plane in (woven.plus, woven.minus):
        digits = format(plane, f"0{woven.length}b").encode()
        strings = []
        for place in places:
            if lanes == 1:
                text = digits[place::width]
            else:
                both = bytearray(length)
                for lane in range(lanes):
                    both[lane::lanes] = digits[place * lanes + lane :: width]
                text = bytes(both)
            strings.append(int(text, 2))
        planes.append(strings)
    return [Trits(plus, minus, length) for plus, minus in zip(*planes, strict=True)]
