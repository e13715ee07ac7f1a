"""Inclusion paths: proof that a message is in the ledger, for readers who trust the coordinator's keys and nobody else.

A milestone's Merkle root covers transactions only. What covers everything is the Tangle itself: the coordinator signs
the ids of the milestone's parents, an id is the hash of a message, and a message holds the ids of its own parents. So a
chain of messages, from one that the milestone names down to one that names the message in question, proves that the
message existed when the milestone was signed. Implements no published specification;
``docs/explanation/ledger.md`` says how the node keeps these paths short.

In symbols, with ``id(x)`` = BLAKE2b-256 of the bytes of x::

    milestone M, signed by the pinned keys;  messages c_1 .. c_n;  message id m
    id(c_1) in parents(M),  id(c_i+1) in parents(c_i),  m in parents(c_n)        (n = 0: m in parents(M))

The id of the milestone message itself cannot be proved: signatures cover the payload, not the network id and nonce
around it, so anyone can make other messages with the same signed payload.

Size. Where the node chooses the parents, the c_i are empty messages of at most 8 parents, 277 bytes each, and the
milestone (8 parents, 2 keys) has 788: **788 + 277 n bytes**, and twice that and about 40 characters as JSON. A path of
n steps serves 8^(n+1) messages of one milestone: 1,342 bytes for 512 messages, 1,619 for 4,096.
"""

from collections.abc import Collection
from dataclasses import dataclass

from datasouk.ledger.binary import require_length
from datasouk.ledger.digest import DIGEST_BYTES, blake2b_256
from datasouk.ledger.errors import FormatError, PathBroken
from datasouk.ledger.inclusion_path import MAX_PATH_BYTES, MAX_PATH_STEPS, InclusionPath
from datasouk.ledger.message import Message
from datasouk.ledger.milestone import Milestone
from datasouk.ledger.signatures import verify_milestone

__all__ = ["MAX_PATH_BYTES", "MAX_PATH_STEPS", "Inclusion", "InclusionPath", "verify_inclusion"]


@dataclass(frozen=True, slots=True)
class Inclusion:
    """What a verified path says: the message was in the ledger when this milestone was signed.

    Attributes:
        message_id: 32 bytes.
        milestone_index: Of the milestone the path begins with; it may have been referenced by an earlier one already.
        timestamp_seconds: The milestone's, seconds since 1970: the message is at least as old.
    """

    message_id: bytes
    milestone_index: int
    timestamp_seconds: int


def verify_inclusion(
    path: InclusionPath, message_id: bytes, pinned_public_keys: Collection[bytes], *, threshold: int | None = None
) -> Inclusion:
    """Confirm that a path proves the inclusion of a message.

    Args:
        path: From anybody.
        message_id: 32 bytes; compute it from the message's bytes with `compute_message_id`, do not take it on trust.
        pinned_public_keys: The coordinator's keys, 32 bytes each, known beforehand.
        threshold: How many of them must have signed, at least 1; None means all of them.

    Returns:
        The milestone's index and time.

    Raises:
        WrongLength: The message id is not 32 bytes.
        PathBroken: A step is not a message, or not a parent of the one before, or the path does not end at the message.
        SignatureRefused: The milestone is not signed by enough pinned keys.
        ValueError: The threshold is below 1, or no key is pinned.
    """
    require_length("message id", message_id, DIGEST_BYTES)
    milestone = _read_step(path.milestone, 0).payload
    if not isinstance(milestone, Milestone):
        raise PathBroken(0, "is a message without a milestone")
    verify_milestone(milestone, pinned_public_keys, threshold=threshold)

    parents = milestone.essence.parents  # Those under the signatures, not those of the message around it.
    for number, data in enumerate(path.steps, start=1):
        if blake2b_256(data) not in parents:
            raise PathBroken(number, f"message {blake2b_256(data).hex()} is not a parent of the one before")
        parents = _read_step(data, number).parents
    if message_id not in parents:
        raise PathBroken(len(path.steps), f"message {message_id.hex()} is not a parent of the last one of the path")
    return Inclusion(message_id, milestone.essence.index, milestone.essence.timestamp_seconds)


def _read_step(data: bytes, number: int) -> Message:
    try:
        return Message.from_bytes(data)
    except FormatError as error:
        raise PathBroken(number, f"is not a message: {error}") from error
