"""The faucet: free tokens from the operator's address, a little at a time.

Requests wait in a queue and are paid in groups, one transaction for up to 100 of them, so that neither callers nor the
ledger feel a rush.  A request is refused, with the reason, if its address waits already or holds enough, if the queue
is full, or if too many came within the minute.

Source: HORNET 1.2, ``plugins/faucet``: its routes and answers.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable

from datasouk.ledger import DUST_THRESHOLD_IOTA, Address, Essence, Output, UtxoInput, split_output_id
from datasouk.ledger.answers import LedgerInclusion, NodeError, NodeRefused, NodeTimeout, NodeUnavailable
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import sign_transaction
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.settings import FaucetSettings

__all__ = ["Faucet"]

_log = logging.getLogger(__name__)

_MOST_PAID_AT_ONCE = 100
_MOST_INPUTS = 100
_TIMEOUT_SECONDS = 60.0
_RETRY_SECONDS = 2.0


class Faucet:
    """Pays out what it is asked for.

    Args:
        node: Whose ledger it is.
        key: Owns what is given away.
        clock: Seconds, for counting requests a minute.
    """

    def __init__(
        self,
        node: EmbeddedNode,
        key: SigningKey,
        settings: FaucetSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._node = node
        self._key = key
        self._settings = settings
        self._clock = clock
        self._waiting: dict[Address, None] = {}
        self._paying: dict[Address, None] = {}
        self._recent: deque[float] = deque()
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to pay."""
        self._task = asyncio.create_task(self._pay_for_ever())

    async def close(self) -> None:
        """Stop; who waits is not paid."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def info(self) -> tuple[Address, int]:
        """The faucet's address and what is left there."""
        return self._key.address, (await self._node.balance(self._key.address)).balance_iota

    async def enqueue(self, address: Address) -> int:
        """Ask for tokens.

        Returns:
            How many requests wait, this one among them.

        Raises:
            NodeRefused: The address waits already, holds enough, or is the faucet's own.
            NodeUnavailable: The queue is full, or too many asked within this minute.
        """
        if address == self._key.address:
            raise NodeRefused("this is the address of the faucet itself")
        if address in self._waiting or address in self._paying:
            raise NodeRefused("this address is already waiting to be paid")
        balance = (await self._node.balance(address)).balance_iota
        if balance >= self._settings.richest_iota:
            raise NodeRefused(
                f"this address holds {balance} i, from {self._settings.richest_iota} i on nothing is given"
            )
        if len(self._waiting) >= self._settings.most_waiting:
            raise NodeUnavailable(f"{self._settings.most_waiting} requests wait; try again later")
        now = self._clock()
        while self._recent and now - self._recent[0] >= 60:
            self._recent.popleft()
        if len(self._recent) >= self._settings.requests_per_minute:
            raise NodeUnavailable(f"more than {self._settings.requests_per_minute} requests a minute; try again later")
        self._recent.append(now)
        self._waiting[address] = None
        self._asked.set()
        return len(self._waiting) + len(self._paying)

    async def _pay_for_ever(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            while self._waiting or self._paying:
                for address in list(self._waiting)[: _MOST_PAID_AT_ONCE - len(self._paying)]:
                    del self._waiting[address]
                    self._paying[address] = None
                try:
                    paid = await self._pay(list(self._paying))
                except NodeError as error:
                    _log.warning("the faucet could not pay: %s", error)
                    paid = []
                for address in paid:
                    del self._paying[address]
                if not paid:
                    await asyncio.sleep(_RETRY_SECONDS)

    async def _pay(self, addresses: list[Address]) -> list[Address]:
        """One transaction for as many as it lasts; returns who was paid.

        Nobody, if too little is left for one, or somebody else spent the same outputs first.
        """
        amount = self._settings.amount_iota
        inputs, total = [], 0
        for output_id in (await self._node.outputs(self._key.address))[:_MOST_INPUTS]:
            inputs.append(UtxoInput(*split_output_id(output_id)))
            total += (await self._node.output(output_id)).output.amount_iota
            if _lasts(total, amount * len(addresses)):
                break
        while addresses and not _lasts(total, amount * len(addresses)):
            addresses = addresses[:-1]
        if not addresses:
            _log.warning("the faucet has %d i, one request is %d i", total, amount)
            return []
        outputs = [Output(address, amount) for address in addresses]
        if total > amount * len(addresses):
            outputs.append(Output(self._key.address, total - amount * len(addresses)))
        transaction = sign_transaction(Essence.sorted(tuple(inputs), tuple(outputs)), [self._key] * len(inputs))
        message_id = await self._node.submit(transaction)
        while True:
            try:
                metadata = await self._node.wait_included(message_id, timeout_seconds=_TIMEOUT_SECONDS)
            except NodeTimeout:
                # It may still be included, so paying anew might pay twice.
                _log.warning("the faucet's message %s waits for its milestone", message_id.hex())
                continue
            return addresses if metadata.inclusion is LedgerInclusion.INCLUDED else []


def _lasts(total: int, needed: int) -> bool:
    """Whether so much can be paid of it: what is left over must not be dust."""
    return total == needed or total >= needed + DUST_THRESHOLD_IOTA
