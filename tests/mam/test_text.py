import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mam.exceptions import is_excepted
from tests.mam.vectors import vectors
from tests.outcomes import outcome_of
from tests.strategies import json_documents, texts, trytes

from datasouk import mam

READERS: dict[str, Callable[[str], Any]] = {
    "ascii": mam.trytes_to_ascii,
    "text": mam.trytes_to_text,
    "object": mam.trytes_to_object,
    "json": mam.trytes_to_json,
}
WRITERS: dict[str, Callable[[Any], str]] = {
    "ascii": mam.ascii_to_trytes,
    "text": mam.text_to_trytes,
    "object": mam.object_to_trytes,
    "json": mam.json_to_trytes,
}
readers = pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())


class TestVectors:
    @vectors("ascii", "text")
    def test_ascii(self, number: int, entry: Any) -> None:
        if is_excepted("ascii", number):
            with pytest.raises(mam.InvalidText):
                mam.ascii_to_trytes(entry["text"])
            return
        assert mam.ascii_to_trytes(entry["text"]) == entry["from_ascii"]["ok"]
        assert mam.trytes_to_ascii(entry["from_ascii"]["ok"]) == entry["to_ascii"]

    @vectors("to_ascii", "trytes")
    def test_to_ascii(self, number: int, entry: Any) -> None:
        if "error" in entry["to_ascii"]:
            with pytest.raises(mam.InvalidText, match="length must be an even number") as caught:
                mam.trytes_to_ascii(entry["trytes"])
            assert caught.value.reason == entry["to_ascii"]["error"]["category"]
        else:
            assert mam.trytes_to_ascii(entry["trytes"]) == entry["to_ascii"]["ok"]

    @vectors("string_helper", "text")
    def test_text(self, number: int, entry: Any) -> None:
        assert mam.text_to_trytes(entry["text"]) == entry["trytes"]
        assert mam.trytes_to_text(entry["trytes"]) == entry["back"]
        assert mam.trytes_to_text(entry["trytes"] + "99999") == entry["back_padded"]

    @vectors("object_helper", "json")
    def test_object(self, number: int, entry: Any) -> None:
        assert mam.object_to_trytes(json.loads(entry["json"])) == entry["trytes"]
        assert mam.trytes_to_object(entry["trytes"]) == json.loads(entry["back_json"])

    @vectors("object_from_errors", "trytes")
    def test_object_errors(self, number: int, entry: Any) -> None:
        if "error" in entry["result"]:
            with pytest.raises(mam.InvalidText, match=r"even number|do not contain any data") as caught:
                mam.trytes_to_object(entry["trytes"])
            assert caught.value.reason == entry["result"]["error"]["category"]
        else:
            assert mam.trytes_to_object(entry["trytes"]) == entry["result"]["ok"]

    @vectors("encode_uri", "text")
    def test_encode_uri(self, number: int, entry: Any) -> None:
        """encodeURI goes character by character, so the JSON of a text is its vector between two quotes.

        Only where JSON itself escapes a character of the text, the escaping backslash comes in front.
        """
        escaped = {"%22": "%5C%22", "%5C": "%5C%5C", "%00": "%5Cu0000", "%01": "%5Cu0001"}
        inner = re.sub("|".join(escaped), lambda found: escaped[found[0]], entry["encode_uri"])
        sent = mam.json_to_trytes(entry["text"])
        assert mam.trytes_to_ascii(sent) == f"%22{inner}%22"
        assert mam.trytes_to_json(sent) == entry["decoded"]
        if inner == entry["encode_uri"]:
            assert sent == "JAWAWA" + entry["trytes"] + "JAWAWA"
        assert mam.ascii_to_trytes(entry["encode_uri"]) == entry["trytes"]

    @vectors("encode_uri", "text")
    def test_encode_uri_of_a_document(self, number: int, entry: Any) -> None:
        """Those texts that are JSON themselves are what the publishing template would send."""
        try:
            document = json.loads(entry["text"])
        except ValueError:
            with pytest.raises(mam.InvalidText):
                mam.trytes_to_json(entry["trytes"])
        else:
            assert mam.json_to_trytes(document) == entry["trytes"]
            assert mam.trytes_to_json(entry["trytes"]) == document


