"""Channels for tests, where messages are cheapest."""

from typing import Any

import pytest

from datasouk import mam

__all__ = ["ENORMOUS", "SEED", "SIDE_KEY", "channel_of", "position"]

SEED = "SEEDOFTHECHANNELTESTS" + "Q" * 60
SIDE_KEY = "SIDEKEYOFTHECHANNELTESTS"
ENORMOUS = pytest.param(10**5000, id="enormous")


def channel_of(**fields: Any) -> mam.Channel:
    """A restricted channel at security 1, where messages are cheapest."""
    defaults: dict[str, Any] = {"security": 1, "side_key": SIDE_KEY}
    return mam.Channel(SEED, **defaults | fields)


def position(channel: mam.Channel) -> dict[str, Any]:
    return {name: getattr(channel, name) for name in ("start", "count", "next_count", "index", "next_root")}
