import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.strategies import damaged, relaxed

from datasouk.ledger import Indexation, LedgerError, Message, MilestoneEssence
from datasouk.ledger.digest import blake2b_256
from datasouk.ledger.errors import (
    BadSignature,
    MissingField,
    OutOfRange,
    PathBroken,
    TooFewSigners,
    UnknownSigner,
    WrongLength,
    WrongType,
)
from datasouk.ledger.inclusion import MAX_PATH_BYTES, MAX_PATH_STEPS, Inclusion, InclusionPath, verify_inclusion
from datasouk.ledger.json import parse_json
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import sign_milestone

_KEYS = sorted((SigningKey(bytes([n]) * 32) for n in (1, 2)), key=lambda key: key.public_key)
_PINNED = tuple(key.public_key for key in _KEYS)
_DATA = Message(1, (bytes(32),), payload=Indexation(b"sensor", b"23.5"))
_OTHERS = tuple(bytes([n]) * 32 for n in range(10, 17))


def _over(message: Message, **fields: Any) -> Message:
    """An empty message with eight parents, one of which is the given one."""
    return Message(1, tuple(sorted((message.message_id(), *_OTHERS))), **fields)


def _milestone(message: Message, **changes: Any) -> Message:
    parents = tuple(sorted((message.message_id(), *_OTHERS)))
    essence = MilestoneEssence(
        index=42,
        timestamp_seconds=1_700_000_000,
        parents=parents,
        inclusion_merkle_root=bytes(32),
        public_keys=_PINNED,
    )
    return Message(1, parents, payload=sign_milestone(replace(essence, **changes), _KEYS))


def _path(depth: int) -> InclusionPath:
    chain = [_DATA]
    for _ in range(depth):
        chain.append(_over(chain[-1]))
    steps = tuple(message.to_bytes() for message in reversed(chain[1:]))
    return InclusionPath(_milestone(chain[-1]).to_bytes(), steps)


@pytest.mark.parametrize("depth", [0, 1, 2, 3, MAX_PATH_STEPS])
def test_path_of_any_allowed_length_is_proof(depth: int) -> None:
    found = verify_inclusion(_path(depth), _DATA.message_id(), _PINNED)
    assert found == Inclusion(_DATA.message_id(), milestone_index=42, timestamp_seconds=1_700_000_000)


@pytest.mark.parametrize(("depth", "size"), [(0, 788), (2, 1342), (3, 1619)])
def test_size_is_what_the_docstring_says(depth: int, size: int) -> None:
    path = _path(depth)
    assert path.size_bytes == size
    text = json.dumps(path.to_json(), separators=(",", ":"))
    assert len(text) <= 2 * size + 40


def test_messages_with_payload_may_stand_in_the_path() -> None:
    between = _over(_DATA, payload=Indexation(b"somebody else's"))
    path = InclusionPath(_milestone(between).to_bytes(), (between.to_bytes(),))
    verify_inclusion(path, _DATA.message_id(), _PINNED)


