"""Telling listeners what a milestone did, in the order of HORNET: messages, ledger, and then the milestone itself."""

from datasouk.ledger.answers import LedgerInclusion, MessageMetadata
from datasouk.node.events import (
    EventHub,
    MessageAttached,
    MessageReferenced,
    MilestoneConfirmed,
    OutputChanged,
    TransactionIncluded,
)
from datasouk.node.milestones import MilestonePlan
from datasouk.node.utxo import spent_state

__all__ = ["publish_milestone"]


def publish_milestone(events: EventHub, plan: MilestonePlan) -> None:
    """Publish everything about a milestone that is on disk."""
    index = plan.milestone.index
    for pending in plan.made:
        metadata = MessageMetadata(
            pending.message_id, pending.message.parents, should_promote=False, should_reattach=False
        )
        events.publish(MessageAttached(pending.message_id, pending.raw, pending.message, metadata))
    for pending, done in zip(plan.referenced, plan.changes.confirmations, strict=True):
        metadata = MessageMetadata(
            pending.message_id,
            pending.message.parents,
            referenced_by=index,
            inclusion=done.inclusion,
            conflict_reason=done.conflict,
        )
        events.publish(MessageReferenced(metadata))
        if done.transaction_id is not None and done.inclusion is LedgerInclusion.INCLUDED:
            events.publish(TransactionIncluded(done.transaction_id, pending.raw))
    for state in plan.changes.created.values():
        events.publish(OutputChanged(state))
    for state, transaction_id in plan.changes.spent.values():
        events.publish(OutputChanged(spent_state(state, index, transaction_id)))
    milestone = plan.made[-1]
    metadata = MessageMetadata(
        milestone.message_id,
        milestone.message.parents,
        referenced_by=index,
        inclusion=LedgerInclusion.NO_TRANSACTION,
        milestone_index=index,
    )
    events.publish(MessageReferenced(metadata))
    events.publish(MilestoneConfirmed(plan.milestone))
