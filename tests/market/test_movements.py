from dataclasses import replace

import pytest
from tests.settlement_fakes import some_movement

from datasouk.market.movements import MovementKind, group_digest, is_endowment_of_a_group


def test_a_leaf_stands_for_what_is_public_of_a_line_item_and_nothing_else() -> None:
    movement = some_movement(1, MovementKind.PURCHASE, device=7, device_id="ws-1")
    assert len(movement.leaf()) == 32
    for change in (
        {"movement_id": "other"},
        {"kind": MovementKind.GIFT},
        {"source": bytes(32)},
        {"target": bytes(32)},
        {"amount_iota": 99},
        {"made_ms": 5},
        {"device_id": "ws-2"},
    ):
        assert replace(movement, **change).leaf() != movement.leaf()
    internal = replace(movement, account_id="another", device=8, by_user_id=True)
    assert internal.leaf() == movement.leaf()


def test_a_leaf_never_changes_from_version_to_version() -> None:
    movement = some_movement(1, MovementKind.PURCHASE, device_id="ws-1")
    assert movement.leaf().hex() == "46019fe6ca6d1db7a3558effe9ce3db0104dfc3ba113f0e337af43337a0fee00"
    assert group_digest(movement.leaf()).hex() == "e5fa97fec1d807ae0813ec0ae9c425c4dcb01063dd8e9afb5810da301f0b0906"


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (some_movement(1, MovementKind.PURCHASE, device=1), some_movement(2, MovementKind.PURCHASE, device=1), True),
        (some_movement(1, MovementKind.PURCHASE, device=1), some_movement(2, MovementKind.PURCHASE, device=2), False),
        (some_movement(1, MovementKind.GRANT), some_movement(2, MovementKind.GRANT), True),
        (some_movement(1, MovementKind.GRANT), some_movement(2, MovementKind.GRANT, account_id="b"), False),
        (some_movement(1, MovementKind.REFILL), some_movement(2, MovementKind.REFILL), False),
        (some_movement(1, MovementKind.EARNINGS, device=1), some_movement(2, MovementKind.EARNINGS, device=1), True),
        (some_movement(1, MovementKind.EARNINGS, device=1), some_movement(2, MovementKind.RETURN, device=1), False),
        (some_movement(1, MovementKind.GIFT), some_movement(2, MovementKind.GIFT), False),
    ],
)
def test_movements_with_the_same_key_are_the_same(one: object, two: object, same: bool) -> None:
    assert (one.key == two.key) is same  # type: ignore[attr-defined]


def test_an_endowment_that_nobody_asked_for_has_no_device() -> None:
    assert is_endowment_of_a_group(some_movement(1, MovementKind.ENDOWMENT))
    assert not is_endowment_of_a_group(some_movement(1, MovementKind.ENDOWMENT, device=1))
    assert not is_endowment_of_a_group(some_movement(1, MovementKind.GIFT))
