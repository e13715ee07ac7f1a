from dataclasses import replace

import pytest
from tests.node.wallets import GENESIS_OUTPUT_ID, MemoryLedger, allow, carry, give, key, output_ids, pay

from datasouk.ledger import (
    TOKEN_SUPPLY_IOTA,
    Essence,
    Indexation,
    Message,
    ReferenceUnlock,
    SignatureUnlock,
    Transaction,
    UtxoInput,
    make_output_id,
)
from datasouk.ledger.answers import ConflictReason, LedgerInclusion
from datasouk.ledger.keys import SigningKey
from datasouk.node.store import AddressSums
from datasouk.node.utxo import dust_is_allowed

OPERATOR, ALICE, BOB = key(1), key(2), key(3)
MI = 1_000_000
A1, A2, A3, B1 = (make_output_id(bytes([n]) * 32, n) for n in (10, 20, 30, 40))
MISSING = make_output_id(bytes([99]) * 32, 0)
NONE = ConflictReason.NONE


def _ledger() -> MemoryLedger:
    """Alice has 5, 7 and 9 Mi, Bob 11 Mi, the operator the rest."""
    start = {A1: give(ALICE, 5 * MI), A2: give(ALICE, 7 * MI), A3: give(ALICE, 9 * MI), B1: give(BOB, 11 * MI)}
    return MemoryLedger(OPERATOR, start)


def _forge(transaction: Transaction) -> Transaction:
    """The same with every signature wrong."""
    unlocks = tuple(
        replace(unlock, signature=bytes(64)) if isinstance(unlock, SignatureUnlock) else unlock
        for unlock in transaction.unlocks
    )
    return replace(transaction, unlocks=unlocks)


class TestInclusion:
    def test_transfer_moves_tokens(self) -> None:
        ledger = _ledger()
        transfer = pay({A1: ALICE}, [give(BOB, 2 * MI), give(ALICE, 3 * MI)])
        changes = ledger.milestone(carry(transfer))
        (done,) = changes.confirmations
        assert (done.inclusion, done.conflict) == (LedgerInclusion.INCLUDED, NONE)
        assert done.transaction_id == transfer.transaction_id()
        assert changes.included == [carry(transfer).message_id()]
        assert set(changes.created) == set(transfer.output_ids())
        assert ledger.sums[BOB.address] == AddressSums(13 * MI)
        assert ledger.sums[ALICE.address] == AddressSums(19 * MI)

    def test_created_output_knows_where_it_came_from(self) -> None:
        ledger = _ledger()
        transfer = pay({A1: ALICE}, [give(BOB, 2 * MI), give(ALICE, 3 * MI)])
        ledger.milestone(carry(transfer))
        for index, output in enumerate(transfer.essence.outputs):
            state = ledger.outputs[make_output_id(transfer.transaction_id(), index)]
            assert state.output == output
            assert (state.message_id, state.output_index) == (carry(transfer).message_id(), index)
            assert (state.ledger_index, state.is_spent) == (1, False)
        spent = ledger.outputs[A1]
        assert (spent.milestone_spent, spent.transaction_spent) == (1, transfer.transaction_id())

    @pytest.mark.parametrize("payload", [None, Indexation(b"sensor", b"23.5")])
    def test_message_without_transaction_changes_nothing(self, payload: Indexation | None) -> None:
        changes = _ledger().milestone(Message(1, (bytes(32),), payload=payload))
        (done,) = changes.confirmations
        assert (done.inclusion, done.conflict) == (LedgerInclusion.NO_TRANSACTION, NONE)
        assert done.transaction_id is None
        assert changes.included == []
        assert not changes.created
        assert not changes.spent
        assert not changes.sums

    def test_one_signature_unlocks_all_inputs_of_its_address(self) -> None:
        transfer = pay({A1: ALICE, A2: ALICE, A3: ALICE}, [give(BOB, 21 * MI)])
        kinds = [type(unlock) for unlock in transfer.unlocks]
        assert kinds == [SignatureUnlock, ReferenceUnlock, ReferenceUnlock]
        assert _ledger().conflicts(transfer) == [NONE]

    def test_inputs_of_two_owners(self) -> None:
        transfer = pay({A1: ALICE, B1: BOB, A3: ALICE}, [give(OPERATOR, 25 * MI)])
        assert _ledger().conflicts(transfer) == [NONE]

    def test_whole_supply_in_one_output(self) -> None:
        ledger = MemoryLedger(OPERATOR)
        assert ledger.conflicts(pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(ALICE, TOKEN_SUPPLY_IOTA)])) == [NONE]
        assert ledger.supply() == TOKEN_SUPPLY_IOTA

    def test_most_inputs_and_outputs(self) -> None:
        start = {make_output_id(bytes([n]) * 32, 0): give(ALICE, MI) for n in range(1, 128)}
        ledger = MemoryLedger(OPERATOR, start)
        transfer = pay(dict.fromkeys(start, ALICE), [give(key(n), MI) for n in range(1, 128)])
        assert ledger.conflicts(transfer) == [NONE]
        assert ledger.counted_sums() == ledger.sums


