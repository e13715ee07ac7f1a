import random

import pytest
from tests.mam.messages import SIDE_KEY, TEXT, made, set_tryte

from datasouk import mam
from datasouk.ternary.trits import ALPHABET, Trits


class TestTruncated:
    @pytest.mark.slow
    def test_at_every_tryte(self) -> None:
        message = made()
        for length in range(len(message.payload)):
            with pytest.raises(mam.TruncatedMessage) as caught:
                mam.parse(message.payload[:length], message.root, side_key=SIDE_KEY)
            assert caught.value.reason == "truncated"

    @pytest.mark.parametrize("security", [1, 2, 3])
    @pytest.mark.parametrize("count", [1, 2])
    def test_by_a_few_trytes(self, security: int, count: int) -> None:
        message = made(security=security, count=count)
        for cut in (1, 2, 3, 40, 81, 82, 1000):
            with pytest.raises(mam.TruncatedMessage):
                mam.parse(message.payload[:-cut], message.root, side_key=SIDE_KEY)

    def test_the_text_says_how_much_is_missing(self) -> None:
        message = made()
        with pytest.raises(mam.TruncatedMessage, match=r"message length asks for \d+ trits, there are 3000$"):
            mam.parse(message.payload[:1000], message.root, side_key=SIDE_KEY)


# Where the parts of a message of 32 trytes at security 1 lie, in trytes; the borders are not those of trytes.
REGIONS = {
    "header": range(4),
    "next root": range(4, 85),
    "message": range(86, 117),
    "nonce": range(118, 144),
    "signature": range(146, 2331),
    "number of siblings": range(2332, 2333),
}


class TestTampered:
    @pytest.mark.parametrize("region", REGIONS)
    def test_a_changed_tryte(self, region: str) -> None:
        message = made("A" * 32)
        assert len(message.payload) == 2333
        places = random.Random(region).sample(REGIONS[region], k=min(6, len(REGIONS[region])))
        for place in places:
            for character in random.Random(place).sample(ALPHABET.replace(message.payload[place], ""), k=2):
                changed = set_tryte(message.payload, place, character)
                if region == "number of siblings" and _differ_in_fill_alone(changed, message.payload):
                    continue
                with pytest.raises(mam.InvalidMessage) as caught:
                    mam.parse(changed, message.root, side_key=SIDE_KEY)
                assert caught.value.reason in {"truncated", "invalid_security", "root_mismatch"}

    def test_a_changed_sibling(self) -> None:
        message = made(count=4, index=2)
        # Two siblings end the payload, and the first of these places lies in the lower one.
        for place in (-150, -100, -60, -10, -2):
            with pytest.raises(mam.RootMismatch) as caught:
                mam.parse(set_tryte(message.payload, place % len(message.payload)), message.root, side_key=SIDE_KEY)
            assert caught.value.reason == "root_mismatch"

    def test_trits_that_only_fill_the_last_tryte_do_not_count(self) -> None:
        message = made("A" * 32)
        accepted = 0
        for character in ALPHABET:
            changed = set_tryte(message.payload, len(message.payload) - 1, character)
            if _differ_in_fill_alone(changed, message.payload):
                assert mam.parse(changed, message.root, side_key=SIDE_KEY).message == "A" * 32
                accepted += 1
            else:
                with pytest.raises(mam.InvalidMessage):
                    mam.parse(changed, message.root, side_key=SIDE_KEY)
        assert accepted == 9

    def test_what_follows_does_not_count(self) -> None:
        message = made()
        parsed = mam.parse(message.payload + "ANYTHING" * 20, message.root, side_key=SIDE_KEY)
        assert parsed == mam.Parsed(TEXT, message.next_root)

    def test_something_in_front(self) -> None:
        message = made()
        with pytest.raises(mam.InvalidMessage):
            mam.parse("A" + message.payload, message.root, side_key=SIDE_KEY)

    def test_the_signature_of_another_message(self) -> None:
        one, other = made("A" * 32), made("B" * 32)
        assert one.root == other.root
        with pytest.raises(mam.InvalidMessage):
            mam.parse(one.payload[:145] + other.payload[145:], one.root, side_key=SIDE_KEY)

    def test_another_index(self) -> None:
        """The index decides on which side a sibling goes; the sponge absorbs it, so it cannot be changed alone."""
        message = made(count=2, index=1)
        other = made(count=2, index=0)
        assert message.payload[:2] != other.payload[:2]
        with pytest.raises(mam.InvalidMessage):
            mam.parse(other.payload[:2] + message.payload[2:], message.root, side_key=SIDE_KEY)


def _differ_in_fill_alone(one: str, other: str) -> bool:
    """Whether payloads of 32 trytes at security 1 are the same but for the last two trits."""
    return Trits.from_trytes(one)[:-2] == Trits.from_trytes(other)[:-2]
