"""The ledger node in this process: `datasouk.market.ports.Node` over the files beside this one.

How a message goes:  `submit_draft` completes it, `_attach` validates it, the writer syncs it to disk, and only then is
it in the Tangle, told to listeners and acknowledged.  How a milestone goes:  `issue_milestone` plans it over what
waits, the writer syncs it with all it does, and only then do readers, listeners and waiters learn of it.

Everything runs on one event loop; the writer's order is the order of the world.
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from datasouk.ledger import (
    GENESIS_MESSAGE_ID,
    MAX_PARENTS,
    FormatError,
    Message,
    MessageDraft,
    Payload,
    Transaction,
)
from datasouk.ledger.answers import (
    MessageMetadata,
    MilestoneInfo,
    NodeInfo,
    NodeRefused,
    NodeTimeout,
    NodeUnavailable,
)
from datasouk.ledger.keys import SigningKey
from datasouk.node.database import NodeDatabase
from datasouk.node.errors import BrokenLedger
from datasouk.node.events import EventHub, MessageAttached
from datasouk.node.milestones import Coordinator, MilestonePlan, write_milestone
from datasouk.node.miner import Miner
from datasouk.node.publishing import publish_milestone
from datasouk.node.rates import Rates
from datasouk.node.reading import LedgerReader
from datasouk.node.settings import NodeSettings
from datasouk.node.store import index_of, insert_message
from datasouk.node.tangle import Pending, Tangle, checkpoint_groups
from datasouk.node.utxo import WhiteFlag
from datasouk.node.validation import check_parents
from datasouk.sqlite import DatabaseFailed, DatabaseOverloaded

__all__ = ["EmbeddedNode"]

T = TypeVar("T")

_log = logging.getLogger(__name__)


class EmbeddedNode(LedgerReader):
    """A node with its coordinator, its database in a folder of its own.

    Args:
        folder: Made if it is not there; holds ``ledger.db`` and the key files.
        settings: See `NodeSettings`.
        clock: Seconds since 1970.
    """

    def __init__(
        self, folder: Path, settings: NodeSettings | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings or NodeSettings()
        self.events = EventHub()
        self.rates = Rates()
        self._folder = folder
        self._clock = clock
        self._tangle = Tangle()
        self._miner = Miner(self.settings.min_pow_score)
        self._attaching: dict[bytes, asyncio.Task[None]] = {}
        self._waiting: dict[bytes, list[asyncio.Future[None]]] = {}
        self._wanted = asyncio.Event()
        self._issuing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the database, check it, and begin to issue milestones.

        Raises:
            BrokenLedger: The database contradicts itself.
            WrongLedger: It was made for another network, or with other keys.
            FolderInUse: Another process works in the folder.
        """
        self._database = NodeDatabase.open(self._folder, self.settings)
        self._store = self._database.store
        self._coordinator = Coordinator(self._database.network_id, self._database.coordinator_keys, self._mine_own)
        try:
            for seq, message_id, raw in self._store.pending():
                self._tangle.add(Pending(seq, message_id, Message.from_bytes(raw), raw))
            found = self._store.latest_milestone()
            self._latest = found or MilestoneInfo(0, GENESIS_MESSAGE_ID, 0)
            # At once, for what waited when the node ended; and the first of all, without which nothing is confirmed.
            await self.issue_milestone()
        except (FormatError, NodeUnavailable, sqlite3.DatabaseError) as error:
            await self._database.close()
            raise BrokenLedger(f"{self._folder} cannot be used: {error}") from error
        except BaseException:
            await self._database.close()
            raise
        self._task = asyncio.create_task(self._issue_for_ever())

    async def close(self) -> None:
        """Finish what is being written and close the database; what waits is confirmed after the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for waiter in [waiter for waiters in self._waiting.values() for waiter in waiters if not waiter.done()]:
            waiter.set_exception(NodeUnavailable("the node is closing"))
        async with self._issuing:
            await self._database.close()
        # Their futures are done; let them tell their callers.
        await asyncio.gather(*self._attaching.values(), return_exceptions=True)
        self._miner.close()

    # The node's own state

    @property
    def is_healthy(self) -> bool:
        """Whether the node can be relied on: the disk works, and milestones come."""
        late = self._clock() - self._latest.timestamp_seconds > 6 * self.settings.milestone_seconds + 5
        return not self._database.writer.failed and not late

    @property
    def hrp(self) -> str:
        """How addresses begin in their text form."""
        return self.settings.bech32_hrp

    @property
    def operator_key(self) -> SigningKey:
        """Owns the whole supply of a new ledger."""
        return self._database.operator_key

    def latest_milestone(self) -> MilestoneInfo:
        """The last milestone."""
        return self._latest

    async def info(self) -> NodeInfo:
        """The state of the node and of its network."""
        now = self._clock()
        attached, referenced = self.rates.per_second(now)
        features = ["PoW"] + (["Faucet"] if self.settings.faucet else [])
        return NodeInfo(
            name="datasouk",
            version=self._database.version,
            is_healthy=self.is_healthy,
            network_name=self.settings.network_name,
            bech32_hrp=self.hrp,
            min_pow_score=self.settings.min_pow_score,
            messages_per_second=attached,
            referenced_messages_per_second=referenced,
            referenced_rate_percent=100.0 * min(1.0, referenced / attached) if attached else 100.0,
            latest_milestone_timestamp=self._latest.timestamp_seconds,
            latest_milestone_index=self._latest.index,
            confirmed_milestone_index=self._latest.index,
            pruning_index=0,
            features=tuple(features),
        )

    async def coordinator_keys(self) -> tuple[bytes, ...]:
        """The public keys, 32 bytes each, with which milestones are signed."""
        return self._coordinator.public_keys

    # Attaching

    async def submit(self, payload: Payload | None, *, parents: Sequence[bytes] | None = None) -> bytes:
        """Attach a payload; see `datasouk.market.ports.Node`."""
        try:
            draft = MessageDraft(payload=payload, parents=None if parents is None else tuple(sorted(set(parents))))
        except FormatError as error:
            raise NodeRefused(str(error)) from error
        return await self.submit_draft(draft)

    async def submit_draft(self, draft: MessageDraft) -> bytes:
        """Complete a message and attach it.

        Returns:
            The message id, once the message is synced to disk; that of a known message at once.

        Raises:
            NodeRefused: Against the rules of the ledger or with unknown parents.
            NodeUnavailable: The disk has failed, or too much waits.
        """
        if draft.network_id not in (None, self._database.network_id):
            raise NodeRefused(f"network id is {draft.network_id}, this network's is {self._database.network_id}")
        parents = draft.parents or await self._choose_parents(draft.payload)
        try:
            message = draft.complete(network_id=self._database.network_id, parents=parents)
        except FormatError as error:
            raise NodeRefused(str(error)) from error
        if draft.nonce is None:
            message = await self._miner.mine(message)
        return await self._attach(message)

    async def tips(self) -> tuple[bytes, ...]:
        """Message ids that a new message may take as its parents."""
        return (self._latest.message_id,)

    async def _choose_parents(self, payload: Payload | None) -> tuple[bytes, ...]:
        """The latest milestone, so that the inclusion path is short, and what a transaction must come after."""
        carriers = self._tangle.carriers(payload) if isinstance(payload, Transaction) else []
        groups = checkpoint_groups(carriers, MAX_PARENTS - 1)
        try:
            group = next(groups)
            while True:
                checkpoint = Message(self._database.network_id, tuple(sorted(group)))
                group = groups.send(await self._attach(await self._miner.mine(checkpoint, own=True)))
        except StopIteration as end:
            return tuple(sorted({self._latest.message_id, *end.value}))

    async def _attach(self, message: Message) -> bytes:
        raw, message_id = message.to_bytes(), message.message_id()
        storing = self._attaching.get(message_id)
        if storing is None:
            if message_id in self._tangle or self._store.seq(message_id) is not None:
                return message_id
            if not self._miner.is_enough(raw):
                raise NodeRefused(f"proof of work is below the score of {self.settings.min_pow_score}")
            oldest = self._clock() - self.settings.max_depth_seconds
            check_parents(message.parents, self._tangle, self._store, oldest, self._latest)
            storing = asyncio.create_task(self._store_message(message_id, message, raw))
            self._attaching[message_id] = storing
            storing.add_done_callback(lambda _: self._attaching.pop(message_id))
        # Shielded, for what is on its way to the disk arrives there even if its caller has gone, and the Tangle must
        # learn of it.
        await asyncio.shield(storing)
        return message_id

    async def _store_message(self, message_id: bytes, message: Message, raw: bytes) -> None:
        index = index_of(message)
        seq = await self._write(lambda c: insert_message(c, message_id, raw, message.parents, index))
        self._tangle.add(Pending(seq, message_id, message, raw))
        self.rates.count_attached(self._clock())
        if self.events.is_heard:
            metadata = MessageMetadata(message_id, message.parents, should_promote=False, should_reattach=False)
            self.events.publish(MessageAttached(message_id, raw, message, metadata))
        if isinstance(message.payload, Transaction) or len(self._tangle) >= self.settings.most_pending:
            self._wanted.set()

    async def _write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._database.writer.write(job)
        except (DatabaseFailed, DatabaseOverloaded) as error:
            raise NodeUnavailable(str(error)) from error

    async def reattach(self, message_id: bytes) -> bytes:
        """Attach the same payload once more, with new parents; returns the new message's id."""
        message = await self.message(message_id)
        return await self.submit(message.payload)

    # Milestones

    async def _mine_own(self, message: Message) -> Message:
        return await self._miner.mine(message, own=True)

    async def _issue_for_ever(self) -> None:
        while True:
            # Not `wait_for`: that of Python 3.11 forgets to be cancelled if what it waits for comes at the same moment.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.settings.milestone_seconds):
                    await self._wanted.wait()
                # Whoever comes in this moment shares the milestone.
                await asyncio.sleep(self.settings.value_delay_seconds)
            self._wanted.clear()
            try:
                await self.issue_milestone()
            except Exception:  # noqa: BLE001 - whatever it was, the next try may succeed; until then is_healthy tells
                _log.exception("no milestone could be issued")
                await asyncio.sleep(1)

    async def issue_milestone(self) -> MilestonePlan:
        """Confirm all that waits, now; returns what was done."""
        async with self._issuing:
            plan = await self._coordinator.plan(self._tangle, self._latest, int(self._clock()), self._white_flag)
            await self._write(lambda connection: write_milestone(connection, plan))
            self._latest = plan.milestone
            own = {pending.message_id for pending in plan.made}
            self._tangle.remove([p.message_id for p in plan.referenced if p.message_id not in own])
            now = self._clock()
            self.rates.count_attached(now, len(own))
            self.rates.count_referenced(now, len(plan.referenced) + 1)
            if self.events.is_heard:
                publish_milestone(self.events, plan)
            for pending in plan.referenced:
                for waiter in self._waiting.pop(pending.message_id, ()):
                    if not waiter.done():
                        waiter.set_result(None)
            return plan

    def _white_flag(self, milestone: int) -> WhiteFlag:
        return WhiteFlag(milestone, lambda output_id: self._store.output(output_id, milestone), self._store.sums)

    async def wait_included(self, message_id: bytes, *, timeout_seconds: float) -> MessageMetadata:
        """Wait until a milestone references the message; see `datasouk.market.ports.Node`."""
        metadata = await self.metadata(message_id)
        if metadata.referenced_by is None:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiters = self._waiting.setdefault(message_id, [])
            waiters.append(waiter)
            try:
                async with asyncio.timeout(timeout_seconds):
                    await waiter
            except TimeoutError:
                raise NodeTimeout(f"no milestone within {timeout_seconds} s references {message_id.hex()}") from None
            finally:
                if waiter in waiters:
                    waiters.remove(waiter)
                if not waiters:
                    self._waiting.pop(message_id, None)
            metadata = await self.metadata(message_id)
        return metadata
