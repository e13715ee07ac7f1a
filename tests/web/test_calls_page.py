"""The page that lists the calls says what the route table says."""

import re
from pathlib import Path

from datasouk.web import make_routes

PAGE = Path(__file__).parents[2] / "docs/reference/calls.md"


def test_every_call_is_listed_and_no_other() -> None:
    listed = re.findall(r"^\| `([A-Z]+) (/\S+)` \| .+ \| .+ \|$", PAGE.read_text(), re.MULTILINE)
    assert listed == [(route.method, route.path) for route in make_routes()]
