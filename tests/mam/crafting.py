"""Payloads that no channel makes: signed by the owner of a root, with whatever numbers in them."""

from datasouk.mam import pascal
from datasouk.mam.keys import one_time_keys
from datasouk.mam.nonce import find_nonce
from datasouk.ternary.kernel import sponge
from datasouk.ternary.trits import Trits

__all__ = ["CRAFTED_SEED", "NEXT_ROOT", "craft", "crafted_root", "negative_number"]

CRAFTED_SEED = Trits.from_trytes("CRAFTED" + "9" * 74)
NEXT_ROOT = "NEXT" + "9" * 77


def crafted_root(security: int = 1) -> str:
    """The root that crafted payloads belong to: the first leaf of ``CRAFTED_SEED``."""
    return one_time_keys(CRAFTED_SEED, [0], security)[0].address.to_trytes()


def craft(
    message: str = "MESSAGE",
    *,
    index: Trits | None = None,
    length: Trits | None = None,
    count: Trits | None = None,
    siblings: Trits | None = None,
    security: int = 1,
) -> str:
    """A private message, masked and signed as it should be, but with these numbers in it; 0 siblings if not given."""
    [key] = one_time_keys(CRAFTED_SEED, [0], security)
    body = Trits.from_trytes(message)
    header = (index or pascal.encode(0)) + (length or pascal.encode(len(body)))
    hasher = sponge()
    for part in (Trits.zeros(243), key.address, header):
        hasher.absorb(part)
    masked = hasher.mask(Trits.from_trytes(NEXT_ROOT) + body)
    nonce = hasher.mask(find_nonce(hasher, security))
    signature = key.sign(hasher.rate(), security)
    tail = hasher.mask(Trits.join([signature, count or pascal.encode(0), siblings or Trits.zeros(0)]))
    payload = Trits.join([header, masked, nonce, tail])
    return (payload + Trits.zeros(-len(payload) % 3)).to_trytes()


def negative_number(value: int) -> Trits:
    """-``value`` as a pascal integer, by turning over the sign bits of all its groups, the last one's included."""
    plain = pascal.encode(value)
    groups = len(plain) // 4
    signs = (2**groups - 1) ^ plain[3 * groups :].value
    return plain[: 3 * groups] + Trits.from_value(signs, groups)
