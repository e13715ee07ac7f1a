from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from tests.ledger.chrysalis import entries
from tests.ledger.strategies import damaged, milestones, relaxed

from datasouk.ledger import LedgerError, Milestone, MilestoneEssence
from datasouk.ledger.binary import Reader
from datasouk.ledger.errors import Duplicate, FieldsDisagree, NotAscending, OutOfRange, UnknownType, WrongLength
from datasouk.ledger.json import payload_from_json, payload_to_json

_ESSENCE = MilestoneEssence(
    index=5,
    timestamp_seconds=1_620_000_000,
    parents=(bytes(32),),
    inclusion_merkle_root=bytes(32),
    public_keys=(b"\x01" * 32, b"\x02" * 32),
)


def _read(data: bytes) -> Milestone:
    reader = Reader(data, "payload")
    milestone = Milestone.read(reader)
    reader.finish()
    return milestone


@entries("milestones")
def test_vector(entry: dict[str, Any]) -> None:
    milestone = payload_from_json(entry["payload"])
    assert isinstance(milestone, Milestone)
    assert _read(milestone.to_bytes()) == milestone
    assert milestone.essence.to_bytes().hex() == entry["essenceBytes"]
    assert milestone.essence.signing_hash().hex() == entry["essenceHash"]
    assert milestone.milestone_id().hex() == entry["milestoneId"]
    assert payload_to_json(milestone) == {"receipt": None, **entry["payload"]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"index": 2**32}, "milestone index"),
        ({"index": -1}, "milestone index"),
        ({"timestamp_seconds": 2**64}, "milestone timestamp"),
        ({"parents": ()}, "milestone parents count"),
        ({"next_pow_score": 2**32}, "next PoW score"),
        ({"next_pow_score_milestone_index": 2**32}, "next PoW score milestone index"),
        ({"public_keys": ()}, "public key count"),
        ({"public_keys": tuple(n.to_bytes(32, "big") for n in range(256))}, "public key count"),
    ],
)
def test_number_outside_its_limits_is_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(OutOfRange) as caught:
        replace(_ESSENCE, **change)
    assert caught.value.field == field


@pytest.mark.parametrize(("score", "at"), [(0, 1), (1, 0), (1, 5), (1, 4)])
def test_pow_fields_must_go_together(score: int, at: int) -> None:
    with pytest.raises(FieldsDisagree, match=f"{at} does not go with score {score} in milestone 5"):
        replace(_ESSENCE, next_pow_score=score, next_pow_score_milestone_index=at)


def test_announced_pow_score_is_allowed() -> None:
    replace(_ESSENCE, next_pow_score=1, next_pow_score_milestone_index=6)


def test_keys_are_sorted_unique_and_of_32_bytes() -> None:
    first, second = _ESSENCE.public_keys
    with pytest.raises(NotAscending, match="milestone public keys"):
        replace(_ESSENCE, public_keys=(second, first))
    with pytest.raises(Duplicate):
        replace(_ESSENCE, public_keys=(first, first))
    with pytest.raises(WrongLength):
        replace(_ESSENCE, public_keys=(bytes(33),))
    with pytest.raises(WrongLength, match="inclusion Merkle root"):
        replace(_ESSENCE, inclusion_merkle_root=bytes(31))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_as_many_signatures_as_keys(count: int) -> None:
    with pytest.raises(FieldsDisagree, match=f"there are {count}, must be as many as public keys, 2"):
        Milestone(_ESSENCE, (bytes(64),) * count)


def test_signatures_are_64_bytes() -> None:
    with pytest.raises(WrongLength, match="milestone signature"):
        Milestone(_ESSENCE, (bytes(64), bytes(63)))


def test_payload_inside_must_be_a_receipt() -> None:
    data = Milestone(_ESSENCE, (bytes(64), bytes(64))).to_bytes()
    tail = 1 + 2 * 64
    with pytest.raises(UnknownType, match="milestone payload type: type 2 is not allowed here, only 3"):
        _read(data[: -tail - 4] + b"\x04\0\0\0\x02\0\0\0" + data[-tail:])


@pytest.mark.slow
@relaxed
@given(milestones())
def test_wire_and_json_round_trip(milestone: Milestone) -> None:
    assert _read(milestone.to_bytes()) == milestone
    assert payload_from_json(payload_to_json(milestone)) == milestone


@pytest.mark.slow
@relaxed
@given(damaged(milestones().map(Milestone.to_bytes)))
def test_damaged_bytes_are_refused_or_canonical(data: bytes) -> None:
    try:
        milestone = _read(data)
    except LedgerError:
        return
    assert milestone.to_bytes() == data
