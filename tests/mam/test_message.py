import random
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mam.crafting import NEXT_ROOT, craft, crafted_root, negative_number
from tests.mam.exceptions import is_excepted
from tests.mam.messages import SEED, SIDE_KEY, TEXT, made, set_tryte
from tests.mam.vectors import base_payload, edited, sha256_of, vectors
from tests.outcomes import outcome_of
from tests.strategies import trytes

from datasouk import mam
from datasouk.mam import pascal
from datasouk.mam.message import check_mode
from datasouk.ternary.trits import ALPHABET, Trits


def agrees(category: str, outcome: Any) -> bool:
    """Whether a refusal says what the original said, as far as its outcome has a meaning (see mam-vectors)."""
    # We check that a root is 81 trytes long; the original takes any and finds a wrong hash.
    if isinstance(outcome, mam.InvalidArgument):
        return outcome.field == "root"
    # A RangeError of the original is a loop or a read that left the data: any refusal will do.
    if category == "truncated":
        return isinstance(outcome, mam.InvalidMessage)
    # We refuse impossible counts before we hash, where the original goes on and finds a wrong hash.
    return isinstance(outcome, mam.MamError) and outcome.reason in {category, "truncated"}


@vectors("parse_cases", "base", "name")
def test_parse_case(number: int, entry: Any) -> None:
    payload = edited(base_payload(entry["base"])["payload"], entry["edits"])
    assert sha256_of(payload) == entry["payload_sha256"]
    outcome = outcome_of(mam.parse, payload, entry["root"], side_key=entry["side_key"])
    if is_excepted("parse_cases", number):
        assert isinstance(outcome, mam.TruncatedMessage)
    elif "ok" in entry["result"]:
        assert outcome == mam.Parsed(**entry["result"]["ok"])
    else:
        assert agrees(entry["result"]["error"]["category"], outcome)


@vectors("parse_bases", "base")
def test_parse_base(number: int, entry: Any) -> None:
    parsed = mam.parse(entry["payload"], entry["root"], side_key=entry["side_key"])
    assert len(parsed.message) == entry["message_trytes"]


@vectors("decode_address", "mode", "root")
def test_decode_address(number: int, entry: Any) -> None:
    assert mam.decode_address(entry["root"], entry["mode"]) == entry["address"]


