from dataclasses import replace
from typing import Any

import pytest
from tests.ledger.chrysalis import entries

from datasouk.ledger import (
    Address,
    Essence,
    Milestone,
    MilestoneEssence,
    Output,
    ReferenceUnlock,
    SignatureUnlock,
    Transaction,
    UtxoInput,
)
from datasouk.ledger.errors import BadSignature, FieldsDisagree, TooFewSigners, UnknownSigner
from datasouk.ledger.json import payload_from_json
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import sign_milestone, sign_transaction, verify_milestone, verify_unlocks

_KEYS = sorted((SigningKey(bytes([n]) * 32) for n in range(3)), key=lambda key: key.public_key)
_PINNED = [key.public_key for key in _KEYS[:2]]
_ESSENCE = Essence(tuple(UtxoInput(bytes([n]) * 32, 0) for n in range(3)), (Output(Address(bytes(32)), 1),))
_MILESTONE_ESSENCE = MilestoneEssence(
    index=1,
    timestamp_seconds=1,
    parents=(bytes(32),),
    inclusion_merkle_root=bytes(32),
    public_keys=tuple(_PINNED),
)


class TestTransactionVectors:
    @entries("transactions")
    def test_signing_gives_the_recorded_unlock_blocks(self, entry: dict[str, Any]) -> None:
        transaction = payload_from_json(entry["payload"])
        assert isinstance(transaction, Transaction)
        # The recorded keys are in the order in which the inputs were given, so look them up by what they signed.
        key_of = {key.public_key: key for key in map(_key, entry["keySeeds"])}
        keys = [key_of[transaction.signature_of(i).public_key] for i in range(len(transaction.essence.inputs))]
        assert sign_transaction(transaction.essence, keys) == transaction
        verify_unlocks(transaction, [key.address for key in keys])


class TestVerifyUnlocks:
    def test_references_share_one_signature(self) -> None:
        transaction = sign_transaction(_ESSENCE, [_KEYS[0], _KEYS[1], _KEYS[0]])
        assert transaction.unlocks[2] == ReferenceUnlock(0)
        verify_unlocks(transaction, [_KEYS[0].address, _KEYS[1].address, _KEYS[0].address])

    def test_reference_to_the_key_of_another_address_is_refused(self) -> None:
        transaction = sign_transaction(_ESSENCE, [_KEYS[0], _KEYS[1], _KEYS[0]])
        with pytest.raises(UnknownSigner, match="does not own the address that input 2 spends from"):
            verify_unlocks(transaction, [_KEYS[0].address, _KEYS[1].address, _KEYS[1].address])

    def test_forged_signature_is_refused(self) -> None:
        signed = sign_transaction(_ESSENCE, [_KEYS[0]] * 3)
        block = signed.unlocks[0]
        assert isinstance(block, SignatureUnlock)
        forged = replace(signed, unlocks=(replace(block, signature=bytes(64)), *signed.unlocks[1:]))
        with pytest.raises(BadSignature, match=_KEYS[0].public_key.hex()):
            verify_unlocks(forged, [_KEYS[0].address] * 3)

    def test_signature_over_another_essence_is_refused(self) -> None:
        signed = sign_transaction(_ESSENCE, [_KEYS[0]] * 3)
        other = Transaction(replace(_ESSENCE, outputs=(Output(Address(bytes(32)), 2),)), signed.unlocks)
        with pytest.raises(BadSignature):
            verify_unlocks(other, [_KEYS[0].address] * 3)

    def test_one_key_and_address_for_each_input(self) -> None:
        with pytest.raises(FieldsDisagree, match="keys: there are 2, must be as many as inputs, 3"):
            sign_transaction(_ESSENCE, _KEYS[:2])
        with pytest.raises(FieldsDisagree, match="addresses: there are 0"):
            verify_unlocks(sign_transaction(_ESSENCE, _KEYS), [])


class TestMilestones:
    @entries("milestones")
    def test_vector_is_signed_and_verified(self, entry: dict[str, Any]) -> None:
        milestone = payload_from_json(entry["payload"])
        assert isinstance(milestone, Milestone)
        assert sign_milestone(milestone.essence, [_key(seed) for seed in entry["privateKeySeeds"]]) == milestone
        verify_milestone(milestone, milestone.essence.public_keys)

    def test_every_pinned_key_must_have_signed_unless_a_threshold_is_given(self) -> None:
        milestone = sign_milestone(replace(_MILESTONE_ESSENCE, public_keys=tuple(_PINNED[:1])), _KEYS)
        verify_milestone(milestone, _PINNED, threshold=1)
        with pytest.raises(TooFewSigners, match="1 pinned keys have signed, at least 2 must"):
            verify_milestone(milestone, _PINNED)

    def test_key_that_is_not_pinned_is_refused_even_beyond_the_threshold(self) -> None:
        milestone = sign_milestone(
            replace(_MILESTONE_ESSENCE, public_keys=tuple(key.public_key for key in _KEYS)), _KEYS
        )
        with pytest.raises(UnknownSigner, match=_KEYS[2].public_key.hex()):
            verify_milestone(milestone, _PINNED)

    @pytest.mark.parametrize("forged", [0, 1])
    def test_one_forged_signature_is_enough_to_refuse(self, forged: int) -> None:
        milestone = sign_milestone(_MILESTONE_ESSENCE, _KEYS)
        signatures = list(milestone.signatures)
        signatures[forged] = signatures[1 - forged]
        with pytest.raises(BadSignature, match=_PINNED[forged].hex()):
            verify_milestone(replace(milestone, signatures=tuple(signatures)), _PINNED, threshold=1)

    def test_changed_essence_is_refused(self) -> None:
        milestone = sign_milestone(_MILESTONE_ESSENCE, _KEYS)
        with pytest.raises(BadSignature):
            verify_milestone(replace(milestone, essence=replace(_MILESTONE_ESSENCE, index=2)), _PINNED)

    @pytest.mark.parametrize(("pinned", "threshold"), [([], None), (_PINNED, 0), (_PINNED, -1)])
    def test_verifying_nothing_is_a_mistake_of_the_caller(self, pinned: list[bytes], threshold: int | None) -> None:
        with pytest.raises(ValueError, match="nobody has signed"):
            verify_milestone(sign_milestone(_MILESTONE_ESSENCE, _KEYS), pinned, threshold=threshold)

    def test_signing_needs_every_named_key(self) -> None:
        with pytest.raises(FieldsDisagree, match=f"no signing key is given for {_PINNED[1].hex()}"):
            sign_milestone(_MILESTONE_ESSENCE, _KEYS[:1])


def _key(seed_hex: str) -> SigningKey:
    return SigningKey(bytes.fromhex(seed_hex))
