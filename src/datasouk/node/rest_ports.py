"""What the REST interface needs of the world: a node with more to say than the marketplace asks for, and a faucet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from datasouk.ledger import Address, Message, MessageDraft, OutputType, Payload
from datasouk.ledger.answers import (
    Balance,
    HistoryEntry,
    MessageMetadata,
    MilestoneInfo,
    NodeInfo,
    OutputState,
    UtxoChanges,
)
from datasouk.ledger.inclusion_path import InclusionPath

__all__ = ["Faucet", "RestContext", "RestNode", "RestSettings"]


class RestSettings(Protocol):
    """The settings of a node that show in its answers."""

    @property
    def bech32_hrp(self) -> str:
        """How addresses begin in their text form."""

    @property
    def max_index_results(self) -> int:
        """Message ids that one look-up by index answers at most."""

    @property
    def max_results(self) -> int:
        """Items that any other list answers at most."""


class RestNode(Protocol):
    """A node that can be served; `datasouk.node.embedded.EmbeddedNode` is one.

    The calls that `datasouk.market.ports.Node` has, too, are described there; this package must not know that one.
    """

    @property
    def settings(self) -> RestSettings:
        """The settings that show in answers."""

    def latest_milestone(self) -> MilestoneInfo:
        """The milestone up to which the ledger is confirmed, from memory."""

    async def submit_draft(self, draft: MessageDraft) -> bytes:
        """Attach a message, filling in what the draft leaves open; a known message answers its id once more.

        Raises:
            NodeRefused: Against the rules of the ledger, too long, with unknown parents or too little proof of work.
            NodeUnavailable: Not healthy, or overloaded.
        """

    async def tips(self) -> tuple[bytes, ...]:
        """Ids of 1 to 8 messages that new ones should have as parents."""

    async def find(self, index: bytes) -> list[bytes]:
        """Ids of the messages with this index, at most ``settings.max_index_results``."""

    async def included_message(self, transaction_id: bytes) -> bytes:
        """Id of the message whose transaction was included.

        Raises:
            NotInLedger: None was, yet.
        """

    async def utxo_changes(self, index: int) -> UtxoChanges:
        """What a milestone did to the ledger."""

    async def history(self, address: Address, *, limit: int) -> list[HistoryEntry]:
        """The transactions that touched an address, newest first."""

    async def inclusion_path(self, message_id: bytes) -> InclusionPath:
        """Proof that a message is in the ledger.

        Raises:
            NotInLedger: The message is unknown, or no milestone references it, yet.
        """

    async def info(self) -> NodeInfo:
        """The state of the node and of its network."""

    async def submit(self, payload: Payload | None, *, parents: Sequence[bytes] | None = None) -> bytes:
        """Attach a payload."""

    async def message(self, message_id: bytes) -> Message:
        """A message by its id."""

    async def raw(self, message_id: bytes) -> bytes:
        """A message's bytes."""

    async def metadata(self, message_id: bytes) -> MessageMetadata:
        """What the node knows about a message beside its content."""

    async def children(self, message_id: bytes) -> list[bytes]:
        """Ids of the messages that have this one as a parent; an empty list for an unknown message."""

    async def milestone(self, index: int) -> MilestoneInfo:
        """A milestone by its index."""

    async def output(self, output_id: bytes) -> OutputState:
        """An output, spent or not."""

    async def outputs(
        self, address: Address, *, include_spent: bool = False, output_type: OutputType | None = None
    ) -> list[bytes]:
        """Ids of an address's outputs, unspent ones first."""

    async def balance(self, address: Address) -> Balance:
        """What an address holds; zero for an unknown one."""


class Faucet(Protocol):
    """Gives free tokens to whoever asks."""

    async def info(self) -> tuple[Address, int]:
        """The address that pays, and what it holds, in iota."""

    async def enqueue(self, address: Address) -> int:
        """Promise tokens to an address; returns how many requests are waiting, this one included.

        Raises:
            NodeRefused: The address is waiting already, or holds enough.
            NodeUnavailable: Too many are waiting, or the faucet is empty.
        """


@dataclass(frozen=True, slots=True)
class RestContext:
    """What handlers work with.

    Attributes:
        faucet: None: switched off, its routes are absent.
        routes: The paths of all routes, for ``/api/routes``.
    """

    node: RestNode
    faucet: Faucet | None
    routes: tuple[str, ...]