class TestAscii:
    @given(st.text(st.characters(max_codepoint=728), max_size=60))
    def test_round_trip(self, text: str) -> None:
        sent = mam.ascii_to_trytes(text)
        assert len(sent) == 2 * len(text)
        assert mam.trytes_to_ascii(sent) == text

    @given(trytes().filter(lambda text: len(text) % 2 == 0))
    def test_every_even_text_of_trytes_is_characters(self, text: str) -> None:
        assert mam.ascii_to_trytes(mam.trytes_to_ascii(text)) == text

    def test_the_largest_character(self) -> None:
        assert mam.ascii_to_trytes("\u02d8") == "ZZ"
        with pytest.raises(mam.InvalidText, match=r"character 1 is U\+02D9, two trytes hold characters up to U\+02D8"):
            mam.ascii_to_trytes("\u02d8\u02d9")

    def test_nines_at_the_end_are_characters(self) -> None:
        assert mam.trytes_to_ascii("9999") == "\0\0"


class TestText:
    @given(texts)
    def test_round_trip(self, text: str) -> None:
        """Of two kinds of text that do not come back, see the next tests."""
        sent = mam.text_to_trytes(text)
        if "\\u" not in text:
            assert mam.trytes_to_text(sent) == text.rstrip("\0")
            assert mam.trytes_to_text(sent + "9" * 7) == text.rstrip("\0")

    @pytest.mark.parametrize("text", ["ends with nul\0", "\0", "\0\0"])
    def test_nul_characters_at_the_end_are_taken_for_padding(self, text: str) -> None:
        assert mam.trytes_to_text(mam.text_to_trytes(text)) == text.rstrip("\0")

    @pytest.mark.parametrize(
        ("text", "back"),
        [
            (r"\u0041", "A"),
            (r"\u00e9!", "é!"),
            (r"\ud83d\ude00", "\U0001f600"),
            (r"\uzzzz", "\0"),
            (r"\u4_zz", "\x04"),
            (r"\u004", r"\u004"),
            (r"\u00-1", r"\u00-1"),
            (r"\U0041", r"\U0041"),
        ],
    )
    def test_a_literal_escape_is_read_as_the_original_reads_it(self, text: str, back: str) -> None:
        r"""parseInt() takes as many hexadecimal digits as there are; ``\w`` is any letter, digit or the underscore."""
        assert mam.trytes_to_text(mam.text_to_trytes(text)) == back

    def test_characters_from_delete_on_are_escaped(self) -> None:
        assert mam.trytes_to_ascii(mam.text_to_trytes("~\x7fÄ\uffff")) == r"~\u007f\u00c4\uffff"

    def test_characters_beyond_the_first_plane_are_two_escapes(self) -> None:
        assert mam.trytes_to_ascii(mam.text_to_trytes("\U0001f600")) == r"\ud83d\ude00"

    @pytest.mark.parametrize("text", ["\ud800", "a\udfff", "\ude00\ud83d"])
    def test_a_lone_surrogate_cannot_be_written(self, text: str) -> None:
        with pytest.raises(mam.InvalidText, match="surrogate stands alone"):
            mam.text_to_trytes(text)

    @pytest.mark.parametrize("text", [r"\ud800", r"a\udfff", r"\ude00\ud83d"])
    def test_a_lone_surrogate_cannot_be_read(self, text: str) -> None:
        with pytest.raises(mam.InvalidText, match="surrogate stands alone"):
            mam.trytes_to_text(mam.ascii_to_trytes(text))

    def test_half_a_character_at_the_end_is_completed(self) -> None:
        """Its second half may have been a nine that looked like padding."""
        assert mam.text_to_trytes("\n") == "J9"
        assert mam.trytes_to_text("J9") == mam.trytes_to_text("J") == "\n"


# In an object a backslash is doubled and most control characters become escapes, which the reading side of the
# original takes for its own: such documents do not come back from it, nor from us.
plain_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\"), max_size=20)


