"""What a node tells about the ledger, as values; `answers_json` has their REST form.

Shapes and field names follow HORNET's REST interface, version 1 (``/api/v1``); wire spellings stay in the JSON form.
Here too are the errors that every way of reaching a node raises alike: what a caller can do about a failure depends on
the failure, not on whether the node sits in this process or behind a URL.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from datasouk.errors import DatasoukError
from datasouk.ledger.address import Address
from datasouk.ledger.outputs import Output

__all__ = [
    "Balance",
    "ConflictReason",
    "HistoryEntry",
    "LedgerInclusion",
    "MessageMetadata",
    "MilestoneInfo",
    "NodeError",
    "NodeInfo",
    "NodeRefused",
    "NodeTimeout",
    "NodeUnavailable",
    "NotInLedger",
    "OutputState",
    "UtxoChanges",
]


class NodeError(DatasoukError):
    """A node could not do what was asked of it.

    NodeError
    ├── NotInLedger        the node does not know what was asked for; asking again may help, later
    ├── NodeRefused        the node will never take this; the text says why
    ├── NodeUnavailable    the node cannot be reached, is not healthy or overloaded; try again
    └── NodeTimeout        it has not happened yet; it may still happen
    """


class NotInLedger(NodeError):
    """The node does not know what was asked for."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} not found: {name}")
        self.kind = kind
        self.name = name


class NodeRefused(NodeError):
    """The node will never accept this message or parameter."""


class NodeUnavailable(NodeError):
    """The node cannot be reached, is not healthy, or is overloaded."""


class NodeTimeout(NodeError):
    """What was waited for has not happened in time; it may still happen."""


class LedgerInclusion(StrEnum):
    """What a milestone did with a message that it references."""

    NO_TRANSACTION = "noTransaction"
    INCLUDED = "included"
    CONFLICTING = "conflicting"


class ConflictReason(IntEnum):
    """Why a transaction was not applied; the numbers are those of HORNET."""

    NONE = 0
    SPENT_EARLIER = 1
    """An input was spent by an earlier milestone."""
    SPENT_IN_THIS_MILESTONE = 2
    INPUT_NOT_FOUND = 3
    SUM_MISMATCH = 4
    """Inputs and outputs do not add up to the same."""
    INVALID_SIGNATURE = 5
    """A signature is wrong, or its key is not that of the address."""
    INVALID_DUST_ALLOWANCE = 6
    SEMANTIC = 255
    """Any other failure, such as two signature blocks for one address."""


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """The state of a node.

    Attributes:
        network_name: Its hash is the network id of messages.
        referenced_rate_percent: Share of messages that milestones reference.
        latest_milestone_timestamp: Seconds since 1970.
        features: Such as "PoW": the node does proof of work for those who ask.
    """

    name: str
    version: str
    is_healthy: bool
    network_name: str
    bech32_hrp: str
    min_pow_score: float
    messages_per_second: float
    referenced_messages_per_second: float
    referenced_rate_percent: float
    latest_milestone_timestamp: int
    latest_milestone_index: int
    confirmed_milestone_index: int
    pruning_index: int
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MessageMetadata:
    """What a node knows about a message beside its content.

    Attributes:
        message_id: 32 bytes.
        parents: Message ids, 32 bytes each.
        referenced_by: Index of the milestone that references it; None until then.
        inclusion: None until it is referenced.
        conflict_reason: NONE unless the inclusion is CONFLICTING.
        milestone_index: Set only if the message is a milestone itself.
        should_promote: None once it is referenced.
        should_reattach: None once it is referenced.
    """

    message_id: bytes
    parents: tuple[bytes, ...]
    is_solid: bool = True
    referenced_by: int | None = None
    inclusion: LedgerInclusion | None = None
    conflict_reason: ConflictReason = ConflictReason.NONE
    milestone_index: int | None = None
    should_promote: bool | None = None
    should_reattach: bool | None = None


@dataclass(frozen=True, slots=True)
class MilestoneInfo:
    """A milestone: index, id of the message that carries it (32 bytes), seconds since 1970."""

    index: int
    message_id: bytes
    timestamp_seconds: int


@dataclass(frozen=True, slots=True)
class OutputState:
    """An output and whether it is still there.

    Attributes:
        message_id: The message that created it, 32 bytes; all zeros for the genesis output.
        transaction_id: The transaction that created it, 32 bytes.
        output_index: Its place in that transaction.
        milestone_spent: Index of the milestone that spent it; None while it is unspent.
        transaction_spent: The transaction that spent it, 32 bytes; None while it is unspent.
        ledger_index: The milestone whose ledger state this is.
    """

    message_id: bytes
    transaction_id: bytes
    output_index: int
    output: Output
    ledger_index: int
    milestone_spent: int | None = None
    transaction_spent: bytes | None = None

    @property
    def is_spent(self) -> bool:
        """Whether a milestone has spent it."""
        return self.milestone_spent is not None


@dataclass(frozen=True, slots=True)
class Balance:
    """What an address holds.

    Attributes:
        balance_iota: The sum of its unspent outputs.
        dust_allowed: Whether one more dust output would fit.
        ledger_index: The milestone whose ledger state this is.
    """

    address: Address
    balance_iota: int
    dust_allowed: bool
    ledger_index: int


@dataclass(frozen=True, slots=True)
class UtxoChanges:
    """What a milestone did to the ledger: ids of outputs, 34 bytes each."""

    index: int
    created: tuple[bytes, ...]
    consumed: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A transaction that touched an address.

    Attributes:
        message_id: The message that carried it, 32 bytes.
        transaction_id: 32 bytes.
        referenced_by: Index of the milestone that applied or refused it.
        milestone_timestamp_seconds: That milestone's time, seconds since 1970.
        inclusion: INCLUDED or CONFLICTING.
        input_count: Inputs of the whole transaction.
        output_count: Outputs of the whole transaction.
        balance_change_iota: What it did to the balance of the address; negative for a payment.
    """

    message_id: bytes
    transaction_id: bytes
    referenced_by: int
    milestone_timestamp_seconds: int
    inclusion: LedgerInclusion
    input_count: int
    output_count: int
    balance_change_iota: int
