"""Making one transaction of many movements: netted per address, within the ledger's limits.

For each address ``a`` that a group touches, with ``C(a)`` the coins of it that the group spends::

    left(a) = sum of C(a) + what comes in - what goes out           one output, or none if left(a) = 0
    left(a) = 0  or  left(a) >= 1,000,000                           so no output is dust
    a wallet that pays keeps 1,000,000; a device that is closed and the operator may keep nothing
    |C(a1)| + |C(a2)| + ... <= 127,  outputs <= 127

An address of ours that only receives gives one coin too, so that it has one output before and after.  What room is left
takes in further coins, those of strangers: that is the sweep.  An address that would be left with less than 1,000,000
(it holds nothing yet) gets 1,000,000 from the operator as a line item of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from datasouk.ledger.address import Address
from datasouk.ledger.indexation import Indexation
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.outputs import MAX_OUTPUTS, TOKEN_SUPPLY_IOTA, Output, UtxoInput, split_output_id
from datasouk.ledger.signatures import sign_transaction
from datasouk.ledger.transaction import MAX_INPUTS, Essence, Transaction
from datasouk.market.coins import CoinView
from datasouk.market.movements import (
    RESERVE_IOTA,
    SETTLEMENT_INDEX,
    Coin,
    Movement,
    MovementKind,
    SignedGroup,
    group_digest,
)

__all__ = ["Fit", "GroupDraft", "PreparedGroup"]


class Fit(Enum):
    """Whether a movement could be added."""

    ADDED = "added"
    FULL = "the group has no room for it"
    SHORT = "its source does not hold enough"
    OPERATOR_SHORT = "the operator does not hold enough"


@dataclass(slots=True)
class _Entry:
    """What a group does to one address."""

    coins: tuple[Coin, ...] = ()
    left_iota: int = 0

    def take(self, coin: Coin) -> None:
        self.coins = (*self.coins, coin)
        self.left_iota += coin.amount_iota


@dataclass(frozen=True, slots=True)
class PreparedGroup:
    """A signed group, and what it does to our coins.

    Attributes:
        spent: Ids of the outputs it spends.
        left: What it leaves to each address of ours that it touches.
    """

    group: SignedGroup
    transaction: Transaction
    spent: tuple[bytes, ...]
    left: Mapping[bytes, Coin | None]


class GroupDraft:
    """A group while movements are added to it.

    Args:
        view: The coins of every address that will be touched, loaded.
        keys: The key of every address that will be touched; None for those that are not ours.
        operator: The address that endows.
        endow: Makes the endowment of a movement's target, at least 1,000,000 from the operator.
    """

    def __init__(
        self,
        view: CoinView,
        keys: Mapping[bytes, SigningKey | None],
        *,
        operator: bytes,
        endow: Callable[[Movement], Movement],
    ) -> None:
        self._view = view
        self._keys = keys
        self._operator = operator
        self._endow = endow
        self._entries: dict[bytes, _Entry] = {}
        self._input_count = 0
        self.movements: list[Movement] = []

    def add(self, movement: Movement) -> Fit:
        """Add a movement, with the endowment of its target if it needs one; or change nothing."""
        trial: dict[bytes, _Entry] = {}
        fit = self._move(trial, movement)
        if fit is not Fit.ADDED:
            return fit
        added = [movement]
        if 0 < trial[movement.target].left_iota < RESERVE_IOTA:
            endowment = self._endow(movement)
            if self._move(trial, endowment) is not Fit.ADDED:
                return Fit.OPERATOR_SHORT
            added.append(endowment)
        before = sum(len(self._entries[each].coins) for each in trial if each in self._entries)
        input_count = self._input_count - before + sum(len(entry.coins) for entry in trial.values())
        if input_count > MAX_INPUTS or len(self._entries.keys() | trial.keys()) > MAX_OUTPUTS:
            return Fit.FULL
        self._entries.update(trial)
        self._input_count = input_count
        self.movements += added
        return Fit.ADDED

    def sweep(self, address: bytes) -> None:
        """Take in coins of an address, as many as there is room for."""
        entry = self._entries.setdefault(address, _Entry())
        taken = {coin.output_id for coin in entry.coins}
        for output_id, coin in self._view.purse(address).coins.items():
            if self._input_count >= MAX_INPUTS:
                break
            if output_id not in taken:
                entry.take(coin)
                self._input_count += 1

    def sweep_all(self) -> None:
        """Use what room is left."""
        for address in list(self._entries):
            if self._keys.get(address) is not None and len(self._view.purse(address).coins) > 1:
                self.sweep(address)

    @property
    def is_possible(self) -> bool:
        """Whether its coins can all be there: not more than all tokens, as when a group below it is void, unnoticed."""
        return sum(entry.left_iota for entry in self._entries.values()) <= TOKEN_SUPPLY_IOTA

    def sign(self, made_ms: int) -> PreparedGroup:
        """Make and sign the transaction."""
        owners: dict[bytes, bytes] = {
            coin.output_id: address for address, entry in self._entries.items() for coin in entry.coins
        }
        outputs = tuple(
            Output(Address(address), entry.left_iota) for address, entry in self._entries.items() if entry.left_iota
        )
        digest = group_digest(b"".join(movement.leaf() for movement in self.movements))
        inputs = tuple(UtxoInput(*split_output_id(output_id)) for output_id in owners)
        essence = Essence.sorted(inputs, outputs, Indexation(SETTLEMENT_INDEX, digest))
        signers = []
        for each in essence.inputs:
            key = self._keys[owners[each.output_id]]
            assert key is not None, "only addresses of ours give coins"
            signers.append(key)
        transaction = sign_transaction(essence, signers)
        left: dict[bytes, Coin | None] = {each: None for each in self._entries if self._keys.get(each) is not None}
        for output, output_id in zip(essence.outputs, transaction.output_ids(), strict=True):
            if output.address.digest in left:
                left[output.address.digest] = Coin(output_id, output.amount_iota)
        raw = transaction.to_bytes()
        group = SignedGroup(transaction.transaction_id(), raw, tuple(self.movements), made_ms)
        return PreparedGroup(group, transaction, tuple(owners), left)

    def _move(self, trial: dict[bytes, _Entry], movement: Movement) -> Fit:
        may_be_emptied = movement.source == self._operator or movement.kind is MovementKind.RETURN
        source = self._entry(trial, movement.source)
        unused = iter(self._view.purse(movement.source).coins.values())
        taken = {coin.output_id for coin in source.coins}
        while not _may_pay(source.left_iota - movement.amount_iota, may_be_emptied=may_be_emptied):
            coin = next((each for each in unused if each.output_id not in taken), None)
            if coin is None:
                return Fit.OPERATOR_SHORT if movement.source == self._operator else Fit.SHORT
            source.take(coin)
        source.left_iota -= movement.amount_iota
        self._entry(trial, movement.target).left_iota += movement.amount_iota
        return Fit.ADDED

    def _entry(self, trial: dict[bytes, _Entry], address: bytes) -> _Entry:
        """The entry to change: a copy of what the draft has, or a new one with one coin."""
        if address not in trial:
            there = self._entries.get(address)
            if there is not None:
                trial[address] = _Entry(there.coins, there.left_iota)
            else:
                trial[address] = entry = _Entry()
                first = next(iter(self._view.purse(address).coins.values()), None)
                if first is not None and self._keys.get(address) is not None:
                    entry.take(first)
        return trial[address]


def _may_pay(left_iota: int, *, may_be_emptied: bool) -> bool:
    return left_iota >= RESERVE_IOTA or (may_be_emptied and left_iota == 0)
