"""BLAKE2b-256, the one hash of the ledger: ids, addresses and what is signed (TIP-6, TIP-7; RFC 7693)."""

from hashlib import blake2b

__all__ = ["DIGEST_BYTES", "blake2b_256"]

DIGEST_BYTES = 32


def blake2b_256(data: bytes) -> bytes:
    """Hash data.

    Args:
        data: Any bytes.

    Returns:
        32 bytes: BLAKE2b with a 32-byte digest and no key.
    """
    return blake2b(data, digest_size=DIGEST_BYTES).digest()
