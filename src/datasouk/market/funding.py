"""Wallets: made, funded from the operator's wallet within limits, and what they hold (P2, P3, D6, D18).

There is no book of balances: what a wallet holds is what the ledger says of its address, less what it has promised and
the ledger does not show yet.
"""

import logging
import secrets
from dataclasses import dataclass

from datasouk.ledger.address import Address
from datasouk.market.errors import InvalidField
from datasouk.market.group_building import DAY_MS
from datasouk.market.ids import Clock, Randomness, now_ms
from datasouk.market.movements import RESERVE_IOTA, MovementKind, SettledMovement
from datasouk.market.ports import Node, Store
from datasouk.market.records import Device, Wallet
from datasouk.market.secrets import Vault
from datasouk.market.settlement import Settlement
from datasouk.market.settlement_jobs import Job
from datasouk.market.wallets import make_wallet

__all__ = ["Funded", "Funding", "OperatorState", "WalletState"]

_log = logging.getLogger(__name__)

_MOST_LOOKS = 8


@dataclass(frozen=True, slots=True)
class Funded:
    """A wallet was funded.

    Attributes:
        is_new: Whether this was its first funding.
        message_id: The message with which the tokens came, 32 bytes.
    """

    is_new: bool
    message_id: bytes


@dataclass(frozen=True, slots=True)
class WalletState:
    """What a wallet holds.

    Attributes:
        address: 32 bytes.
        balance_iota: All of it.
        spendable_iota: Less what it has to keep.
    """

    address: bytes
    balance_iota: int
    spendable_iota: int


@dataclass(frozen=True, slots=True)
class OperatorState:
    """What the operator can give.

    Attributes:
        is_low: Whether it is below the limit that is set.
        is_alarming: Whether more than the limit was given within 24 hours.
    """

    address: bytes
    balance_iota: int
    funded_iota_in_a_day: int
    is_low: bool
    is_alarming: bool


class Funding:
    """Makes and funds the wallets of accounts, endows devices, and says what wallets hold.

    Args:
        settlement: Moves the tokens; its settings are ours.
        vault: Seals the seeds.
    """

    def __init__(
        self,
        store: Store,
        node: Node,
        settlement: Settlement,
        vault: Vault,
        *,
        clock: Clock = now_ms,
        randomness: Randomness = secrets.token_bytes,
    ) -> None:
        self._store = store
        self._node = node
        self._settlement = settlement
        self._settings = settlement.settings
        self._vault = vault
        self._clock = clock
        self._randomness = randomness

    async def of_account(self, account_id: str) -> Wallet:
        """An account's wallet, made if there is none."""
        wallet = await self._store.wallets.of_account(account_id)
        if wallet is None:
            drawn = make_wallet(self._vault, clock=self._clock, randomness=self._randomness)
            wallet = await self._store.wallets.add_for_account(account_id, drawn)
        return wallet

    async def fund(self, account_id: str) -> Funded:
        """Give an account tokens: more the first time, when the wallet is made (P2).

        Whoever was told that a funding is pending, and asks again, gets that one's end and no further funding.

        Raises:
            FundingLimitReached: The account has had as many as a day allows.
            OperatorWalletEmpty: There is nothing to give.
            SettlementPending: It takes longer; ask again.
        """
        while True:
            untold = await self._store.settlements.take_untold(account_id)
            if untold is not None:
                return _funded(untold)
            job = self._forgotten(account_id)
            if job is None or not job.is_settling:
                break
            # Its end is just being written down as untold: wait for that, or it would be told twice.
            await self._settlement.wait(job)
        if job is None:
            wallet = await self.of_account(account_id)
            has_grant = await self._store.settlements.has_grant(account_id)
            # Nothing is awaited between here and the queue, so that one call alone is the first.
            if has_grant or self._settlement.under_way(MovementKind.GRANT, account_id) is not None:
                kind, amount = MovementKind.REFILL, self._settings.wallet_funding_iota
            else:
                kind, amount = MovementKind.GRANT, self._settings.wallet_funding_iota + RESERVE_IOTA
            operator = self._settlement.operator_address
            job = self._settlement.enqueue(
                self._settlement.movement(kind, operator, wallet.address, amount, account_id=account_id)
            )
        return _funded(await self._settlement.wait(job))

    async def endow(self, device: Device) -> None:
        """Give a new device's address what a new wallet gets (D18), unless it was given already.

        Raises:
            OperatorWalletEmpty: There is nothing to give.
            SettlementPending: It takes longer; it goes on.
        """
        wallet = await self._store.wallets.of_device(device.number)
        if wallet is None or await self._store.settlements.endowed(wallet.address, device.number):
            return
        movement = self._settlement.movement(
            MovementKind.ENDOWMENT,
            self._settlement.operator_address,
            wallet.address,
            self._settings.endowment_iota,
            device=device,
        )
        await self._settlement.settle(movement)

    async def give(self, address: Address, amount_iota: int) -> SettledMovement:
        """Pay from the operator's wallet to any address.

        Raises:
            InvalidField: Less than 1,000,000, which would be dust.
            OperatorWalletEmpty: There is not so much.
            SettlementPending: It takes longer; it goes on.
        """
        if amount_iota < RESERVE_IOTA:
            raise InvalidField("amount", f"at least {RESERVE_IOTA}")
        operator = self._settlement.operator_address
        return await self._settlement.settle(
            self._settlement.movement(MovementKind.GIFT, operator, address.digest, amount_iota)
        )

    async def state(self, account_id: str) -> WalletState | None:
        """What an account's wallet holds; None if it has none.

        Raises:
            NodeError: The node does not answer.
        """
        wallet = await self._store.wallets.of_account(account_id)
        if wallet is None:
            return None
        balance = await self._balance(wallet.address)
        return WalletState(wallet.address, balance, max(0, balance - RESERVE_IOTA))

    async def operator(self) -> OperatorState:
        """What the operator can give, for readiness and metrics.

        Raises:
            NodeError: The node does not answer.
        """
        address = self._settlement.operator_address
        balance = await self._balance(address)
        funded = await self._store.settlements.funded_since(self._clock() - DAY_MS)
        is_alarming = funded > self._settings.alarm_iota_per_day
        if is_alarming:
            _log.warning(
                "%d tokens were given within 24 hours, the alarm is at %d", funded, self._settings.alarm_iota_per_day
            )
        return OperatorState(address, balance, funded, balance < self._settings.operator_low_iota, is_alarming)

    async def _balance(self, address: bytes) -> int:
        promised = await self._settlement.promised(address)
        for _ in range(_MOST_LOOKS):
            found = await self._node.balance(Address(address))
            # A milestone in between would make a payment miss twice: then look again.
            before, promised = promised, await self._settlement.promised(address)
            if before == promised:
                break
        return max(0, found.balance_iota - promised)

    def _forgotten(self, account_id: str) -> Job | None:
        """A funding that is on its way, and that nobody waits for any more."""
        jobs = self._settlement.jobs_of(account_id)
        return next((job for job in jobs if job.movement.kind.is_funding and not job.listeners), None)


def _funded(settled: SettledMovement) -> Funded:
    return Funded(settled.movement.kind is MovementKind.GRANT, settled.message_id)
