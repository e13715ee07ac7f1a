import pytest

from datasouk.ledger.errors import Duplicate, NotAscending, OutOfRange, WrongLength
from datasouk.ledger.parents import check_parents

_IDS = tuple(bytes([n]) * 32 for n in range(9))


@pytest.mark.parametrize("count", [1, 8])
def test_one_to_eight_are_allowed(count: int) -> None:
    check_parents("parents", _IDS[:count])


@pytest.mark.parametrize("count", [0, 9])
def test_other_numbers_are_refused(count: int) -> None:
    with pytest.raises(OutOfRange, match=f"parents count: {count} is not within 1 to 8"):
        check_parents("parents", _IDS[:count])


def test_none_are_allowed_where_the_node_chooses() -> None:
    check_parents("parents", (), minimum=0)


def test_order_uniqueness_and_length() -> None:
    with pytest.raises(NotAscending):
        check_parents("parents", (_IDS[1], _IDS[0]))
    with pytest.raises(Duplicate):
        check_parents("parents", (_IDS[1], _IDS[1]))
    with pytest.raises(WrongLength):
        check_parents("parents", (bytes(31),))
