"""Groups under way: from the moment a group is stored until the ledger has decided about it.

A signed transaction is valid for ever, so a group may be given up only when it can never be included any more:

    included   an output of its transaction is in the ledger
    void       an input is spent by another transaction, or is an output of a group that was given up
    undecided  anything else: attach it again

What a milestone says about one message is not enough: the same transaction may be in several messages, of which one is
included and the others conflict with it.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from datasouk.ledger.answers import LedgerInclusion, NodeError, NodeRefused, NodeTimeout, NotInLedger, OutputState
from datasouk.ledger.outputs import make_output_id
from datasouk.ledger.parents import MAX_PARENTS
from datasouk.ledger.transaction import Transaction
from datasouk.market.movements import Coin, SignedGroup
from datasouk.market.ports import Node, SettlementStore
from datasouk.market.settlement_jobs import Job, SettlementSettings

__all__ = ["Flight", "Pilot", "Verdict"]

_log = logging.getLogger(__name__)


class Verdict(Enum):
    """What the ledger has decided about a group."""

    INCLUDED = "included"
    VOID = "void"
    UNDECIDED = "undecided"


@dataclass(slots=True, eq=False)
class Flight:
    """A group under way.

    Attributes:
        number: Given by the store.
        left: What it leaves to each address of ours.
        jobs: Who waits for its movements; those that nobody asked for have no job.
        message_id: The last message that carries it; None if there is none yet.
    """

    number: int
    group: SignedGroup
    transaction: Transaction
    left: Mapping[bytes, Coin | None]
    jobs: tuple[Job, ...]
    message_id: bytes | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def spends(self) -> set[bytes]:
        """Ids of the transactions whose outputs it spends."""
        return {each.transaction_id for each in self.transaction.essence.inputs}


class Pilot:
    """Attaches groups and finds out what became of them.

    Args:
        node: The ledger.
        store: Knows which groups were given up.
    """

    def __init__(self, node: Node, store: SettlementStore, settings: SettlementSettings) -> None:
        self._node = node
        self._store = store
        self._settings = settings
        self.under_way: dict[bytes, Flight] = {}
        """By transaction id, oldest first."""

    async def attach(self, flight: Flight) -> None:
        """Attach a group, on top of those whose outputs it spends; again and again until the node takes it."""
        pause = self._settings.retry_seconds
        while True:
            try:
                flight.message_id = await self._submit(flight)
            except NodeError as error:
                # A refusal too is no reason to give up what is signed: the next version of the node may take it.
                level = logging.ERROR if isinstance(error, NodeRefused) else logging.WARNING
                _log.log(level, "settlement %d cannot be attached, trying again: %s", flight.number, error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, self._settings.longest_retry_seconds)
            else:
                return

    async def _submit(self, flight: Flight) -> bytes:
        below = (self.under_way.get(each) for each in sorted(flight.spends))
        parents = [each.message_id for each in below if each is not None and each.message_id is not None]
        if parents:
            try:
                return await self._node.submit(flight.transaction, parents=parents[:MAX_PARENTS])
            except NodeRefused as error:
                _log.info("settlement %d: the node refuses its parents: %s", flight.number, error)
        return await self._node.submit(flight.transaction)

    async def await_verdict(self, flight: Flight) -> tuple[Verdict, bytes]:
        """Follow a group until it is included or void.

        Returns:
            The verdict, and the message with which it was included.
        """
        pause = self._settings.retry_seconds
        while True:
            assert flight.message_id is not None
            try:
                metadata = await self._node.wait_included(
                    flight.message_id, timeout_seconds=self._settings.reattach_seconds
                )
                if metadata.inclusion is LedgerInclusion.INCLUDED:
                    return Verdict.INCLUDED, flight.message_id
                verdict, message_id = await self.judge(flight)
                if verdict is not Verdict.UNDECIDED:
                    return verdict, message_id
                # It came before what it builds on: wait for that, and look again.
                await self._until_below_ended(flight, pause)
                verdict, message_id = await self.judge(flight)
                if verdict is not Verdict.UNDECIDED:
                    return verdict, message_id
            except (NodeTimeout, NotInLedger) as error:
                _log.info("settlement %d is attached again: %s", flight.number, error)
            except NodeError as error:
                _log.warning("settlement %d: %s", flight.number, error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, self._settings.longest_retry_seconds)
                continue
            await self.attach(flight)

    async def judge(self, flight: Flight) -> tuple[Verdict, bytes]:
        """Ask the ledger itself about a group.

        Raises:
            NodeError: The node does not answer.
        """
        transaction_id = flight.group.transaction_id
        for spent in flight.transaction.essence.inputs:
            state = await self._output(spent.output_id)
            if state is None:
                if await self._store.was_released(spent.transaction_id):
                    return Verdict.VOID, b""
            elif state.is_spent:
                # Whose it is, if the node does not say, our own first output tells: both change in one milestone.
                own = await self._output(make_output_id(transaction_id, 0))
                if own is not None:
                    return Verdict.INCLUDED, own.message_id
                if state.transaction_spent == transaction_id:
                    return Verdict.INCLUDED, flight.message_id or b""
                return Verdict.VOID, b""
        return Verdict.UNDECIDED, b""

    async def promised(self, address: bytes) -> int:
        """What groups under way take from an address and the ledger does not show yet, in tokens.

        Raises:
            NodeError: The node does not answer.
        """
        total = 0
        for flight in list(self.under_way.values()):
            amount = sum(each.amount_iota for each in flight.group.movements if each.source == address)
            if amount and await self._output(make_output_id(flight.group.transaction_id, 0)) is None:
                total += amount
        return total

    async def _output(self, output_id: bytes) -> OutputState | None:
        try:
            return await self._node.output(output_id)
        except NotInLedger:
            return None

    async def _until_below_ended(self, flight: Flight, pause: float) -> None:
        below = [self.under_way[each] for each in flight.spends if each in self.under_way]
        if not below:
            await asyncio.sleep(pause)
        for each in below:
            await each.ended.wait()
