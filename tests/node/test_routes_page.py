"""docs/reference/node-routes.md says what the code does."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from datasouk.node.rest import FAUCET_ROUTES, ROUTES
from datasouk.node.rest_app import Route
from datasouk.node.rest_http import MAX_BODY_BYTES
from datasouk.serving_limits import ServingLimits

_PAGE = (Path(__file__).parents[2] / "docs/reference/node-routes.md").read_text(encoding="utf-8")


def _rows(heading: str) -> list[tuple[str, str, str]]:
    section = _PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \| (.+) \|$", section, re.MULTILINE)


def _described(routes: Sequence[Route]) -> list[tuple[str, str, str]]:
    return [(each.method, each.path, (each.handler.__doc__ or "").splitlines()[0]) for each in routes]


@pytest.mark.parametrize(
    ("heading", "routes"),
    [
        ("Version 1", [each for each in ROUTES if each.path.startswith("/api/v1/")]),
        ("Others", [each for each in ROUTES if not each.path.startswith("/api/v1/")]),
        ("Faucet", FAUCET_ROUTES),
    ],
)
def test_every_route_is_listed_with_what_its_handler_says_of_itself(heading: str, routes: Sequence[Route]) -> None:
    assert _rows(heading) == _described(routes)


def test_limits() -> None:
    assert f"longer than {MAX_BODY_BYTES // 2**20} MiB" in _PAGE
    assert f"longer than {ServingLimits().header_bytes // 2**10} KiB" in _PAGE