class TestConflicts:
    def test_input_spent_by_an_earlier_milestone(self) -> None:
        ledger = _ledger()
        assert ledger.conflicts(pay({A1: ALICE}, [give(BOB, 5 * MI)])) == [NONE]
        assert ledger.conflicts(pay({A1: ALICE}, [give(OPERATOR, 5 * MI)])) == [ConflictReason.SPENT_EARLIER]

    def test_input_spent_in_this_milestone(self) -> None:
        first, second = pay({A1: ALICE}, [give(BOB, 5 * MI)]), pay({A1: ALICE}, [give(OPERATOR, 5 * MI)])
        assert _ledger().conflicts(first, second) == [NONE, ConflictReason.SPENT_IN_THIS_MILESTONE]
        assert _ledger().conflicts(second, first) == [NONE, ConflictReason.SPENT_IN_THIS_MILESTONE]

    def test_same_transaction_in_two_messages(self) -> None:
        transfer = pay({A1: ALICE}, [give(BOB, 5 * MI)])
        ledger = _ledger()
        assert ledger.conflicts(transfer, transfer) == [NONE, ConflictReason.SPENT_IN_THIS_MILESTONE]
        assert ledger.conflicts(transfer) == [ConflictReason.SPENT_EARLIER]

    def test_input_that_never_was(self) -> None:
        assert _ledger().conflicts(pay({MISSING: ALICE}, [give(BOB, MI)])) == [ConflictReason.INPUT_NOT_FOUND]

    def test_index_beyond_the_outputs_of_a_transaction(self) -> None:
        ledger = _ledger()
        transfer = pay({A1: ALICE}, [give(BOB, 5 * MI)])
        beyond = make_output_id(transfer.transaction_id(), 1)
        assert ledger.conflicts(transfer, pay({beyond: BOB}, [give(BOB, MI)])) == [
            NONE,
            ConflictReason.INPUT_NOT_FOUND,
        ]

    @pytest.mark.parametrize("amount", [1, 5 * MI - 1, 5 * MI + 1, TOKEN_SUPPLY_IOTA])
    def test_sum_that_is_not_that_of_the_inputs(self, amount: int) -> None:
        assert _ledger().conflicts(pay({A1: ALICE}, [give(BOB, amount)])) == [ConflictReason.SUM_MISMATCH]

    def test_dust_without_allowance(self) -> None:
        transfer = pay({A1: ALICE}, [give(BOB, 1), give(ALICE, 5 * MI - 1)])
        assert _ledger().conflicts(transfer) == [ConflictReason.INVALID_DUST_ALLOWANCE]

    def test_wrong_signature(self) -> None:
        transfer = _forge(pay({A1: ALICE}, [give(BOB, 5 * MI)]))
        assert _ledger().conflicts(transfer) == [ConflictReason.INVALID_SIGNATURE]

    def test_good_signature_of_somebody_else(self) -> None:
        assert _ledger().conflicts(pay({A1: BOB}, [give(BOB, 5 * MI)])) == [ConflictReason.INVALID_SIGNATURE]

    def test_reference_to_the_signature_of_another_owner(self) -> None:
        """Bob signs for himself and refers to his signature for Alice's output."""
        transfer = pay({B1: BOB, A1: BOB}, [give(BOB, 16 * MI)])
        assert _ledger().conflicts(transfer) == [ConflictReason.INVALID_SIGNATURE]

    def test_signature_of_another_essence(self) -> None:
        real, other = pay({A1: ALICE}, [give(BOB, 5 * MI)]), pay({A1: ALICE}, [give(OPERATOR, 5 * MI)])
        assert _ledger().conflicts(replace(real, unlocks=other.unlocks)) == [ConflictReason.INVALID_SIGNATURE]

    def test_two_signature_blocks_for_one_address(self) -> None:
        """The second has to be a reference; a made-up signature makes the blocks differ, as the format demands."""
        transfer = pay({A1: ALICE, A2: ALICE}, [give(BOB, 12 * MI)])
        twice = replace(transfer, unlocks=(transfer.unlocks[0], SignatureUnlock(ALICE.public_key, bytes(64))))
        assert _ledger().conflicts(twice) == [ConflictReason.SEMANTIC]

    def test_conflict_changes_nothing(self) -> None:
        ledger = _ledger()
        outputs, sums = dict(ledger.outputs), dict(ledger.sums)
        changes = ledger.milestone(
            carry(pay({MISSING: ALICE}, [give(BOB, MI)])),
            carry(pay({A1: ALICE}, [give(BOB, 4 * MI)])),
            carry(pay({A1: ALICE}, [give(BOB, 1), give(ALICE, 5 * MI - 1)])),
            carry(_forge(pay({A1: ALICE}, [give(BOB, 5 * MI)]))),
        )
        assert [int(done.conflict) for done in changes.confirmations] == [3, 4, 6, 5]
        assert {done.inclusion for done in changes.confirmations} == {LedgerInclusion.CONFLICTING}
        assert changes.included == []
        assert (changes.created, changes.spent, changes.sums) == ({}, {}, {})
        assert (ledger.outputs, ledger.sums) == (outputs, sums)

    def test_output_of_a_conflicting_transaction_does_not_exist(self) -> None:
        bad = _forge(pay({A1: ALICE}, [give(BOB, 5 * MI)]))
        after = pay({bad.output_ids()[0]: BOB}, [give(OPERATOR, 5 * MI)])
        assert _ledger().conflicts(bad, after) == [ConflictReason.INVALID_SIGNATURE, ConflictReason.INPUT_NOT_FOUND]


