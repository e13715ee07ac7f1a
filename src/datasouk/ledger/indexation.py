"""The indexation payload: data under an index, both arbitrary bytes (TIP-6, section "Indexation payload")."""

from dataclasses import dataclass
from typing import Self

from datasouk.ledger.binary import Reader, Writer, require_range

__all__ = ["INDEXATION_TYPE", "MAX_DATA_BYTES", "MAX_INDEX_BYTES", "Indexation"]

INDEXATION_TYPE = 2
MAX_INDEX_BYTES = 64
MAX_DATA_BYTES = 32_768 - 53 - 4 - 2 - 1 - 4  # What a message of one parent and an index of one byte has room for.


@dataclass(frozen=True, slots=True)
class Indexation:
    """Data under an index; nodes find messages by the index.

    | offset | size | field | meaning |
    |---|---|---|---|
    | 0 | 4 | type | 2 |
    | 4 | 2 | index length | 1 to 64 |
    | 6 | n | index | any bytes |
    | 6 + n | 4 | data length | may be 0 |
    | 10 + n | m | data | any bytes |

    Attributes:
        index: 1 to 64 bytes.
        data: 0 to 32,704 bytes; the limit of the whole message is usually met first.

    Raises:
        OutOfRange: A length is outside its limits.
    """

    index: bytes
    data: bytes = b""

    def __post_init__(self) -> None:
        """Check the lengths."""
        require_range("index length", len(self.index), 1, MAX_INDEX_BYTES)
        require_range("data length", len(self.data), 0, MAX_DATA_BYTES)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read the payload, from its type on."""
        reader.expect_u32(INDEXATION_TYPE, "payload type")
        index_length = reader.u16("index length")
        require_range("index length", index_length, 1, MAX_INDEX_BYTES)
        index = reader.take(index_length, "index")
        return cls(index, reader.take(reader.u32("data length"), "data"))

    def to_bytes(self) -> bytes:
        """The payload, from its type on."""
        writer = Writer()
        writer.u32(INDEXATION_TYPE)
        writer.u16(len(self.index))
        writer.raw(self.index)
        writer.u32(len(self.data))
        writer.raw(self.data)
        return writer.to_bytes()
