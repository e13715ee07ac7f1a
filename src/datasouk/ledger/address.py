"""Ed25519 addresses and their text form.

Implements TIP-7 (address = BLAKE2b-256 of the public key), TIP-11/RFC-0020 (bech32 over a type byte and the address)
and BIP-173 (bech32 itself, checksum constant 1). Leaves out bech32m, which this ledger never used.

Bech32 text is ``hrp "1" data checksum``: the human-readable part, a separator, and characters of five bits each, the
last six of which are a BCH checksum over all of it. Upper case is allowed if everything is upper case.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from datasouk.ledger.binary import Reader, Writer, require_length
from datasouk.ledger.digest import DIGEST_BYTES, blake2b_256
from datasouk.ledger.errors import InvalidBech32

__all__ = ["ADDRESS_TYPE_ED25519", "HRP_MAINNET", "HRP_TESTNET", "Address", "decode_bech32", "encode_bech32"]

ADDRESS_TYPE_ED25519 = 0
HRP_MAINNET = "iota"
HRP_TESTNET = "atoi"  # Every network but the main one.

_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUE_OF = {character: value for value, character in enumerate(_CHARSET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LENGTH = 6
_MAX_TEXT_LENGTH = 90  # BIP-173: beyond this the checksum promises nothing.
_CHECKSUM_CONSTANT = 1


@dataclass(frozen=True, slots=True)
class Address:
    """An Ed25519 address: who may spend an output.

    | offset | size | field | meaning |
    |---|---|---|---|
    | 0 | 1 | type | 0 |
    | 1 | 32 | digest | BLAKE2b-256 of the public key |

    Attributes:
        digest: 32 bytes.

    Raises:
        WrongLength: The digest is not 32 bytes.
    """

    digest: bytes

    def __post_init__(self) -> None:
        """Check the length."""
        require_length("address", self.digest, DIGEST_BYTES)

    @classmethod
    def from_public_key(cls, public_key: bytes) -> Self:
        """The address that a key owns.

        Args:
            public_key: 32 bytes, Ed25519.

        Raises:
            WrongLength: The key is not 32 bytes.
        """
        require_length("public key", public_key, 32)
        return cls(blake2b_256(public_key))

    @classmethod
    def from_bech32(cls, text: str, *, hrp: str) -> Self:
        """Read the text form, and refuse an address of another network.

        Args:
            text: Bech32, all lower or all upper case.
            hrp: The human-readable part that the network uses, for example "atoi".

        Raises:
            InvalidBech32: Damaged, of another network, or not an Ed25519 address.
        """
        found, data = decode_bech32(text)
        if found != hrp:
            raise InvalidBech32(f"begins with {found!r}, this network's begin with {hrp!r}")
        if len(data) != 1 + DIGEST_BYTES:
            raise InvalidBech32(f"holds {len(data)} bytes, must be {1 + DIGEST_BYTES}")
        if data[0] != ADDRESS_TYPE_ED25519:
            raise InvalidBech32(f"address type {data[0]} is not {ADDRESS_TYPE_ED25519} (Ed25519)")
        return cls(data[1:])

    def to_bech32(self, *, hrp: str) -> str:
        """The text form, lower case; 64 characters for a part of four letters."""
        return encode_bech32(hrp, bytes([ADDRESS_TYPE_ED25519]) + self.digest)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read 33 bytes: type and digest."""
        reader.expect_u8(ADDRESS_TYPE_ED25519, "address type")
        return cls(reader.take(DIGEST_BYTES, "address"))

    def write(self, writer: Writer) -> None:
        """Append 33 bytes: type and digest."""
        writer.u8(ADDRESS_TYPE_ED25519)
        writer.raw(self.digest)


