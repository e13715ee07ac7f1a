"""Coins: the unspent plain outputs of our addresses, as the ledger will have them once all that is on its way is there.

The ledger is the one book.  This is a look at it from a little ahead: what it said about an address when that was first
touched, less what our own groups have spent since, and with what they have made.  So the next group can spend the
outputs of the last one before any milestone has come.

What does not count as a coin: dust (less than 1,000,000) and dust allowances.  Only strangers make those.

The ledger lists at most 1,000 outputs of an address, the oldest first, and a stranger may have sent thousands.  So the
coin that our last group left there is remembered in the store, and is found whatever comes before it in the list.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from datasouk.ledger.address import Address
from datasouk.ledger.answers import NotInLedger
from datasouk.ledger.outputs import OutputType
from datasouk.market.movements import RESERVE_IOTA, Coin
from datasouk.market.ports import Node, SettlementStore

__all__ = ["CoinView", "Purse"]

_MOST_LOOKED_AT = 256
"""Outputs of one address that are looked at in one go; at most 100 of them can be dust."""
_FULL_LIST = 1000
"""A list as long as this may have been cut off."""
_MOST_SPENT_REMEMBERED = 131_072
_MOST_PURSES = 65_536
_LISTED_AGAIN_SECONDS = 30.0


@dataclass(slots=True)
class Purse:
    """The coins of one address, that of our last group first.

    Attributes:
        is_whole: Whether the list had no more outputs than were looked at.
        listed_at: When the ledger was asked, seconds of the view's clock.
        users: How many groups on their way touch the address.
    """

    coins: dict[bytes, Coin] = field(default_factory=dict)
    is_whole: bool = True
    listed_at: float = -math.inf
    users: int = 0

    @property
    def total_iota(self) -> int:
        """The sum of the coins."""
        return sum(coin.amount_iota for coin in self.coins.values())


class CoinView:
    """The coins of every address that was touched lately.

    Args:
        node: The ledger.
        store: Remembers the coin that our last group left.
        monotonic: Seconds, for how old a list is.
    """

    def __init__(self, node: Node, store: SettlementStore, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._node = node
        self._store = store
        self._monotonic = monotonic
        self._purses: OrderedDict[bytes, Purse] = OrderedDict()
        self._spent: OrderedDict[bytes, None] = OrderedDict()

    def purse(self, address: bytes) -> Purse:
        """The purse of an address; empty if it was not loaded."""
        return self._purses.get(address) or Purse()

    async def load(self, addresses: Iterable[bytes]) -> None:
        """Ask the ledger about addresses that are not known, or were not listed for a while.

        Raises:
            NodeError: The node does not answer.
        """
        now = self._monotonic()
        stale = [each for each in dict.fromkeys(addresses) if self._is_stale(each, now)]
        if stale:
            await asyncio.gather(*(self.list_again(address) for address in stale))
        while len(self._purses) > _MOST_PURSES:
            oldest = next((each for each, purse in self._purses.items() if not purse.users), None)
            if oldest is None:
                break
            del self._purses[oldest]

    async def list_again(self, address: bytes) -> None:
        """Ask the ledger about one address, whenever that was done last.

        Raises:
            NodeError: The node does not answer.
        """
        owner = Address(address)
        known = self._purses.get(address)
        listed = await self._node.outputs(owner, output_type=OutputType.SINGLE)
        unspent = [each for each in listed if each not in self._spent]
        ids = dict.fromkeys(unspent[:_MOST_LOOKED_AT])
        left = None if known else await self._store.coin_of(address)
        if left is not None:
            ids = {left.output_id: None} | ids
        have = known.coins if known else {}
        new = [each for each in ids if each not in have and each not in self._spent]
        found = await asyncio.gather(*(self._coin(each, owner) for each in new))
        # Only now is the purse touched, and what was spent while the node was asked is left out.
        purse = self._purses.setdefault(address, Purse())
        for coin in found:
            if coin is not None and coin.output_id not in self._spent:
                purse.coins.setdefault(coin.output_id, coin)
        purse.listed_at = self._monotonic()
        purse.is_whole = len(unspent) <= _MOST_LOOKED_AT and len(listed) < _FULL_LIST

    def apply(self, spent: Iterable[bytes], left: Mapping[bytes, Coin | None]) -> None:
        """A group is on its way: it spends these, and leaves these to addresses of ours."""
        gone = set(spent)
        for output_id in gone:
            self._spent[output_id] = None
        while len(self._spent) > _MOST_SPENT_REMEMBERED:
            self._spent.popitem(last=False)
        for address, coin in left.items():
            purse = self._purses.setdefault(address, Purse())
            purse.coins = {each: kept for each, kept in purse.coins.items() if each not in gone}
            if coin is not None:
                purse.coins = {coin.output_id: coin} | purse.coins
            purse.users += 1
            self._purses.move_to_end(address)

    def finish(self, addresses: Iterable[bytes]) -> None:
        """A group that touched these addresses has come to its end."""
        for address in addresses:
            purse = self._purses.get(address)
            if purse is not None and purse.users:
                purse.users -= 1

    def forget(self) -> None:
        """Believe nothing any more: the ledger has gone another way than ours.  No group may be on its way."""
        self._purses.clear()
        self._spent.clear()

    def _is_stale(self, address: bytes, now: float) -> bool:
        purse = self._purses.get(address)
        return purse is None or now - purse.listed_at >= _LISTED_AGAIN_SECONDS

    async def _coin(self, output_id: bytes, owner: Address) -> Coin | None:
        try:
            state = await self._node.output(output_id)
        except NotInLedger:
            return None
        output = state.output
        plain = output.type is OutputType.SINGLE and output.amount_iota >= RESERVE_IOTA
        return Coin(output_id, output.amount_iota) if plain and output.address == owner and not state.is_spent else None