class TestObject:
    @given(json_documents(plain_texts))
    def test_round_trip(self, document: Any) -> None:
        sent = mam.object_to_trytes(document)
        assert mam.trytes_to_object(sent) == document
        assert mam.trytes_to_object(sent + "9999999") == document

    @pytest.mark.parametrize("document", ["\x01", r"\u0041", {"\x1f": 1}])
    def test_what_json_escapes_does_not_come_back(self, document: Any) -> None:
        """The same in the original, where JSON.parse throws."""
        with pytest.raises(mam.InvalidText, match="no JSON document"):
            mam.trytes_to_object(mam.object_to_trytes(document))

    @given(json_documents())
    def test_reading_back_gives_the_document_or_a_refusal(self, document: Any) -> None:
        try:
            back = mam.trytes_to_object(mam.object_to_trytes(document))
        except mam.InvalidText:
            assert re.search(r"\\|[\x00-\x1f]", json.dumps(document, ensure_ascii=False))
        else:
            assert back == document or "\\" in json.dumps(document, ensure_ascii=False)

    @pytest.mark.parametrize("sent", ["", "9", "9999"])
    def test_padding_alone_is_no_document(self, sent: str) -> None:
        with pytest.raises(mam.InvalidText, match="do not contain any data"):
            mam.trytes_to_object(sent)


class TestJson:
    @given(json_documents())
    def test_round_trip(self, document: Any) -> None:
        sent = mam.json_to_trytes(document)
        assert mam.trytes_to_json(sent) == document
        assert mam.trytes_to_json(sent + "9999999") == document

    @given(json_documents(st.text(st.characters(max_codepoint=126), max_size=20)))
    def test_the_plain_json_of_the_older_template_is_read_too(self, document: Any) -> None:
        sent = mam.ascii_to_trytes(json.dumps(document))
        assert mam.trytes_to_json(sent) == document

    @given(json_documents(plain_texts))
    def test_objects_of_ascii_are_read_too(self, document: Any) -> None:
        if json.dumps(document, ensure_ascii=False).isascii():
            assert mam.trytes_to_json(mam.object_to_trytes(document)) == document

    def test_the_publishing_template(self) -> None:
        document = {"time": 1600000000000, "data": {"temp": 21.5, "unit": "°C"}}
        assert mam.trytes_to_ascii(mam.json_to_trytes(document)) == (
            "%7B%22time%22:1600000000000,%22data%22:%7B%22temp%22:21.5,%22unit%22:%22%C2%B0C%22%7D%7D"
        )

    @pytest.mark.parametrize(
        "text", ['{"a":"100%"}', '["%7B%22"]', '"%"', ' {"a":"%41"}', '{"humidity":"5%25"}'], ids=str
    )
    def test_a_percent_sign_in_plain_json_is_a_percent_sign(self, text: str) -> None:
        assert mam.trytes_to_json(mam.ascii_to_trytes(text)) == json.loads(text)

    @pytest.mark.parametrize("text", ["%7B%FF%7D", "%22%ED%A0%80%22", "%22%C3%22", "%80"])
    def test_percent_encoding_that_is_no_utf_8_is_refused(self, text: str) -> None:
        with pytest.raises(mam.InvalidText, match="not that of UTF-8"):
            mam.trytes_to_json(mam.ascii_to_trytes(text))

    @pytest.mark.parametrize("text", ["%7B%22a%22:1%7", "%", "%zz", "%7B%2"])
    def test_half_an_escape_is_refused(self, text: str) -> None:
        with pytest.raises(mam.InvalidText, match="no JSON document"):
            mam.trytes_to_json(mam.ascii_to_trytes(text))

    def test_a_lone_surrogate_cannot_be_written(self) -> None:
        with pytest.raises(mam.InvalidText, match="surrogate stands alone"):
            mam.json_to_trytes({"a": "\ud800"})


