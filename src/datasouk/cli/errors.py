"""Errors of the command line.

    DatasoukError
    ├── WrongCall             exit code 2: the arguments or the JSON handed in have the wrong form
    └── CannotDo              exit code 1: the call is right, the machine or the data do not let it be done

The errors of the libraries end in exit code 1 as well: ``main.py`` maps them all.
"""

from datasouk.errors import DatasoukError

__all__ = ["CannotDo", "WrongCall"]


class WrongCall(DatasoukError):
    """The arguments or the JSON handed in have the wrong form; the text names the field, never its value."""


class CannotDo(DatasoukError):
    """A file cannot be read or written, or a self-check failed."""
