"""The pages that list settings say what the code says."""

import dataclasses
import re
from pathlib import Path

import pytest

from datasouk.node.settings import FaucetSettings, NodeSettings

PAGE = Path(__file__).parents[1] / "docs/reference/node-settings.md"
ROW = re.compile(r"^\| `(\w+)` \| (?:`([^`]+)`|[^|]+) \| (.+) \|$", re.MULTILINE)


@pytest.mark.parametrize("settings", [NodeSettings, FaucetSettings])
def test_every_setting_is_listed_with_its_default_and_meaning(settings: type[NodeSettings | FaucetSettings]) -> None:
    listed = {name: (default, meaning) for name, default, meaning in ROW.findall(PAGE.read_text())}
    for field in dataclasses.fields(settings):
        default, meaning = listed[field.name]
        if field.default is not dataclasses.MISSING:
            assert default == str(field.default), field.name
        assert meaning


def test_no_setting_is_listed_that_does_not_exist() -> None:
    names = {field.name for kind in (NodeSettings, FaucetSettings) for field in dataclasses.fields(kind)}
    assert {name for name, _, _ in ROW.findall(PAGE.read_text())} == names
