"""JSON in and JSON out, as every command that programs call does it.

In: one JSON object in UTF-8, from a file or from standard input, of limited size.
Out: one JSON object on one line of ASCII.

Secrets travel inside these objects: a command line shows in the process list and in the shell's history.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from datasouk.cli.errors import CannotDo, WrongCall

__all__ = ["LARGEST_INPUT_BYTES", "Fields", "add_input_argument", "read_object", "text_of", "write_object"]

LARGEST_INPUT_BYTES = 4 * 1024 * 1024
"""A ledger message has 32 KiB at most, so this leaves room for any message that can be sent."""

_STANDARD_INPUT = "-"


class Fields:
    """The fields of one JSON object, each taken once; what nobody took is refused at the end.

    Args:
        values: The decoded object.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = dict(values)

    def need(self, name: str, kind: type) -> Any:
        """Take a field that must be there.

        Raises:
            WrongCall: It is missing, null or of another kind.
        """
        value = self.may(name, kind)
        if value is None:
            raise WrongCall(f"the field {name!r} is missing")
        return value

    def may(self, name: str, kind: type) -> Any:
        """Take a field that may be missing or null: None then.

        Raises:
            WrongCall: It is of another kind.
        """
        value = self._values.pop(name, None)
        if value is not None and not isinstance(value, kind):
            raise WrongCall(f"the field {name!r} must be {_KIND_NAMES[kind]}, it is {_KIND_NAMES[type(value)]}")
        return value

    def one_of(self, *names: str) -> tuple[str, Any]:
        """Take the one field of several that is there: its name and its value.

        Raises:
            WrongCall: None of them is there, or more than one is.
        """
        found = [name for name in names if name in self._values]
        if len(found) != 1:
            raise WrongCall(f"give exactly one of the fields {', '.join(map(repr, names))}; there are {len(found)}")
        return found[0], self._values.pop(found[0])

    def done(self) -> None:
        """Say that nothing more is expected.

        Raises:
            WrongCall: A field is left over.
        """
        if self._values:
            raise WrongCall(f"the field {min(self._values)!r:.60} is unknown here")


_KIND_NAMES: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def text_of(name: str, value: object) -> str:
    """A field's value that must be a text.

    Raises:
        WrongCall: It is not.
    """
    if not isinstance(value, str):
        raise WrongCall(f"the field {name!r} must be a text, it is {_KIND_NAMES[type(value)]}")
    return value


def add_input_argument(parser: argparse.ArgumentParser) -> None:
    """Let a command read its JSON from a file."""
    parser.add_argument(
        "--file",
        default=_STANDARD_INPUT,
        metavar="PATH",
        help="read the JSON from this file; '-', the default, is standard input",
    )


def read_object(path: str) -> Fields:
    """The JSON object in a file, or on standard input for ``-``.

    Raises:
        CannotDo: The file cannot be read.
        WrongCall: It is too long, or no JSON object in UTF-8.
    """
    data = _read_bytes(path)
    if len(data) > LARGEST_INPUT_BYTES:
        raise WrongCall(f"the JSON handed in has more than {LARGEST_INPUT_BYTES} bytes")
    try:
        value = json.loads(data.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise WrongCall(f"the JSON handed in is not UTF-8: byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise WrongCall(f"no JSON was handed in: {error.msg} at line {error.lineno} column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise WrongCall(f"the JSON handed in cannot be read: {type(error).__name__}") from None
    if not isinstance(value, dict):
        raise WrongCall(f"a JSON object must be handed in, it is {_KIND_NAMES[type(value)]}")
    return Fields(value)


def _read_bytes(path: str) -> bytes:
    if path == _STANDARD_INPUT:
        if sys.stdin.isatty():
            print("datasouk: reading JSON from the keyboard; end it with Ctrl-D", file=sys.stderr)
        return sys.stdin.buffer.read(LARGEST_INPUT_BYTES + 1)
    try:
        with Path(path).open("rb") as source:
            return source.read(LARGEST_INPUT_BYTES + 1)
    except OSError as error:
        raise CannotDo(f"cannot read {path}: {error.strerror}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def write_object(value: dict[str, Any]) -> None:
    """Print a JSON object on one line."""
    print(json.dumps(value, separators=(",", ":")))