class TestOrderOfChecks:
    """HORNET reports the first failure; each transaction here has several."""

    def test_sum_before_dust_before_signature(self) -> None:
        dusty = [give(BOB, 1), give(ALICE, 5 * MI - 1)]
        wrong_sum = [give(BOB, 1), give(ALICE, 5 * MI)]
        assert _ledger().conflicts(_forge(pay({A1: ALICE}, wrong_sum))) == [ConflictReason.SUM_MISMATCH]
        assert _ledger().conflicts(_forge(pay({A1: ALICE}, dusty))) == [ConflictReason.INVALID_DUST_ALLOWANCE]

    def test_inputs_before_sum(self) -> None:
        transfer = _forge(pay({A1: ALICE, MISSING: ALICE}, [give(BOB, 1)]))
        assert _ledger().conflicts(transfer) == [ConflictReason.INPUT_NOT_FOUND]

    def test_first_input_that_fails_is_reported(self) -> None:
        """Inputs are sorted by their bytes: A1, A2, A3, the missing one last."""
        ledger = _ledger()
        assert ledger.conflicts(pay({A1: ALICE}, [give(BOB, 5 * MI)])) == [NONE]
        now = pay({A2: ALICE}, [give(BOB, 7 * MI)])
        reasons = [
            ({A1: ALICE, A2: ALICE, MISSING: ALICE}, ConflictReason.SPENT_EARLIER),
            ({A2: ALICE, A3: ALICE, MISSING: ALICE}, ConflictReason.SPENT_IN_THIS_MILESTONE),
            ({A3: ALICE, MISSING: ALICE}, ConflictReason.INPUT_NOT_FOUND),
        ]
        transfers = [pay(inputs, [give(BOB, MI)]) for inputs, _ in reasons]
        assert ledger.conflicts(now, *transfers) == [NONE, *(reason for _, reason in reasons)]

    def test_two_signature_blocks_before_a_wrong_signature(self) -> None:
        transfer = pay({A1: ALICE, A2: ALICE}, [give(BOB, 12 * MI)])
        wrong = (SignatureUnlock(ALICE.public_key, bytes(64)), SignatureUnlock(ALICE.public_key, bytes(63) + b"\1"))
        assert _ledger().conflicts(replace(transfer, unlocks=wrong)) == [ConflictReason.SEMANTIC]

    def test_dust_before_two_signature_blocks(self) -> None:
        transfer = pay({A1: ALICE, A2: ALICE}, [give(BOB, 1), give(ALICE, 12 * MI - 1)])
        twice = (transfer.unlocks[0], SignatureUnlock(ALICE.public_key, bytes(64)))
        assert _ledger().conflicts(replace(transfer, unlocks=twice)) == [ConflictReason.INVALID_DUST_ALLOWANCE]


