"""The form of an inclusion path, apart from its verification, which needs a cryptographic library.

`datasouk.ledger.inclusion` says what such a path is and proves.
"""

from dataclasses import dataclass
from typing import Self

from datasouk.ledger.binary import require_range
from datasouk.ledger.json_reader import JsonObject

__all__ = ["MAX_PATH_BYTES", "MAX_PATH_STEPS", "InclusionPath"]

MAX_PATH_STEPS = 64
MAX_PATH_BYTES = 262_144  # A path over messages of the clients' own choosing may drag payloads along.


@dataclass(frozen=True, slots=True)
class InclusionPath:
    """A proof, not yet verified.

    Attributes:
        milestone: Wire form of a milestone message.
        steps: Wire form of the messages under it, from the milestone downwards; 0 to 64. The message whose inclusion
            is proved is not among them. Normally they are empty checkpoint messages, but any messages will do.

    Raises:
        OutOfRange: There are more than 64 steps, or more than 262,144 bytes altogether.
    """

    milestone: bytes
    steps: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Check the limits."""
        require_range("inclusion path steps", len(self.steps), 0, MAX_PATH_STEPS)
        require_range("inclusion path length", self.size_bytes, 0, MAX_PATH_BYTES)

    @property
    def size_bytes(self) -> int:
        """Length of all messages together; the JSON form has twice as many characters and about 40 more."""
        return len(self.milestone) + sum(map(len, self.steps))

    def to_json(self) -> dict[str, object]:
        """The JSON form: {"milestone": HEX, "steps": [HEX, ...]}."""
        return {"milestone": self.milestone.hex(), "steps": [step.hex() for step in self.steps]}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the JSON form.

        Args:
            value: A parsed JSON value.

        Raises:
            FormatError: A field is missing, has a wrong type, or is too long.
        """
        reader = JsonObject(value)
        return cls(reader.hex("milestone"), reader.hex_list("steps", maximum=MAX_PATH_STEPS))
