"""The milestone payload: the coordinator's signed word on what belongs to the ledger.

Implements TIP-8 and, for the receipt field, TIP-17. A milestone without its signatures is the *essence*; the hash of
the essence is what is signed. Verifying signatures is in `datasouk.ledger.signatures`, which needs a cryptographic
library.

Our coordinator signs with two keys, since iota.js 1.8.6 refuses milestones shorter than 218 bytes behind their start,
which one parent and one key make.
"""

from dataclasses import dataclass
from typing import Self

from datasouk.ledger.binary import (
    U8_MAX,
    U32_MAX,
    U64_MAX,
    Reader,
    Writer,
    require_ascending,
    require_length,
    require_range,
)
from datasouk.ledger.digest import DIGEST_BYTES, blake2b_256
from datasouk.ledger.errors import FieldsDisagree
from datasouk.ledger.parents import MAX_PARENTS, MIN_PARENTS, check_parents
from datasouk.ledger.receipt import Receipt

__all__ = ["MAX_SIGNATURES", "MILESTONE_TYPE", "Milestone", "MilestoneEssence"]

MILESTONE_TYPE = 1
MAX_SIGNATURES = U8_MAX
_PUBLIC_KEY_BYTES = 32
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneEssence:
    """What a milestone says; its hash is what the coordinator's keys sign.

    | size | field | meaning |
    |---|---|---|
    | 4 | index | one more than the milestone before |
    | 8 | timestamp | seconds since 1970 |
    | 1 | parent count | 1 to 8 |
    | 32 each | parents | message ids, ascending, unique; those of the message that carries it |
    | 32 | inclusion Merkle root | over the messages whose transactions it applies |
    | 4 | next PoW score | 0 = no change announced |
    | 4 | next PoW score milestone index | 0, or the later milestone from which the score is asked for |
    | 1 | public key count | 1 to 255 |
    | 32 each | public keys | ascending, unique |
    | 4 | payload length | 0 = none |
    | n | payload | receipt only |

    Raises:
        OutOfRange: A number or count is outside its limits.
        WrongLength: A key, parent or root is not 32 bytes.
        NotAscending: Parents or keys are not sorted.
        Duplicate: A parent or key occurs twice.
        FieldsDisagree: One of the two PoW fields is set and the other does not fit it.
    """

    index: int
    timestamp_seconds: int
    parents: tuple[bytes, ...]
    inclusion_merkle_root: bytes
    public_keys: tuple[bytes, ...]
    next_pow_score: int = 0
    next_pow_score_milestone_index: int = 0
    receipt: Receipt | None = None

    def __post_init__(self) -> None:
        """Check every field."""
        require_range("milestone index", self.index, 0, U32_MAX)
        require_range("milestone timestamp", self.timestamp_seconds, 0, U64_MAX)
        check_parents("milestone parents", self.parents)
        require_length("inclusion Merkle root", self.inclusion_merkle_root, DIGEST_BYTES)
        require_range("next PoW score", self.next_pow_score, 0, U32_MAX)
        require_range("next PoW score milestone index", self.next_pow_score_milestone_index, 0, U32_MAX)
        lowest = self.index + 1 if self.next_pow_score else 0
        highest = U32_MAX if self.next_pow_score else 0
        if not lowest <= self.next_pow_score_milestone_index <= highest:
            raise FieldsDisagree(
                "next PoW score milestone index",
                f"{self.next_pow_score_milestone_index} does not go with score {self.next_pow_score} in milestone "
                f"{self.index}: both 0, or a later milestone",
            )
        require_range("public key count", len(self.public_keys), 1, MAX_SIGNATURES)
        for public_key in self.public_keys:
            require_length("milestone public key", public_key, _PUBLIC_KEY_BYTES)
        require_ascending("milestone public keys", self.public_keys)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read an essence."""
        index = reader.u32("milestone index")
        timestamp = reader.u64("milestone timestamp")
        parent_count = reader.u8("milestone parent count")
        require_range("milestone parent count", parent_count, MIN_PARENTS, MAX_PARENTS)
        parents = reader.digests(parent_count, DIGEST_BYTES, "milestone parents")
        root = reader.take(DIGEST_BYTES, "inclusion Merkle root")
        score = reader.u32("next PoW score")
        score_index = reader.u32("next PoW score milestone index")
        public_keys = reader.digests(reader.u8("public key count"), _PUBLIC_KEY_BYTES, "milestone public keys")
        receipt_reader = reader.payload("milestone receipt")
        receipt = None
        if receipt_reader is not None:
            receipt = Receipt.read(receipt_reader)
            receipt_reader.finish()
        return cls(
            index=index,
            timestamp_seconds=timestamp,
            parents=parents,
            inclusion_merkle_root=root,
            public_keys=public_keys,
            next_pow_score=score,
            next_pow_score_milestone_index=score_index,
            receipt=receipt,
        )

    def to_bytes(self) -> bytes:
        """The essence as it is hashed and signed."""
        writer = Writer()
        writer.u32(self.index)
        writer.u64(self.timestamp_seconds)
        writer.u8(len(self.parents))
        writer.raw(b"".join(self.parents))
        writer.raw(self.inclusion_merkle_root)
        writer.u32(self.next_pow_score)
        writer.u32(self.next_pow_score_milestone_index)
        writer.u8(len(self.public_keys))
        writer.raw(b"".join(self.public_keys))
        writer.payload(self.receipt.to_bytes() if self.receipt else None)
        return writer.to_bytes()

    def signing_hash(self) -> bytes:
        """What Ed25519 signs: BLAKE2b-256 of the essence, 32 bytes."""
        return blake2b_256(self.to_bytes())


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone payload; that its signatures verify is not checked here.

    | size | field | meaning |
    |---|---|---|
    | 4 | type | 1 |
    | n | essence | see `MilestoneEssence` |
    | 1 | signature count | as many as public keys |
    | 64 each | signatures | the i-th by the i-th key |

    Raises:
        FieldsDisagree: There are not as many signatures as keys.
        WrongLength: A signature is not 64 bytes.
    """

    essence: MilestoneEssence
    signatures: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Check number and length of the signatures."""
        key_count = len(self.essence.public_keys)
        if len(self.signatures) != key_count:
            raise FieldsDisagree(
                "milestone signatures", f"there are {len(self.signatures)}, must be as many as public keys, {key_count}"
            )
        for signature in self.signatures:
            require_length("milestone signature", signature, _SIGNATURE_BYTES)

    def milestone_id(self) -> bytes:
        """BLAKE2b-256 of the whole payload from its type on, signatures included; 32 bytes."""
        return blake2b_256(self.to_bytes())

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Read the payload, from its type on."""
        reader.expect_u32(MILESTONE_TYPE, "payload type")
        essence = MilestoneEssence.read(reader)
        signatures = reader.digests(reader.u8("signature count"), _SIGNATURE_BYTES, "milestone signatures")
        return cls(essence, signatures)

    def to_bytes(self) -> bytes:
        """The payload, from its type on."""
        writer = Writer()
        writer.u32(MILESTONE_TYPE)
        writer.raw(self.essence.to_bytes())
        writer.u8(len(self.signatures))
        writer.raw(b"".join(self.signatures))
        return writer.to_bytes()
