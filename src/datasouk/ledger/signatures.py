"""Who signed what: signing and verifying transactions and milestones.

Implements the signature rules of TIP-7 (unlock blocks) and TIP-8 (milestones). Apart from the objects themselves, so
that these can be read and written without a cryptographic library.
"""

from collections.abc import Collection, Sequence

from datasouk.ledger.address import Address
from datasouk.ledger.errors import BadSignature, FieldsDisagree, TooFewSigners, UnknownSigner
from datasouk.ledger.keys import SigningKey, verify
from datasouk.ledger.milestone import Milestone, MilestoneEssence
from datasouk.ledger.transaction import Essence, ReferenceUnlock, SignatureUnlock, Transaction, Unlock

__all__ = ["sign_milestone", "sign_transaction", "verify_milestone", "verify_unlocks"]


def sign_transaction(essence: Essence, keys: Sequence[SigningKey]) -> Transaction:
    """Add the unlock blocks: one signature for each key, references for its other inputs.

    Args:
        essence: What the transaction does.
        keys: For each input, in the order of the essence, the key that owns the output it spends.

    Raises:
        FieldsDisagree: There are not as many keys as inputs.
    """
    if len(keys) != len(essence.inputs):
        raise FieldsDisagree("keys", f"there are {len(keys)}, must be as many as inputs, {len(essence.inputs)}")
    signing_hash = essence.signing_hash()
    unlocks: list[Unlock] = []
    first_use: dict[bytes, int] = {}
    for position, key in enumerate(keys):
        if key.public_key in first_use:
            unlocks.append(ReferenceUnlock(first_use[key.public_key]))
        else:
            first_use[key.public_key] = position
            unlocks.append(SignatureUnlock(key.public_key, key.sign(signing_hash)))
    return Transaction(essence, tuple(unlocks))


def verify_unlocks(transaction: Transaction, addresses: Sequence[Address]) -> None:
    """Confirm that the owner of each spent output has signed.

    Each signature block is verified once, however many inputs refer to it.

    Args:
        transaction: With its unlock blocks.
        addresses: For each input, in the order of the essence, the address of the output it spends.

    Raises:
        FieldsDisagree: There are not as many addresses as inputs.
        UnknownSigner: A key does not own the address it should unlock.
        BadSignature: A signature does not verify.
    """
    count = len(transaction.essence.inputs)
    if len(addresses) != count:
        raise FieldsDisagree("addresses", f"there are {len(addresses)}, must be as many as inputs, {count}")
    signing_hash = transaction.essence.signing_hash()
    for position, address in enumerate(addresses):
        unlock = transaction.signature_of(position)
        if Address.from_public_key(unlock.public_key) != address:
            raise UnknownSigner(unlock.public_key, f"does not own the address that input {position} spends from")
        if isinstance(transaction.unlocks[position], SignatureUnlock) and not verify(
            unlock.public_key, signing_hash, unlock.signature
        ):
            raise BadSignature(unlock.public_key)


def sign_milestone(essence: MilestoneEssence, keys: Collection[SigningKey]) -> Milestone:
    """Add the signatures, in the order of the essence's public keys.

    Args:
        essence: What the milestone says; names the public keys of all signers.
        keys: The signers, in any order.

    Raises:
        FieldsDisagree: A public key of the essence has no signer among the keys.
    """
    key_of = {key.public_key: key for key in keys}
    missing = [public_key for public_key in essence.public_keys if public_key not in key_of]
    if missing:
        raise FieldsDisagree("milestone public keys", f"no signing key is given for {missing[0].hex()}")
    signing_hash = essence.signing_hash()
    return Milestone(essence, tuple(key_of[public_key].sign(signing_hash) for public_key in essence.public_keys))


def verify_milestone(
    milestone: Milestone, pinned_public_keys: Collection[bytes], *, threshold: int | None = None
) -> None:
    """Confirm that the coordinator issued a milestone.

    As in iota.go: every key that the milestone names must be pinned and every signature must verify.

    Args:
        milestone: With its signatures.
        pinned_public_keys: The coordinator's keys, 32 bytes each, known beforehand.
        threshold: How many of them must have signed, at least 1; None means all of them.

    Raises:
        ValueError: The threshold is below 1, or no key is pinned: that would accept anything.
        UnknownSigner: The milestone names a key that is not pinned.
        TooFewSigners: Fewer keys than the threshold have signed.
        BadSignature: A signature does not verify.
    """
    pinned = frozenset(pinned_public_keys)
    wanted = len(pinned) if threshold is None else threshold
    if wanted < 1:
        raise ValueError(f"a threshold of {wanted} keys would accept milestones that nobody has signed")
    public_keys = milestone.essence.public_keys  # Unique, so that one key does not count twice.
    for public_key in public_keys:
        if public_key not in pinned:
            raise UnknownSigner(public_key, "is not one of the pinned coordinator keys")
    if len(public_keys) < wanted:
        raise TooFewSigners(len(public_keys), wanted)
    signing_hash = milestone.essence.signing_hash()
    for public_key, signature in zip(public_keys, milestone.signatures, strict=True):
        if not verify(public_key, signing_hash, signature):
            raise BadSignature(public_key)