class TestWithinOneMilestone:
    def test_output_is_spent_right_after_it_was_created(self) -> None:
        ledger = _ledger()
        first = pay({A1: ALICE}, [give(BOB, 5 * MI)])
        second = pay({first.output_ids()[0]: BOB}, [give(OPERATOR, 5 * MI)])
        changes = ledger.milestone(carry(first), carry(second))
        assert [done.conflict for done in changes.confirmations] == [NONE, NONE]
        assert ledger.outputs[first.output_ids()[0]].milestone_spent == 1
        assert ledger.sums[BOB.address] == AddressSums(11 * MI)

    def test_child_before_its_parent_finds_nothing(self) -> None:
        first = pay({A1: ALICE}, [give(BOB, 5 * MI)])
        second = pay({first.output_ids()[0]: BOB}, [give(OPERATOR, 5 * MI)])
        assert _ledger().conflicts(second, first) == [ConflictReason.INPUT_NOT_FOUND, NONE]

    def test_output_created_here_is_not_spent_twice_here(self) -> None:
        first = pay({A1: ALICE}, [give(BOB, 5 * MI)])
        (made,) = first.output_ids()
        spends = [pay({made: BOB}, [give(owner, 5 * MI)]) for owner in (OPERATOR, ALICE)]
        assert _ledger().conflicts(first, *spends) == [NONE, NONE, ConflictReason.SPENT_IN_THIS_MILESTONE]

    def test_long_chain(self) -> None:
        ledger = _ledger()
        chain, source, owner = [], A1, ALICE
        for step in range(100):
            following = key(10 + step % 5)
            chain.append(pay({source: owner}, [give(following, 5 * MI)]))
            source, owner = chain[-1].output_ids()[0], following
        assert ledger.conflicts(*chain) == [NONE] * 100
        assert ledger.counted_sums() == ledger.sums

    def test_conflict_in_the_middle_does_not_hold_up_the_rest(self) -> None:
        transfers = [
            pay({A1: ALICE}, [give(BOB, 5 * MI)]),
            pay({A1: ALICE}, [give(BOB, 5 * MI)], Indexation(b"again")),
            pay({A2: ALICE}, [give(BOB, 7 * MI)]),
        ]
        ledger = _ledger()
        assert ledger.conflicts(*transfers) == [NONE, ConflictReason.SPENT_IN_THIS_MILESTONE, NONE]
        assert ledger.sums[BOB.address] == AddressSums(23 * MI)


def _dust(owner: SigningKey, count: int) -> list[Transaction]:
    """So many transfers of one iota, one after the other, from the operator's genesis output."""
    transfers = []
    source, left = GENESIS_OUTPUT_ID, TOKEN_SUPPLY_IOTA - 500 * MI
    for _ in range(count):
        left -= 1
        transfers.append(pay({source: OPERATOR}, [give(owner, 1), give(OPERATOR, left)]))
        source = output_ids(transfers[-1])[give(OPERATOR, left)]
    return transfers


def _with_allowance(amount: int) -> tuple[MemoryLedger, bytes]:
    """A ledger where Alice has an allowance, and its id; 500 Mi are hers and the operator has the rest."""
    allowance = make_output_id(bytes([7]) * 32, 7)
    start = {allowance: allow(ALICE, amount)}
    if amount < 500 * MI:
        start[make_output_id(bytes([8]) * 32, 8)] = give(ALICE, 500 * MI - amount)
    return MemoryLedger(OPERATOR, start), allowance


