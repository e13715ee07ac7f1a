"""For tests in which a call may succeed or be refused, and either is right if it is the right one."""

from collections.abc import Callable
from typing import Any

from datasouk.errors import DatasoukError

__all__ = ["outcome_of"]


def outcome_of(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What a call returns, or the error of ours that it raises; every other exception goes through."""
    try:
        return call(*arguments, **named)
    except DatasoukError as error:
        return error
