"""Events of a node with fixed ids, for tests of what is made of them."""

from datasouk.ledger import Address, Indexation, Message, Output, OutputType
from datasouk.ledger.answers import ConflictReason, LedgerInclusion, MessageMetadata, MilestoneInfo, OutputState
from datasouk.node.events import MessageAttached, MessageReferenced, MilestoneConfirmed, OutputChanged

__all__ = [
    "HRP",
    "attached",
    "conflicting",
    "created",
    "data_message",
    "milestone",
    "referenced",
    "spent",
]

HRP = "atoi"
PARENT = bytes([0x11]) * 32
TRANSACTION_ID = bytes([0x22]) * 32
ADDRESS = Address(bytes([0x33]) * 32)


def data_message(index: bytes = b"datasouk", data: bytes = b"22.5") -> Message:
    return Message(1, (PARENT,), payload=Indexation(index, data))


def attached(message: Message | None = None) -> MessageAttached:
    message = message or data_message()
    message_id = message.message_id()
    metadata = MessageMetadata(message_id, message.parents, should_promote=False, should_reattach=False)
    return MessageAttached(message_id, message.to_bytes(), message, metadata)


def referenced(message: Message | None = None) -> MessageReferenced:
    message = message or data_message()
    return MessageReferenced(
        MessageMetadata(
            message.message_id(), message.parents, referenced_by=7, inclusion=LedgerInclusion.NO_TRANSACTION
        )
    )


def conflicting() -> MessageReferenced:
    message = data_message()
    return MessageReferenced(
        MessageMetadata(
            message.message_id(),
            message.parents,
            referenced_by=7,
            inclusion=LedgerInclusion.CONFLICTING,
            conflict_reason=ConflictReason.SUM_MISMATCH,
        )
    )


def milestone(index: int = 7) -> MilestoneConfirmed:
    return MilestoneConfirmed(MilestoneInfo(index, bytes([0x44]) * 32, 1_700_000_000))


def created() -> OutputChanged:
    output = Output(ADDRESS, 2_000_000, OutputType.DUST_ALLOWANCE)
    return OutputChanged(OutputState(PARENT, TRANSACTION_ID, 1, output, ledger_index=7))


def spent() -> OutputChanged:
    output = Output(ADDRESS, 2_000_000, OutputType.DUST_ALLOWANCE)
    return OutputChanged(
        OutputState(
            PARENT,
            TRANSACTION_ID,
            1,
            output,
            ledger_index=8,
            milestone_spent=8,
            transaction_spent=bytes([0x55]) * 32,
        )
    )
