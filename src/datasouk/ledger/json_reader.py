"""Reading JSON that somebody else wrote: text to values under limits, and fields with exact types.

Refuses what JSON parsers commonly let pass: repeated keys, NaN and Infinity, numbers of thousands of digits, endless
nesting, true as the number 1, digits of other scripts, white space between hexadecimal digits. Fields that nobody asks
for are ignored, as the Go implementations do: clients hand back objects with more fields than they got.
"""

import json
import math
import re
from typing import Never, Self

from datasouk.ledger.binary import U64_MAX, require_length, require_range
from datasouk.ledger.errors import InvalidJson, MissingField, NotHex, OutOfRange, UnknownType, WrongType

__all__ = ["MAX_JSON_BYTES", "JsonObject", "parse_json"]

MAX_JSON_BYTES = 2**20  # The body limit of the REST interface; the longest message takes a fifteenth of it.

_DECIMAL = re.compile(r"[0-9]{1,20}", re.ASCII)
_ROOT = "JSON"


def parse_json(text: bytes) -> object:
    """Read JSON text.

    Args:
        text: UTF-8, at most 1 MiB.

    Returns:
        Dictionaries, lists, strings, integers, floats, booleans and None.

    Raises:
        OutOfRange: The text is too long.
        InvalidJson: It is not JSON, or holds one of the things this module refuses.
    """
    require_range("JSON length", len(text), 0, MAX_JSON_BYTES)
    try:
        value: object = json.loads(
            text.decode("utf-8"), object_pairs_hook=_unique_fields, parse_constant=_refuse_constant
        )
    except InvalidJson:
        raise
    except json.JSONDecodeError as error:
        raise InvalidJson(_ROOT, f"not valid at character {error.pos}: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise InvalidJson(_ROOT, f"byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise InvalidJson(_ROOT, "is nested too deeply") from None
    except ValueError:  # Python's own limit on the digits of an integer.
        raise InvalidJson(_ROOT, "holds a number with too many digits") from None
    return value


class JsonObject:
    """A JSON object whose fields are read one by one; errors name the field's path from the outermost object.

    Args:
        value: What `parse_json` returned, or a part of it.
        path: Where it stands, for errors; empty for the outermost.

    Raises:
        WrongType: The value is not an object.
    """

    __slots__ = ("_fields", "_path")

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, dict):
            raise WrongType(path or _ROOT, _type_name(value), "an object")
        self._fields: dict[object, object] = value
        self._path = path

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._fields.get(name) is not None

    def integer(self, name: str) -> int:
        """An integer; limits are checked by the object that is made of it."""
        value = self._get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise WrongType(self.path(name), _type_name(value), "an integer")
        return value

    def number(self, name: str) -> float:
        """A finite number; 1e999 is valid JSON, and infinite."""
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise WrongType(self.path(name), _type_name(value), "a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise InvalidJson(self.path(name), "is too large a number")
        return number

    def boolean(self, name: str) -> bool:
        """True or false."""
        value = self._get(name)
        if not isinstance(value, bool):
            raise WrongType(self.path(name), _type_name(value), "true or false")
        return value

    def text(self, name: str) -> str:
        """A string."""
        value = self._get(name)
        if not isinstance(value, str):
            raise WrongType(self.path(name), _type_name(value), "a string")
        return value

    def decimal_text(self, name: str) -> int:
        """A 64-bit number written as a string of decimal digits, since JavaScript's numbers end at 2^53."""
        text = self.text(name)
        if not _DECIMAL.fullmatch(text):
            raise WrongType(self.path(name), "a string", "a string of 1 to 20 decimal digits")
        require_range(self.path(name), int(text), 0, U64_MAX)
        return int(text)

    def hex(self, name: str, *, length: int | None = None) -> bytes:
        """Bytes as hexadecimal digits of either case, without prefix.

        Args:
            name: The field.
            length: The only length allowed, in bytes; None for any.
        """
        return _from_hex(self._get(name), self.path(name), length)

    def text_list(self, name: str, *, maximum: int) -> tuple[str, ...]:
        """A list of strings."""
        texts = []
        for position, each in enumerate(self._list(name, maximum)):
            if not isinstance(each, str):
                raise WrongType(f"{self.path(name)}[{position}]", _type_name(each), "a string")
            texts.append(each)
        return tuple(texts)

    def hex_list(self, name: str, *, maximum: int, length: int | None = None) -> tuple[bytes, ...]:
        """A list of byte strings, of one length in bytes if it is given."""
        return tuple(
            _from_hex(each, f"{self.path(name)}[{position}]", length)
            for position, each in enumerate(self._list(name, maximum))
        )

    def value(self, name: str) -> object:
        """Whatever stands there, but null."""
        return self._get(name)

    def child(self, name: str) -> Self:
        """An object inside this one."""
        return type(self)(self._get(name), self.path(name))

    def children(self, name: str, *, maximum: int) -> list[Self]:
        """A list of objects."""
        return [
            type(self)(each, f"{self.path(name)}[{position}]")
            for position, each in enumerate(self._list(name, maximum))
        ]

    def kind(self, *allowed: int) -> int:
        """The number in the field "type".

        Raises:
            UnknownType: It is none of those allowed here.
        """
        value = self.integer("type")
        if value not in allowed:
            raise UnknownType(self.path("type"), value, allowed)
        return value

    def path(self, name: str) -> str:
        """The path of a field."""
        return f"{self._path}.{name}" if self._path else name

    def _get(self, name: str) -> object:
        value = self._fields.get(name)
        if value is None:
            raise MissingField(self.path(name))
        return value

    def _list(self, name: str, maximum: int) -> list[object]:
        value = self._get(name)
        if not isinstance(value, list):
            raise WrongType(self.path(name), _type_name(value), "a list")
        if len(value) > maximum:
            raise OutOfRange(f"{self.path(name)} count", len(value), 0, maximum)
        return value


def _from_hex(value: object, path: str, length: int | None) -> bytes:
    if not isinstance(value, str):
        raise WrongType(path, _type_name(value), "a string of hexadecimal digits")
    try:
        data = bytes.fromhex(value)
    except ValueError:
        raise NotHex(path, len(value)) from None
    if len(data) * 2 != len(value):  # White space between the digits, which bytes.fromhex skips.
        raise NotHex(path, len(value))
    if length is not None:
        require_length(path, data, length)
    return data


def _unique_fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidJson(_ROOT, "an object names one of its fields twice")
    return fields


def _refuse_constant(name: str) -> Never:
    raise InvalidJson(_ROOT, f"holds {name}, which is not JSON")


def _type_name(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", int: "an integer", float: "a float"}
    return names.get(type(value), "null")
