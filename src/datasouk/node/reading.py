"""What the embedded node tells about its ledger, from what is committed."""

from datasouk.ledger import Address, Message, OutputType
from datasouk.ledger.answers import (
    Balance,
    HistoryEntry,
    MessageMetadata,
    MilestoneInfo,
    NotInLedger,
    OutputState,
    UtxoChanges,
)
from datasouk.ledger.inclusion_path import InclusionPath
from datasouk.node.history import address_history
from datasouk.node.inclusion import find_path
from datasouk.node.settings import NodeSettings
from datasouk.node.store import NodeStore
from datasouk.node.utxo import dust_is_allowed

__all__ = ["LedgerReader"]


class LedgerReader:
    """The reading half of `datasouk.node.embedded.EmbeddedNode`, which sets what is declared here."""

    settings: NodeSettings
    _store: NodeStore
    _latest: MilestoneInfo

    async def message(self, message_id: bytes) -> Message:
        """A message by its id."""
        return Message.from_bytes(await self.raw(message_id))

    async def raw(self, message_id: bytes) -> bytes:
        """A message's bytes."""
        raw = self._store.raw(message_id)
        if raw is None:
            raise NotInLedger("message", message_id.hex())
        return raw

    async def find(self, index: bytes) -> list[bytes]:
        """Ids of the messages that carry this index, oldest first."""
        return self._store.find(index, self.settings.max_index_results)

    async def metadata(self, message_id: bytes) -> MessageMetadata:
        """What the node knows about a message beside its content."""
        seq = self._store.seq(message_id)
        if seq is None:
            raise NotInLedger("message", message_id.hex())
        parents = Message.from_bytes(await self.raw(message_id)).parents
        reference = self._store.reference(seq)
        if reference is None:
            return MessageMetadata(message_id, parents, should_promote=False, should_reattach=False)
        return MessageMetadata(
            message_id,
            parents,
            referenced_by=reference.milestone,
            inclusion=reference.inclusion,
            conflict_reason=reference.conflict,
            milestone_index=self._store.milestone_of_message(seq),
        )

    async def children(self, message_id: bytes) -> list[bytes]:
        """Ids of the messages that have this one as a parent, oldest first."""
        return self._store.children(message_id, self.settings.max_results)

    async def milestone(self, index: int) -> MilestoneInfo:
        """A milestone by its index."""
        found = self._store.milestone(index)
        if found is None:
            raise NotInLedger("milestone", str(index))
        return found

    async def utxo_changes(self, index: int) -> UtxoChanges:
        """What a milestone did to the ledger."""
        await self.milestone(index)
        return self._store.change_ids(index)

    async def output(self, output_id: bytes) -> OutputState:
        """An output, spent or not."""
        found = self._store.output(output_id, self._latest.index)
        if found is None:
            raise NotInLedger("output", output_id.hex())
        return found

    async def outputs(
        self, address: Address, *, include_spent: bool = False, output_type: OutputType | None = None
    ) -> list[bytes]:
        """Ids of an address's outputs, unspent ones first."""
        return self._store.output_ids(
            address, limit=self.settings.max_results, include_spent=include_spent, output_type=output_type
        )

    async def balance(self, address: Address) -> Balance:
        """What an address holds; zero for an unknown one."""
        sums = self._store.sums(address)
        allowed = dust_is_allowed(sums.with_dust(1))
        return Balance(address, sums.balance, allowed, self._latest.index)

    async def included_message(self, transaction_id: bytes) -> bytes:
        """The id of the message whose transaction was applied."""
        found = self._store.included(transaction_id)
        if found is None:
            raise NotInLedger("included transaction", transaction_id.hex())
        return found

    async def history(self, address: Address, *, limit: int) -> list[HistoryEntry]:
        """The applied transactions of an address, newest first."""
        return address_history(self._store, address, min(limit, self.settings.most_history))

    async def inclusion_path(self, message_id: bytes) -> InclusionPath:
        """Proof that a message is in the ledger: see `datasouk.ledger.inclusion`."""
        return find_path(self._store, message_id)
