"""The fuzz targets themselves work: on valid input, on damaged input, and they notice a finding."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz import ledger_targets
from tests.fuzz.ledger_targets import fuzz_bech32, fuzz_message_bytes, fuzz_message_json
from tests.ledger.strategies import addresses, damaged, messages, relaxed

from datasouk.ledger import Message
from datasouk.ledger.json import message_to_json

_texts = messages().map(lambda message: json.dumps(message_to_json(message)).encode())
_bech32 = addresses.map(lambda address: address.to_bech32(hrp="atoi").encode())


@pytest.mark.slow
@relaxed
@given(messages().map(Message.to_bytes) | damaged(messages().map(Message.to_bytes)) | st.binary(max_size=400))
def test_message_bytes(data: bytes) -> None:
    fuzz_message_bytes(data)


@pytest.mark.slow
@relaxed
@given(_texts | damaged(_texts) | st.binary(max_size=400))
def test_message_json(data: bytes) -> None:
    fuzz_message_json(data)


@relaxed
@given(_bech32 | damaged(_bech32) | st.binary(max_size=100))
def test_bech32(data: bytes) -> None:
    fuzz_bech32(data)


def test_parser_that_raises_anything_else_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_targets, "parse_json", lambda data: data[99])
    with pytest.raises(IndexError):
        fuzz_message_json(b"")