def encode_bech32(hrp: str, data: bytes) -> str:
    """Write bytes as bech32 (BIP-173).

    Args:
        hrp: Human-readable part, 1 or more ASCII characters 33 to 126 without upper case.
        data: The bytes; with the rest at most 90 characters.

    Returns:
        Lower-case text.

    Raises:
        InvalidBech32: The human-readable part is not allowed, or the text would be too long.
    """
    _check_hrp(hrp)
    if hrp != hrp.lower():
        raise InvalidBech32(f"the human-readable part {hrp!r} must be lower case")
    groups = _to_groups(data)
    length = len(hrp) + 1 + len(groups) + _CHECKSUM_LENGTH
    if length > _MAX_TEXT_LENGTH:
        raise InvalidBech32(f"would be {length} characters long, at most {_MAX_TEXT_LENGTH} are allowed")
    residue = _polymod([*_expand(hrp), *groups, *[0] * _CHECKSUM_LENGTH]) ^ _CHECKSUM_CONSTANT
    checksum = [residue >> 5 * (_CHECKSUM_LENGTH - 1 - i) & 31 for i in range(_CHECKSUM_LENGTH)]
    return f"{hrp}1{''.join(_CHARSET[group] for group in [*groups, *checksum])}"


def decode_bech32(text: str) -> tuple[str, bytes]:
    """Read bech32 (BIP-173) and check its checksum.

    Args:
        text: At most 90 characters, all lower or all upper case.

    Returns:
        The human-readable part in lower case, and the bytes.

    Raises:
        InvalidBech32: Anything is wrong with it.
    """
    if len(text) > _MAX_TEXT_LENGTH:
        raise InvalidBech32(f"{len(text)} characters long, at most {_MAX_TEXT_LENGTH} are allowed")
    if not text.isascii():
        raise InvalidBech32("holds characters outside ASCII")
    if text not in (text.lower(), text.upper()):
        raise InvalidBech32("mixes lower and upper case")
    hrp, separator, tail = text.lower().rpartition("1")
    if not separator:
        raise InvalidBech32("has no separator '1'")
    _check_hrp(hrp)
    if len(tail) < _CHECKSUM_LENGTH:
        raise InvalidBech32(f"only {len(tail)} characters follow the separator, the checksum alone has 6")
    try:
        groups = [_VALUE_OF[character] for character in tail]
    except KeyError as error:
        raise InvalidBech32(f"the character {error.args[0]!r} is not one of bech32's") from None
    if _polymod([*_expand(hrp), *groups]) != _CHECKSUM_CONSTANT:
        raise InvalidBech32("the checksum is wrong: a character was mistyped or left out")
    return hrp, _from_groups(groups[:-_CHECKSUM_LENGTH])


def _check_hrp(hrp: str) -> None:
    if not hrp:
        raise InvalidBech32("has no human-readable part")
    if any(not 33 <= ord(character) <= 126 for character in hrp):
        raise InvalidBech32(f"the human-readable part {hrp!r} holds characters outside 33 to 126")


def _expand(hrp: str) -> list[int]:
    return [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp]


def _polymod(groups: Iterable[int]) -> int:
    residue = 1
    for group in groups:
        top = residue >> 25
        residue = (residue & 0x1FFFFFF) << 5 ^ group
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                residue ^= generator
    return residue


def _to_groups(data: bytes) -> list[int]:
    """Bytes to groups of five bits, most significant first, filled up with zero bits."""
    count = -(-len(data) * 8 // 5)
    number = int.from_bytes(data, "big") << count * 5 - len(data) * 8
    return [number >> 5 * (count - 1 - i) & 31 for i in range(count)]


def _from_groups(groups: list[int]) -> bytes:
    """Groups of five bits to bytes; the bits that fill up must be zero and fewer than five."""
    length, spare = divmod(len(groups) * 5, 8)
    number = 0
    for group in groups:
        number = number << 5 | group
    if spare >= 5 or number & (1 << spare) - 1:
        raise InvalidBech32("its last character holds bits that belong to no byte")
    return (number >> spare).to_bytes(length, "big")
