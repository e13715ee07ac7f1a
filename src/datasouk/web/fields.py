"""Reading what a client sent: JSON objects, flat forms and queries, all as fields with names (decision D16).

What is refused whatever it is for: repeated names, numbers that are not finite, more than 32 levels, more than 64
fields of a form or a query, and, in a text that a handler asks for, zero characters and lone surrogates.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from datasouk.market.errors import InvalidField, MissingField
from datasouk.market.values import is_absent

__all__ = ["Fields", "read_form", "read_json", "read_query"]

_MAX_FORM_FIELDS = 64
_MAX_DEPTH = 32  # What is stored has a lower limit of its own, counted from there: `datasouk.market.values`.
_MAX_TEXT_CHARACTERS = 2000
_MAX_NUMBER_DIGITS = 400
_UNUSABLE = re.compile(r"[\x00\ud800-\udfff]")


class Fields:
    """The fields of a body or of a query; a field that is ``null`` or an empty text counts as absent.

    Args:
        values: By name.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def get(self, *names: str) -> object:
        """A field's value, whatever it is; under several names, the one that is there.

        Raises:
            InvalidField: It is there under two names, with different values.
        """
        found = None
        for name in names:
            value = self._values.get(name)
            if is_absent(value):
                continue
            if found is not None and value != found:
                raise InvalidField(name, f"the same as {names[0]}, or left out")
            found = value
        return found

    def text(self, *names: str) -> str | None:
        """A field that must be a text if it is there.

        Raises:
            InvalidField: Something else, too long, or with characters that no name has.
        """
        value = self.get(*names)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > _MAX_TEXT_CHARACTERS or _UNUSABLE.search(value):
            limit = f"a text of at most {_MAX_TEXT_CHARACTERS} characters, without zero characters and lone surrogates"
            raise InvalidField(names[0], limit)
        return value

    def required(self, *names: str) -> str:
        """A text that must be there.

        Raises:
            InvalidField: As for `text`.
            MissingField: It is absent or empty.
        """
        value = self.text(*names)
        if value is None:
            raise MissingField(names[0])
        return value


def read_json(body: bytes) -> Fields:
    """Read a body of JSON; an empty one, or an array, has no fields.

    Raises:
        InvalidField: Not JSON in UTF-8, neither an object nor an array, or against the rules above.
    """
    if not body:
        return Fields({})
    try:
        text = body.decode()
        value = _DECODER.decode(text)
    except InvalidField:
        raise
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # Also what is not UTF-8, and integers of thousands of digits.
        raise InvalidField("body", "JSON in UTF-8") from None
    if isinstance(value, list):
        return Fields({})
    if not isinstance(value, dict):
        raise InvalidField("body", "a JSON object")
    # Depth can only be too great where there are enough brackets: mostly, counting them is all there is to do.
    if text.count("{") + text.count("[") > _MAX_DEPTH:
        _check_depth(value, _MAX_DEPTH - 1)
    return Fields(value)


def read_form(body: bytes) -> Fields:
    """Read a flat URL-encoded form.

    Raises:
        InvalidField: Not UTF-8, or against the rules above.
    """
    return _read_pairs(body, "body")


def read_query(query: bytes) -> Fields:
    """Read a query.

    Raises:
        InvalidField: Not UTF-8, or against the rules above.
    """
    return _read_pairs(query, "query") if query else Fields({})


def _read_pairs(text: bytes, where: str) -> Fields:
    try:
        pairs = parse_qsl(
            text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FORM_FIELDS
        )
    except ValueError:
        raise InvalidField(where, f"at most {_MAX_FORM_FIELDS} fields, URL-encoded UTF-8") from None
    return Fields(_without_repeats(pairs))


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        seen: set[str] = set()
        repeated = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        shown = repeated[:64].encode("utf-8", "replace").decode()
        raise InvalidField(shown, "given once")
    return fields


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidField("body", "JSON with finite numbers")
    return number


def _integer(text: str) -> int:
    if len(text) > _MAX_NUMBER_DIGITS:
        raise InvalidField("body", f"JSON with numbers of at most {_MAX_NUMBER_DIGITS} digits")
    return int(text)


def _no_constant(_: str) -> NoReturn:
    raise InvalidField("body", "JSON with finite numbers")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_repeats, parse_float=_finite, parse_int=_integer, parse_constant=_no_constant
)


def _check_depth(value: object, left: int) -> None:
    if left < 0:
        raise _too_deep()
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            if isinstance(member, dict | list):
                _check_depth(member, left - 1)


def _too_deep() -> InvalidField:
    return InvalidField("body", f"JSON at most {_MAX_DEPTH} levels deep")
