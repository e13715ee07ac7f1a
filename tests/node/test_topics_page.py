"""docs/reference/node-topics.md says what the code does."""

import json
import re
from dataclasses import asdict
from pathlib import Path

from tests.node import sample_events as events

from datasouk.node.mqtt_session import MqttLimits
from datasouk.node.mqtt_topics import MAX_FILTER_LEVELS, TOPICS, TopicKind, publications

_PAGE = (Path(__file__).parents[2] / "docs/reference/node-topics.md").read_text(encoding="utf-8")


def _rows(heading: str) -> list[list[str]]:
    section = _PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_topics() -> None:
    listed = tuple(TopicKind(row[0], row[1], sends_state=row[2] == "yes") for row in _rows("Topics"))
    assert listed == TOPICS


def test_every_payload_is_explained() -> None:
    explained = set(re.findall(r"^\*\*([a-z ]+)\*\*", _PAGE, re.MULTILINE))
    assert explained == {each.payload for each in TOPICS} - {"receipt"}


def test_examples_are_what_is_published() -> None:
    examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", _PAGE, re.DOTALL)]
    published = []
    for event in (events.milestone(), events.attached(), events.referenced(), events.created()):
        *_, last = publications(event, hrp=events.HRP, listens_to=lambda _: True)
        published.append(json.loads(last.encode()))
    assert examples == published
    for example, made in zip(examples, published, strict=True):
        assert list(example) == list(made), "in the same order, too"


def test_limits() -> None:
    defaults = asdict(MqttLimits())
    codec = defaults.pop("codec")
    defaults |= {f"codec.{name}": value for name, value in codec.items()}
    assert {row[0]: row[1] for row in _rows("Limits")} == {name: str(value) for name, value in defaults.items()}
    assert f"more than {MAX_FILTER_LEVELS} levels" in _PAGE