class TestRefusals:
    def test_message_that_is_not_under_the_path(self) -> None:
        other = _DATA.with_nonce(1).message_id()
        with pytest.raises(PathBroken, match=f"step 2: message {other.hex()} is not a parent of the last one"):
            verify_inclusion(_path(2), other, _PINNED)

    def test_milestone_message_itself(self) -> None:
        path = _path(0)
        with pytest.raises(PathBroken):
            verify_inclusion(path, Message.from_bytes(path.milestone).message_id(), _PINNED)

    @pytest.mark.parametrize("missing", [0, 1, 2])
    def test_gap_in_the_path(self, missing: int) -> None:
        path = _path(3)
        steps = path.steps[:missing] + path.steps[missing + 1 :]
        with pytest.raises(PathBroken):
            verify_inclusion(replace(path, steps=steps), _DATA.message_id(), _PINNED)

    def test_steps_in_the_wrong_order(self) -> None:
        path = _path(2)
        with pytest.raises(PathBroken, match=r"step 1: .* is not a parent of the one before"):
            verify_inclusion(replace(path, steps=path.steps[::-1]), _DATA.message_id(), _PINNED)

    def test_any_changed_byte_of_a_step(self) -> None:
        path = _path(1)
        for at in range(0, 277, 7):
            step = bytearray(path.steps[0])
            step[at] ^= 1
            with pytest.raises(PathBroken):
                verify_inclusion(replace(path, steps=(bytes(step),)), _DATA.message_id(), _PINNED)

    def test_data_message_in_place_of_the_milestone(self) -> None:
        with pytest.raises(PathBroken, match="step 0: is a message without a milestone"):
            verify_inclusion(InclusionPath(_over(_DATA).to_bytes()), _DATA.message_id(), _PINNED)

    def test_rubbish_in_place_of_the_milestone(self) -> None:
        with pytest.raises(PathBroken, match="step 0: is not a message: message length: 0"):
            verify_inclusion(InclusionPath(b""), _DATA.message_id(), _PINNED)

    def test_step_that_is_no_message_though_the_milestone_names_it(self) -> None:
        """A coordinator that signs blindly does not turn other bytes into messages."""
        rubbish = b"not a message"
        parents = (blake2b_256(rubbish),)
        essence = MilestoneEssence(
            index=1, timestamp_seconds=1, parents=parents, inclusion_merkle_root=bytes(32), public_keys=_PINNED
        )
        milestone = Message(1, parents, payload=sign_milestone(essence, _KEYS))
        with pytest.raises(PathBroken, match="step 1: is not a message"):
            verify_inclusion(InclusionPath(milestone.to_bytes(), (rubbish,)), _DATA.message_id(), _PINNED)

    def test_keys_of_another_coordinator(self) -> None:
        with pytest.raises(UnknownSigner):
            verify_inclusion(_path(1), _DATA.message_id(), [SigningKey(bytes(32)).public_key])

    def test_milestone_signed_by_one_key_of_two(self) -> None:
        path = InclusionPath(_milestone(_DATA, public_keys=_PINNED[:1]).to_bytes())
        verify_inclusion(path, _DATA.message_id(), _PINNED, threshold=1)
        with pytest.raises(TooFewSigners):
            verify_inclusion(path, _DATA.message_id(), _PINNED)

    def test_forged_milestone(self) -> None:
        data = bytearray(_path(0).milestone)
        data[-9] ^= 1  # The last byte of the last signature.
        with pytest.raises(BadSignature):
            verify_inclusion(InclusionPath(bytes(data)), _DATA.message_id(), _PINNED)

    def test_message_id_of_another_length(self) -> None:
        with pytest.raises(WrongLength, match="message id"):
            verify_inclusion(_path(0), b"", _PINNED)

    def test_no_pinned_keys(self) -> None:
        with pytest.raises(ValueError, match="nobody has signed"):
            verify_inclusion(_path(0), _DATA.message_id(), [])

    @relaxed
    @given(damaged(st.just(_path(0).milestone)))
    def test_damaged_milestone_proves_nothing_else(self, data: bytes) -> None:
        try:
            found = verify_inclusion(InclusionPath(data), _DATA.message_id(), _PINNED)
        except LedgerError:
            return
        assert found.milestone_index == 42  # Network id and nonce are not signed: their changes are harmless.


class TestLimits:
    def test_number_of_steps(self) -> None:
        with pytest.raises(OutOfRange, match="inclusion path steps: 65 is not within 0 to 64"):
            InclusionPath(b"", (b"",) * (MAX_PATH_STEPS + 1))

    def test_length_of_it_all(self) -> None:
        InclusionPath(bytes(MAX_PATH_BYTES))
        with pytest.raises(OutOfRange, match="inclusion path length: 262145"):
            InclusionPath(bytes(MAX_PATH_BYTES), (b"x",))


class TestJson:
    @pytest.mark.parametrize("depth", [0, 2])
    def test_round_trip_through_text(self, depth: int) -> None:
        path = _path(depth)
        assert InclusionPath.from_json(parse_json(json.dumps(path.to_json()).encode())) == path

    def test_wrong_shapes_are_refused(self) -> None:
        with pytest.raises(WrongType):
            InclusionPath.from_json([])
        with pytest.raises(MissingField, match="steps"):
            InclusionPath.from_json({"milestone": "00"})
        with pytest.raises(OutOfRange, match="steps count: 65"):
            InclusionPath.from_json({"milestone": "00", "steps": ["00"] * 65})
