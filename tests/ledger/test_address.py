from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.chrysalis import VECTORS, entries
from tests.ledger.strategies import addresses, relaxed

from datasouk.ledger import Address, LedgerError
from datasouk.ledger import address as address_module
from datasouk.ledger.address import decode_bech32, encode_bech32
from datasouk.ledger.binary import Reader, Writer
from datasouk.ledger.errors import InvalidBech32, UnknownType, WrongLength

_VALID: str = VECTORS["bech32"]["valid"][0]["bech32"]


class TestVectors:
    @entries("bech32", "valid", name="bech32")
    def test_valid_text_is_read_and_written_back(self, entry: dict[str, Any]) -> None:
        address = Address.from_bech32(entry["bech32"], hrp=entry["hrp"])
        assert address.digest.hex() == entry["address"]
        assert address.to_bech32(hrp=entry["hrp"]) == entry["bech32"].lower()

    @entries("bech32", "invalid", name="bech32")
    def test_invalid_text_is_refused(self, entry: dict[str, Any]) -> None:
        with pytest.raises(InvalidBech32):
            Address.from_bech32(entry["bech32"], hrp="atoi")

    @entries("rawKeys", name="address")
    def test_address_is_the_hash_of_the_public_key(self, entry: dict[str, Any]) -> None:
        assert Address.from_public_key(bytes.fromhex(entry["publicKey"])).digest.hex() == entry["address"]


class TestBip173:
    """Vectors printed in BIP-173 itself, for the parts that addresses of the ledger do not reach."""

    @pytest.mark.parametrize(
        ("text", "hrp", "size"),
        [
            ("A12UEL5L", "a", 0),
            ("a12uel5l", "a", 0),
            ("an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs", None, 0),
            ("11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j", "1", 51),
            ("split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "split", 30),
        ],
    )
    def test_valid_texts_are_read(self, text: str, hrp: str | None, size: int) -> None:
        found, data = decode_bech32(text)
        assert found == (hrp or text[:83])
        assert len(data) == size

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("\x201nwldj5", "characters outside 33 to 126"),
            ("\x7f1axkwrx", "characters outside 33 to 126"),
            ("\x801eym55h", "outside ASCII"),
            ("an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx", "91 char"),
            ("pzry9x0s0muk", "no separator"),
            ("1pzry9x0s0muk", "no human-readable part"),
            ("x1b4n0q5v", "'b' is not one of bech32's"),
            ("li1dgmt3", "only 5 characters"),
            ("A1G7SGD8", "checksum is wrong"),
            ("10a06t8", "no human-readable part"),
            ("A12uel5l", "mixes"),
        ],
    )
    def test_invalid_texts_say_why(self, text: str, reason: str) -> None:
        with pytest.raises(InvalidBech32, match=reason):
            decode_bech32(text)


def test_address_of_another_network_is_refused() -> None:
    with pytest.raises(InvalidBech32, match="begins with 'atoi', this network's begin with 'iota'"):
        Address.from_bech32(_VALID, hrp="iota")


def test_address_of_another_type_is_refused() -> None:
    text = encode_bech32("atoi", b"\x01" + bytes(32))
    with pytest.raises(InvalidBech32, match="type 1"):
        Address.from_bech32(text, hrp="atoi")


@pytest.mark.parametrize("size", [0, 1, 32, 34])
def test_text_with_the_wrong_number_of_bytes_is_refused(size: int) -> None:
    with pytest.raises(InvalidBech32, match=f"holds {size} bytes, must be 33"):
        Address.from_bech32(encode_bech32("atoi", bytes(size)), hrp="atoi")


@pytest.mark.parametrize(
    ("groups", "why"),
    [([31, 30], "the two bits that fill up are 10"), ([31, 28, 0], "seven bits fill up"), ([0], "five bits fill up")],
)
def test_bits_that_fill_up_must_be_zero_and_few(groups: list[int], why: str) -> None:
    with pytest.raises(InvalidBech32, match="bits that belong to no byte"):
        decode_bech32(_with_checksum("a", groups))
    assert decode_bech32(_with_checksum("a", [31, 28])) == ("a", b"\xff")


def _with_checksum(hrp: str, groups: list[int]) -> str:
    """Bech32 text of any groups of five bits with a right checksum."""
    characters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    expanded = [*(ord(c) >> 5 for c in hrp), 0, *(ord(c) & 31 for c in hrp)]
    residue = address_module._polymod([*expanded, *groups, 0, 0, 0, 0, 0, 0]) ^ 1
    return f"{hrp}1" + "".join(characters[g] for g in [*groups, *(residue >> 5 * (5 - i) & 31 for i in range(6))])


@pytest.mark.parametrize(("hrp", "reason"), [("", "no human"), ("Iota", "lower case"), ("io ta", "33 to 126")])
def test_human_readable_part_is_checked_when_writing(hrp: str, reason: str) -> None:
    with pytest.raises(InvalidBech32, match=reason):
        encode_bech32(hrp, b"")


def test_too_long_text_is_not_written() -> None:
    with pytest.raises(InvalidBech32, match="would be 92 characters long"):
        encode_bech32("a", bytes(52))


def test_address_must_be_32_bytes() -> None:
    with pytest.raises(WrongLength):
        Address(bytes(31))
    with pytest.raises(WrongLength):
        Address.from_public_key(bytes(33))


def test_other_address_type_in_bytes_is_refused() -> None:
    with pytest.raises(UnknownType):
        Address.read(Reader(b"\x01" + bytes(32), "address"))


@relaxed
@given(addresses, st.sampled_from(["iota", "atoi", "x1"]))
def test_bech32_round_trip(address: Address, hrp: str) -> None:
    assert Address.from_bech32(address.to_bech32(hrp=hrp), hrp=hrp) == address
    assert Address.from_bech32(address.to_bech32(hrp=hrp).upper(), hrp=hrp) == address


@relaxed
@given(addresses)
def test_wire_round_trip(address: Address) -> None:
    writer = Writer()
    address.write(writer)
    assert Address.read(Reader(writer.to_bytes(), "address")) == address


@relaxed
@given(st.binary(max_size=45))
def test_any_bytes_survive_bech32(data: bytes) -> None:
    assert decode_bech32(encode_bech32("souk", data)) == ("souk", data)


@relaxed
@given(addresses, st.data())
def test_every_mistyped_character_is_noticed(address: Address, data: st.DataObject) -> None:
    text = address.to_bech32(hrp="atoi")
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(
        st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l1b").filter(lambda character: character != text[at])
    )
    with pytest.raises(InvalidBech32):
        decode_bech32(text[:at] + other + text[at + 1 :])


@relaxed
@given(st.text(max_size=100) | st.text("qpzry9x8gf2tvdw0s3jn54khce6mua7l1", max_size=95))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        hrp, data = decode_bech32(text)
    except LedgerError:
        return
    assert encode_bech32(hrp, data) == text.lower()
