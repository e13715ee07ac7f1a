"""What makes a message acceptable beside its syntax: parents that are known and not too deep.

HORNET counts depth in milestones.  Here twenty may come in a second, so depth is counted in time: a client that works
on its proof for a minute finds its parents still welcome.
"""

from datasouk.ledger import GENESIS_MESSAGE_ID
from datasouk.ledger.answers import MilestoneInfo, NodeRefused
from datasouk.node.store import NodeStore
from datasouk.node.tangle import Tangle

__all__ = ["check_parents"]


def check_parents(
    parents: tuple[bytes, ...], tangle: Tangle, store: NodeStore, oldest_seconds: float, latest: MilestoneInfo
) -> None:
    """Refuse unknown parents and those that were confirmed too long ago.

    Args:
        oldest_seconds: Seconds since 1970: parents confirmed before are too deep.
        latest: The latest milestone, always welcome.

    Raises:
        NodeRefused: Names the parent.
    """
    for parent in parents:
        if parent == latest.message_id or parent in tangle or parent == GENESIS_MESSAGE_ID:
            continue
        seq = store.seq(parent)
        if seq is None:
            raise NodeRefused(f"parent {parent.hex()} is not known")
        reference = store.reference(seq)
        milestone = None if reference is None else store.milestone(reference.milestone)
        if milestone is not None and milestone.timestamp_seconds < oldest_seconds:
            raise NodeRefused(f"parent {parent.hex()} is below max depth: milestone {milestone.index} confirmed it")
