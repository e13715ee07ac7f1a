"""Choosing what goes into the next group, and saying why something cannot be done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from datasouk.ledger.keys import SigningKey
from datasouk.market.coins import CoinView
from datasouk.market.errors import CannotOpen, DeviceNotFound, MarketError
from datasouk.market.groups import Fit, GroupDraft, PreparedGroup
from datasouk.market.ids import Clock
from datasouk.market.keyring import KeyRing
from datasouk.market.movements import RESERVE_IOTA, AdmissionRules, Coin, Movement, MovementKind, Refusal, SignedGroup
from datasouk.market.payment_errors import (
    FundingLimitReached,
    NotEnoughFunds,
    OperatorWalletEmpty,
    PaymentError,
    SpendingLimitReached,
)
from datasouk.market.ports import SettlementStore
from datasouk.market.receipts import read_transaction
from datasouk.market.settlement_jobs import Job, SettlementSettings

__all__ = ["DAY_MS", "AlreadyBought", "Builder", "Built", "PriceChanged"]

DAY_MS = 24 * 60 * 60 * 1000
_MOST_CONSIDERED = 256


class AlreadyBought(PaymentError):
    """Meanwhile the stream was bought: whoever asked for it has it."""

    code = "already_bought"


class PriceChanged(PaymentError):
    """Meanwhile the price was changed: whoever asked looks at it again."""

    code = "price_changed"


@dataclass(frozen=True, slots=True)
class Built:
    """What became of the movements that wait.

    Attributes:
        prepared: A group; None if there is nothing to sign.
        jobs: Those whose movements are in it.
        failed: Those that cannot be done, and why.
    """

    prepared: PreparedGroup | None
    jobs: tuple[Job, ...]
    failed: tuple[tuple[Job, MarketError], ...]


class Builder:
    """Makes groups; changes nothing but what is known of coins.

    Args:
        view: The coins.
        endow: Makes a movement of so much from the operator to an address.
    """

    def __init__(
        self,
        view: CoinView,
        store: SettlementStore,
        keys: KeyRing,
        settings: SettlementSettings,
        *,
        clock: Clock,
        endow: Callable[[bytes, int], Movement],
    ) -> None:
        self._view = view
        self._store = store
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._endow = endow

    def rules(self) -> AdmissionRules:
        """What movements have to keep to now."""
        return AdmissionRules(
            default_price_iota=self._settings.default_price_iota,
            since_ms=self._clock() - DAY_MS,
            fundings_per_day=self._settings.fundings_per_day,
            spending_iota_per_day=self._settings.spending_iota_per_day,
        )

    async def build(self, waiting: Sequence[Job]) -> Built:
        """Make a group of what waits, oldest first.

        Raises:
            NodeError: The node does not say what addresses hold.
        """
        candidates = waiting[:_MOST_CONSIDERED]
        keys, broken = await self._prepare([job.movement for job in candidates])
        draft = self._draft(keys)
        jobs: list[Job] = []
        failed: list[tuple[Job, MarketError]] = []
        for job in candidates:
            error = broken.get(job.movement.source) or broken.get(job.movement.target)
            if error is not None:
                failed.append((job, error))
                continue
            fit = draft.add(job.movement)
            if fit in (Fit.SHORT, Fit.OPERATOR_SHORT):
                # Somebody may have sent something since; only the ledger knows.
                await self._view.list_again(self._payer(job.movement, fit))
                fit = draft.add(job.movement)
            if fit is Fit.ADDED:
                jobs.append(job)
            elif self._is_scattered(job.movement, fit):
                # With one coin there is nothing to gather: what is on its way there comes first.
                if not draft.movements and len(self._view.purse(self._payer(job.movement, fit)).coins) > 1:
                    return self._gather(keys, self._payer(job.movement, fit), failed)
            elif fit is not Fit.FULL:
                failed.append((job, self._shortage(job.movement, fit)))
        if not jobs:
            return Built(None, (), tuple(failed))
        draft.sweep_all()
        if not draft.is_possible:
            return Built(None, (), tuple(failed))
        return Built(draft.sign(self._clock()), tuple(jobs), tuple(failed))

    async def recover(self, group: SignedGroup) -> PreparedGroup:
        """What a group that was signed before the start does to our coins."""
        transaction = read_transaction(group.raw)
        touched = [address for each in group.movements for address in (each.source, each.target)]
        made = {
            output.address.digest: Coin(output_id, output.amount_iota)
            for output, output_id in zip(transaction.essence.outputs, transaction.output_ids(), strict=True)
        }
        left = {each: made.get(each) for each in (*touched, *made) if await self._is_ours(each)}
        return PreparedGroup(group, transaction, tuple(each.output_id for each in transaction.essence.inputs), left)

    async def _is_ours(self, address: bytes) -> bool:
        try:
            return await self._keys.key_of(address) is not None
        except CannotOpen:
            return False

    def refusal(self, movement: Movement, reason: Refusal) -> MarketError:
        """The error for what the store refuses."""
        match reason:
            case Refusal.ALREADY_BOUGHT:
                return AlreadyBought("this stream was bought meanwhile")
            case Refusal.PRICE_CHANGED:
                return PriceChanged("the price was changed meanwhile")
            case Refusal.DEVICE_GONE:
                return DeviceNotFound(movement.device_id or "")
            case Refusal.FUNDING_LIMIT:
                return FundingLimitReached(self._settings.fundings_per_day)
            case Refusal.SPENDING_LIMIT:
                return SpendingLimitReached(self._settings.spending_iota_per_day, what="a day")

    async def _prepare(
        self, movements: Sequence[Movement]
    ) -> tuple[dict[bytes, SigningKey | None], dict[bytes, MarketError]]:
        """Find the keys and load the coins of all addresses; and say which keys cannot be opened."""
        addresses = {each: None for movement in movements for each in (movement.source, movement.target)}
        keys: dict[bytes, SigningKey | None] = {}
        broken: dict[bytes, MarketError] = {}
        for address in (*addresses, self._keys.operator_address):
            try:
                keys[address] = await self._keys.key_of(address)
            except CannotOpen as error:
                broken[address] = error
        await self._view.load(address for address, key in keys.items() if key is not None)
        return keys, broken

    def _draft(self, keys: dict[bytes, SigningKey | None]) -> GroupDraft:
        return GroupDraft(
            self._view,
            keys,
            operator=self._keys.operator_address,
            endow=lambda needy: self._endow(needy.target, self._endowment_for(needy)),
        )

    def _endowment_for(self, movement: Movement) -> int:
        """What the target of a movement is endowed with; that of a purchase is a device's address."""
        is_device = movement.kind is MovementKind.PURCHASE
        return self._settings.endowment_iota if is_device else RESERVE_IOTA

    def _payer(self, movement: Movement, fit: Fit) -> bytes:
        """Whose coins are too few, or too many."""
        return self._keys.operator_address if fit is Fit.OPERATOR_SHORT else movement.source

    def _is_scattered(self, movement: Movement, fit: Fit) -> bool:
        """Whether a payer may hold enough, in more coins than one group can spend."""
        purse = self._view.purse(self._payer(movement, fit))
        if purse.is_whole and fit is not Fit.FULL:
            return False
        return len(purse.coins) > 1 or purse.users > 0

    def _shortage(self, movement: Movement, fit: Fit) -> MarketError:
        if fit is Fit.OPERATOR_SHORT:
            is_endowing = movement.kind in (MovementKind.PURCHASE, MovementKind.EARNINGS)
            return OperatorWalletEmpty(self._endowment_for(movement) if is_endowing else movement.amount_iota)
        return NotEnoughFunds(movement.amount_iota)

    def _gather(
        self, keys: dict[bytes, SigningKey | None], payer: bytes, failed: list[tuple[Job, MarketError]]
    ) -> Built:
        """A group that makes one coin of many, so that the next can spend it."""
        draft = self._draft(keys)
        draft.sweep(payer)
        return Built(draft.sign(self._clock()) if draft.is_possible else None, (), tuple(failed))
