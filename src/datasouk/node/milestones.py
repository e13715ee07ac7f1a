"""Milestones: what the coordinator makes of all that waits.

    tips of the waiting messages -> checkpoint messages, eight to one -> at most 7 roots
    milestone: parents = roots + the milestone before, signed with two keys over the white-flag outcome

Because a message that chose no parents itself sits right under a milestone, it is reached from the next one through a
handful of checkpoint messages, which carry nothing: that chain is its inclusion path, a kilobyte long.

Two keys, although one would do: iota.js 1.8 cannot decode a milestone with one parent and one signature (it takes 218
bytes as the least), and two is HORNET's own default.

Sources: TIP-8 (milestone payload), TIP-2 (white flag, inclusion Merkle root).
"""

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from datasouk.ledger import (
    MAX_PARENTS,
    Message,
    Milestone,
    MilestoneEssence,
    inclusion_merkle_root,
    make_output_id,
)
from datasouk.ledger.answers import LedgerInclusion, MilestoneInfo
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import sign_milestone
from datasouk.node.store import INCLUSIONS, insert_message
from datasouk.node.tangle import Pending, Tangle, checkpoint_groups
from datasouk.node.utxo import LedgerChanges, WhiteFlag

__all__ = ["Coordinator", "MilestonePlan", "write_milestone"]

Mine = Callable[[Message], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class MilestonePlan:
    """A milestone that is ready to be written.

    Attributes:
        milestone: Its index, message id and time.
        made: The messages made for it, checkpoints first, itself last; not yet stored, so their ``seq`` is 0.
        referenced: Everything it references, in white-flag order, the checkpoints among it.
        changes: What it does to the ledger.
    """

    milestone: MilestoneInfo
    made: tuple[Pending, ...]
    referenced: tuple[Pending, ...]
    changes: LedgerChanges


class Coordinator:
    """Makes milestones.

    Args:
        network_id: Of the messages.
        keys: The signers.
        mine: Does the proof of work that messages of this network need.
    """

    def __init__(self, network_id: int, keys: tuple[SigningKey, ...], mine: Mine) -> None:
        self._network_id = network_id
        self._keys = keys
        self._mine = mine
        self.public_keys = tuple(sorted(key.public_key for key in keys))

    async def plan(
        self, tangle: Tangle, previous: MilestoneInfo, now_seconds: int, make_white_flag: Callable[[int], WhiteFlag]
    ) -> MilestonePlan:
        """Make the next milestone over all that waits now; changes nothing.

        Args:
            tangle: What waits.
            previous: The milestone before; for the first of all, index 0 and the genesis message.
            now_seconds: Seconds since 1970.
            make_white_flag: The ledger as it is, for the milestone of this index.
        """
        index = previous.index + 1
        made: dict[bytes, Pending] = {}
        groups = checkpoint_groups(tangle.tips, MAX_PARENTS - 1)
        try:
            group = next(groups)
            while True:
                checkpoint = await self._make(Message(self._network_id, tuple(sorted(group))))
                made[checkpoint.message_id] = checkpoint
                group = groups.send(checkpoint.message_id)
        except StopIteration as end:
            roots: list[bytes] = end.value
        parents = tuple(sorted({*roots, previous.message_id}))
        flag = make_white_flag(index)
        referenced = tuple(tangle.cone(parents, made))
        for pending in referenced:
            flag.apply(pending.message_id, pending.message)
        timestamp = max(now_seconds, previous.timestamp_seconds)
        essence = MilestoneEssence(
            index=index,
            timestamp_seconds=timestamp,
            parents=parents,
            inclusion_merkle_root=inclusion_merkle_root(flag.changes.included),
            public_keys=self.public_keys,
        )
        payload: Milestone = sign_milestone(essence, self._keys)
        milestone = await self._make(Message(self._network_id, parents, payload=payload))
        return MilestonePlan(
            MilestoneInfo(index, milestone.message_id, timestamp), (*made.values(), milestone), referenced, flag.changes
        )

    async def _make(self, message: Message) -> Pending:
        mined = await self._mine(message)
        return Pending(0, mined.message_id(), mined, mined.to_bytes())


def write_milestone(connection: sqlite3.Connection, plan: MilestonePlan) -> None:
    """Store a milestone with all it does: a job for the node's writer."""
    number = plan.milestone.index
    seqs = {pending.message_id: pending.seq for pending in plan.referenced}
    for pending in plan.made:
        seqs[pending.message_id] = insert_message(
            connection, pending.message_id, pending.raw, pending.message.parents, None
        )
    milestone_id = plan.milestone.message_id
    connection.execute(
        "INSERT INTO milestone VALUES (?, ?, ?, ?)",
        (number, seqs[milestone_id], milestone_id, plan.milestone.timestamp_seconds),
    )
    rows = [
        (seqs[done.message_id], number, INCLUSIONS.index(done.inclusion), int(done.conflict))
        for done in plan.changes.confirmations
    ]
    rows.append((seqs[milestone_id], number, 0, 0))
    connection.executemany("INSERT INTO reference VALUES (?, ?, ?, ?)", rows)
    connection.executemany("DELETE FROM pending WHERE seq = ?", [(row[0],) for row in rows])
    _write_ledger(connection, number, plan.changes, seqs)


def _write_ledger(connection: sqlite3.Connection, number: int, changes: LedgerChanges, seqs: dict[bytes, int]) -> None:
    included = [done for done in changes.confirmations if done.inclusion is LedgerInclusion.INCLUDED]
    connection.executemany(
        "INSERT INTO included VALUES (?, ?)", [(done.transaction_id, seqs[done.message_id]) for done in included]
    )
    connection.executemany(
        "INSERT INTO output VALUES (?, ?, ?, ?, ?, ?, NULL, NULL)",
        [
            (
                make_output_id(state.transaction_id, state.output_index),
                state.message_id,
                state.output.address.digest,
                int(state.output.type),
                state.output.amount_iota,
                number,
            )
            for state in changes.created.values()
        ],
    )
    connection.executemany(
        "UPDATE output SET spent = ?, spent_by = ? WHERE id = ?",
        [(number, transaction_id, output_id) for output_id, (_, transaction_id) in changes.spent.items()],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO address VALUES (?, ?, ?, ?)",
        [(address.digest, sums.balance, sums.allowance, sums.dust) for address, sums in changes.sums.items()],
    )
