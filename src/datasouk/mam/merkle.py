"""Merkle trees over the addresses of one-time keys.

    leaf k of tree (seed, start, count, security) = address of key start + k
    parent of (l, r) = Curl-P-27(l || r); the last node of an odd row moves up unchanged
    siblings of a leaf = from the leaf upwards, the other child of each ancestor

Two quirks of the original are part of the format: a node that moves up counts as its own sibling, so that the message
of an odd last leaf does not parse; a tree of one leaf has that leaf as its root and no siblings.

Source: ``@iota/mam.js`` 1.6.3, ``merkleTree.js`` and ``merkleNode.js``.
"""

from collections.abc import Iterable, Sequence

from datasouk.ternary.kernel import sponge
from datasouk.ternary.trits import Trits

__all__ = ["MerkleTree", "root_from_siblings"]


def _parent(left: Trits, right: Trits) -> Trits:
    hasher = sponge()
    hasher.absorb(left)
    hasher.absorb(right)
    return hasher.rate()


class MerkleTree:
    """A tree over one or more leaves, all rows kept.

    Args:
        leaves: Addresses, 243 trits each.
    """

    __slots__ = ("_rows",)

    def __init__(self, leaves: Sequence[Trits]) -> None:
        self._rows = [list(leaves)]
        while len(row := self._rows[-1]) > 1:
            parents = [_parent(left, right) for left, right in zip(row[::2], row[1::2], strict=False)]
            self._rows.append(parents + row[len(parents) * 2 :])

    @property
    def root(self) -> Trits:
        """243 trits."""
        return self._rows[-1][0]

    def siblings(self, index: int) -> list[Trits]:
        """What ``root_from_siblings`` needs beside leaf ``index``, lowest first."""
        path = []
        for row in self._rows[:-1]:
            path.append(row[min(index ^ 1, len(row) - 1)])
            index >>= 1
        return path


def root_from_siblings(leaf: Trits, index: int, siblings: Iterable[Trits]) -> Trits:
    """The root of the tree in which ``leaf`` has this index and these siblings, lowest first."""
    node = leaf
    for level, sibling in enumerate(siblings):
        node = _parent(sibling, node) if index >> level & 1 else _parent(node, sibling)
    return node
