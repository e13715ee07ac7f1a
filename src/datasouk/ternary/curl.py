"""Curl-P, the sponge hash of MAM and of the ledger's proof of work: the readable version.

    state        729 trits s_0..s_728; the *rate* is s_0..s_242
    round        s'_i = F(s_{364 i mod 729}, s_{364 (i+1) mod 729}),  F(a, b) as in the table below
    transform    27 rounds (Curl-P-27: everything in MAM) or 81 (Curl-P-81: MAM addresses, proof of work)
    absorb x     for each chunk of up to 243 trits: overwrite that many trits of the rate, transform
    squeeze n    for each chunk of up to 243 trits: copy it out of the rate, transform

A partial chunk leaves the remaining rate trits as they are, and absorbing nothing still transforms once.

This file is the reference: it says what the fast engine in ``lanes.py`` must compute, and the tests hold the two
against each other.  Source: ``@iota/crypto.js`` 1.8.6, ``hashes/curl.js``.
"""

from collections.abc import Sequence

from datasouk.ternary.trits import Trits

__all__ = ["RATE", "STATE", "Curl", "hash_once"]

STATE = 729
RATE = 243

# F(a, b), indexed [a + 1][b + 1].
_TRUTH_TABLE = ((1, 1, -1), (0, -1, 1), (-1, 0, 0))


class Curl:
    """One Curl-P sponge; ``lanes`` exists for the fast engine's sake and must be 1 here.

    Args:
        rounds: 27 or 81.
        lanes: 1.
    """

    def __init__(self, rounds: int = 27, *, lanes: int = 1) -> None:
        if lanes != 1:
            raise ValueError(f"the readable Curl has 1 lane, not {lanes}")
        self._rounds = rounds
        self._state = [0] * STATE

    @property
    def state(self) -> Trits:
        """All 729 trits."""
        return Trits.of(self._state)

    def reset(self) -> None:
        """Back to all zeros."""
        self._state = [0] * STATE

    def absorb(self, trits: Trits) -> None:
        """Take in any number of trits, in chunks of up to 243."""
        for chunk in trits.chunks(RATE) or [trits]:
            self._state[: len(chunk)] = chunk
            self._transform()

    def squeeze(self, length: int = RATE) -> Trits:
        """Give out ``length`` trits, transforming after each chunk of up to 243."""
        parts = []
        for start in range(0, length, RATE):
            parts.append(self.rate(min(RATE, length - start)))
            self._transform()
        return Trits.join(parts)

    def rate(self, length: int = RATE) -> Trits:
        """The first ``length`` trits of the state, without a transform."""
        return Trits.of(self._state[:length])

    def mask(self, plain: Trits) -> Trits:
        """Use the sponge as a cipher that also takes in what it enciphers.

        For each chunk x of up to 243 trits: k = rate; absorb x; the masked chunk is x + k, trit by trit modulo 3.  The
        key stream depends on all that was absorbed before.  Source: ``@iota/mam.js`` 1.6.3, ``mask.js``.
        """
        parts = []
        for chunk in plain.chunks(RATE):
            parts.append(chunk.add(self.rate(len(chunk))))
            self.absorb(chunk)
        return Trits.join(parts)

    def unmask(self, masked: Trits) -> Trits:
        """The inverse of ``mask``: absorbs the plain trits as well."""
        parts = []
        for chunk in masked.chunks(RATE):
            parts.append(chunk.subtract(self.rate(len(chunk))))
            self.absorb(parts[-1])
        return Trits.join(parts)

    def _transform(self) -> None:
        for _ in range(self._rounds):
            old = self._state
            self._state = [_TRUTH_TABLE[old[364 * i % STATE] + 1][old[364 * (i + 1) % STATE] + 1] for i in range(STATE)]


def hash_once(trits: Trits, rounds: int = 27) -> Trits:
    """h(x): absorb x into a new sponge and read 243 trits."""
    curl = Curl(rounds)
    curl.absorb(trits)
    return curl.rate()


def hash_times(trits: Trits, times: int) -> Trits:
    """h applied ``times`` times to 243 trits, with Curl-P-27."""
    for _ in range(times):
        trits = hash_once(trits)
    return trits


def follow_chains(starts: Sequence[Trits], steps: Sequence[int]) -> list[Trits]:
    """h applied ``steps[i]`` times to ``starts[i]``."""
    return [hash_times(start, times) for start, times in zip(starts, steps, strict=True)]
