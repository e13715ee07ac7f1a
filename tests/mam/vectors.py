"""The recorded vectors of @iota/mam.js, read once: ``tests/vectors/mam-vectors.json``."""

import json
from pathlib import Path
from typing import Any

from datasouk.ternary.trits import Trits

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "mam-vectors.json").read_text())

_TRIT_OF_SIGN = {"-": -1, "0": 0, "+": 1}


def entries(section: str) -> list[Any]:
    """All entries of a section; one test each."""
    found: list[Any] = VECTORS[section]
    assert found
    return found


def trits_of_signs(signs: str) -> Trits:
    """Trits from a text of ``-``, ``0`` and ``+``."""
    return Trits.of(_TRIT_OF_SIGN[sign] for sign in signs)


def signs_of(trits: Trits) -> str:
    """The inverse of ``trits_of_signs``."""
    return "".join("0+-"[trit] for trit in trits)
