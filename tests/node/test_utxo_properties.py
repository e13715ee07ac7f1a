"""Random transfers, good and bad, over several milestones: whatever happens, no token is made or lost."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.node.wallets import MemoryLedger, allow, carry, give, key, pay

from datasouk.ledger import (
    TOKEN_SUPPLY_IOTA,
    Message,
    Output,
    SignatureUnlock,
    Transaction,
    make_output_id,
)
from datasouk.ledger.answers import ConflictReason, LedgerInclusion
from datasouk.node.utxo import dust_is_allowed

MI = 1_000_000
KEYS = {each.address: each for each in (key(number) for number in range(1, 6))}
OWNERS = list(KEYS.values())
START = {
    make_output_id(bytes([n]) * 32, n): output
    for n, output in enumerate(
        [*(give(OWNERS[n % 5], n * MI) for n in range(1, 11)), *(allow(owner, 2 * MI) for owner in OWNERS[:3])], 1
    )
}


class World:
    """A ledger, and everything that can be referred to in a transfer."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ledger = MemoryLedger(OWNERS[0], START)
        # What a transfer may try to spend: all outputs there ever were, those of transfers that failed as well.
        self.known: dict[bytes, Output] = {i: state.output for i, state in self.ledger.outputs.items()}

    def transfer(self) -> Transaction:
        """A transfer that is right in most respects."""
        source = self.random
        usable = list(self.ledger.unspent()) if source.random() < 0.6 else list(self.known)
        inputs = source.sample(usable, min(source.randint(1, 4), len(usable)))
        total = sum(self.known[i].amount_iota for i in inputs)
        outputs = self._split(total)
        signers = {i: KEYS[self.known[i].address] for i in inputs}
        if source.random() < 0.1:
            signers[inputs[0]] = source.choice(OWNERS)
        transaction = pay(signers, outputs)
        if source.random() < 0.08:
            transaction = _damage(transaction)
        for output_id, output in zip(transaction.output_ids(), transaction.essence.outputs, strict=True):
            self.known.setdefault(output_id, output)
        return transaction

    def _split(self, total: int) -> list[Output]:
        """Outputs of about this sum, mostly exactly."""
        source = self.random
        outputs = {}
        left = total if source.random() < 0.9 else max(1, total + source.choice([-1, 1, MI]))
        left = min(left, TOKEN_SUPPLY_IOTA)
        for _ in range(source.randint(0, 3)):
            owner = source.choice(OWNERS)
            allowance = source.random() < 0.3
            amount = source.choice([1, 999_999, MI, 2 * MI]) if not allowance else source.choice([MI, 3 * MI])
            if amount < left and (owner, allowance) not in outputs:
                outputs[owner, allowance] = allow(owner, amount) if allowance else give(owner, amount)
                left -= amount
        free = [owner for owner in source.sample(OWNERS, 5) if (owner, False) not in outputs]
        outputs[free[0], False] = give(free[0], left)
        return list(outputs.values())

    def messages(self) -> list[Message]:
        """What waits for one milestone: transfers, some of them twice."""
        transfers = [self.transfer() for _ in range(self.random.randint(0, 6))]
        transfers += [each for each in transfers if self.random.random() < 0.1]
        self.random.shuffle(transfers)
        return [carry(each, number) for number, each in enumerate(transfers)]


def _damage(transaction: Transaction) -> Transaction:
    first = transaction.unlocks[0]
    assert isinstance(first, SignatureUnlock)
    return replace(transaction, unlocks=(replace(first, signature=bytes(64)), *transaction.unlocks[1:]))


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2**32))
def test_supply_and_balances_hold_after_every_milestone(seed: int) -> None:
    world = World(seed)
    ledger = world.ledger
    for _ in range(6):
        before = ledger.unspent()
        changes = ledger.milestone(*world.messages())
        assert ledger.supply() == TOKEN_SUPPLY_IOTA
        assert ledger.counted_sums() == ledger.sums
        assert all(dust_is_allowed(sums) for sums in ledger.sums.values())
        assert before.keys() | changes.created.keys() == ledger.unspent().keys() | changes.spent.keys()
        for done in changes.confirmations:
            assert (done.inclusion is LedgerInclusion.INCLUDED) == (done.conflict is ConflictReason.NONE)
        by_transaction = {state.transaction_id for state in changes.created.values()}
        included = [done for done in changes.confirmations if done.inclusion is LedgerInclusion.INCLUDED]
        assert by_transaction == {done.transaction_id for done in included}
        assert changes.included == [done.message_id for done in included]


@pytest.mark.slow
def test_random_transfers_meet_every_outcome() -> None:
    """The property above says little if the transfers are all alike."""
    seen: set[ConflictReason] = set()
    for seed in range(60):
        world = World(seed)
        for _ in range(6):
            seen |= {done.conflict for done in world.ledger.milestone(*world.messages()).confirmations}
    assert seen >= set(ConflictReason) - {ConflictReason.SEMANTIC}