class TestDecodeAddress:
    def test_takes_the_mode_as_a_word_or_as_a_member(self) -> None:
        root = "A" * 81
        assert mam.decode_address(root, mam.Mode.PUBLIC) == mam.decode_address(root, "public") == root
        assert mam.decode_address(root, mam.Mode.PRIVATE) == mam.decode_address(root, "restricted") != root

    @pytest.mark.parametrize("root", ["", "A" * 80, "A" * 82, "a" * 81, "A" * 80 + "\n", None, 81, b"A" * 81])
    def test_refuses_what_is_no_root(self, root: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^root must be 81 trytes long") as caught:
            mam.decode_address(root, "public")
        assert caught.value.field == "root"

    @pytest.mark.parametrize("mode", ["", "Public", "secret", None, 1, [], pytest.param(10**5000, id="enormous")])
    def test_refuses_an_unknown_mode(self, mode: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^mode must be public, private or restricted, it is ") as caught:
            mam.decode_address("A" * 81, mode)
        assert caught.value.field == "mode"


def test_check_mode() -> None:
    assert [check_mode(mode.value) for mode in mam.Mode] == list(mam.Mode)
    assert check_mode(mam.Mode.PRIVATE) is mam.Mode.PRIVATE


class TestRoundTrip:
    @given(trytes(1, 130), trytes(1, 81), st.sampled_from((1, 2, 3)))
    @settings(max_examples=12)
    def test_restricted(self, text: str, side_key: str, security: int) -> None:
        channel = mam.Channel(SEED, security=security, side_key=side_key)
        message = channel.create_message(text)
        parsed = mam.parse(message.payload, message.root, side_key=side_key)
        assert parsed == mam.Parsed(text, message.next_root)

    @given(trytes(1, 130), st.sampled_from(("public", "private")), st.integers(0, 2**53 - 3))
    @settings(max_examples=8)
    def test_without_a_side_key(self, text: str, mode: str, start: int) -> None:
        message = mam.Channel(SEED, security=1, mode=mode, start=start).create_message(text)
        assert mam.parse(message.payload, message.root) == mam.Parsed(text, message.next_root)
        assert message.address == mam.decode_address(message.root, mode)

    @pytest.mark.parametrize("length", [1, 4, 5, 13, 14, 80, 81, 82, 121, 122, 162, 3280, 3281])
    def test_lengths_around_the_limits_of_chunks_and_numbers(self, length: int) -> None:
        text = "".join(random.Random(length).choices(ALPHABET, k=length))
        message = made(text)
        assert mam.parse(message.payload, message.root, side_key=SIDE_KEY).message == text

    @pytest.mark.parametrize(("count", "index"), [(2, 0), (2, 1), (4, 3), (8, 5)])
    def test_leaves_of_a_tree(self, count: int, index: int) -> None:
        message = made(count=count, index=index)
        assert mam.parse(message.payload, message.root, side_key=SIDE_KEY).message == TEXT

    def test_a_message_of_twenty_kilobytes(self) -> None:
        text = mam.ascii_to_trytes("0123456789abcdef" * 1280)
        message = made(text, security=2)
        assert mam.parse(message.payload, message.root, side_key=SIDE_KEY).message == text

    def test_side_keys_are_the_same_with_and_without_nines_at_the_end(self) -> None:
        message = made()
        for side_key in (SIDE_KEY + "9", SIDE_KEY.ljust(81, "9")):
            assert mam.parse(message.payload, message.root, side_key=side_key).message == TEXT

    def test_private_messages_have_a_key_of_nines(self) -> None:
        message = mam.Channel(SEED, security=1, mode="private").create_message(TEXT)
        for side_key in (None, "", "9", "9" * 81):
            assert mam.parse(message.payload, message.root, side_key=side_key).message == TEXT


class TestImmutable:
    @pytest.mark.parametrize("field", ["payload", "root", "address", "next_root"])
    def test_message(self, field: str) -> None:
        message = mam.Message("P", "R", "A", "N")
        with pytest.raises(FrozenInstanceError):
            setattr(message, field, "OTHER")
        assert message == mam.Message("P", "R", "A", "N")
        assert not hasattr(message, "__dict__")
        assert hash(message) == hash(mam.Message("P", "R", "A", "N"))

    @pytest.mark.parametrize("field", ["message", "next_root"])
    def test_parsed(self, field: str) -> None:
        parsed = mam.Parsed("M", "N")
        with pytest.raises(FrozenInstanceError):
            setattr(parsed, field, "OTHER")
        assert parsed == mam.Parsed("M", "N")
        assert not hasattr(parsed, "__dict__")


class TestWrongKeys:
    def test_side_key(self) -> None:
        message = made()
        reasons = set()
        for number in range(40):
            with pytest.raises(mam.InvalidMessage) as caught:
                mam.parse(message.payload, message.root, side_key="WRONG" + ALPHABET[number % 27] * (1 + number // 27))
            reasons.add(caught.value.reason)
        assert "invalid_security" in reasons

    @pytest.mark.parametrize("side_key", [None, "", "9", SIDE_KEY[:-1], SIDE_KEY + "A", SIDE_KEY[::-1]])
    def test_similar_side_keys(self, side_key: str | None) -> None:
        with pytest.raises(mam.InvalidMessage):
            mam.parse(made().payload, made().root, side_key=side_key)

    def test_root(self) -> None:
        message = made()
        for root in (message.next_root, message.address, "9" * 81, set_tryte(message.root, 80)):
            with pytest.raises(mam.InvalidMessage):
                mam.parse(message.payload, root, side_key=SIDE_KEY)

    def test_a_stranger_cannot_sign_for_a_root(self) -> None:
        """Masked and signed as it should be, for a root that belongs to someone else."""
        mine = mam.Channel("STRANGER" + "9" * 73, security=1, mode="private").create_message(TEXT)
        with pytest.raises(mam.InvalidMessage):
            mam.parse(mine.payload, made().root)


class TestCraftedByTheOwner:
    """Whoever owns a root can sign any numbers; they must not lead a reader astray."""

    def test_as_it_should_be(self) -> None:
        assert mam.parse(craft(), crafted_root()) == mam.Parsed("MESSAGE", NEXT_ROOT)

    @pytest.mark.parametrize("count", [1, 2, 1000, 10**6, 27**11, (27**12 - 1) // 2])
    def test_more_siblings_than_there_are(self, count: int) -> None:
        with pytest.raises(mam.TruncatedMessage, match="number of siblings asks for"):
            mam.parse(craft(count=pascal.encode(count)), crafted_root())

    @pytest.mark.parametrize("value", [1, 13, 14, 300, 10**6])
    @pytest.mark.parametrize("field", ["index", "length", "count"])
    def test_numbers_below_zero(self, field: str, value: int) -> None:
        numbers: dict[str, Any] = {field: negative_number(value)}
        payload = craft(**numbers)
        with pytest.raises(mam.TruncatedMessage, match=r"^the number at trit \d+ is below zero$"):
            mam.parse(payload, crafted_root())

    def test_a_sibling_too_many(self) -> None:
        payload = craft(count=pascal.encode(1), siblings=Trits.zeros(243))
        with pytest.raises(mam.RootMismatch):
            mam.parse(payload, crafted_root())

    def test_a_number_of_siblings_that_does_not_end(self) -> None:
        with pytest.raises(mam.TruncatedMessage, match="does not end within"):
            mam.parse(craft(count=Trits.zeros(48)), crafted_root())

    @pytest.mark.parametrize("length", [10**4, 10**9, (27**12 - 1) // 2])
    def test_a_length_beyond_the_end(self, length: int) -> None:
        with pytest.raises(mam.TruncatedMessage, match="message length asks for"):
            mam.parse(craft(length=pascal.encode(length)), crafted_root())

    @pytest.mark.parametrize("index", [1, 10**6, (27**12 - 1) // 2])
    def test_an_index_outside_the_tree_says_nothing(self, index: int) -> None:
        """As in the original: the index only decides on the sides of siblings, and there are none."""
        assert mam.parse(craft(index=pascal.encode(index)), crafted_root()).message == "MESSAGE"

    @pytest.mark.parametrize("trits", [0, 1, 2, 4])
    def test_a_length_that_is_no_whole_number_of_trytes(self, trits: int) -> None:
        """As in the original: what is left over yields no character."""
        payload = craft("", length=pascal.encode(0))
        assert mam.parse(payload, crafted_root()) == mam.Parsed("", NEXT_ROOT)
        shorter = craft("AB", length=pascal.encode(trits))
        with pytest.raises(mam.InvalidMessage):
            mam.parse(shorter, crafted_root())


class TestNoMessage:
    @pytest.mark.parametrize("payload", ["", "9", "A", "99", "9" * 3000, "M" * 3000, "Z" * 3000, "AA", "A9" * 2000])
    def test_texts_of_trytes(self, payload: str) -> None:
        with pytest.raises(mam.InvalidMessage):
            mam.parse(payload, "A" * 81)

    @given(trytes(0, 400))
    def test_short_random_trytes(self, payload: str) -> None:
        with pytest.raises(mam.TruncatedMessage):
            mam.parse(payload, "A" * 81)

    @pytest.mark.parametrize("number", range(40))
    def test_long_random_trytes(self, number: int) -> None:
        source = random.Random(f"payload {number}")
        payload = "".join(source.choices(ALPHABET, k=source.randrange(2300, 6000)))
        with pytest.raises(mam.InvalidMessage):
            mam.parse(payload, "A" * 81, side_key="KEY")

    @pytest.mark.parametrize("number", range(40))
    def test_random_trytes_behind_a_header_that_fits(self, number: int) -> None:
        """Of these about one in eight gets past the security level, and on to signature and siblings."""
        source = random.Random(f"behind {number}")
        payload = "AA9" + "".join(source.choices(ALPHABET, k=7000))
        with pytest.raises(mam.InvalidMessage) as caught:
            mam.parse(payload, "A" * 81)
        assert caught.value.reason in {"truncated", "invalid_security", "root_mismatch"}

    @given(st.text(min_size=1, max_size=100))
    def test_random_text(self, payload: str) -> None:
        with pytest.raises(mam.MamError):
            mam.parse(payload, "A" * 81)

    @pytest.mark.parametrize(
        "payload", [None, 1, b"ABC", ["A"], object()], ids=["none", "number", "bytes", "list", "object"]
    )
    def test_what_is_no_text(self, payload: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^payload must be a text of trytes, it is a ") as caught:
            mam.parse(payload, "A" * 81)
        assert caught.value.field == "payload"

    @pytest.mark.parametrize("place", [0, 3, 200, 2000])
    @pytest.mark.parametrize("character", ["a", " ", "\n", "8", "Ä", "\0", "\U0001f600"])
    def test_characters_that_are_no_trytes(self, place: int, character: str) -> None:
        message = made()
        with pytest.raises(mam.InvalidTrytes, match=f"^payload must .*; character {place} of ") as caught:
            mam.parse(set_tryte(message.payload, place, character), message.root, side_key=SIDE_KEY)
        assert (caught.value.field, caught.value.place) == ("payload", place)

    @pytest.mark.slow
    def test_enormous_payloads(self) -> None:
        message = made()
        for payload in ("9" * 3_000_000, "A" * 3_000_000, message.payload[:3] + "9" * 300_000):
            with pytest.raises(mam.InvalidMessage):
                mam.parse(payload, message.root, side_key=SIDE_KEY)
        parsed = mam.parse(message.payload + "9" * 300_000, message.root, side_key=SIDE_KEY)
        assert parsed.message == TEXT


class TestWrongArguments:
    @pytest.mark.parametrize("root", ["", "A" * 80, "A" * 82, "a" * 81, None, 3, b"A" * 81, "A" * 1_000_000])
    def test_root(self, root: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^root must be 81 trytes long") as caught:
            mam.parse(made().payload, root, side_key=SIDE_KEY)
        assert caught.value.field == "root"

    @pytest.mark.parametrize("side_key", ["key", "KEY ", "KEY\n", "Ü"])
    def test_side_key_of_other_characters(self, side_key: str) -> None:
        with pytest.raises(mam.InvalidTrytes, match=r"^side_key must consist of") as caught:
            mam.parse(made().payload, made().root, side_key=side_key)
        assert caught.value.field == "side_key"

    @pytest.mark.parametrize("side_key", [0, 5, b"KEY", ["KEY"]])
    def test_side_key_that_is_no_text(self, side_key: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^side_key must be a text of trytes") as caught:
            mam.parse(made().payload, made().root, side_key=side_key)
        assert caught.value.field == "side_key"

    def test_an_enormous_side_key(self) -> None:
        with pytest.raises(mam.InvalidMessage):
            mam.parse(made().payload, made().root, side_key="K" * 100_000)

    @pytest.mark.parametrize("side_key", ["WRONGSIDEKEY", "wrongsidekey", "WRONG SIDE KEY" * 10])
    def test_the_side_key_is_in_no_text(self, side_key: str) -> None:
        with pytest.raises(mam.MamError) as caught:
            mam.parse(made().payload, made().root, side_key=side_key)
        assert side_key not in f"{caught.value} {caught.value!r} {caught.value.args}"
        assert side_key[:6] not in str(caught.value)
