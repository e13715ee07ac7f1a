"""What waits for a settlement: jobs, what can be set about them, and fault points for tests."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from datasouk.ledger.answers import NodeError
from datasouk.ledger.outputs import TOKEN_SUPPLY_IOTA
from datasouk.market.errors import InvalidField, StoreError, StoreFailed
from datasouk.market.movements import RESERVE_IOTA, Movement, SettledMovement

__all__ = ["FAULT_POINTS", "FaultPoint", "Job", "SettlementSettings", "SettlementState", "no_fault", "persist"]

_log = logging.getLogger(__name__)

_LONGEST_SECONDS = 3600.0

FaultPoint = Callable[[str], None]
"""Called with the name of each step that a crash could follow; raises to play the crash."""

FAULT_POINTS = (
    "group signed",
    "group stored",
    "group submitted",
    "group included",
    "group settled",
    "group void",
    "group released",
    "device paid out",
)


def no_fault(_name: str) -> None:
    """Nothing goes wrong."""


@dataclass(frozen=True, slots=True)
class SettlementSettings:
    """How movements of tokens are settled.

    Attributes:
        timeout_seconds: How long a caller waits before it is told that its movement is pending.
        most_waiting: Movements in the queue; more are refused.
        most_groups_under_way: Groups that may be chained before the first of them is included.
        retry_seconds: The first pause after a failure of the node; each further one is twice as long.
        longest_retry_seconds: The longest pause.
        reattach_seconds: A group that no milestone takes for so long is attached again.
        default_price_iota: The price of devices without one.
        wallet_funding_iota: What a refill adds; a new wallet and a new device's address get 1,000,000 more.
        fundings_per_day: How often an account's wallet is funded within 24 hours.
        alarm_iota_per_day: When all fundings of 24 hours are more than this, an alarm is raised.
        operator_low_iota: When the operator has less than this, that is said.
        spending_iota_per_purchase: By user id alone.
        spending_iota_per_day: By user id alone, within 24 hours.

    Raises:
        InvalidField: A number is outside its limits.
    """

    timeout_seconds: float = 30.0
    most_waiting: int = 10_000
    most_groups_under_way: int = 8
    retry_seconds: float = 0.25
    longest_retry_seconds: float = 10.0
    reattach_seconds: float = 30.0
    default_price_iota: int = 1000
    wallet_funding_iota: int = 1_000_000
    fundings_per_day: int = 100
    alarm_iota_per_day: int = 10_000_000_000
    operator_low_iota: int = 1_000_000_000
    spending_iota_per_purchase: int = 1_000_000
    spending_iota_per_day: int = 10_000_000

    def __post_init__(self) -> None:
        """Check the limits."""
        for name in ("timeout_seconds", "retry_seconds", "longest_retry_seconds", "reattach_seconds"):
            if not 0 < getattr(self, name) <= _LONGEST_SECONDS:
                raise InvalidField(name, f"above 0 and at most {_LONGEST_SECONDS}")
        for name, least in (("most_waiting", 1), ("most_groups_under_way", 1), ("fundings_per_day", 0)):
            if getattr(self, name) < least:
                raise InvalidField(name, f"at least {least}")
        for name, least in (
            ("wallet_funding_iota", RESERVE_IOTA),
            ("default_price_iota", 0),
            ("alarm_iota_per_day", 0),
            ("operator_low_iota", 0),
            ("spending_iota_per_purchase", 0),
            ("spending_iota_per_day", 0),
        ):
            if not least <= getattr(self, name) <= TOKEN_SUPPLY_IOTA:
                raise InvalidField(name, f"{least} to {TOKEN_SUPPLY_IOTA}")

    @property
    def endowment_iota(self) -> int:
        """What a new device's address gets: as much as a new wallet (D18)."""
        return self.wallet_funding_iota + RESERVE_IOTA


@dataclass(slots=True, eq=False)
class Job:
    """A movement, and whoever waits for it.

    Attributes:
        movement: What is to be done.
        done: Has the outcome, or why there is none.
        listeners: How many callers wait.
        is_kept: Whether the store knows the movement.
        is_grouped: Whether it is in a group under way.
        is_settling: Whether its end is being written, so that whoever waits is told, however late it is.
    """

    movement: Movement
    done: asyncio.Future[SettledMovement] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    listeners: int = 0
    is_kept: bool = False
    is_grouped: bool = False
    is_settling: bool = False

    def __post_init__(self) -> None:
        """Nobody may be listening when it fails: that is no fault of asyncio's."""
        self.done.add_done_callback(lambda done: done.cancelled() or done.exception())


@dataclass(frozen=True, slots=True)
class SettlementState:
    """What is going on, for metrics.

    Attributes:
        waiting: Movements in the queue.
        groups_under_way: Groups of which the ledger has not decided.
        groups_settled: Since the start.
        groups_released: Since the start.
        movements_settled: Since the start.
        is_running: Whether the queue works.
    """

    waiting: int
    groups_under_way: int
    groups_settled: int
    groups_released: int
    movements_settled: int
    is_running: bool


async def persist(settings: SettlementSettings, step: Callable[[], Awaitable[None]]) -> None:
    """Do a step, again and again as long as the node or the store cannot take it.

    Raises:
        StoreFailed: The store will never take anything again.
    """
    pause = settings.retry_seconds
    while True:
        try:
            await step()
        except StoreFailed:
            raise
        except (NodeError, StoreError) as error:
            _log.warning("settlements wait: %s", error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, settings.longest_retry_seconds)
        else:
            return
