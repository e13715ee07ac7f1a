"""Targets for ``datasouk.mam``: the payload, the ledger's bytes around it, and the texts in it."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from tests.mam.crafting import craft, crafted_root
from tests.mam.vectors import base_payload
from tests.outcomes import outcome_of

from datasouk import mam
from datasouk.mam import pascal
from datasouk.ternary.trits import ALPHABET, Trits

__all__ = ["SEEDS", "TARGETS", "fuzz_parse", "fuzz_text", "fuzz_unpack"]

_BASES = (0, 1, 2)


@lru_cache
def _readable() -> frozenset[mam.Parsed]:
    """Everything that may come out of the valid payloads: whatever else does is a forgery."""
    bases = [base_payload(number) for number in _BASES]
    return frozenset(mam.parse(base["payload"], base["root"], side_key=base["side_key"]) for base in bases)


def _trytes(data: bytes) -> str:
    return "".join([ALPHABET[byte % 27] for byte in data])


def fuzz_parse(data: bytes) -> None:
    """Parse trytes of our own, valid payloads with a piece exchanged, and signed messages with numbers of our own.

    The first byte chooses, so that the fuzzer can find out what each way leads to.
    """
    if not data:
        return
    way, data = data[0] % 4, data[1:]
    if way == 0:
        _parse_base(_trytes(data), 0)
    elif way == 1:
        _parse_base("AQK" + _trytes(data) * (1 + 3000 // (len(data) + 1)), 0)
    elif way == 2:
        _parse_spliced(data)
    else:
        _parse_crafted(data)


def _parse_spliced(data: bytes) -> None:
    """A valid payload in which, at a place given by two bytes, other trytes stand; or from there on nothing."""
    if len(data) < 4:
        return
    number = data[0] % len(_BASES)
    payload = base_payload(number)["payload"]
    place = int.from_bytes(data[1:3], "big") % len(payload)
    piece = _trytes(data[4:])
    if data[3] % 4 == 0:
        _parse_base(payload[:place] + piece, number)
    else:
        _parse_base(payload[:place] + piece + payload[place + len(piece) :], number)


def _parse_base(payload: str, number: int) -> None:
    base = base_payload(number)
    outcome = outcome_of(mam.parse, payload, base["root"], side_key=base["side_key"])
    assert _is_refusal(outcome) or outcome in _readable(), "a forged message was accepted"


def _parse_crafted(data: bytes) -> None:
    """A message with a right signature, whose owner has written other numbers into it."""
    if len(data) < 3:
        return
    trits = Trits.from_trytes(_trytes(data[2:50]))
    numbers: dict[str, Any] = {("index", "length", "count", "siblings")[data[0] % 4]: trits}
    if data[0] % 8 > 3:
        numbers["count"] = pascal.encode(data[1] % 4)
    outcome = outcome_of(mam.parse, craft(**numbers), crafted_root())
    assert _is_refusal(outcome) or len(outcome.next_root) == 81


def _is_refusal(outcome: Any) -> bool:
    reasons = {"truncated", "invalid_security", "root_mismatch"}
    return isinstance(outcome, mam.InvalidMessage) and outcome.reason in reasons


def fuzz_unpack(data: bytes) -> None:
    """Unpack a ledger message's data, and look for a message in it."""
    try:
        tag, payload = mam.unpack(data)
    except mam.TruncatedMessage:
        assert not data or data[0] > len(data) - 1
    else:
        if len(tag) <= 27:
            assert mam.unpack(mam.pack(payload, tag)) == (tag, payload)
    base = base_payload(0)
    found = mam.find_message([data], base["root"], side_key=base["side_key"])
    assert found is None or mam.Parsed(found.message, found.next_root) in _readable()


def fuzz_text(data: bytes) -> None:
    """Read trytes in all dialects; what can be read can be written again, and then read again to the same end."""
    if not data:
        return
    way, data = data[0] % 3, data[1:]
    if way == 0:
        _read_all(_trytes(data))
    elif way == 1:
        # Single bytes as characters: texts with quotes, braces, backslashes and percent signs.
        _read_all(mam.ascii_to_trytes(data.decode("latin-1")))
    else:
        text = data.decode("utf-8", "replace")
        sent = mam.text_to_trytes(text)
        if "\\u" not in text:
            assert mam.trytes_to_text(sent) == text.rstrip("\0")


_DOCUMENTS: tuple[tuple[Callable[[str], Any], Callable[[Any], str]], ...] = (
    (mam.trytes_to_object, mam.object_to_trytes),
    (mam.trytes_to_json, mam.json_to_trytes),
)


def _read_all(trytes: str) -> None:
    try:
        assert mam.ascii_to_trytes(mam.trytes_to_ascii(trytes)) == trytes
    except mam.InvalidText:
        assert len(trytes) % 2
    outcome = outcome_of(mam.trytes_to_text, trytes)
    assert isinstance(outcome, str) or "surrogate" in str(outcome)
    for read, write in _DOCUMENTS:
        try:
            sent = write(read(trytes))
        except mam.InvalidText:
            continue
        if write is mam.json_to_trytes:
            # Compared as text: comparing deeply nested lists would run out of stack here.
            assert write(read(sent)) == sent


def _parse_seeds() -> Iterator[bytes]:
    yield bytes([0]) + bytes(ALPHABET.index(character) for character in base_payload(0)["payload"])
    yield bytes([1]) + b"header that fits"
    for number in _BASES:
        length = len(base_payload(number)["payload"])
        for place in (0, 1, 2, 40, 90, 120, 200, 1500, length - 90, length - 1):
            yield bytes([2, number]) + place.to_bytes(2, "big") + bytes([1, place % 27])
            yield bytes([2, number]) + place.to_bytes(2, "big") + bytes([0, place % 27])
    for field in range(8):
        yield bytes([3, field, 1]) + bytes(range(30))


def _unpack_seeds() -> Iterator[bytes]:
    for number in _BASES:
        for tag in (None, "SENSORDATA", "9" * 27):
            yield mam.pack(base_payload(number)["payload"], tag)
    yield bytes(200)
    yield b"\xff" * 300


def _text_seeds() -> Iterator[bytes]:
    documents = [
        '{"time":1600000000000,"data":{"temp":21.5,"unit":"C"}}',
        "[null,true,-0.5e-7]",
        '"\\ud83d\\ude00"',
        "%7B%7D",
    ]
    for document in (*documents, "%22%C2%B0C%22", r"\u0041\ud800", "[" * 900, "1" * 5000, "NaN"):
        yield b"\1" + document.encode()
    for text in ("Grüße", "温度 \U0001f600", r"\u0041", "tab\t\0"):
        yield b"\2" + text.encode()
    yield b"\0" + bytes(ALPHABET.index(character) for character in mam.json_to_trytes({"a": [1, "°"]}))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "mam_parse": fuzz_parse,
    "mam_unpack": fuzz_unpack,
    "mam_text": fuzz_text,
}

SEEDS: dict[str, Callable[[], Iterable[bytes]]] = {
    "mam_parse": _parse_seeds,
    "mam_unpack": _unpack_seeds,
    "mam_text": _text_seeds,
}
