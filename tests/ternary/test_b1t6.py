import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors import load

from datasouk.ternary import b1t6


@pytest.mark.parametrize(
    "entry", [pytest.param(entry, id=entry["bytes"]) for entry in load("chrysalis-vectors")["b1t6"]]
)
def test_vector(entry: Any) -> None:
    assert list(b1t6.encode(bytes.fromhex(entry["bytes"]))) == entry["trits"]


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_is_its_signed_value(byte: int) -> None:
    trits = b1t6.encode(bytes([byte]))
    assert len(trits) == b1t6.TRITS_PER_BYTE
    assert trits.value == (byte - 256 if byte > 127 else byte)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_bytes_are_encoded_one_by_one(one: bytes, other: bytes) -> None:
    assert b1t6.encode(one) + b1t6.encode(other) == b1t6.encode(one + other)


@given(st.binary(max_size=60))
def test_the_bytes_can_be_read_back(data: bytes) -> None:
    groups = b1t6.encode(data).chunks(b1t6.TRITS_PER_BYTE)
    assert bytes(group.value & 255 for group in groups) == data


def test_nothing_gives_nothing() -> None:
    assert len(b1t6.encode(b"")) == 0


def test_a_whole_message_of_the_ledger() -> None:
    data = random.Random("ledger").randbytes(32_768)
    trits = b1t6.encode(data)
    assert len(trits) == 6 * len(data)
    assert trits[6 * 30_000 : 6 * 30_010] == b1t6.encode(data[30_000:30_010])
