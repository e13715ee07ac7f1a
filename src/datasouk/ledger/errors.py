"""What can be wrong with an object of the ledger, its bytes, its JSON, its keys or its proof.

    DatasoukError
    └── LedgerError
        ├── FormatError                an object, or the bytes or text it was read from, breaks a rule of the protocol
        │   ├── Truncated              the bytes end in the middle of a field
        │   ├── TrailingBytes          bytes are left over behind the last field
        │   ├── WrongLength            a field of fixed length has another one
        │   ├── OutOfRange             a number, count, length or sum is below its minimum or above its maximum
        │   ├── UnknownType            a type number that the protocol does not allow at this place
        │   ├── NotAscending           a list that must be sorted is not
        │   ├── Duplicate              a list that must be unique names something twice
        │   ├── BadUnlock              an unlock block refers to a block that does not unlock anything
        │   ├── FieldsDisagree         two fields that must go together do not
        │   ├── InvalidBech32          the text form of an address is damaged or of another network
        │   └── InvalidJson            the text is not JSON, or JSON of the wrong shape
        │       ├── MissingField       a required field is absent or null
        │       ├── WrongType          a field holds another JSON type
        │       └── NotHex             a field should be hexadecimal digits
        ├── BadKeyMaterial             the caller's seed, path or key cannot be used (never shows the secret)
        ├── SignatureRefused           a signature does not prove what it should
        │   ├── UnknownSigner          signed by a key that is not pinned, or that does not own the address
        │   ├── BadSignature           the signature does not belong to this key and text
        │   └── TooFewSigners          fewer pinned keys have signed than are wanted
        └── PathBroken                 an inclusion path does not lead from its milestone to the message

Every error carries its facts as attributes; the text names the field, the value and the limit.
"""

from collections.abc import Collection

from datasouk.errors import DatasoukError

__all__ = [
    "BadKeyMaterial",
    "BadSignature",
    "BadUnlock",
    "Duplicate",
    "FieldsDisagree",
    "FormatError",
    "InvalidBech32",
    "InvalidJson",
    "LedgerError",
    "MissingField",
    "NotAscending",
    "NotHex",
    "OutOfRange",
    "PathBroken",
    "SignatureRefused",
    "TooFewSigners",
    "TrailingBytes",
    "Truncated",
    "UnknownSigner",
    "UnknownType",
    "WrongLength",
    "WrongType",
]


class LedgerError(DatasoukError):
    """Any failure of datasouk.ledger."""


class FormatError(LedgerError):
    """An object of the ledger, or what it was read from, breaks a rule of the protocol.

    Attributes:
        field: Name of the field, as in the specification; for JSON its path from the outermost object.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


class Truncated(FormatError):
    """The bytes end before a field does."""

    def __init__(self, field: str, wanted: int, available: int) -> None:
        super().__init__(field, f"needs {wanted} bytes, but only {available} are left")
        self.wanted = wanted
        self.available = available


class TrailingBytes(FormatError):
    """Bytes are left over behind the last field."""

    def __init__(self, field: str, count: int) -> None:
        super().__init__(field, f"{count} bytes are left over behind its last field")
        self.count = count


class WrongLength(FormatError):
    """A field of fixed length has another one; lengths in bytes."""

    def __init__(self, field: str, length: int, expected: int) -> None:
        super().__init__(field, f"is {length} bytes long, must be {expected}")
        self.length = length
        self.expected = expected


class OutOfRange(FormatError):
    """A number, count, length or sum lies outside its limits."""

    def __init__(self, field: str, value: int, minimum: int, maximum: int) -> None:
        super().__init__(field, f"{_shown(value)} is not within {minimum} to {maximum}")
        self.value = value
        self.minimum = minimum
        self.maximum = maximum


class UnknownType(FormatError):
    """A type number that is not allowed at this place."""

    def __init__(self, field: str, value: int, allowed: Collection[int]) -> None:
        super().__init__(
            field, f"type {_shown(value)} is not allowed here, only {', '.join(map(str, sorted(allowed)))}"
        )
        self.value = value
        self.allowed = tuple(sorted(allowed))


class NotAscending(FormatError):
    """An entry of a sorted list is smaller than the one before it."""

    def __init__(self, field: str, position: int) -> None:
        super().__init__(field, f"not in ascending byte order: entry {position} is smaller than entry {position - 1}")
        self.position = position


class Duplicate(FormatError):
    """A list of unique entries holds one twice."""

    def __init__(self, field: str, position: int, earlier: int) -> None:
        super().__init__(field, f"entry {position} repeats entry {earlier}")
        self.position = position
        self.earlier = earlier


class BadUnlock(FormatError):
    """A reference unlock block points to no earlier signature block."""

    def __init__(self, position: int, reference: int) -> None:
        super().__init__("unlock blocks", f"entry {position} refers to entry {reference}, no earlier signature block")
        self.position = position
        self.reference = reference


class FieldsDisagree(FormatError):
    """Two fields that must go together do not."""


class InvalidBech32(FormatError):
    """The text form of an address is damaged, not an address, or of another network."""

    def __init__(self, reason: str) -> None:
        super().__init__("bech32 address", reason)


class InvalidJson(FormatError):
    """The text is not JSON, or has a shape that no object of the ledger has."""


class MissingField(InvalidJson):
    """A required JSON field is absent or null."""

    def __init__(self, field: str) -> None:
        super().__init__(field, "is missing")


class WrongType(InvalidJson):
    """A JSON field holds another type of value."""

    def __init__(self, field: str, found: str, expected: str) -> None:
        super().__init__(field, f"is {found}, must be {expected}")
        self.found = found
        self.expected = expected


class NotHex(InvalidJson):
    """A JSON field should be an even number of hexadecimal digits, without a prefix."""

    def __init__(self, field: str, length: int) -> None:
        super().__init__(field, f"its {length} characters are not an even number of hexadecimal digits (no prefix)")
        self.length = length


class BadKeyMaterial(LedgerError):
    """The caller's seed, path or key cannot be used; the text never shows a secret."""


class SignatureRefused(LedgerError):
    """A signature does not prove what it should."""


class UnknownSigner(SignatureRefused):
    """The key is not among those that may sign here."""

    def __init__(self, public_key: bytes, reason: str) -> None:
        super().__init__(f"public key {public_key.hex()} {reason}")
        self.public_key = public_key


class BadSignature(SignatureRefused):
    """The signature does not belong to this key and text."""

    def __init__(self, public_key: bytes) -> None:
        super().__init__(f"the signature under public key {public_key.hex()} does not verify")
        self.public_key = public_key


class TooFewSigners(SignatureRefused):
    """Fewer pinned keys have signed than are wanted."""

    def __init__(self, count: int, threshold: int) -> None:
        super().__init__(f"{count} pinned keys have signed, at least {threshold} must")
        self.count = count
        self.threshold = threshold


class PathBroken(LedgerError):
    """An inclusion path does not lead from its milestone to the message.

    Attributes:
        step: 0 for the milestone, n for the n-th message behind it.
    """

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(f"inclusion path, step {step}: {reason}")
        self.step = step


def _shown(value: int) -> str:
    """The number, or only its size if it has more digits than anyone wants in a log (or Python agrees to print)."""
    return str(value) if value.bit_length() <= 128 else f"a number of {value.bit_length()} bits"
