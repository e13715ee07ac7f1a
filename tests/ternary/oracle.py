"""The readable Curl-P as the judge of the fast one: states to start from, and chains followed once for all tests."""

import random
from collections.abc import Sequence
from functools import lru_cache

from datasouk.ternary.curl import Curl, hash_once
from datasouk.ternary.trits import Trits

__all__ = ["CHAIN_STEPS", "CurlAt", "known_chains", "random_trits"]

CHAIN_STEPS = 27
_CHAINS = 5


class CurlAt(Curl):
    """A readable sponge that begins in any state of 729 trits, which no caller of the library may choose."""

    def __init__(self, state: Trits, rounds: int = 27) -> None:
        super().__init__(rounds)
        self._state = list(state)

    def transformed(self) -> Trits:
        """The state after one transform."""
        self._transform()
        return self.state


def random_trits(source: random.Random, length: int) -> Trits:
    """Trits, all values equally likely."""
    return Trits.of(source.choices((-1, 0, 1), k=length))


@lru_cache
def known_chains() -> Sequence[Sequence[Trits]]:
    """Five chains x, h(x), ..., h^27(x); the fifth starts from zeros, which hash to zeros."""
    source = random.Random("chains")
    chains = []
    for start in [random_trits(source, 243) for _ in range(_CHAINS - 1)] + [Trits.zeros(243)]:
        chain = [start]
        for _ in range(CHAIN_STEPS):
            chain.append(hash_once(chain[-1]))
        chains.append(chain)
    return chains