class TestNoDocument:
    @pytest.mark.parametrize("write", [mam.object_to_trytes, mam.json_to_trytes])
    @pytest.mark.parametrize(
        "value",
        [float("nan"), float("inf"), {1, 2}, b"bytes", object(), {"a": {(1, 2): 3}}, 10**5000],
        ids=["nan", "infinity", "set", "bytes", "object", "tuple-key", "enormous"],
    )
    def test_writing_refuses_what_json_cannot_hold(self, write: Callable[[Any], str], value: Any) -> None:
        with pytest.raises(mam.InvalidText, match="no JSON document"):
            write(value)

    @pytest.mark.parametrize("write", [mam.object_to_trytes, mam.json_to_trytes])
    def test_writing_refuses_a_document_that_contains_itself(self, write: Callable[[Any], str]) -> None:
        document: list[Any] = []
        document.append(document)
        with pytest.raises(mam.InvalidText, match="no JSON document"):
            write(document)

    @pytest.mark.parametrize("read", [mam.trytes_to_object, mam.trytes_to_json])
    @pytest.mark.parametrize(
        "text",
        ["{", "NaN", "Infinity", "-Infinity", "[NaN]", "{'a':1}", "[1,]", "01", "1" * 5000, "[" * 50_000, '"\n"'],
        ids=[
            "open",
            "nan",
            "infinity",
            "minus-infinity",
            "inner-nan",
            "quotes",
            "comma",
            "octal",
            "long",
            "deep",
            "raw",
        ],
    )
    def test_reading_refuses_what_is_no_json(self, read: Callable[[str], Any], text: str) -> None:
        with pytest.raises(mam.InvalidText, match=f"the {len(text)} characters are no JSON document"):
            read(mam.ascii_to_trytes(text))

    @pytest.mark.parametrize("sent", ["", "9", "99"])
    def test_reading_nothing(self, sent: str) -> None:
        with pytest.raises(mam.InvalidText):
            mam.trytes_to_json(sent)


@readers
class TestEveryReader:
    @pytest.mark.parametrize(("sent", "place"), [("a", 0), ("AB C", 2), ("PCPC\n", 4), ("Ä9", 0), ("PC8", 2)])
    def test_other_characters_are_refused_with_their_place(
        self, read: Callable[[str], Any], sent: str, place: int
    ) -> None:
        with pytest.raises(mam.InvalidTrytes) as caught:
            read(sent)
        assert (caught.value.field, caught.value.place) == ("trytes", place)
        assert caught.value.reason == "invalid_character"

    @pytest.mark.parametrize("sent", [None, 12, b"PC", ["P", "C"]], ids=["none", "number", "bytes", "list"])
    def test_what_is_no_text_is_refused(self, read: Callable[[Any], Any], sent: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^trytes must be a text of trytes, it is a ") as caught:
            read(sent)
        assert caught.value.field == "trytes"

    @given(text=trytes())
    def test_random_trytes_are_read_or_refused(self, read: Callable[[str], Any], text: str) -> None:
        outcome = outcome_of(read, text)
        assert not isinstance(outcome, mam.MamError) or outcome.reason in {"argument", "invalid_character"}

    @given(text=st.text(max_size=40))
    def test_random_text_is_read_or_refused(self, read: Callable[[str], Any], text: str) -> None:
        outcome = outcome_of(read, text)
        assert not isinstance(outcome, mam.MamError) or outcome.reason in {"argument", "invalid_character"}

    def test_a_megabyte_is_read_or_refused(self, read: Callable[[str], Any]) -> None:
        text = mam.ascii_to_trytes("%7B" * 100_000)
        outcome = outcome_of(read, text)
        assert outcome == "%7B" * 100_000 or "no JSON document" in str(outcome)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_what_is_written_is_trytes(write: Callable[[Any], str]) -> None:
    assert re.fullmatch("[9A-Z]+", write('a "text" with \\ and \x7f'))


@pytest.mark.parametrize("write", [mam.ascii_to_trytes, mam.text_to_trytes])
@pytest.mark.parametrize("value", [None, 1, b"bytes", ["list"]])
def test_writers_refuse_what_is_no_text(write: Any, value: Any) -> None:
    with pytest.raises(mam.InvalidText, match="it is a"):
        write(value)
