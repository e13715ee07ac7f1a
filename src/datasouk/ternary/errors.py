"""Errors of the ternary package.

DatasoukError
└── TernaryError          also a ValueError: the caller handed in something that is no ternary value
"""

from datasouk.errors import DatasoukError

__all__ = ["TernaryError"]


class TernaryError(DatasoukError, ValueError):
    """A text is not made of trytes, or a number is not a trit."""
