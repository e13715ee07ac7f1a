import random
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mam.crafting import craft, crafted_root
from tests.mam.vectors import base_payload, vectors
from tests.strategies import trytes

from datasouk import mam

SIDE_KEY = "SIDEKEY"


@vectors("pack", "trytes")
def test_pack_trytes(number: int, entry: Any) -> None:
    assert mam.pack_trytes(entry["trytes"]).hex() == entry["hex"]
    assert mam.unpack_trytes(bytes.fromhex(entry["hex"])) == entry["unpacked"]


@vectors("unpack", "hex")
def test_unpack_trytes(number: int, entry: Any) -> None:
    assert mam.unpack_trytes(bytes.fromhex(entry["hex"])) == entry["trytes"]


@vectors("attach", "base", "tag")
def test_attach(number: int, entry: Any) -> None:
    assert mam.ledger_index(entry["address"]).hex() == entry["index_hex"]
    payload = base_payload(entry["base"])["payload"]
    data = mam.pack(payload, entry["tag"])
    assert len(data) == entry["data_length"]
    assert data[:40].hex() == entry["data_head_hex"]
    assert sha256(data).hexdigest() == entry["data_sha256_of_bytes"]
    assert data.hex() == entry.get("data_hex", data.hex())
    assert mam.unpack(data) == (entry["tag"] or "", payload)


@vectors("attach_errors", "tag")
def test_attach_error(number: int, entry: Any) -> None:
    with pytest.raises(mam.InvalidArgument, match=r"^tag must (have at most 27 trytes, it has 28|be a text)") as caught:
        mam.pack("A", entry["tag"])
    assert caught.value.field == "tag"


@vectors("decode_address", "mode", "root")
def test_ledger_index(number: int, entry: Any) -> None:
    assert mam.ledger_index(entry["address"]).hex() == entry["index_hex"]


@vectors("fetch", "name")
def test_fetch(number: int, entry: Any) -> None:
    candidates = [data_of(item) for item in entry["items"] if item["kind"] == "index"]
    found = mam.find_message(candidates, entry["root"], side_key=entry["side_key"])
    assert found == (mam.Fetched(**entry["result"]) if entry["result"] else None)


def data_of(item: Any) -> bytes:
    if "data_hex" in item:
        return bytes.fromhex(item["data_hex"])
    return mam.pack(base_payload(item["ref"]["base"])["payload"], item["ref"]["tag"])


