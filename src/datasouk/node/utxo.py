"""The ledger's rules: what a milestone does with the transactions below it, in white-flag order.

    inputs in order, first failure wins:  not there (3) | spent earlier (1) | spent in this milestone (2)
    sum of inputs = sum of outputs, else (4)
    dust rule on every address that gains or loses dust or allowance, else (6)
    signatures, else (5);  two signature blocks for one address (255)

A transaction that fails changes nothing.  Outputs created earlier in the same milestone can be spent.

    dust outputs of an address <= min(allowance outputs / 100,000 i each, 100)

Sources: TIP-2 (white flag), TIP-15 (dust protection), HORNET 1.2 ``pkg/whiteflag`` for the order of the checks.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from datasouk.ledger import (
    Address,
    Message,
    Output,
    OutputType,
    SignatureRefused,
    SignatureUnlock,
    Transaction,
    make_output_id,
)
from datasouk.ledger.answers import ConflictReason, LedgerInclusion, OutputState
from datasouk.ledger.signatures import verify_unlocks
from datasouk.node.store import AddressSums

__all__ = ["Confirmation", "LedgerChanges", "WhiteFlag", "dust_is_allowed", "spent_state"]

_ALLOWANCE_PER_DUST_OUTPUT = 100_000
_MOST_DUST_OUTPUTS = 100


def dust_is_allowed(sums: AddressSums) -> bool:
    """Whether an address keeps the dust rule with these sums."""
    return sums.dust <= min(sums.allowance // _ALLOWANCE_PER_DUST_OUTPUT, _MOST_DUST_OUTPUTS)


def spent_state(state: OutputState, milestone: int, transaction_id: bytes) -> OutputState:
    """An unspent output, after this transaction spent it."""
    return replace(state, ledger_index=milestone, milestone_spent=milestone, transaction_spent=transaction_id)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the milestone did with one message.

    Attributes:
        message_id: 32 bytes.
        transaction_id: 32 bytes if it carries a transaction, else None.
    """

    message_id: bytes
    transaction_id: bytes | None
    inclusion: LedgerInclusion
    conflict: ConflictReason


@dataclass(slots=True)
class LedgerChanges:
    """What the milestone did to the ledger.

    Attributes:
        confirmations: All messages, in white-flag order.
        created: Outputs by id, those that were spent again in the same milestone too.
        spent: By the id of the output: its state before, and the transaction that spent it.
        sums: The new sums of every address touched.
    """

    confirmations: list[Confirmation] = field(default_factory=list)
    created: dict[bytes, OutputState] = field(default_factory=dict)
    spent: dict[bytes, tuple[OutputState, bytes]] = field(default_factory=dict)
    sums: dict[Address, AddressSums] = field(default_factory=dict)

    @property
    def included(self) -> list[bytes]:
        """Ids of the messages whose transaction was applied, in white-flag order: the Merkle tree's leaves."""
        return [c.message_id for c in self.confirmations if c.inclusion is LedgerInclusion.INCLUDED]


class WhiteFlag:
    """Applies messages one after the other.

    Args:
        milestone: Index of the milestone that confirms them.
        find_output: The ledger before it: an output by its id, or None.
        find_sums: The ledger before it: an address's sums.
    """

    def __init__(
        self,
        milestone: int,
        find_output: Callable[[bytes], OutputState | None],
        find_sums: Callable[[Address], AddressSums],
    ) -> None:
        self._milestone = milestone
        self._find_output = find_output
        self._find_sums = find_sums
        self.changes = LedgerChanges()

    def apply(self, message_id: bytes, message: Message) -> Confirmation:
        """Decide about one message and, if it holds, carry out its transaction."""
        transaction = message.payload
        if not isinstance(transaction, Transaction):
            done = Confirmation(message_id, None, LedgerInclusion.NO_TRANSACTION, ConflictReason.NONE)
        else:
            transaction_id = transaction.transaction_id()
            conflict = self._carry_out(message_id, transaction_id, transaction)
            inclusion = LedgerInclusion.CONFLICTING if conflict else LedgerInclusion.INCLUDED
            done = Confirmation(message_id, transaction_id, inclusion, conflict)
        self.changes.confirmations.append(done)
        return done

    def _carry_out(self, message_id: bytes, transaction_id: bytes, transaction: Transaction) -> ConflictReason:
        consumed: list[OutputState] = []
        for spent_input in transaction.essence.inputs:
            found, conflict = self._spendable(spent_input.output_id)
            if found is None:
                return conflict
            consumed.append(found)
        outputs = transaction.essence.outputs
        if sum(state.output.amount_iota for state in consumed) != sum(output.amount_iota for output in outputs):
            return ConflictReason.SUM_MISMATCH
        sums = self._new_sums([state.output for state in consumed], outputs)
        if sums is None:
            return ConflictReason.INVALID_DUST_ALLOWANCE
        conflict = _check_signatures(transaction, [state.output.address for state in consumed])
        if conflict:
            return conflict
        for state in consumed:
            output_id = make_output_id(state.transaction_id, state.output_index)
            self.changes.spent[output_id] = (state, transaction_id)
        for index, output in enumerate(outputs):
            output_id = make_output_id(transaction_id, index)
            self.changes.created[output_id] = OutputState(message_id, transaction_id, index, output, self._milestone)
        self.changes.sums.update(sums)
        return ConflictReason.NONE

    def _spendable(self, output_id: bytes) -> tuple[OutputState | None, ConflictReason]:
        if output_id in self.changes.spent:
            return None, ConflictReason.SPENT_IN_THIS_MILESTONE
        state = self.changes.created.get(output_id) or self._find_output(output_id)
        if state is None:
            return None, ConflictReason.INPUT_NOT_FOUND
        if state.is_spent:
            return None, ConflictReason.SPENT_EARLIER
        return state, ConflictReason.NONE

    def _new_sums(self, consumed: list[Output], created: tuple[Output, ...]) -> dict[Address, AddressSums] | None:
        """The sums of all addresses touched, after the transaction; None if one would break the dust rule."""
        sums: dict[Address, AddressSums] = {}
        dusty: set[Address] = set()
        for sign, output in _signed(consumed, created):
            address = output.address
            now = sums.get(address) or self.changes.sums.get(address) or self._find_sums(address)
            allowance = output.amount_iota if output.type is OutputType.DUST_ALLOWANCE else 0
            sums[address] = AddressSums(
                now.balance + sign * output.amount_iota,
                now.allowance + sign * allowance,
                now.dust + sign * output.is_dust,
            )
            if allowance or output.is_dust:
                dusty.add(address)
        return sums if all(dust_is_allowed(sums[address]) for address in dusty) else None


def _signed(consumed: list[Output], created: tuple[Output, ...]) -> Iterator[tuple[int, Output]]:
    yield from ((-1, output) for output in consumed)
    yield from ((+1, output) for output in created)


def _check_signatures(transaction: Transaction, owners: list[Address]) -> ConflictReason:
    blocks = [
        owner for owner, unlock in zip(owners, transaction.unlocks, strict=True) if isinstance(unlock, SignatureUnlock)
    ]
    if len(blocks) != len(set(blocks)):
        return ConflictReason.SEMANTIC
    try:
        verify_unlocks(transaction, owners)
    except SignatureRefused:
        return ConflictReason.INVALID_SIGNATURE
    return ConflictReason.NONE