class TestDust:
    @pytest.mark.parametrize(
        ("allowance", "dust", "allowed"),
        [
            (0, 0, True),
            (0, 1, False),
            (MI, 10, True),
            (MI, 11, False),
            (MI + 99_999, 10, True),
            (MI + 99_999, 11, False),
            (MI + 100_000, 11, True),
            (10 * MI, 100, True),
            (10 * MI, 101, False),
            (500 * MI, 100, True),
            (500 * MI, 101, False),
        ],
    )
    def test_rule(self, allowance: int, dust: int, allowed: bool) -> None:
        assert dust_is_allowed(AddressSums(allowance + dust, allowance, dust)) is allowed

    @pytest.mark.parametrize(("amount", "most"), [(MI, 10), (2 * MI + 99_999, 20), (500 * MI, 100)])
    def test_so_many_outputs_and_not_one_more(self, amount: int, most: int) -> None:
        ledger, _ = _with_allowance(amount)
        outcome = ledger.conflicts(*_dust(ALICE, most + 1))
        assert outcome == [NONE] * most + [ConflictReason.INVALID_DUST_ALLOWANCE]
        assert ledger.sums[ALICE.address].dust == most

    def test_amount_just_below_a_million_is_dust_and_a_million_is_not(self) -> None:
        for amount, expected in ((MI - 1, ConflictReason.INVALID_DUST_ALLOWANCE), (MI, NONE)):
            transfer = pay({A1: ALICE}, [give(BOB, amount), give(ALICE, 5 * MI - amount)])
            assert _ledger().conflicts(transfer) == [expected]

    def test_allowance_and_dust_in_one_transaction(self) -> None:
        transfer = pay({A1: ALICE}, [allow(BOB, MI), give(BOB, 1), give(ALICE, 4 * MI - 1)])
        ledger = _ledger()
        assert ledger.conflicts(transfer) == [NONE]
        assert ledger.sums[BOB.address] == AddressSums(12 * MI + 1, MI, 1)

    def test_allowance_of_one_address_is_no_use_to_another(self) -> None:
        transfer = pay({A1: ALICE}, [allow(ALICE, MI), give(BOB, 1), give(ALICE, 4 * MI - 1)])
        assert _ledger().conflicts(transfer) == [ConflictReason.INVALID_DUST_ALLOWANCE]

    def test_allowance_in_use_cannot_be_withdrawn(self) -> None:
        ledger, allowance = _with_allowance(MI)
        assert ledger.conflicts(*_dust(ALICE, 1)) == [NONE]
        withdrawal = pay({allowance: ALICE}, [give(ALICE, MI)])
        assert ledger.conflicts(withdrawal) == [ConflictReason.INVALID_DUST_ALLOWANCE]

    def test_allowance_is_withdrawn_together_with_the_dust(self) -> None:
        ledger, allowance = _with_allowance(MI)
        dust = _dust(ALICE, 1)
        assert ledger.conflicts(*dust) == [NONE]
        dust_id = output_ids(dust[0])[give(ALICE, 1)]
        assert ledger.conflicts(pay({allowance: ALICE, dust_id: ALICE}, [give(ALICE, MI + 1)])) == [NONE]
        assert ledger.sums[ALICE.address] == AddressSums(500 * MI + 1)

    def test_unused_allowance_can_be_withdrawn(self) -> None:
        ledger, allowance = _with_allowance(MI)
        assert ledger.conflicts(pay({allowance: ALICE}, [give(BOB, MI)])) == [NONE]

    def test_allowance_in_use_is_consumed_and_created_again(self) -> None:
        ledger, allowance = _with_allowance(2 * MI)
        assert ledger.conflicts(*_dust(ALICE, 10)) == [NONE] * 10
        smaller = pay({allowance: ALICE}, [allow(ALICE, MI), give(BOB, MI)])
        assert ledger.conflicts(smaller) == [NONE]
        assert ledger.sums[ALICE.address] == AddressSums(499 * MI + 10, MI, 10)

    def test_allowance_created_again_too_small(self) -> None:
        ledger, allowance = _with_allowance(2 * MI)
        assert ledger.conflicts(*_dust(ALICE, 11)) == [NONE] * 11
        smaller = pay({allowance: ALICE}, [allow(ALICE, MI), give(BOB, MI)])
        assert ledger.conflicts(smaller) == [ConflictReason.INVALID_DUST_ALLOWANCE]

    def test_allowance_created_earlier_in_this_milestone_counts(self) -> None:
        first = pay({A1: ALICE}, [allow(BOB, 5 * MI)])
        second = pay({A2: ALICE}, [give(BOB, 1), give(ALICE, 7 * MI - 1)])
        assert _ledger().conflicts(first, second) == [NONE, NONE]
        assert _ledger().conflicts(second, first) == [ConflictReason.INVALID_DUST_ALLOWANCE, NONE]

    def test_spending_dust_makes_room_for_more(self) -> None:
        ledger, _ = _with_allowance(MI)
        transfers = _dust(ALICE, 11)
        assert ledger.conflicts(*transfers[:10]) == [NONE] * 10
        used = output_ids(transfers[0])[give(ALICE, 1)]
        big = next(i for i, output in ledger.unspent().items() if output == give(ALICE, 499 * MI))
        assert ledger.conflicts(pay({used: ALICE, big: ALICE}, [give(ALICE, 499 * MI + 1)])) == [NONE]
        assert ledger.conflicts(transfers[10]) == [NONE]


def test_essence_of_these_tests_is_sorted_by_bytes_not_by_hand() -> None:
    """The order of inputs above is what the tests of the first failing input rely on."""
    inputs = (UtxoInput(bytes([30]) * 32, 30), UtxoInput(bytes([10]) * 32, 10))
    assert Essence.sorted(inputs, (give(BOB, 1),)).inputs == inputs[::-1]
