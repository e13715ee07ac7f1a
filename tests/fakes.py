"""Working stand-ins, held honest by the contract suites in ``tests/contracts``."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from datasouk.ledger import (
    DUST_THRESHOLD_IOTA,
    GENESIS_MESSAGE_ID,
    TOKEN_SUPPLY_IOTA,
    Address,
    FormatError,
    Indexation,
    Message,
    MessageDraft,
    MilestoneEssence,
    Output,
    OutputType,
    Payload,
    SignatureRefused,
    Transaction,
    compute_network_id,
    inclusion_merkle_root,
    make_output_id,
)
from datasouk.ledger.answers import (
    Balance,
    ConflictReason,
    HistoryEntry,
    LedgerInclusion,
    MessageMetadata,
    MilestoneInfo,
    NodeInfo,
    NodeRefused,
    NodeTimeout,
    NodeUnavailable,
    NotInLedger,
    OutputState,
    UtxoChanges,
)
from datasouk.ledger.inclusion import InclusionPath
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import sign_milestone, verify_unlocks

OPERATOR = SigningKey(b"operator" * 4)
_COORDINATOR = (SigningKey(b"coo1" * 8), SigningKey(b"coo2" * 8))
_DUST_PER_ALLOWANCE_IOTA = 100_000
_MAX_DUST_OUTPUTS = 100
_GENESIS_OUTPUT_ID = make_output_id(bytes(32), 0)


@dataclass(frozen=True, slots=True)
class FakeSettings:
    network_name: str = "fake"
    bech32_hrp: str = "atoi"
    max_index_results: int = 10_000
    max_results: int = 1000


class FakeNode:
    """A node in memory: one chain of milestones over whatever has been attached, no proof of work.

    Args:
        milestone_delay_seconds: How long after a message its milestone comes.
    """

    def __init__(self, settings: FakeSettings | None = None, *, milestone_delay_seconds: float = 0.01) -> None:
        self.settings = settings or FakeSettings()
        self.is_healthy = True
        self._delay = milestone_delay_seconds
        self._network_id = compute_network_id(self.settings.network_name)
        self._messages: dict[bytes, Message] = {}
        self._metadata: dict[bytes, MessageMetadata] = {}
        self._pending: list[bytes] = []
        self._milestones: list[MilestoneInfo] = []
        self._changes: list[UtxoChanges] = []
        self._included: dict[bytes, bytes] = {}
        self._outputs = {
            _GENESIS_OUTPUT_ID: OutputState(
                GENESIS_MESSAGE_ID, bytes(32), 0, Output(OPERATOR.address, TOKEN_SUPPLY_IOTA), 0
            )
        }
        self._timer: asyncio.TimerHandle | None = None
        self._confirm()

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()

    def latest_milestone(self) -> MilestoneInfo:
        return self._milestones[-1]

    async def coordinator_keys(self) -> tuple[bytes, ...]:
        return tuple(sorted(key.public_key for key in _COORDINATOR))

    async def info(self) -> NodeInfo:
        latest = self.latest_milestone()
        return NodeInfo(
            name="fake",
            version="0.0.1",
            is_healthy=self.is_healthy,
            network_name=self.settings.network_name,
            bech32_hrp=self.settings.bech32_hrp,
            min_pow_score=0,
            messages_per_second=0,
            referenced_messages_per_second=0,
            referenced_rate_percent=100,
            latest_milestone_timestamp=latest.timestamp_seconds,
            latest_milestone_index=latest.index,
            confirmed_milestone_index=latest.index,
            pruning_index=0,
            features=("PoW",),
        )

    async def tips(self) -> tuple[bytes, ...]:
        parents = {parent for message in self._messages.values() for parent in message.parents}
        return tuple(sorted([each for each in self._messages if each not in parents][-8:]))

    async def submit(self, payload: Payload | None, *, parents: Sequence[bytes] | None = None) -> bytes:
        return await self.submit_draft(
            MessageDraft(payload=payload, parents=tuple(sorted(set(parents))) if parents else None)
        )

    async def submit_draft(self, draft: MessageDraft) -> bytes:
        if not self.is_healthy:
            raise NodeUnavailable("the node is not healthy")
        if draft.network_id not in (None, self._network_id):
            raise NodeRefused(f"network id {draft.network_id} is not {self._network_id}")
        try:
            message = draft.complete(network_id=self._network_id, parents=await self.tips())
        except FormatError as error:
            raise NodeRefused(str(error)) from error
        for parent in message.parents:
            if parent not in self._messages:
                raise NodeRefused(f"parent {parent.hex()} is not known")
        if message.message_id() not in self._messages:
            self._attach(message)
            self._timer = self._timer or asyncio.get_running_loop().call_later(self._delay, self._confirm)
        return message.message_id()

    async def message(self, message_id: bytes) -> Message:
        if message_id not in self._messages:
            raise NotInLedger("message", message_id.hex())
        return self._messages[message_id]

    async def raw(self, message_id: bytes) -> bytes:
        return (await self.message(message_id)).to_bytes()

    async def find(self, index: bytes) -> list[bytes]:
        found = [each for each, message in self._messages.items() if index == _index_of(message.payload)]
        return sorted(found)[: self.settings.max_index_results]

    async def metadata(self, message_id: bytes) -> MessageMetadata:
        await self.message(message_id)
        return self._metadata[message_id]

    async def children(self, message_id: bytes) -> list[bytes]:
        return [each for each, message in self._messages.items() if message_id in message.parents]

    async def milestone(self, index: int) -> MilestoneInfo:
        if not 1 <= index <= len(self._milestones):
            raise NotInLedger("milestone", str(index))
        return self._milestones[index - 1]

    async def utxo_changes(self, index: int) -> UtxoChanges:
        await self.milestone(index)
        return self._changes[index - 1]

    async def output(self, output_id: bytes) -> OutputState:
        if output_id not in self._outputs:
            raise NotInLedger("output", output_id.hex())
        return replace(self._outputs[output_id], ledger_index=len(self._milestones))

    async def outputs(
        self, address: Address, *, include_spent: bool = False, output_type: OutputType | None = None
    ) -> list[bytes]:
        found = [
            (state.is_spent, output_id)
            for output_id, state in self._outputs.items()
            if state.output.address == address
            and (include_spent or not state.is_spent)
            and output_type in (None, state.output.type)
        ]
        return [output_id for _, output_id in sorted(found)]

    async def balance(self, address: Address) -> Balance:
        unspent = self._unspent(address)
        dust, allowed = _dust(unspent)
        return Balance(address, sum(each.amount_iota for each in unspent), dust < allowed, len(self._milestones))

    async def history(self, address: Address, *, limit: int) -> list[HistoryEntry]:
        entries = []
        for message_id, metadata in reversed(self._metadata.items()):
            payload = self._messages[message_id].payload
            if isinstance(payload, Transaction) and metadata.referenced_by and metadata.inclusion:
                essence = payload.essence
                spent = [self._outputs[each.output_id].output for each in essence.inputs]
                touched = [each.amount_iota for each in essence.outputs if each.address == address]
                paid = [each.amount_iota for each in spent if each.address == address]
                if touched or paid:
                    entries.append(
                        HistoryEntry(
                            message_id,
                            payload.transaction_id(),
                            metadata.referenced_by,
                            self._milestones[metadata.referenced_by - 1].timestamp_seconds,
                            metadata.inclusion,
                            len(essence.inputs),
                            len(essence.outputs),
                            sum(touched) - sum(paid),
                        )
                    )
        return entries[:limit]

    async def included_message(self, transaction_id: bytes) -> bytes:
        if transaction_id not in self._included:
            raise NotInLedger("included transaction", transaction_id.hex())
        return self._included[transaction_id]

    async def inclusion_path(self, message_id: bytes) -> InclusionPath:
        """Only messages right under a milestone have one here."""
        for milestone in self._milestones:
            message = self._messages[milestone.message_id]
            if message_id in message.parents:
                return InclusionPath(message.to_bytes())
        raise NotInLedger("inclusion path", message_id.hex())

    async def wait_included(self, message_id: bytes, *, timeout_seconds: float) -> MessageMetadata:
        end = time.monotonic() + timeout_seconds
        while (metadata := await self.metadata(message_id)).referenced_by is None:
            if time.monotonic() >= end:
                raise NodeTimeout(f"no milestone references {message_id.hex()}")
            await asyncio.sleep(self._delay / 2)
        return metadata

    async def reattach(self, message_id: bytes) -> bytes:
        return await self.submit((await self.message(message_id)).payload)

    def _unspent(self, address: Address) -> list[Output]:
        return [each.output for each in self._outputs.values() if each.output.address == address and not each.is_spent]

    def _attach(self, message: Message) -> None:
        message_id = message.message_id()
        self._messages[message_id] = message
        self._metadata[message_id] = MessageMetadata(
            message_id, message.parents, should_promote=False, should_reattach=False
        )
        self._pending.append(message_id)

    def _confirm(self) -> None:
        """Issue a milestone over everything that waits; the order of arrival is a white-flag order."""
        self._timer = None
        index = len(self._milestones) + 1
        created: list[bytes] = []
        consumed: list[bytes] = []
        included = []
        for message_id in self._pending:
            payload = self._messages[message_id].payload
            inclusion, reason = LedgerInclusion.NO_TRANSACTION, ConflictReason.NONE
            if isinstance(payload, Transaction):
                reason = self._conflict(payload, index)
                inclusion = LedgerInclusion.CONFLICTING if reason else LedgerInclusion.INCLUDED
                if not reason:
                    self._apply(payload, message_id, index)
                    included.append(message_id)
                    created += payload.output_ids()
                    consumed += [each.output_id for each in payload.essence.inputs]
            self._reference(message_id, index, inclusion, reason)
        parents = tuple(sorted(self._pending[-8:])) or (GENESIS_MESSAGE_ID,)
        self._pending = []
        self._issue(index, parents, inclusion_merkle_root(included))
        self._changes.append(UtxoChanges(index, tuple(created), tuple(consumed)))

    def _issue(self, index: int, parents: tuple[bytes, ...], root: bytes) -> None:
        essence = MilestoneEssence(
            index=index,
            timestamp_seconds=int(time.time()),
            parents=parents,
            inclusion_merkle_root=root,
            public_keys=tuple(sorted(key.public_key for key in _COORDINATOR)),
        )
        message = Message(self._network_id, parents, payload=sign_milestone(essence, _COORDINATOR))
        self._attach(message)
        self._pending.clear()
        self._reference(message.message_id(), index, LedgerInclusion.NO_TRANSACTION, ConflictReason.NONE)
        self._metadata[message.message_id()] = replace(self._metadata[message.message_id()], milestone_index=index)
        self._milestones.append(MilestoneInfo(index, message.message_id(), essence.timestamp_seconds))

    def _reference(self, message_id: bytes, index: int, inclusion: LedgerInclusion, reason: ConflictReason) -> None:
        parents = self._messages[message_id].parents
        self._metadata[message_id] = MessageMetadata(message_id, parents, True, index, inclusion, reason)

    def _conflict(self, transaction: Transaction, index: int) -> ConflictReason:
        essence = transaction.essence
        spent = []
        for each in essence.inputs:
            state = self._outputs.get(each.output_id)
            if state is None:
                return ConflictReason.INPUT_NOT_FOUND
            if state.milestone_spent is not None:
                now = state.milestone_spent == index
                return ConflictReason.SPENT_IN_THIS_MILESTONE if now else ConflictReason.SPENT_EARLIER
            spent.append(state.output)
        if sum(each.amount_iota for each in spent) != sum(each.amount_iota for each in essence.outputs):
            return ConflictReason.SUM_MISMATCH
        for address in {each.address for each in [*spent, *essence.outputs]}:
            after = self._unspent(address) + [each for each in essence.outputs if each.address == address]
            for output in spent:
                if output.address == address:
                    after.remove(output)
            dust, allowed = _dust(after)
            if dust > allowed:
                return ConflictReason.INVALID_DUST_ALLOWANCE
        try:
            verify_unlocks(transaction, [each.address for each in spent])
        except SignatureRefused:
            return ConflictReason.INVALID_SIGNATURE
        return ConflictReason.NONE

    def _apply(self, transaction: Transaction, message_id: bytes, index: int) -> None:
        transaction_id = transaction.transaction_id()
        self._included[transaction_id] = message_id
        for each in transaction.essence.inputs:
            state = self._outputs[each.output_id]
            self._outputs[each.output_id] = replace(state, milestone_spent=index, transaction_spent=transaction_id)
        for position, output in enumerate(transaction.essence.outputs):
            state = OutputState(message_id, transaction_id, position, output, index)
            self._outputs[make_output_id(transaction_id, position)] = state


class FakeFaucet:
    def __init__(self) -> None:
        self.waiting: list[Address] = []

    async def info(self) -> tuple[Address, int]:
        return OPERATOR.address, 1_000_000

    async def enqueue(self, address: Address) -> int:
        if address in self.waiting:
            raise NodeRefused("the address is waiting already")
        if len(self.waiting) >= 2:
            raise NodeUnavailable("too many are waiting")
        self.waiting.append(address)
        return len(self.waiting)


def _index_of(payload: Payload | None) -> bytes | None:
    if isinstance(payload, Transaction):
        payload = payload.essence.payload
    return payload.index if isinstance(payload, Indexation) else None


def _dust(outputs: list[Output]) -> tuple[int, int]:
    """How many dust outputs there are, and how many may be."""
    allowance = sum(each.amount_iota for each in outputs if each.type is OutputType.DUST_ALLOWANCE)
    dust = sum(each.amount_iota < DUST_THRESHOLD_IOTA for each in outputs)
    return dust, min(allowance // _DUST_PER_ALLOWANCE_IOTA, _MAX_DUST_OUTPUTS)
