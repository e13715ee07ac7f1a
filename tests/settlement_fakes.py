"""The part of the store in memory that keeps movements of tokens, and values to put into it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datasouk.market.movements import (
    AdmissionRules,
    Coin,
    Movement,
    MovementKind,
    OpenGroup,
    Refusal,
    SettledMovement,
    SignedGroup,
)
from datasouk.market.records import Purchase, Wallet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.market_fakes import MemoryDevices, MemoryWallets

RULES = AdmissionRules(default_price_iota=1000, since_ms=0, fundings_per_day=3, spending_iota_per_day=500)


def some_movement(number: int = 1, kind: MovementKind = MovementKind.REFILL, **changes: object) -> Movement:
    movement = Movement(
        movement_id=f"movement-{number:04}",
        kind=kind,
        source=b"source".ljust(32, b"\x00"),
        target=b"target".ljust(32, b"\x00"),
        amount_iota=100,
        made_ms=1000 + number,
        account_id="account-0002",
    )
    return replace(movement, **changes)  # type: ignore[arg-type]


def some_group(*movements: Movement, number: int = 1) -> SignedGroup:
    return SignedGroup(number.to_bytes(32, "big"), b"raw %d" % number, movements, 2000 + number)


@dataclass
class _Kept:
    group: SignedGroup
    leaves: bytes
    message_id: bytes | None = None
    released: bool = False

    @property
    def is_open(self) -> bool:
        return self.message_id is None and not self.released


class MemorySettlements:
    def __init__(self, devices: MemoryDevices, wallets: MemoryWallets) -> None:
        self._devices = devices
        self._wallets = wallets
        self._groups: list[_Kept] = []
        self._movements: dict[str, tuple[Movement, int | None, int]] = {}
        self._untold: set[str] = set()
        self._coins: dict[bytes, tuple[int, Coin]] = {}

    async def open(self, group: SignedGroup, rules: AdmissionRules) -> int | dict[str, Refusal]:
        refused: dict[str, Refusal] = {}
        for place, movement in enumerate(group.movements):
            reason = self._reason(movement, group.movements[:place], rules)
            if reason is not None:
                refused[movement.movement_id] = reason
        if refused:
            return refused
        self._groups.append(_Kept(group, b"".join(each.leaf() for each in group.movements)))
        for place, movement in enumerate(group.movements):
            self._movements[movement.movement_id] = movement, len(self._groups), place
        return len(self._groups)

    def _reason(self, movement: Movement, before: Sequence[Movement], rules: AdmissionRules) -> Refusal | None:
        grouped = [each for each, number, _ in self._movements.values() if number is not None]
        same = [
            each
            for each in (*grouped, *before)
            if each.account_id == movement.account_id and each.made_ms >= rules.since_ms
        ]
        if movement.kind.is_funding:
            count = sum(each.kind.is_funding for each in same)
            return Refusal.FUNDING_LIMIT if count >= rules.fundings_per_day else None
        if movement.kind is not MovementKind.PURCHASE:
            return None
        assert movement.device is not None
        assert movement.account_id is not None
        if not self._devices.is_there(movement.device):
            return Refusal.DEVICE_GONE
        if (movement.account_id, movement.device) in self._devices.purchases:
            return Refusal.ALREADY_BOUGHT
        price = self._devices.rows[movement.device][0].price_iota
        if (rules.default_price_iota if price is None else price) != movement.amount_iota:
            return Refusal.PRICE_CHANGED
        spent = sum(each.amount_iota for each in same if each.kind is MovementKind.PURCHASE and each.by_user_id)
        if movement.by_user_id and spent + movement.amount_iota > rules.spending_iota_per_day:
            return Refusal.SPENDING_LIMIT
        return None

    async def settle(
        self,
        number: int,
        message_id: bytes,
        *,
        settled_ms: int,
        coins: Mapping[bytes, Coin | None],
        untold: Sequence[str],
    ) -> bool:
        kept = self._groups[number - 1]
        if not kept.is_open:
            return False
        kept.message_id = message_id
        for each in kept.group.movements:
            if each.kind is MovementKind.PURCHASE and each.device in self._devices.rows:
                assert each.account_id is not None
                assert each.device is not None
                purchase = Purchase(each.account_id, each.device, each.amount_iota, settled_ms)
                self._devices.purchases.setdefault((each.account_id, each.device), purchase)
        self._untold.update(untold)
        for address, coin in coins.items():
            if self._coins.get(address, (0,))[0] < number:
                if coin is None:
                    self._coins.pop(address, None)
                else:
                    self._coins[address] = number, coin
        return True

    async def release(self, number: int) -> bool:
        kept = self._groups[number - 1]
        if not kept.is_open:
            return False
        kept.released = True
        for each in kept.group.movements:
            self._movements[each.movement_id] = each, None, self._movements[each.movement_id][2]
        return True

    async def keep_waiting(self, movement: Movement) -> None:
        self._movements.setdefault(movement.movement_id, (movement, None, 0))

    async def drop(self, movement_id: str) -> None:
        if movement_id in self._movements and self._movements[movement_id][1] is None:
            del self._movements[movement_id]

    async def open_groups(self) -> list[OpenGroup]:
        return [OpenGroup(number, kept.group) for number, kept in enumerate(self._groups, 1) if kept.is_open]

    async def waiting(self) -> list[Movement]:
        waiting = [(place, each) for each, number, place in self._movements.values() if number is None]
        return [each for _, each in sorted(waiting, key=lambda entry: (entry[0], entry[1].movement_id))]

    async def was_released(self, transaction_id: bytes) -> bool:
        return any(kept.released for kept in self._groups if kept.group.transaction_id == transaction_id)

    async def coin_of(self, address: bytes) -> Coin | None:
        return self._coins[address][1] if address in self._coins else None

    async def has_grant(self, account_id: str) -> bool:
        return any(
            each.account_id == account_id and each.kind is MovementKind.GRANT for each, _, _ in self._movements.values()
        )

    async def take_untold(self, account_id: str) -> SettledMovement | None:
        for movement_id in sorted(self._untold):
            if self._movements[movement_id][0].account_id == account_id:
                self._untold.remove(movement_id)
                return self._settled(movement_id)
        return None

    async def purchase(self, account_id: str, device: int) -> SettledMovement | None:
        found = (
            self._settled(each.movement_id)
            for each, _, _ in self._movements.values()
            if (each.kind, each.account_id, each.device) == (MovementKind.PURCHASE, account_id, device)
        )
        return next((each for each in found if each is not None), None)

    async def history(self, account_id: str, *, limit: int) -> list[SettledMovement]:
        of_account = [each for each, _, _ in self._movements.values() if each.account_id == account_id]
        newest = sorted(of_account, key=lambda each: -each.made_ms)
        settled = (self._settled(each.movement_id) for each in newest)
        return [each for each in settled if each is not None][:limit]

    async def funded_since(self, since_ms: int) -> int:
        fundings = [each for each, _, _ in self._movements.values() if each.kind.is_funding]
        return sum(each.amount_iota for each in fundings if each.made_ms >= since_ms)

    async def endowed(self, address: bytes, device: int) -> int:
        grouped = [each for each, number, _ in self._movements.values() if number is not None]
        given = [each for each in grouped if each.kind is MovementKind.ENDOWMENT and each.target == address]
        returned = [each for each in grouped if each.kind is MovementKind.RETURN and each.device == device]
        return sum(each.amount_iota for each in given) - sum(each.amount_iota for each in returned)

    async def wallet_at(self, address: bytes) -> Wallet | None:
        wallets = [*self._wallets.accounts.values(), *self._devices.wallets.values()]
        return next((each for each in wallets if each.address == address), None)

    def _settled(self, movement_id: str) -> SettledMovement | None:
        movement, number, place = self._movements[movement_id]
        kept = None if number is None else self._groups[number - 1]
        if kept is None or kept.message_id is None:
            return None
        group = kept.group
        return SettledMovement(movement, place, group.transaction_id, kept.message_id, group.raw, kept.leaves)
