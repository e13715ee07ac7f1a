"""Cursor over the wire form: little-endian integers, counted lists, nothing read past the end.

Implements the conventions that all binary layouts of the ledger share (TIP-6, TIP-7, TIP-8). The checks that objects
make at construction are here too, so that an object and its bytes obey one set of limits.
"""

from collections.abc import Sequence
from struct import Struct

from datasouk.ledger.errors import (
    Duplicate,
    NotAscending,
    OutOfRange,
    TrailingBytes,
    Truncated,
    UnknownType,
    WrongLength,
)

__all__ = [
    "U8_MAX",
    "U16_MAX",
    "U32_MAX",
    "U64_MAX",
    "Reader",
    "Writer",
    "require_ascending",
    "require_length",
    "require_range",
    "require_unique",
]

U8_MAX = 2**8 - 1
U16_MAX = 2**16 - 1
U32_MAX = 2**32 - 1
U64_MAX = 2**64 - 1

_U16 = Struct("<H")
_U32 = Struct("<I")
_U64 = Struct("<Q")


class Reader:
    """Reads fields one after the other; every read names its field for the error text.

    Args:
        data: The bytes to read.
        what: Name of the object they are, for errors.
    """

    __slots__ = ("_data", "_offset", "_what")

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._offset = 0
        self._what = what

    @property
    def remaining(self) -> int:
        """Number of bytes not read yet."""
        return len(self._data) - self._offset

    def take(self, count: int, field: str) -> bytes:
        """Read that many bytes.

        Raises:
            Truncated: Fewer are left.
        """
        start = self._advance(count, field)
        return self._data[start : start + count]

    def u8(self, field: str) -> int:
        """Read an unsigned byte."""
        return self._data[self._advance(1, field)]

    def u16(self, field: str) -> int:
        """Read two bytes."""
        value: int = _U16.unpack_from(self._data, self._advance(2, field))[0]
        return value

    def u32(self, field: str) -> int:
        """Read four bytes."""
        value: int = _U32.unpack_from(self._data, self._advance(4, field))[0]
        return value

    def u64(self, field: str) -> int:
        """Read eight bytes."""
        value: int = _U64.unpack_from(self._data, self._advance(8, field))[0]
        return value

    def peek_u32(self, field: str) -> int:
        """The next four bytes, to be read again."""
        value = self.u32(field)
        self._offset -= 4
        return value

    def expect_u8(self, value: int, field: str) -> None:
        """Read a type byte for which the protocol allows one value only.

        Raises:
            UnknownType: It is another.
        """
        found = self.u8(field)
        if found != value:
            raise UnknownType(field, found, (value,))

    def expect_u32(self, value: int, field: str) -> None:
        """Read a payload type for which the protocol allows one value only.

        Raises:
            UnknownType: It is another.
        """
        found = self.u32(field)
        if found != value:
            raise UnknownType(field, found, (value,))

    def digests(self, count: int, length: int, field: str) -> tuple[bytes, ...]:
        """Read a list of byte strings of one length, without its count.

        The length of the whole list is checked before anything is built.
        """
        start = self._advance(count * length, field)
        return tuple(self._data[at : at + length] for at in range(start, start + count * length, length))

    def payload(self, what: str) -> "Reader | None":
        """Read an optional payload: its length in bytes (u32, 0 = none) and the bytes, type included.

        Returns:
            A reader over exactly the payload, to be finished with `finish`; None if there is no payload.

        Raises:
            Truncated: The length points behind the end.
        """
        length = self.u32(f"{what} length")
        return Reader(self.take(length, what), what) if length else None

    def finish(self) -> None:
        """Confirm that everything was read.

        Raises:
            TrailingBytes: Bytes are left over.
        """
        if self.remaining:
            raise TrailingBytes(self._what, self.remaining)

    def _advance(self, count: int, field: str) -> int:
        start = self._offset
        if count > len(self._data) - start:
            raise Truncated(field, count, len(self._data) - start)
        self._offset = start + count
        return start


class Writer:
    """Collects fields in order; callers have checked the values already."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def raw(self, data: bytes) -> None:
        """Append bytes as they are."""
        self._buffer += data

    def u8(self, value: int) -> None:
        """Append one byte."""
        self._buffer.append(value)

    def u16(self, value: int) -> None:
        """Append two bytes."""
        self._buffer += _U16.pack(value)

    def u32(self, value: int) -> None:
        """Append four bytes."""
        self._buffer += _U32.pack(value)

    def u64(self, value: int) -> None:
        """Append eight bytes."""
        self._buffer += _U64.pack(value)

    def payload(self, data: bytes | None) -> None:
        """Append an optional payload: its length in bytes (u32, 0 = none), then its bytes, type included."""
        if data is None:
            self.u32(0)
        else:
            self.u32(len(data))
            self.raw(data)

    def to_bytes(self) -> bytes:
        """Everything appended so far."""
        return bytes(self._buffer)


def require_length(field: str, value: bytes, expected: int) -> None:
    """Refuse bytes of any other length.

    Raises:
        WrongLength: The length differs.
    """
    if len(value) != expected:
        raise WrongLength(field, len(value), expected)


def require_range(field: str, value: int, minimum: int, maximum: int) -> None:
    """Refuse a number outside its limits, both of which are allowed values.

    Raises:
        OutOfRange: The number is outside.
    """
    if not minimum <= value <= maximum:
        raise OutOfRange(field, value, minimum, maximum)


def require_ascending(field: str, entries: Sequence[bytes]) -> None:
    """Refuse a list that is not strictly ascending bytewise (TIP-6: "lexical order", unique).

    Raises:
        Duplicate: An entry equals the one before it.
        NotAscending: An entry is smaller than the one before it.
    """
    for position in range(1, len(entries)):
        if entries[position - 1] >= entries[position]:
            if entries[position - 1] == entries[position]:
                raise Duplicate(field, position, position - 1)
            raise NotAscending(field, position)


def require_unique(field: str, entries: Sequence[object]) -> None:
    """Refuse a list that holds an entry twice, wherever.

    Raises:
        Duplicate: It does.
    """
    seen: dict[object, int] = {}
    for position, entry in enumerate(entries):
        if seen.setdefault(entry, position) != position:
            raise Duplicate(field, position, seen[entry])