class TestPackTrytes:
    @given(trytes(0, 400))
    def test_round_trip(self, text: str) -> None:
        packed = mam.pack_trytes(text)
        assert len(packed) == (5 * len(text) + 7) // 8
        assert mam.unpack_trytes(packed) == text

    @given(st.binary(max_size=300))
    def test_any_bytes_are_trytes(self, data: bytes) -> None:
        """Five bits at a time; 27 to 31 are no tryte and are passed over, as in the original."""
        bits = "".join(f"{byte:08b}" for byte in data)
        numbers = [int(bits[place : place + 5], 2) for place in range(0, len(bits) - 4, 5)]
        assert mam.unpack_trytes(data) == "".join("9ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n] for n in numbers if n < 27)

    def test_what_the_largest_ledger_message_holds(self) -> None:
        text = "".join(random.Random("pack").choices("9ABCXYZ", k=52_000))
        assert mam.unpack_trytes(mam.pack_trytes(text)) == text

    @pytest.mark.parametrize("text", ["a", "A ", "A\n", "Ü"])
    def test_other_characters_are_refused(self, text: str) -> None:
        with pytest.raises(mam.InvalidTrytes, match=r"^trytes must consist of"):
            mam.pack_trytes(text)


class TestPack:
    @given(trytes(0, 300), st.none() | trytes(0, 27))
    def test_round_trip(self, payload: str, tag: str | None) -> None:
        assert mam.unpack(mam.pack(payload, tag)) == (tag or "", payload)

    def test_takes_a_message_or_its_payload(self) -> None:
        message = mam.Channel("A" * 81, security=1, mode="public").create_message("TEXT")
        assert mam.pack(message) == mam.pack(message.payload)
        assert mam.pack(message, "TAG") == mam.pack(message.payload, "TAG")

    def test_no_tag_and_an_empty_tag_are_the_same(self) -> None:
        assert mam.pack("ABC", None) == mam.pack("ABC", "") == b"\0" + mam.pack_trytes("ABC")

    @pytest.mark.parametrize("tag", [0, 12, b"TAG", False, ["T"]], ids=repr)
    def test_a_tag_that_is_no_text_is_refused(self, tag: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^tag must be a text of trytes") as caught:
            mam.pack("ABC", tag)
        assert caught.value.field == "tag"

    @pytest.mark.parametrize("length", [28, 100_000])
    def test_a_tag_that_is_too_long_is_refused(self, length: int) -> None:
        assert mam.pack("ABC", "T" * 27)
        with pytest.raises(mam.InvalidArgument, match=f"^tag must have at most 27 trytes, it has {length}$"):
            mam.pack("ABC", "T" * length)

    @pytest.mark.parametrize("tag", ["tag", "T ", "Ü"])
    def test_a_tag_of_other_characters_is_refused(self, tag: str) -> None:
        with pytest.raises(mam.InvalidTrytes) as caught:
            mam.pack("ABC", tag)
        assert caught.value.field == "tag"

    @pytest.mark.parametrize("payload", [None, 5, b"ABC", mam.Parsed("A", "B")], ids=type)
    def test_a_payload_that_is_no_text_is_refused(self, payload: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^payload must be a text of trytes") as caught:
            mam.pack(payload)
        assert caught.value.field == "payload"

    def test_a_payload_of_other_characters_is_refused(self) -> None:
        with pytest.raises(mam.InvalidTrytes, match=r"^payload must consist of"):
            mam.pack("ABc")


class TestUnpack:
    @pytest.mark.parametrize(
        ("data", "least"), [(b"", 1), (b"\1", 2), (b"\7\x99", 8), (b"\xff", 256), (b"\xff" + bytes(254), 256)]
    )
    def test_data_that_end_before_the_tag_does_are_refused(self, data: bytes, least: int) -> None:
        with pytest.raises(
            mam.TruncatedMessage, match=rf"^the data have {len(data)} bytes, the tag alone asks for {least}$"
        ):
            mam.unpack(data)

    def test_the_shortest_data(self) -> None:
        assert mam.unpack(b"\0") == ("", "")
        assert mam.unpack(b"\xff" + bytes(255)) == ("9" * 408, "")

    @pytest.mark.parametrize("data", [None, 5, "text", [0], object()], ids=type)
    def test_what_is_no_bytes_is_refused(self, data: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^data must be bytes, it is a ") as caught:
            mam.unpack(data)
        assert caught.value.field == "data"

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_all_kinds_of_bytes_are_taken(self, kind: type[bytes]) -> None:
        assert mam.unpack(kind(mam.pack("PAYLOAD", "TAG"))) == ("TAG", "PAYLOAD")

    @given(st.binary(max_size=600))
    def test_random_bytes_are_trytes_or_truncated(self, data: bytes) -> None:
        try:
            tag, payload = mam.unpack(data)
        except mam.TruncatedMessage:
            assert not data or data[0] >= len(data)
        else:
            assert mam.pack_trytes(tag + payload) is not None
            assert len(tag) + len(payload) <= 8 * len(data) // 5

    def test_enormous_data(self) -> None:
        tag, payload = mam.unpack(bytes(400_000))
        assert (tag, len(payload)) == ("", 399_999 * 8 // 5)


class TestLedgerIndex:
    @pytest.mark.parametrize("address", ["", "A" * 80, "a" * 81, None, b"A" * 81, 7])
    def test_what_is_no_address_is_refused(self, address: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^address must be 81 trytes long") as caught:
            mam.ledger_index(address)
        assert caught.value.field == "address"


class TestFindMessage:
    def test_nothing_among_nothing(self) -> None:
        assert mam.find_message([], "A" * 81) is None

    def test_the_first_that_can_be_read(self) -> None:
        channel = mam.Channel("A" * 81, security=1, side_key=SIDE_KEY)
        wanted = channel.create_message("WANTED")
        other = mam.Channel("B" * 81, security=1, mode="private").create_message("OTHER")
        candidates = [
            b"",
            bytes(50),
            bytes(500),
            b"\xff" * 200,
            mam.pack(other, "T"),
            mam.pack(wanted, "TAG"),
            b"X" * 200,
        ]
        found = mam.find_message(iter(candidates), wanted.root, side_key=SIDE_KEY)
        assert found == mam.Fetched(wanted.root, wanted.next_root, "WANTED", "TAG")
        assert mam.find_message(candidates, wanted.root, side_key="OTHER") is None
        assert mam.find_message(candidates, wanted.root) is None
        assert mam.find_message(candidates, other.root) == mam.Fetched(other.root, other.next_root, "OTHER", "T")

    def test_up_to_100_bytes_are_passed_over_without_a_look(self) -> None:
        """No message fits into them; the limit is that of the original."""
        assert len(mam.pack(craft("A"))) > 100
        for length in (0, 1, 100, 101):
            assert mam.find_message([b"\xff" * length], "A" * 81) is None

    def test_candidates_behind_the_first_are_not_looked_at(self) -> None:
        def candidates() -> Any:
            yield mam.pack(craft())
            raise AssertionError("went on")

        found = mam.find_message(candidates(), crafted_root())
        assert found is not None
        assert found.message == "MESSAGE"

    @given(st.lists(st.binary(max_size=400), max_size=5))
    def test_random_bytes_are_no_message(self, candidates: list[bytes]) -> None:
        assert mam.find_message(candidates, "A" * 81, side_key=SIDE_KEY) is None

    @pytest.mark.parametrize("number", range(20))
    def test_long_random_bytes_are_no_message(self, number: int) -> None:
        data = b"\0" + random.Random(f"find {number}").randbytes(3000)
        assert mam.find_message([data], "A" * 81) is None

    @pytest.mark.parametrize("root", ["", "A" * 80, "a" * 81, None, 3])
    def test_what_is_no_root_is_refused(self, root: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^root must be 81 trytes long") as caught:
            mam.find_message([], root)
        assert caught.value.field == "root"

    @pytest.mark.parametrize("side_key", [0, 5, b"KEY", False])
    def test_a_side_key_that_is_no_text_is_refused(self, side_key: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^side_key must be a text of trytes"):
            mam.find_message([], "A" * 81, side_key=side_key)

    def test_a_side_key_of_other_characters_is_refused_and_does_not_show(self) -> None:
        with pytest.raises(mam.InvalidTrytes, match=r"^side_key must consist of") as caught:
            mam.find_message([], "A" * 81, side_key="secretkey")
        assert "secret" not in f"{caught.value!r} {vars(caught.value)}"

    @pytest.mark.parametrize("candidate", [None, 5, "A" * 200, [0] * 200], ids=type)
    def test_a_candidate_that_is_no_bytes_is_refused(self, candidate: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^data must be bytes, it is a ") as caught:
            mam.find_message([candidate], "A" * 81)
        assert caught.value.field == "data"
