"""What has happened on an address: the applied transactions that brought it tokens or took them away."""

from dataclasses import dataclass

from datasouk.ledger import Address, Message, Transaction
from datasouk.ledger.answers import LedgerInclusion
from datasouk.node.store import NodeStore

__all__ = ["HistoryEntry", "address_history"]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One transaction, from the address's point of view.

    Attributes:
        message_id: The message that carried it, 32 bytes.
        transaction_id: 32 bytes.
        balance_change_iota: What the address gained, or lost if negative.
    """

    message_id: bytes
    transaction_id: bytes
    referenced_by: int
    timestamp_seconds: int
    inclusion: LedgerInclusion
    inputs_count: int
    outputs_count: int
    balance_change_iota: int


def address_history(store: NodeStore, address: Address, limit: int) -> list[HistoryEntry]:
    """The applied transactions of an address, newest first."""
    entries = []
    for transaction_id in store.transactions_of(address, limit):
        message_id = store.included(transaction_id)
        if message_id is None:
            continue  # the genesis output belongs to no message
        entries.append(_entry(store, address, message_id, transaction_id))
    return entries


def _entry(store: NodeStore, address: Address, message_id: bytes, transaction_id: bytes) -> HistoryEntry:
    raw, seq = store.raw(message_id), store.seq(message_id)
    assert raw is not None
    assert seq is not None
    transaction = Message.from_bytes(raw).payload
    reference = store.reference(seq)
    assert isinstance(transaction, Transaction)
    assert reference is not None
    milestone = store.milestone(reference.milestone)
    assert milestone is not None
    change = sum(output.amount_iota for output in transaction.essence.outputs if output.address == address)
    for spent in transaction.essence.inputs:
        state = store.output(spent.output_id, milestone.index)
        if state is not None and state.output.address == address:
            change -= state.output.amount_iota
    return HistoryEntry(
        message_id=message_id,
        transaction_id=transaction_id,
        referenced_by=milestone.index,
        timestamp_seconds=milestone.timestamp_seconds,
        inclusion=reference.inclusion,
        inputs_count=len(transaction.essence.inputs),
        outputs_count=len(transaction.essence.outputs),
        balance_change_iota=change,
    )
