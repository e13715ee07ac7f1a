"""Parents: the earlier messages that a message, or a milestone, approves (TIP-6, section "Parents")."""

from datasouk.ledger.binary import require_ascending, require_length, require_range
from datasouk.ledger.digest import DIGEST_BYTES

__all__ = ["MAX_PARENTS", "MIN_PARENTS", "check_parents"]

MIN_PARENTS = 1
MAX_PARENTS = 8


def check_parents(field: str, parents: tuple[bytes, ...], *, minimum: int = MIN_PARENTS) -> None:
    """Refuse a list of parents that no message may have.

    Args:
        field: Name for the error text.
        parents: Message ids, 32 bytes each.
        minimum: 1, or 0 for a draft whose parents the node is to choose.

    Raises:
        OutOfRange: There are too few or more than 8.
        WrongLength: One is not 32 bytes.
        NotAscending: They are not sorted bytewise.
        Duplicate: One occurs twice.
    """
    require_range(f"{field} count", len(parents), minimum, MAX_PARENTS)
    for parent in parents:
        require_length(field, parent, DIGEST_BYTES)
    require_ascending(field, parents)
