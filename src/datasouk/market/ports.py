"""What the marketplace needs of the world: a ledger node.

Implementations are held equal by one contract suite (``tests/contracts``): `datasouk.node.embedded.EmbeddedNode`, in
this process, and `datasouk.node.external.ExternalNode`, any Chrysalis node behind a URL.
"""

from collections.abc import Sequence
from typing import Protocol

from datasouk.ledger.address import Address
from datasouk.ledger.answers import Balance, MessageMetadata, MilestoneInfo, NodeInfo, OutputState
from datasouk.ledger.message import Message, Payload
from datasouk.ledger.outputs import OutputType

__all__ = ["Node"]


class Node(Protocol):
    """A ledger node.

    Ids are bytes: 32 for messages and transactions, 34 for outputs.  Every call may raise `NodeUnavailable`; those that
    look something up raise `NotInLedger`.
    """

    async def info(self) -> NodeInfo:
        """The state of the node and of its network."""

    async def submit(self, payload: Payload | None, *, parents: Sequence[bytes] | None = None) -> bytes:
        """Attach a payload; the node does the proof of work and, unless they are given, chooses the parents.

        Returns:
            The message id, once the node has the message for good (the embedded node: synced to disk).

        Raises:
            NodeRefused: Against the rules of the ledger, too long, or with unknown parents.
        """

    async def message(self, message_id: bytes) -> Message:
        """A message by its id."""

    async def raw(self, message_id: bytes) -> bytes:
        """A message's bytes."""

    async def find(self, index: bytes) -> list[bytes]:
        """Ids of the messages that carry this index (1 to 64 bytes); an empty list if there are none."""

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

    async def wait_included(self, message_id: bytes, *, timeout_seconds: float) -> MessageMetadata:
        """Wait until a milestone references the message, whatever it did with it: see ``inclusion``.

        Raises:
            NodeTimeout: No milestone has, yet.
        """

    async def reattach(self, message_id: bytes) -> bytes:
        """Attach the same payload once more, with new parents; returns the new message's id."""

    async def coordinator_keys(self) -> tuple[bytes, ...]:
        """The Ed25519 public keys, 32 bytes each, with which this network's milestones are signed."""
