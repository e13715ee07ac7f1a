"""The fuzz target itself works: on valid input, on damaged input, and it notices a finding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz import mqtt_targets
from tests.fuzz.mqtt_targets import TARGETS, fuzz_mqtt_packets
from tests.node import mqtt_wire as wire
from tests.node.test_mqtt_codec import MALFORMED, VALID, relaxed

_packets = st.sampled_from([data for data, _ in VALID.values()] + list(MALFORMED.values()))
_filters = st.text(st.sampled_from("a/+#$"), min_size=1, max_size=9)


@relaxed
@given(st.lists(_packets | _filters.map(wire.subscribe) | st.binary(max_size=9), max_size=4).map(b"".join))
def test_mqtt_packets(data: bytes) -> None:
    fuzz_mqtt_packets(data)


def test_targets_are_listed() -> None:
    assert {"mqtt_packets": fuzz_mqtt_packets} == TARGETS


def test_parser_that_raises_anything_else_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_targets, "state_query", lambda topic: topic[99])
    with pytest.raises(IndexError):
        fuzz_mqtt_packets(wire.subscribe("a"))
