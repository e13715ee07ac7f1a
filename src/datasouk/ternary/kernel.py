"""Which engine computes Curl-P: the only door through which the rest of the project reaches one.

Today there are two: ``lanes`` (fast, Python's big integers) and ``curl`` (the readable reference, about a thousand
times slower, for tests).  A compiled engine becomes a third: it implements ``Kernel`` and joins ``KERNELS``.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from datasouk.ternary import lanes as _lanes
from datasouk.ternary.trits import Trits

__all__ = [
    "KERNEL_NAME",
    "PREFIXES",
    "ChainTable",
    "Sponge",
    "chain_table",
    "follow_chains",
    "sponge",
    "transform_prefixes",
]

KERNEL_NAME: Final = "lanes"


class Sponge(Protocol):
    """A Curl-P sponge; see ``datasouk.ternary.curl`` for what each call means."""

    @property
    def state(self) -> Trits:
        """All 729 trits."""

    def reset(self) -> None:
        """Back to all zeros."""

    def absorb(self, trits: Trits) -> None:
        """Take in any number of trits, in chunks of up to 243."""

    def squeeze(self, length: int = 243) -> Trits:
        """Give out ``length`` trits, transforming after each chunk of up to 243."""

    def rate(self, length: int = 243) -> Trits:
        """The first ``length`` trits of the state, without a transform."""

    def mask(self, plain: Trits) -> Trits:
        """Encipher and absorb."""

    def unmask(self, masked: Trits) -> Trits:
        """Decipher and absorb."""


class ChainTable(Protocol):
    """Hash chains with all values kept; see ``datasouk.ternary.lanes.ChainTable``."""

    def ends(self) -> list[Trits]:
        """The last value of each chain."""

    def at(self, steps: Sequence[int], lane: int = 0) -> list[Trits]:
        """The value of chain i after ``steps[i]`` steps."""


def sponge(rounds: int = 27, *, lanes: int = 1) -> Sponge:
    """A new sponge; ``lanes`` of them side by side."""
    return _lanes.Lanes(rounds, lanes=lanes)


def chain_table(starts: Sequence[Trits], length: int, *, lanes: int = 1) -> ChainTable:
    """Apply h ``length`` times to every string, keeping all values."""
    return _lanes.chain_table(starts, length, lanes=lanes)


PREFIXES: Final = _lanes.PREFIXES
follow_chains = _lanes.follow_chains
transform_prefixes = _lanes.transform_prefixes
