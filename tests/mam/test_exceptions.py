"""The list of exceptions itself: each is necessary, and each is what its reason says."""

from typing import Any

import pytest
from tests.mam.exceptions import EXCEPTIONS, Deviation
from tests.mam.vectors import base_payload, edited, entries

from datasouk import mam


def excepted(section: str) -> list[Any]:
    return [
        pytest.param(deviation, entries(section)[deviation.number], id=f"{section}-{deviation.number}")
        for deviation in EXCEPTIONS
        if deviation.section == section
    ]


@pytest.mark.parametrize("deviation", EXCEPTIONS, ids=lambda deviation: f"{deviation.section}-{deviation.number}")
def test_an_exception_names_its_entry_and_a_reason(deviation: Deviation) -> None:
    entry = entries(deviation.section)[deviation.number]
    assert deviation.name in (entry.get("text"), entry.get("name"), entry.get("note"))
    assert len(deviation.reason) > 20 or "above" in deviation.reason


def test_there_are_four() -> None:
    """A fifth needs a reason as good as these, and a look at the issue."""
    assert [deviation.section for deviation in EXCEPTIONS] == ["ascii", "ascii", "parse_cases", "channels"]


@pytest.mark.parametrize(("deviation", "entry"), excepted("ascii"))
def test_the_original_writes_undefined_and_we_refuse(deviation: Deviation, entry: Any) -> None:
    assert "undefined" in entry["from_ascii"]["ok"]
    with pytest.raises(mam.InvalidText, match=r"character 0 is U\+(20AC|1F600), two trytes hold .* up to U\+02D8"):
        mam.ascii_to_trytes(entry["text"])


@pytest.mark.parametrize(("deviation", "entry"), excepted("parse_cases"))
def test_the_original_accepts_by_chance_and_we_refuse_as_truncated(deviation: Deviation, entry: Any) -> None:
    base = base_payload(entry["base"])
    payload = edited(base["payload"], entry["edits"])
    assert payload == base["payload"][:-1]
    assert "ok" in entry["result"]
    with pytest.raises(mam.TruncatedMessage, match="number of siblings asks for"):
        mam.parse(payload, entry["root"], side_key=entry["side_key"])


@pytest.mark.parametrize(("deviation", "entry"), excepted("channels"))
def test_the_original_signs_twice_with_a_leaf_and_we_refuse(deviation: Deviation, entry: Any) -> None:
    initial = entry["initial"]
    assert initial["next_count"] < initial["count"]
    channel = mam.Channel(
        entry["seed"],
        security=entry["security"],
        mode=entry["mode"],
        count=initial["count"],
        next_count=initial["next_count"],
    )
    for message in entry["messages"][:-1]:
        channel.create_message(message["message"])
    with pytest.raises(mam.KeyReused) as caught:
        channel.create_message(entry["messages"][-1]["message"])
    assert (caught.value.leaf, caught.value.unused) == (1, 4)
