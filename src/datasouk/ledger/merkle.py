"""Inclusion Merkle root of a milestone: a commitment to the transactions it applies, in their order.

Implements TIP-4 (RFC-0012), with ``H`` = BLAKE2b-256 and ``k`` = the largest power of two below ``n``::

    MTH({})           = H()
    MTH({m})          = H(0x00 || m)
    MTH({m_1..m_n})   = H(0x01 || MTH({m_1..m_k}) || MTH({m_k+1..m_n}))

Leaves are the ids of messages whose transaction was *included*, in white-flag order: no conflicting ones, no data.
The tree is built from left to right on a stack of complete subtrees, without recursion.
"""

from collections.abc import Iterable

from datasouk.ledger.binary import require_length
from datasouk.ledger.digest import DIGEST_BYTES, blake2b_256

__all__ = ["inclusion_merkle_root"]

_LEAF = b"\x00"
_NODE = b"\x01"


def inclusion_merkle_root(message_ids: Iterable[bytes]) -> bytes:
    """Compute the root.

    Args:
        message_ids: 32 bytes each, in white-flag order; may be empty.

    Returns:
        32 bytes.

    Raises:
        WrongLength: An id is not 32 bytes.
    """
    # Sizes are powers of two and fall from bottom to top, like the digits of the number of leaves so far.
    subtrees: list[tuple[int, bytes]] = []
    for message_id in message_ids:
        require_length("message id", message_id, DIGEST_BYTES)
        size, root = 1, blake2b_256(_LEAF + message_id)
        while subtrees and subtrees[-1][0] == size:
            size, root = size * 2, blake2b_256(_NODE + subtrees.pop()[1] + root)
        subtrees.append((size, root))
    if not subtrees:
        return blake2b_256(b"")
    _, root = subtrees.pop()
    while subtrees:
        root = blake2b_256(_NODE + subtrees.pop()[1] + root)
    return root
