"""Keys, transactions, and a ledger in memory: the node's bookkeeping without a disk, for tests of its rules."""

from collections.abc import Sequence

from datasouk.ledger import (
    GENESIS_MESSAGE_ID,
    TOKEN_SUPPLY_IOTA,
    Address,
    Essence,
    Indexation,
    Message,
    Output,
    OutputType,
    Transaction,
    UtxoInput,
    make_output_id,
    split_output_id,
)
from datasouk.ledger.answers import ConflictReason, OutputState
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import sign_transaction
from datasouk.node.store import AddressSums
from datasouk.node.utxo import LedgerChanges, WhiteFlag, spent_state

__all__ = ["GENESIS_OUTPUT_ID", "MemoryLedger", "allow", "carry", "give", "key", "pay"]

GENESIS_OUTPUT_ID = make_output_id(GENESIS_MESSAGE_ID, 0)


def key(number: int) -> SigningKey:
    """Somebody's key."""
    return SigningKey(bytes([number]) * 32)


def give(owner: SigningKey, amount: int) -> Output:
    """An ordinary output."""
    return Output(owner.address, amount)


def allow(owner: SigningKey, amount: int) -> Output:
    """A dust allowance output."""
    return Output(owner.address, amount, OutputType.DUST_ALLOWANCE)


def pay(inputs: dict[bytes, SigningKey], outputs: Sequence[Output], payload: Indexation | None = None) -> Transaction:
    """A signed transaction.

    Args:
        inputs: Output ids, each with the key that signs for it.
        outputs: In any order.
    """
    essence = Essence.sorted(
        tuple(UtxoInput(*split_output_id(output_id)) for output_id in inputs), tuple(outputs), payload
    )
    return sign_transaction(essence, [inputs[spent.output_id] for spent in essence.inputs])


def output_ids(transaction: Transaction) -> dict[Output, bytes]:
    """The id of each output."""
    return dict(zip(transaction.essence.outputs, transaction.output_ids(), strict=True))


def carry(transaction: Transaction, number: int = 0) -> Message:
    """A message around a transaction; with another number it is another message."""
    return Message(1, (GENESIS_MESSAGE_ID,), payload=transaction, nonce=number)


class MemoryLedger:
    """What the database holds, in two dictionaries.

    Args:
        start: The outputs of the beginning, in addition to what the owner of the genesis has left.
        owner: Of the rest of the supply.
    """

    def __init__(self, owner: SigningKey, start: dict[bytes, Output] | None = None) -> None:
        self.outputs: dict[bytes, OutputState] = {}
        self.sums: dict[Address, AddressSums] = {}
        self.index = 0
        rest = TOKEN_SUPPLY_IOTA - sum(output.amount_iota for output in (start or {}).values())
        for output_id, output in {GENESIS_OUTPUT_ID: give(owner, rest), **(start or {})}.items():
            transaction_id, index = split_output_id(output_id)
            self.outputs[output_id] = OutputState(GENESIS_MESSAGE_ID, transaction_id, index, output, 0)
            self.sums[output.address] = _with(self.sums.get(output.address, AddressSums()), output)

    def milestone(self, *messages: Message) -> LedgerChanges:
        """Apply messages in one milestone."""
        self.index += 1
        flag = WhiteFlag(self.index, self.outputs.get, lambda address: self.sums.get(address, AddressSums()))
        for message in messages:
            flag.apply(message.message_id(), message)
        self.outputs.update(flag.changes.created)
        for output_id, (state, transaction_id) in flag.changes.spent.items():
            self.outputs[output_id] = spent_state(state, self.index, transaction_id)
        self.sums.update(flag.changes.sums)
        return flag.changes

    def conflicts(self, *transactions: Transaction) -> list[ConflictReason]:
        """Apply transactions in one milestone; what became of each."""
        changes = self.milestone(*(carry(transaction, number) for number, transaction in enumerate(transactions)))
        return [done.conflict for done in changes.confirmations]

    def unspent(self) -> dict[bytes, Output]:
        """All outputs that can be spent."""
        return {output_id: state.output for output_id, state in self.outputs.items() if not state.is_spent}

    def supply(self) -> int:
        """All tokens."""
        return sum(output.amount_iota for output in self.unspent().values())

    def counted_sums(self) -> dict[Address, AddressSums]:
        """The sums of all addresses, counted anew from the outputs."""
        sums = dict.fromkeys(self.sums, AddressSums())
        for output in self.unspent().values():
            sums[output.address] = _with(sums[output.address], output)
        return sums


def _with(sums: AddressSums, output: Output) -> AddressSums:
    allowance = output.amount_iota if output.type is OutputType.DUST_ALLOWANCE else 0
    return AddressSums(sums.balance + output.amount_iota, sums.allowance + allowance, sums.dust + output.is_dust)
