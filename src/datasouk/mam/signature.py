"""The other end of a one-time signature: from signature and signed hash back to the signer's address.

    end_i   = h^(v_i + 13)(signature segment i)      v_i = tryte i of the signed hash
    digest  = rate after absorbing end_0, end_1, ...
    address = h(digest)

If that address leads to the root one trusts, the hash was signed by the seed behind it.
Source: ``@iota/mam.js`` 1.6.3, ``iss.js``.
"""

from datasouk.mam.keys import SEGMENT_TRITS
from datasouk.ternary.kernel import follow_chains, sponge
from datasouk.ternary.trits import Trits

__all__ = ["address_of_digest", "signature_digest"]


def signature_digest(signed_hash: Trits, signature: Trits) -> Trits:
    """The signer's digest, 243 trits, if the signature is his.

    Args:
        signed_hash: 243 trits.
        signature: 6561 trits for each security level.
    """
    segments = signature.chunks(SEGMENT_TRITS)
    steps = [value + 13 for value in signed_hash.tryte_values()[: len(segments)]]
    hasher = sponge()
    for end in follow_chains(segments, steps):
        hasher.absorb(end)
    return hasher.rate()


def address_of_digest(digest: Trits) -> Trits:
    """h(digest): a leaf of the Merkle tree."""
    hasher = sponge()
    hasher.absorb(digest)
    return hasher.rate()
