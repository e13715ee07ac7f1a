"""Errors of Masked Authenticated Messaging.

    DatasoukError
    └── MamError                 whatever goes wrong here; ``reason`` names the kind in one word
        ├── InvalidArgument      the caller's argument is out of bounds
        ├── InvalidTrytes        a text that must be trytes is not
        ├── InvalidText          a text cannot be written as trytes, or trytes hold no such text
        ├── KeyReused            the one-time key of this leaf has signed before
        └── InvalidMessage       a payload cannot be read: never trust it
            ├── TruncatedMessage     it ends too early, or its counts are impossible
            ├── InvalidSecurity      its hash has no valid security level: wrong key, wrong root or tampered with
            └── RootMismatch         its signature does not lead to the expected root

No text contains a seed, a side key or a message.
"""

from typing import ClassVar

from datasouk.errors import DatasoukError

__all__ = [
    "InvalidArgument",
    "InvalidMessage",
    "InvalidSecurity",
    "InvalidText",
    "InvalidTrytes",
    "KeyReused",
    "MamError",
    "RootMismatch",
    "TruncatedMessage",
]


class MamError(DatasoukError, ValueError):
    """Any failure of Masked Authenticated Messaging."""

    reason: ClassVar[str] = "mam"


class InvalidArgument(MamError):
    """An argument is out of bounds; the text names it and its limit."""

    reason = "argument"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field


class InvalidTrytes(MamError):
    """A text contains a character that is no tryte."""

    reason = "invalid_character"

    def __init__(self, field: str, place: int, length: int) -> None:
        super().__init__(f"{field} must consist of the characters 9 and A to Z; character {place} of {length} does not")
        self.field = field
        self.place = place


class InvalidText(MamError):
    """A text cannot be written as trytes, or trytes hold no such text."""

    reason = "argument"


class KeyReused(MamError):
    """The one-time key of this leaf has signed before; signing again would let others forge."""

    reason = "key_reused"

    def __init__(self, leaf: int, unused: int) -> None:
        super().__init__(
            f"leaf {leaf} may have signed a message already, the first unused leaf is {unused}: "
            "start a channel there, or call restart() if forged messages do no harm"
        )
        self.leaf = leaf
        self.unused = unused


class InvalidMessage(MamError):
    """A payload is no message that can be read with this root and side key."""

    reason = "invalid_message"


class TruncatedMessage(InvalidMessage):
    """The payload ends too early, or its counts are impossible: below zero, or more than there is."""

    reason = "truncated"


class InvalidSecurity(InvalidMessage):
    """The hash of the message has no valid security level."""

    reason = "invalid_security"


class RootMismatch(InvalidMessage):
    """The signature does not lead to the expected root."""

    reason = "root_mismatch"
