"""Hypothesis strategies that make valid objects of the ledger, and damaged bytes."""

from hypothesis import settings
from hypothesis import strategies as st

from datasouk.ledger import (
    TOKEN_SUPPLY_IOTA,
    Address,
    Essence,
    Indexation,
    Message,
    MessageDraft,
    MigratedFunds,
    Milestone,
    MilestoneEssence,
    Output,
    OutputType,
    Payload,
    Receipt,
    ReferenceUnlock,
    SignatureUnlock,
    Transaction,
    TreasuryTransaction,
    Unlock,
    UtxoInput,
)
from datasouk.ledger.binary import U32_MAX, U64_MAX

# The machine that runs the tests may be busy; hypothesis' own time limit would then fail at random.
relaxed = settings(deadline=None, max_examples=50)

digests = st.binary(min_size=32, max_size=32)
signatures = st.binary(min_size=64, max_size=64)
parents = st.sets(digests, min_size=1, max_size=8).map(lambda ids: tuple(sorted(ids)))
addresses = digests.map(Address)
indexations = st.builds(Indexation, st.binary(min_size=1, max_size=64), st.binary(max_size=300))
inputs = st.builds(UtxoInput, digests, st.integers(0, 126))
outputs = st.one_of(
    st.builds(Output, addresses, st.integers(1, TOKEN_SUPPLY_IOTA // 8)),
    st.builds(Output, addresses, st.integers(10**6, TOKEN_SUPPLY_IOTA // 8), st.just(OutputType.DUST_ALLOWANCE)),
)
essences = st.builds(
    Essence.sorted,
    st.sets(inputs, min_size=1, max_size=5).map(tuple),
    st.lists(outputs, min_size=1, max_size=5, unique_by=lambda each: (each.type, each.address)).map(tuple),
    st.none() | indexations,
)


@st.composite
def transactions(draw: st.DrawFn) -> Transaction:
    essence = draw(essences)
    unlocks: list[Unlock] = []
    signed: list[int] = []
    keys = draw(st.permutations([bytes([n]) * 32 for n in range(len(essence.inputs))]))
    for position, key in enumerate(keys):
        reference = draw(st.none() | st.sampled_from(signed)) if signed else None
        if reference is not None:
            unlocks.append(ReferenceUnlock(reference))
        else:
            unlocks.append(SignatureUnlock(key, draw(signatures)))
            signed.append(position)
    return Transaction(essence, tuple(unlocks))


funds = st.builds(
    MigratedFunds, st.binary(min_size=49, max_size=49), addresses, st.integers(10**6, TOKEN_SUPPLY_IOTA // 8)
)
receipts = st.builds(
    Receipt,
    st.integers(0, U32_MAX),
    st.booleans(),
    st.lists(funds, min_size=1, max_size=3, unique_by=lambda each: each.tail_transaction_hash).map(
        lambda entries: tuple(sorted(entries, key=MigratedFunds.to_bytes))
    ),
    st.builds(TreasuryTransaction, digests, st.integers(0, TOKEN_SUPPLY_IOTA)),
)


@st.composite
def milestones(draw: st.DrawFn) -> Milestone:
    index = draw(st.integers(0, U32_MAX - 1))
    announces = draw(st.booleans())
    essence = MilestoneEssence(
        index=index,
        timestamp_seconds=draw(st.integers(0, U64_MAX)),
        parents=draw(parents),
        inclusion_merkle_root=draw(digests),
        public_keys=tuple(sorted(draw(st.sets(digests, min_size=1, max_size=3)))),
        next_pow_score=draw(st.integers(1, U32_MAX)) if announces else 0,
        next_pow_score_milestone_index=draw(st.integers(index + 1, U32_MAX)) if announces else 0,
        receipt=draw(st.none() | receipts),
    )
    return Milestone(essence, tuple(draw(signatures) for _ in essence.public_keys))


payloads: st.SearchStrategy[Payload] = st.one_of(indexations, transactions(), milestones())


@st.composite
def messages(draw: st.DrawFn) -> Message:
    payload = draw(st.none() | payloads)
    chosen = payload.essence.parents if isinstance(payload, Milestone) else draw(parents)
    number = st.integers(0, U64_MAX)
    return Message(draw(number), chosen, payload=payload, nonce=draw(number))


@st.composite
def drafts(draw: st.DrawFn) -> MessageDraft:
    number = st.integers(1, U64_MAX)
    network_id = draw(st.none() | number)
    return MessageDraft(
        network_id=network_id,
        parents=draw(st.none() | parents),
        payload=draw(st.none() | indexations | transactions()),
        nonce=None if network_id is None else draw(st.none() | number),
    )


@st.composite
def damaged(draw: st.DrawFn, originals: st.SearchStrategy[bytes]) -> bytes:
    """Valid bytes with one to three places changed, cut or filled in."""
    data = bytearray(draw(originals))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(["flip", "set", "cut", "insert", "truncate"])):
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "set" if data:
                data[at] = draw(st.sampled_from([0, 1, 2, 3, 127, 128, 255]))
            case "cut":
                del data[at : at + draw(st.integers(1, 40))]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=40))
            case _:
                del data[at:]
    return bytes(data)
