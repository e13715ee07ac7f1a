"""Masking: the sponge as a cipher that also takes in what it enciphers.

    for each chunk x of up to 243 trits:  k = rate;  absorb x;  c = x + k  (trit by trit, modulo 3)

The key stream depends on everything absorbed so far, so whoever unmasks absorbs the same plain trits and can go on to
check what was signed.  Source: ``@iota/mam.js`` 1.6.3, ``mask.js``.
"""

from datasouk.ternary.kernel import Sponge
from datasouk.ternary.trits import Trits

__all__ = ["mask", "unmask"]

_CHUNK = 243


def mask(sponge: Sponge, plain: Trits) -> Trits:
    """Encipher, absorbing the plain trits."""
    parts = []
    for chunk in plain.chunks(_CHUNK):
        parts.append(chunk.add(sponge.rate(chunk.length)))
        sponge.absorb(chunk)
    return Trits.join(parts)


def unmask(sponge: Sponge, masked: Trits) -> Trits:
    """Decipher, absorbing the plain trits."""
    parts = []
    for chunk in masked.chunks(_CHUNK):
        plain = chunk.subtract(sponge.rate(chunk.length))
        sponge.absorb(plain)
        parts.append(plain)
    return Trits.join(parts)
