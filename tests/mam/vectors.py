"""The recorded vectors of @iota/mam.js: ``tests/vectors/mam-vectors.json``, and what it takes to compare with them."""

from hashlib import sha256
from typing import Any

import pytest
from tests.vectors import load

from datasouk.ternary.trits import Trits

_TRIT_OF_SIGN = {"-": -1, "0": 0, "+": 1}


def entries(section: str) -> list[Any]:
    """All entries of a section; one test each."""
    found: list[Any] = load("mam-vectors")[section]
    assert found
    return found


def vectors(section: str, *names: str) -> pytest.MarkDecorator:
    """Run a test with ``number`` and ``entry`` of each entry of a section.

    Args:
        section: Name of the section.
        names: Fields of an entry that tell a reader which one it is; they go into the test's id.
    """
    found = entries(section)
    cases = [
        pytest.param(number, entry, id="-".join([str(number), *(_word(entry[name]) for name in names)]))
        for number, entry in enumerate(found)
    ]
    return pytest.mark.parametrize(("number", "entry"), cases)


def _word(value: Any) -> str:
    text = str(value).encode("ascii", "backslashreplace").decode()
    return text if len(text) <= 40 else f"{text[:16]}...{len(text)}"


def trits_of_signs(signs: str) -> Trits:
    """Trits from a text of ``-``, ``0`` and ``+``."""
    return Trits.of(_TRIT_OF_SIGN[sign] for sign in signs)


def signs_of(trits: Trits) -> str:
    """The inverse of ``trits_of_signs``."""
    return "".join("0+-"[trit] for trit in trits)


def sha256_of(trytes: str) -> str:
    """SHA-256 of a text of trytes, as the vectors hold it of the longer ones."""
    return sha256(trytes.encode()).hexdigest()


def base_payload(number: int) -> Any:
    """One of the three messages that the sections ``parse_cases``, ``attach`` and ``fetch`` are made from."""
    return next(base for base in entries("parse_bases") if base["base"] == number)


def edited(payload: str, edits: list[dict[str, Any]]) -> str:
    """A payload after the edits of a parse case, in order."""
    for edit in edits:
        match edit["op"]:
            case "set":
                payload = payload[: edit["at"]] + edit["to"] + payload[edit["at"] + len(edit["to"]) :]
            case "truncate":
                payload = payload[: edit["length"]]
            case "append":
                payload += edit["text"]
            case "prepend":
                payload = edit["text"] + payload
            case "replace_all":
                payload = edit["text"]
            case other:
                raise AssertionError(f"unknown edit {other!r}")
    return payload
