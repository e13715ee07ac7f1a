"""One-time keys: from a seed and an index to a private key, its address, and its signatures.

    subseed   = h(seed + index)                     the seed's trits as a balanced number, + modulo 3^243
    K_0, K_1  = squeeze 243, 243, ... from a sponge that absorbed the subseed;  27 s of them at security s
    x_i       = h(K_i)                              segment i of the private key
    digest    = rate after absorbing h^27(K_0), h^27(K_1), ...
    address   = h(digest)                           the leaf of the Merkle tree
    signature = h^(14 - v_i)(K_i)                   v_i = tryte i of the signed hash, -13..13

h is one Curl-P-27.  The chain K_i, h(K_i), ..., h^27(K_i) that gives the address passes every possible signature on
its way, so it is kept: signing then hashes nothing.

Source: ``@iota/mam.js`` 1.6.3, ``iss.js``.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from datasouk.ternary.kernel import ChainTable, chain_table, sponge
from datasouk.ternary.trits import Trits, deinterleave, interleave

__all__ = ["CHAIN_STEPS", "SEGMENT_TRITS", "OneTimeKey", "addresses", "forget_keys", "one_time_keys", "segment_count"]

SEGMENT_TRITS = 243
CHAIN_STEPS = 27
"""Steps from K_i to the end of its chain."""

_SEGMENTS_PER_LEVEL = 27
_LOW_TRITS = 48
# Keys made side by side: two fill the engine's lanes, more gain nothing.
_AT_ONCE = 2
# About 300 KB a key at security 2.
_KEYS_KEPT = 16
_ADDRESSES_KEPT = 4096


def segment_count(security: int) -> int:
    """Number of segments of a key or signature."""
    return _SEGMENTS_PER_LEVEL * security


def subseed(seed: Trits, index: int) -> Trits:
    """The 243 trits from which key number ``index`` grows."""
    hasher = sponge()
    hasher.absorb(_add(seed, index))
    return hasher.rate()


def _add(seed: Trits, index: int) -> Trits:
    """The seed's trits as a balanced number, plus a small one; the carry seldom leaves the lowest trits."""
    low = seed[:_LOW_TRITS].value + index
    if 2 * low < 3**_LOW_TRITS:
        return Trits.from_value(low, _LOW_TRITS) + seed[_LOW_TRITS:]
    return Trits.from_value(seed.value + index, seed.length)


class OneTimeKey:
    """A private key; signs once.

    Args:
        address: 243 trits.
        digest: 243 trits.
        chains: The hash chains of all segments.
        lane: Which lane of the chains is this key's.
    """

    __slots__ = ("_chains", "_lane", "address", "digest")

    def __init__(self, address: Trits, digest: Trits, chains: ChainTable, lane: int) -> None:
        self.address = address
        self.digest = digest
        self._chains = chains
        self._lane = lane

    def private_key(self, security: int) -> Trits:
        """All segments, 6561 trits for each level."""
        return Trits.join(self._chains.at([1] * segment_count(security), self._lane))

    def sign(self, signed_hash: Trits, security: int) -> Trits:
        """The signature of 243 trits: 6561 trits for each level."""
        values = signed_hash.tryte_values()[: segment_count(security)]
        return Trits.join(self._chains.at([14 - value for value in values], self._lane))


def _make(seed: Trits, indexes: Sequence[int], security: int) -> list[OneTimeKey]:
    """Up to a few keys side by side, each in a lane of its own."""
    lanes = len(indexes)
    source = sponge(lanes=lanes)
    source.absorb(interleave([subseed(seed, index) for index in indexes]))
    chains = chain_table([source.squeeze() for _ in range(segment_count(security))], CHAIN_STEPS, lanes=lanes)
    hasher = sponge(lanes=lanes)
    for end in chains.ends():
        hasher.absorb(end)
    digest = hasher.rate()
    hasher.reset()
    hasher.absorb(digest)
    pairs = zip(deinterleave(hasher.rate(), lanes), deinterleave(digest, lanes), strict=True)
    return [OneTimeKey(address, digest, chains, lane) for lane, (address, digest) in enumerate(pairs)]


class _KeyCache:
    """The keys used last, by (seed, index, security); making one costs about half of what a message costs."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: OrderedDict[tuple[Trits, int, int], OneTimeKey] = OrderedDict()
        self._addresses: OrderedDict[tuple[Trits, int, int], Trits] = OrderedDict()

    def keys(self, seed: Trits, indexes: Sequence[int], security: int) -> list[OneTimeKey]:
        with self._lock:
            known = {index: self._keys.get((seed, index, security)) for index in indexes}
        missing = [index for index, key in known.items() if key is None]
        for first in range(0, len(missing), _AT_ONCE):
            batch = missing[first : first + _AT_ONCE]
            known.update(zip(batch, _make(seed, batch, security), strict=True))
        found = {index: key for index, key in known.items() if key is not None}
        self._keep(seed, found, security)
        return [found[index] for index in indexes]

    def addresses(self, seed: Trits, indexes: Sequence[int], security: int) -> list[Trits]:
        with self._lock:
            known = {index: self._addresses.get((seed, index, security)) for index in indexes}
        missing = [index for index, address in known.items() if address is None]
        for first in range(0, len(missing), _AT_ONCE):
            batch = missing[first : first + _AT_ONCE]
            for index, key in zip(batch, self.keys(seed, batch, security), strict=True):
                known[index] = key.address
        return [address for index in indexes if (address := known[index]) is not None]

    def _keep(self, seed: Trits, keys: dict[int, OneTimeKey], security: int) -> None:
        with self._lock:
            for index, key in keys.items():
                name = (seed, index, security)
                self._keys[name] = key
                self._keys.move_to_end(name)
                self._addresses[name] = key.address
                self._addresses.move_to_end(name)
            while len(self._keys) > _KEYS_KEPT:
                self._keys.popitem(last=False)
            while len(self._addresses) > _ADDRESSES_KEPT:
                self._addresses.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._keys.clear()
            self._addresses.clear()


_cache = _KeyCache()


def one_time_keys(seed: Trits, indexes: Sequence[int], security: int) -> list[OneTimeKey]:
    """The keys number ``indexes`` of a seed; the last few made are remembered."""
    return _cache.keys(seed, indexes, security)


def addresses(seed: Trits, indexes: Sequence[int], security: int) -> list[Trits]:
    """The addresses of the keys number ``indexes`` of a seed; the last few thousand are remembered."""
    return _cache.addresses(seed, indexes, security)


def forget_keys() -> None:
    """Drop every remembered key and address."""
    _cache.clear()
