"""Vectors recorded from other implementations, one JSON file each; the tests read them and never write them."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = ["load"]


@lru_cache
def load(name: str) -> dict[str, Any]:
    """The content of ``<name>.json``."""
    content: dict[str, Any] = json.loads((Path(__file__).parent / f"{name}.json").read_text("utf-8"))
    return content
