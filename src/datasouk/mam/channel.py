"""A channel: the sender's state, from which each message takes its keys and names the root of the next.

    tree (seed, start, count): the leaves that sign now, one message each
    next tree (seed, start + count, next_count): its root goes into the messages

After the last leaf of a tree ``start`` moves on by ``next_count`` and ``index`` returns to 0.  Two quirks of the
original are kept, for they show on the wire: ``start`` moves by ``next_count`` although the announced tree lies
``count`` further, and ``count`` never becomes ``next_count``.  With both equal, the normal case, every message leads
to the next; else the chain of roots breaks at the end of a tree.

What the original does not do: remember which one-time keys have signed.  Signing twice with one gives away enough of it
to forge, so a channel refuses (``KeyReused``) until ``restart()`` tells it that this does no harm.

Source: ``@iota/mam.js`` 1.6.3, ``channel.js``.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from datasouk.mam.checks import HASH_TRYTES, check_hash, check_index, check_security, shown, trits_of
from datasouk.mam.errors import InvalidArgument, KeyReused
from datasouk.mam.keys import addresses, one_time_keys
from datasouk.mam.merkle import MerkleTree
from datasouk.mam.message import Message, Mode, check_mode, decode_address, seal
from datasouk.ternary.trits import ALPHABET, Trits

__all__ = ["Channel", "generate_seed"]


MOST_LEAVES = 2**20
"""Of one tree: a million leaves take the better part of an hour."""


def generate_seed() -> str:
    """A new random seed or side key, 81 trytes (385 bits), from the system's source of randomness."""
    return "".join([secrets.choice(ALPHABET) for _ in range(HASH_TRYTES)])


def _check_side_key(mode: Mode, side_key: str | None) -> str | None:
    if mode is not Mode.RESTRICTED:
        if side_key is not None:
            raise InvalidArgument("side_key", "is only used in restricted mode")
        return None
    if not side_key:
        raise InvalidArgument("side_key", "is missing: restricted mode needs one of 1 to 81 trytes")
    trits_of("side_key", side_key)
    if len(side_key) > HASH_TRYTES:
        raise InvalidArgument("side_key", f"must have at most {HASH_TRYTES} trytes, it has {len(side_key)}")
    return side_key.ljust(HASH_TRYTES, "9")


