"""The recorded vectors of tests/vectors/chrysalis-vectors.json, made by the published JavaScript packages."""

import json
from pathlib import Path
from typing import Any

import pytest

_FILE = Path(__file__).parents[1] / "vectors" / "chrysalis-vectors.json"
VECTORS: dict[str, Any] = json.loads(_FILE.read_bytes())


def entries(*keys: str, name: str = "name") -> pytest.MarkDecorator:
    """Parametrize a test over the entries of one section, each under its own name."""
    section: Any = VECTORS
    for key in keys:
        section = section[key]
    ids = [str(entry.get(name, position)) for position, entry in enumerate(section)]
    return pytest.mark.parametrize("entry", section, ids=ids)
