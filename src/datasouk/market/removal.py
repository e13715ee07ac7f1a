"""A device's money, and its end (D13).

Removing a device, in this order, so that a restart can go on anywhere:

    marked  ->  nothing of it is on its way  ->  earnings to the owner, endowment to the operator  ->  deleted

How much there is to pay out is what the ledger says each time, so nothing is paid twice: after a restart there is
nothing left to pay, or all of it.  How much of it is the endowment is what the device was given, whatever a new one
would be given now.
"""

import asyncio
import contextlib
import logging
from weakref import WeakValueDictionary

from datasouk.ledger.answers import NodeError
from datasouk.market.errors import DeviceNotFound, MarketError
from datasouk.market.funding import Funding
from datasouk.market.movements import RESERVE_IOTA, Movement, MovementKind
from datasouk.market.payment_errors import NotEnoughFunds, SettlementPending
from datasouk.market.ports import Store
from datasouk.market.records import Device, Wallet
from datasouk.market.settlement import Settlement
from datasouk.market.settlement_jobs import FaultPoint, no_fault

__all__ = ["Removals"]

_log = logging.getLogger(__name__)

_MOST_ROUNDS = 64
"""How often more may have come to the address while it was paid out."""


class Removals:
    """Pays out devices and removes them.

    Args:
        settlement: Moves the tokens; its settings are ours.
        funding: Makes a wallet for an owner who has none.
        fault: Called at each of `FAULT_POINTS`, for tests.
    """

    def __init__(self, store: Store, settlement: Settlement, funding: Funding, *, fault: FaultPoint = no_fault) -> None:
        self._store = store
        self._settlement = settlement
        self._funding = funding
        self._fault = fault
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._resuming: asyncio.Task[None] | None = None
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def start(self) -> None:
        """Go on with what was being removed when the process ended."""
        self._resuming = asyncio.get_running_loop().create_task(self._resume())

    async def close(self) -> None:
        """Stop; the rest is done after the next start."""
        tasks = [*self._under_way.values(), *([self._resuming] if self._resuming else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def endow(self, device: Device) -> None:
        """Give a new device's address what it has to hold; see `datasouk.market.ports.DeviceMoney`.

        Does not wait longer than callers do: it goes on, and a purchase that comes first brings the endowment with it.
        """
        with contextlib.suppress(SettlementPending):
            await self._funding.endow(device)

    async def pay_out(self, device: Device) -> None:
        """Move all money of a device whose removal was begun, and delete it; see `datasouk.market.ports.DeviceMoney`.

        Raises:
            SettlementPending: It is gone for everybody, its money takes longer; it goes on.
        """
        task = self._begin(device)
        timeout = self._settlement.settings.timeout_seconds
        try:
            await asyncio.wait_for(asyncio.shield(task), timeout)
        except TimeoutError:
            raise SettlementPending(timeout) from None

    async def collect(self, device: Device) -> int:
        """Move what a device that stays has earned to its owner's wallet.

        Returns:
            How much; 0 if there was nothing.

        Raises:
            SettlementPending: It takes longer; it goes on.
        """
        wallet = await self._store.wallets.of_device(device.number)
        if wallet is None:
            raise DeviceNotFound(device.device_id)
        async with self._paying_out(device):
            return await self._collect(device, wallet)

    async def _collect(self, device: Device, wallet: Wallet) -> int:
        if (job := self._settlement.under_way(MovementKind.EARNINGS, str(device.number))) is not None:
            return (await self._settlement.wait(job)).movement.amount_iota
        kept = max(RESERVE_IOTA, await self._endowment(device, wallet.address))
        earned = await self._settlement.holdings(wallet.address) - kept
        if earned <= 0:
            return 0
        movement = await self._earning(device, wallet.address, earned)
        try:
            return (await self._settlement.settle(movement)).movement.amount_iota
        except NotEnoughFunds:
            # Somebody else was faster.
            return 0

    def _paying_out(self, device: Device) -> asyncio.Lock:
        """Held from looking at what there is until it is moved: two payouts of the same would take the endowment."""
        return self._locks.setdefault(device.number, asyncio.Lock())

    def _begin(self, device: Device) -> asyncio.Task[None]:
        task = self._under_way.get(device.number)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._finish(device))
            self._under_way[device.number] = task
            task.add_done_callback(lambda done: self._ended(device.number, done))
        return task

    def _ended(self, number: int, done: asyncio.Task[None]) -> None:
        self._under_way.pop(number, None)
        if not done.cancelled() and (error := done.exception()) is not None:
            _log.error("device number %d is not removed yet, the next start goes on with it: %s", number, error)

    async def _resume(self) -> None:
        for device in await self._store.devices.removing():
            self._begin(device)

    async def _finish(self, device: Device) -> None:
        pause = self._settlement.settings.retry_seconds
        wallet = await self._store.wallets.of_device(device.number)
        while wallet is not None:
            try:
                await self._empty(device, wallet.address)
                break
            except (NodeError, MarketError) as error:
                if not self._settlement.state.is_running:
                    raise
                _log.warning("device number %d is not paid out yet: %s", device.number, error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, self._settlement.settings.longest_retry_seconds)
        self._fault("device paid out")
        await self._store.devices.delete(device.number)

    async def _empty(self, device: Device, address: bytes) -> None:
        """Move everything away; strangers may send more meanwhile, but not for ever."""
        for _ in range(_MOST_ROUNDS):
            async with self._paying_out(device):
                if await self._empty_once(device, address):
                    return

    async def _empty_once(self, device: Device, address: bytes) -> bool:
        """Move what is there away; True if there was nothing."""
        await self._settlement.until_quiet(address)
        holdings = await self._settlement.holdings(address)
        if not holdings:
            return True
        # Without an endowment a reserve goes back all the same: earnings alone cannot empty an address.
        returned = min(holdings, max(RESERVE_IOTA, await self._endowment(device, address)))
        movements = [self._returning(device, address, returned)]
        if holdings > returned:
            movements.insert(0, await self._earning(device, address, holdings - returned))
        # In this order into the queue: what is left in between is never dust.
        for job in [self._settlement.enqueue(movement) for movement in movements]:
            with contextlib.suppress(SettlementPending):
                await self._settlement.wait(job)
        return False

    async def _earning(self, device: Device, address: bytes, amount_iota: int) -> Movement:
        owner = await self._funding.of_account(device.owner_id)
        return self._settlement.movement(
            MovementKind.EARNINGS, address, owner.address, amount_iota, account_id=device.owner_id, device=device
        )

    async def _endowment(self, device: Device, address: bytes) -> int:
        return await self._store.settlements.endowed(address, device.number)

    def _returning(self, device: Device, address: bytes, amount_iota: int) -> Movement:
        operator = self._settlement.operator_address
        return self._settlement.movement(MovementKind.RETURN, address, operator, amount_iota, device=device)
