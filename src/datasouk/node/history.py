"""What has happened on an address: the applied transactions that brought it tokens or took them away."""

from datasouk.ledger import Address, Message, Transaction
from datasouk.ledger.answers import HistoryEntry
from datasouk.node.store import NodeStore

__all__ = ["address_history"]


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
        milestone_timestamp_seconds=milestone.timestamp_seconds,
        inclusion=reference.inclusion,
        input_count=len(transaction.essence.inputs),
        output_count=len(transaction.essence.outputs),
        balance_change_iota=change,
    )
