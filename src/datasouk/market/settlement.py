"""The settlement queue: everything that moves tokens goes through here, and nothing moves them twice.

How a movement goes (D5):

    waiting -> signed in a group -> stored -> attached -> included -> settled (effect and end of the group: one commit)
       ^                                                     |
       └------------------------- void ----------------------┘

One task makes groups, one after the other, of whatever waits; each group may spend what the one before it leaves, and
names that one's message as a parent, so nobody waits for somebody else's output.  A task for each group follows it to
its end.  When a group turns out void (somebody else has spent one of its inputs), so are those that build on it: all
come to their end first, then the ledger is asked anew, and their movements go into new groups.

What a crash leaves behind: a group that was not stored was not attached either, so nothing has happened; a stored group
is attached again at the start until the ledger has decided.  ``docs/explanation/money.md`` goes through every step.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence

from datasouk.market.coins import CoinView
from datasouk.market.errors import MarketError, StoreFailed
from datasouk.market.flights import Flight, Pilot, Verdict
from datasouk.market.group_building import Builder
from datasouk.market.groups import PreparedGroup
from datasouk.market.ids import Clock, Randomness, new_row_id, now_ms
from datasouk.market.keyring import KeyRing
from datasouk.market.movements import Movement, MovementKind, OpenGroup, SettledMovement, is_endowment_of_a_group
from datasouk.market.payment_errors import SettlementOverloaded, SettlementPending
from datasouk.market.ports import Node, SettlementStore
from datasouk.market.records import Device
from datasouk.market.settlement_jobs import FaultPoint, Job, SettlementSettings, SettlementState, no_fault, persist

__all__ = ["Settlement"]

_log = logging.getLogger(__name__)


class Settlement:
    """The queue; made and used on one event loop, between `start` and `close`.

    Args:
        node: The ledger.
        store: Keeps what is on its way.
        keys: Sign for our addresses.
        clock: Milliseconds since 1970.
        monotonic: Seconds.
        randomness: For the ids of movements.
        fault: Called at each of `FAULT_POINTS`, for tests.
    """

    def __init__(
        self,
        node: Node,
        store: SettlementStore,
        keys: KeyRing,
        settings: SettlementSettings | None = None,
        *,
        clock: Clock = now_ms,
        monotonic: Callable[[], float] = time.monotonic,
        randomness: Randomness = secrets.token_bytes,
        fault: FaultPoint = no_fault,
    ) -> None:
        self.settings = settings or SettlementSettings()
        self.operator_address = keys.operator_address
        self._store = store
        self._keys = keys
        self._clock = clock
        self._randomness = randomness
        self._fault = fault
        self._view = CoinView(node, store, monotonic=monotonic)
        self._pilot = Pilot(node, store, self.settings)
        self._builder = Builder(self._view, store, keys, self.settings, clock=clock, endow=self._endowment)
        self._jobs: dict[tuple[str, ...], Job] = {}
        self._waiting: dict[Job, None] = {}
        self._wanted = asyncio.Event()
        self._landed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_void = False
        self._failure: BaseException | None = None
        self._closing = False
        self._settled_groups = self._released_groups = self._settled_movements = 0

    async def start(self) -> None:
        """Begin to settle, first of all what was on its way when the process ended; does not wait for the node.

        Nobody may enqueue before this returns: what is on its way would not be known, and be done again.
        """
        self._spawn(self._run(await self._recover_all()))

    async def close(self) -> None:
        """Stop; what is on its way is finished after the next start, and whoever waits is told that it is pending."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for job in self._jobs.values():
            if not job.done.done():
                job.done.set_exception(SettlementPending(0))

    @property
    def state(self) -> SettlementState:
        """What is going on."""
        return SettlementState(
            waiting=len(self._waiting),
            groups_under_way=len(self._pilot.under_way),
            groups_settled=self._settled_groups,
            groups_released=self._released_groups,
            movements_settled=self._settled_movements,
            is_running=bool(self._tasks) and self._failure is None and not self._closing,
        )

    def movement(
        self,
        kind: MovementKind,
        source: bytes,
        target: bytes,
        amount_iota: int,
        *,
        account_id: str | None = None,
        device: Device | None = None,
        by_user_id: bool = False,
    ) -> Movement:
        """A movement with an id of its own, asked for now."""
        return Movement(
            movement_id=new_row_id(self._clock, self._randomness),
            kind=kind,
            source=source,
            target=target,
            amount_iota=amount_iota,
            made_ms=self._clock(),
            account_id=account_id,
            device=None if device is None else device.number,
            device_id=None if device is None else device.device_id,
            by_user_id=by_user_id,
        )

    def enqueue(self, movement: Movement) -> Job:
        """Put a movement into the queue, or join the one with the same key that is on its way.

        Raises:
            SettlementOverloaded: Too many wait.
            StoreFailed: Nothing can be kept any more.
        """
        self._check_running()
        assert self._tasks, "start comes first"
        job = self._jobs.get(movement.key)
        if job is None:
            if len(self._waiting) >= self.settings.most_waiting:
                raise SettlementOverloaded(self.settings.most_waiting)
            job = self._add(Job(movement))
            self._wanted.set()
        return job

    async def wait(self, job: Job) -> SettledMovement:
        """Wait until a job is done.

        Raises:
            SettlementPending: It takes longer; it goes on.
            MarketError: Why it cannot be done.
        """
        job.listeners += 1
        try:
            return await asyncio.wait_for(asyncio.shield(job.done), self.settings.timeout_seconds)
        except TimeoutError:
            if job.is_settling:
                return await asyncio.shield(job.done)
        finally:
            job.listeners -= 1
        if job in self._waiting and not job.is_kept:
            # From now on somebody relies on it, so a restart must not lose it.
            job.is_kept = True  # Set first: should it fail at once, it is dropped behind this write.
            await self._store.keep_waiting(job.movement)
        raise SettlementPending(self.settings.timeout_seconds)

    async def settle(self, movement: Movement) -> SettledMovement:
        """`enqueue` and `wait`."""
        return await self.wait(self.enqueue(movement))

    def under_way(self, *key: str) -> Job | None:
        """The job with this key that waits or is in a group."""
        return self._jobs.get(key)

    def jobs_of(self, account_id: str) -> list[Job]:
        """An account's jobs that wait or are in a group, oldest first."""
        return [job for job in self._jobs.values() if job.movement.account_id == account_id]

    async def promised(self, address: bytes) -> int:
        """What an address will pay that its balance in the ledger does not show yet, in tokens.

        Raises:
            NodeError: The node does not answer.
        """
        waiting = sum(job.movement.amount_iota for job in self._waiting if job.movement.source == address)
        return waiting + await self._pilot.promised(address)

    async def until_quiet(self, address: bytes) -> None:
        """Wait until nothing that touches an address waits or is in a group.

        Raises:
            StoreFailed: Nothing comes to its end any more.
        """
        while True:
            self._check_running()
            moving = [job for job in self._jobs.values() if address in (job.movement.source, job.movement.target)]
            if not moving:
                return
            await asyncio.wait([job.done for job in moving])

    async def holdings(self, address: bytes) -> int:
        """The sum of the coins of a quiet address, as far as they fit into a few groups; 0 if there are none.

        Raises:
            NodeError: The node does not answer.
        """
        await self._view.list_again(address)
        return self._view.purse(address).total_iota

    def _check_running(self) -> None:
        if self._failure is not None or self._closing:
            raise StoreFailed("settlements have stopped")

    def _add(self, job: Job, *, first: bool = False) -> Job:
        self._jobs[job.movement.key] = job
        self._waiting = {job: None} | self._waiting if first else self._waiting
        self._waiting.setdefault(job)
        return job

    def _endowment(self, address: bytes, amount_iota: int) -> Movement:
        return self.movement(MovementKind.ENDOWMENT, self.operator_address, address, amount_iota)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Nothing may go on beside a part that has failed: what is stored is finished after a restart.
            _log.critical("settlements have stopped", exc_info=error)
            self._failure = error
            for other in self._tasks:
                other.cancel()
            for job in self._jobs.values():
                if not job.done.done():
                    failure = StoreFailed(f"settlements have stopped: {error}")
                    failure.__cause__ = error
                    job.done.set_exception(failure)

    async def _run(self, flights: Sequence[Flight]) -> None:
        for flight in flights:
            await persist(self.settings, lambda flight=flight: self._take_up(flight))  # type: ignore[misc]
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._waiting:
                await persist(self.settings, self._make_group)

    async def _make_group(self) -> None:
        while len(self._pilot.under_way) >= self.settings.most_groups_under_way or self._is_void:
            if self._is_void and not self._pilot.under_way:
                self._view.forget()
                self._is_void = False
                break
            await self._until_landed()
        built = await self._builder.build(list(self._waiting))
        for job, error in built.failed:
            await self._fail(job, error)
        if built.prepared is None:
            if not built.failed:
                await self._until_landed()
            return
        self._fault("group signed")
        prepared = built.prepared
        opened = await self._store.open(prepared.group, self._builder.rules())
        if not isinstance(opened, int):
            for job in built.jobs:
                reason = opened.get(job.movement.movement_id)
                if reason is not None:
                    await self._fail(job, self._builder.refusal(job.movement, reason))
            return
        flight = self._take_off(opened, prepared, built.jobs)
        self._fault("group stored")
        await self._pilot.attach(flight)
        self._fault("group submitted")
        self._spawn(self._follow(flight))

    async def _until_landed(self) -> None:
        """Wait until a group under way has come to its end."""
        if self._pilot.under_way:
            self._landed.clear()
            await self._landed.wait()
        else:
            self._view.forget()
            await asyncio.sleep(self.settings.retry_seconds)

    def _take_off(self, number: int, prepared: PreparedGroup, jobs: Sequence[Job]) -> Flight:
        self._view.apply(prepared.spent, prepared.left)
        for job in jobs:
            self._waiting.pop(job, None)
            job.is_kept = job.is_grouped = True
        flight = Flight(number, prepared.group, prepared.transaction, prepared.left, tuple(jobs))
        self._pilot.under_way[prepared.group.transaction_id] = flight
        return flight

    async def _fail(self, job: Job, error: MarketError) -> None:
        if job.is_kept:
            await self._store.drop(job.movement.movement_id)
        self._waiting.pop(job, None)
        self._jobs.pop(job.movement.key, None)
        if not job.done.done():
            job.done.set_exception(error)

    # Following a group to its end

    async def _follow(self, flight: Flight) -> None:
        verdict, message_id = await self._pilot.await_verdict(flight)
        await self._finish(flight, verdict, message_id)

    async def _finish(self, flight: Flight, verdict: Verdict, message_id: bytes) -> None:
        if verdict is Verdict.INCLUDED:
            await persist(self.settings, lambda: self._settle(flight, message_id))
        else:
            self._fault("group void")
            # Before anything else is signed: it would build on what will never be there.
            self._is_void = True
            await persist(self.settings, lambda: self._release(flight))
        del self._pilot.under_way[flight.group.transaction_id]
        self._view.finish(flight.left)
        flight.ended.set()
        self._landed.set()
        self._wanted.set()

    async def _settle(self, flight: Flight, message_id: bytes) -> None:
        self._fault("group included")
        untold = []
        for job in flight.jobs:
            job.is_settling = True
            if job.movement.kind.is_funding and not job.listeners:
                untold.append(job.movement.movement_id)
        await self._store.settle(flight.number, message_id, settled_ms=self._clock(), coins=flight.left, untold=untold)
        self._fault("group settled")
        self._settled_groups += 1
        self._settled_movements += len(flight.group.movements)
        leaves = b"".join(movement.leaf() for movement in flight.group.movements)
        places = {movement.movement_id: place for place, movement in enumerate(flight.group.movements)}
        for job in flight.jobs:
            self._jobs.pop(job.movement.key, None)
            place = places[job.movement.movement_id]
            group = flight.group
            settled = SettledMovement(job.movement, place, group.transaction_id, message_id, group.raw, leaves)
            if not job.done.done():
                job.done.set_result(settled)

    async def _release(self, flight: Flight) -> None:
        _log.warning("settlement %d is void: somebody else has spent what it spends; it is made anew", flight.number)
        await self._store.release(flight.number)
        self._fault("group released")
        self._released_groups += 1
        asked_for = {job.movement.movement_id for job in flight.jobs}
        for movement in flight.group.movements:
            if movement.movement_id not in asked_for:
                await self._store.drop(movement.movement_id)
        for job in reversed(flight.jobs):
            job.is_grouped = False
            self._add(job, first=True)

    async def _recover_all(self) -> Sequence[Flight]:
        """Learn from the store what was on its way when the process ended; groups oldest first."""
        flights = [await self._recover(opened) for opened in await self._store.open_groups()]
        for movement in await self._store.waiting():
            if is_endowment_of_a_group(movement):
                # Whoever needs it asks for it again.
                await self._store.drop(movement.movement_id)
            elif movement.key not in self._jobs:
                self._add(Job(movement, is_kept=True))
        self._wanted.set()
        return flights

    async def _take_up(self, flight: Flight) -> None:
        verdict, message_id = await self._pilot.judge(flight)
        if verdict is Verdict.UNDECIDED:
            await self._pilot.attach(flight)
            self._spawn(self._follow(flight))
        else:
            await self._finish(flight, verdict, message_id)

    async def _recover(self, opened: OpenGroup) -> Flight:
        prepared = await self._builder.recover(opened.group)
        jobs = [Job(movement) for movement in opened.group.movements if not is_endowment_of_a_group(movement)]
        for job in jobs:
            self._jobs[job.movement.key] = job
        return self._take_off(opened.number, prepared, jobs)