class Channel:
    """The sender's end of a channel; for one thread at a time.

    Args:
        seed: 81 trytes; whoever has it can sign as this channel.
        security: 1, 2 or 3: length and strength of the signatures.
        mode: ``public``, ``private`` or ``restricted``.
        side_key: 1 to 81 trytes, for restricted mode alone.
        start: Number of the current tree's first leaf.
        count: Number of leaves of the current tree, 1 to 2**20.
        next_count: Number of leaves of the next tree, 1 to 2**20.
        index: The current tree's next leaf, below ``count``.

    Raises:
        InvalidArgument: An argument is out of bounds; the text names it.
        InvalidTrytes: The side key contains another character than ``9A-Z``.
    """

    def __init__(
        self,
        seed: str,
        *,
        security: int = 2,
        mode: Mode | str = "restricted",
        side_key: str | None = None,
        start: int = 0,
        count: int = 1,
        next_count: int = 1,
        index: int = 0,
    ) -> None:
        self._seed = check_hash("seed", seed)
        self._security = check_security(security)
        self._mode = check_mode(mode)
        self._side_key = _check_side_key(self._mode, side_key)
        self._start = check_index("start", start)
        self._count = check_index("count", count, least=1, most=MOST_LEAVES)
        self._next_count = check_index("next_count", next_count, least=1, most=MOST_LEAVES)
        self._index = check_index("index", index)
        if index >= count:
            raise InvalidArgument("index", f"must be below count, which is {count}; it is {index}")
        self._next_root: str | None = None
        self._unused = 0
        self._trees: dict[tuple[int, int], MerkleTree] = {}

    @property
    def mode(self) -> Mode:
        """Who can find and read this channel."""
        return self._mode

    @property
    def security(self) -> int:
        """1, 2 or 3."""
        return self._security

    @property
    def start(self) -> int:
        """Number of the current tree's first leaf."""
        return self._start

    @property
    def count(self) -> int:
        """Number of leaves of the current tree."""
        return self._count

    @property
    def next_count(self) -> int:
        """Number of leaves of the next tree."""
        return self._next_count

    @property
    def index(self) -> int:
        """The current tree's next leaf."""
        return self._index

    @property
    def next_root(self) -> str | None:
        """The root announced by the last message, 81 trytes; None before the first."""
        return self._next_root

    @property
    def root(self) -> str:
        """The root of the current tree, 81 trytes: what a reader of the next message needs."""
        return self._tree(self._start, self._count).root.to_trytes()

    def create_message(self, trytes: str) -> Message:
        """Mask and sign a message, and move on to the next leaf.

        Args:
            trytes: One or more trytes.

        Raises:
            InvalidArgument: The message is empty.
            InvalidTrytes: The message contains another character than ``9A-Z``.
            KeyReused: The leaf may have signed before.
        """
        message = trits_of("message", trytes)
        if not message:
            raise InvalidArgument("message", "must have at least one tryte")
        leaf = self._start + self._index
        if leaf < self._unused:
            raise KeyReused(leaf, self._unused)
        seed = Trits.from_trytes(self._seed)
        if (self._start, self._count) not in self._trees:
            # Both trees' leaves together: the engine makes two keys at once in little more time than one.
            addresses(seed, range(self._start, self._start + self._count + self._next_count), self._security)
        tree = self._tree(self._start, self._count)
        next_tree = self._tree(self._start + self._count, self._next_count)
        payload = seal(
            message,
            side_key=self._side_key,
            root=tree.root,
            next_root=next_tree.root,
            index=self._index,
            key=one_time_keys(seed, [leaf], self._security)[0],
            siblings=tree.siblings(self._index),
            security=self._security,
        )
        root, next_root = tree.root.to_trytes(), next_tree.root.to_trytes()
        self._advance(leaf, next_root)
        return Message(payload, root, decode_address(root, self._mode), next_root)

    def restart(self, *, start: int = 0, index: int = 0) -> None:
        """Go back to a leaf, and forget that it may have signed before: unsafe.

        Each further signature of a leaf reveals more of its key, until a stranger can sign in its place.  The
        marketplace's old publishing template did this for every packet.

        Args:
            start: Number of the current tree's first leaf.
            index: The tree's next leaf, below ``count``.

        Raises:
            InvalidArgument: An argument is out of bounds.
        """
        check_index("start", start)
        check_index("index", index)
        if index >= self._count:
            raise InvalidArgument("index", f"must be below count, which is {self._count}; it is {index}")
        self._start, self._index, self._unused = start, index, 0

    def to_dict(self) -> dict[str, Any]:
        """The whole state, secrets included, ready for JSON: keep it where others cannot read it.

        Save it before a message leaves the machine; a channel restored from an older state would reuse keys.
        """
        return {
            "seed": self._seed,
            "security": self._security,
            "mode": self._mode.value,
            "side_key": self._side_key,
            "start": self._start,
            "count": self._count,
            "next_count": self._next_count,
            "index": self._index,
            "next_root": self._next_root,
            "unused": self._unused,
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> "Channel":
        """The channel that ``to_dict`` described; what may be left out of a call may be left out here.

        Raises:
            InvalidArgument: A field is unknown, missing or out of bounds; the text names it.
        """
        if not isinstance(state, Mapping):
            raise InvalidArgument("state", f"must be a mapping, it is a {type(state).__name__}")
        fields = dict(state)
        next_root = fields.pop("next_root", None)
        unused = fields.pop("unused", 0)
        names = {"seed", "security", "mode", "side_key", "start", "count", "next_count", "index"}
        if unknown := [name for name in fields if name not in names]:
            raise InvalidArgument("state", f"has an unknown field {shown(unknown[0])}")
        if "seed" not in fields:
            raise InvalidArgument("seed", "is missing")
        channel = cls(**fields)
        channel._next_root = None if next_root is None else check_hash("next_root", next_root)
        channel._unused = check_index("unused", unused)
        return channel

    def __repr__(self) -> str:
        return (
            f"<Channel mode={self._mode.value} security={self._security} start={self._start} count={self._count} "
            f"next_count={self._next_count} index={self._index}>"
        )

    def _tree(self, start: int, count: int) -> MerkleTree:
        tree = self._trees.get((start, count))
        if tree is None:
            leaves = addresses(Trits.from_trytes(self._seed), range(start, start + count), self._security)
            tree = MerkleTree(leaves)
            # The current and the next tree are all that is ever asked for again.
            self._trees = dict(list(self._trees.items())[-1:])
            self._trees[start, count] = tree
        return tree

    def _advance(self, leaf: int, next_root: str) -> None:
        self._unused = leaf + 1
        self._next_root = next_root
        if self._index == self._count - 1:
            self._start += self._next_count
            self._index = 0
        else:
            self._index += 1
