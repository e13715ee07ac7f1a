"""Finding the path that proves a message's inclusion: from the message up through its children to its milestone.

Only children that the same milestone references lead there; breadth first, so the path is as short as can be.  Where
the node chose the parents those are checkpoint messages, and the search sees a handful of rows.
"""

from datasouk.ledger.answers import NotInLedger
from datasouk.ledger.errors import OutOfRange
from datasouk.ledger.inclusion import MAX_PATH_BYTES, MAX_PATH_STEPS, InclusionPath
from datasouk.node.store import NodeStore

__all__ = ["find_path"]


def find_path(store: NodeStore, message_id: bytes) -> InclusionPath:
    """The shortest path from the milestone that references a message down to it.

    Raises:
        NotInLedger: The message is unknown, no milestone references it yet, or it is a milestone itself, or the path
            is longer than 64 messages or 262,144 bytes, as it may be over parents of a client's own choosing.
    """
    seq = store.seq(message_id)
    reference = None if seq is None else store.reference(seq)
    milestone = None if reference is None else store.milestone(reference.milestone)
    if milestone is None:
        raise NotInLedger("milestone over message", message_id.hex())
    if milestone.message_id == message_id:
        raise NotInLedger("path to a milestone, which proves itself,", message_id.hex())
    below: dict[bytes, bytes] = {}
    level = [message_id]
    for _ in range(MAX_PATH_STEPS + 1):
        above = []
        for name in level:
            for child in store.children_in_milestone(name, milestone.index):
                if child not in below:
                    below[child] = name
                    above.append(child)
        if milestone.message_id in below:
            break
        level = above
    else:
        raise NotInLedger(f"path of at most {MAX_PATH_STEPS} messages to", message_id.hex())
    steps = []
    step = below[milestone.message_id]
    while step != message_id:
        steps.append(_raw(store, step))
        step = below[step]
    try:
        return InclusionPath(_raw(store, milestone.message_id), tuple(steps))
    except OutOfRange as error:
        raise NotInLedger(f"path of at most {MAX_PATH_BYTES} bytes to", message_id.hex()) from error


def _raw(store: NodeStore, message_id: bytes) -> bytes:
    raw = store.raw(message_id)
    assert raw is not None, "what has a row among the children has one among the messages"
    return raw
