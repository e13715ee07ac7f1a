from hypothesis import given
from hypothesis import strategies as st
from tests.settlement_fakes import some_movement

from datasouk.ledger import Address, make_output_id
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import verify_unlocks
from datasouk.market.coins import CoinView, Purse
from datasouk.market.groups import Fit, GroupDraft
from datasouk.market.movements import RESERVE_IOTA, SETTLEMENT_INDEX, Coin, Movement, MovementKind, group_digest

KEYS = [SigningKey(bytes([number]) * 32) for number in range(1, 9)]
OPERATOR, DEVICE, *BUYERS = [key.address.digest for key in KEYS]
FOREIGN = b"f" * 32


def draft_over(purses: dict[bytes, list[int]]) -> GroupDraft:
    view = CoinView(None, None)  # type: ignore[arg-type]
    for place, (address, amounts) in enumerate(purses.items()):
        names = [make_output_id(bytes([place]) * 32, index % 127) for index in range(len(amounts))]
        if len(amounts) > 127:
            names = [make_output_id(index.to_bytes(32, "big"), place) for index in range(len(amounts))]
        view._purses[address] = Purse({n: Coin(n, a) for n, a in zip(names, amounts, strict=True)})
    keys = {key.address.digest: key for key in KEYS}
    return GroupDraft(
        view,
        {**keys, FOREIGN: None},
        operator=OPERATOR,
        endow=lambda needy: some_movement(
            99, MovementKind.ENDOWMENT, source=OPERATOR, target=needy.target, amount_iota=RESERVE_IOTA
        ),
    )


def pays(
    number: int, source: bytes, target: bytes, amount: int, kind: MovementKind = MovementKind.PURCHASE
) -> Movement:
    return some_movement(number, kind, source=source, target=target, amount_iota=amount)


def left(draft: GroupDraft) -> dict[bytes, int]:
    essence = draft.sign(0).transaction.essence
    return {output.address.digest: output.amount_iota for output in essence.outputs}


def test_what_several_movements_do_to_an_address_is_netted() -> None:
    draft = draft_over({BUYERS[0]: [2_000_000], BUYERS[1]: [3_000_000], DEVICE: [1_000_000]})
    for number, buyer in enumerate(BUYERS[:2]):
        assert draft.add(pays(number, buyer, DEVICE, 100)) is Fit.ADDED
    assert draft.add(pays(3, DEVICE, BUYERS[0], 150, MovementKind.EARNINGS)) is Fit.ADDED
    assert left(draft) == {BUYERS[0]: 2_000_050, BUYERS[1]: 2_999_900, DEVICE: 1_000_050}


def test_the_transaction_is_signed_and_carries_the_hash_of_its_line_items() -> None:
    draft = draft_over({BUYERS[0]: [2_000_000, 5_000_000], DEVICE: [1_000_000]})
    movement = pays(1, BUYERS[0], DEVICE, 4_000_000)
    draft.add(movement)
    prepared = draft.sign(7)
    payload = prepared.transaction.essence.payload
    assert payload is not None
    assert (payload.index, payload.data) == (SETTLEMENT_INDEX, group_digest(movement.leaf()))
    assert prepared.group.made_ms == 7
    owner = {make_output_id(b"\x00" * 32, 0): BUYERS[0], make_output_id(b"\x00" * 32, 1): BUYERS[0]}
    owners = [owner.get(each.output_id, DEVICE) for each in prepared.transaction.essence.inputs]
    verify_unlocks(prepared.transaction, [Address(each) for each in owners])
    assert set(prepared.spent) == {each.output_id for each in prepared.transaction.essence.inputs}
    ids = dict(zip(prepared.transaction.output_ids(), prepared.transaction.essence.outputs, strict=True))
    for address, coin in prepared.left.items():
        assert coin is not None
        assert ids[coin.output_id].address == Address(address)
        assert ids[coin.output_id].amount_iota == coin.amount_iota


def test_d18_a_wallet_keeps_a_million_and_a_refused_movement_changes_nothing() -> None:
    draft = draft_over({BUYERS[0]: [1_500_000], DEVICE: [1_000_000]})
    assert draft.add(pays(1, BUYERS[0], DEVICE, 500_001)) is Fit.SHORT
    assert draft.movements == []
    assert draft.add(pays(2, BUYERS[0], DEVICE, 500_000)) is Fit.ADDED
    assert draft.add(pays(3, BUYERS[0], DEVICE, 1)) is Fit.SHORT
    assert left(draft) == {BUYERS[0]: 1_000_000, DEVICE: 1_500_000}


def test_d13_a_device_that_is_closed_and_the_operator_may_keep_nothing_but_no_dust() -> None:
    draft = draft_over({DEVICE: [1_000_000], OPERATOR: [3_000_000], BUYERS[0]: []})
    assert draft.add(pays(1, OPERATOR, BUYERS[0], 2_500_000, MovementKind.GRANT)) is Fit.OPERATOR_SHORT
    assert draft.add(pays(2, OPERATOR, BUYERS[0], 3_000_000, MovementKind.GRANT)) is Fit.ADDED
    assert draft.add(pays(3, DEVICE, OPERATOR, 1_000_000, MovementKind.RETURN)) is Fit.ADDED
    assert left(draft) == {BUYERS[0]: 3_000_000, OPERATOR: 1_000_000}
    assert draft.sign(0).left[DEVICE] is None


def test_d6_an_address_that_would_hold_dust_is_endowed_by_the_operator() -> None:
    draft = draft_over({BUYERS[0]: [2_000_000], DEVICE: [], OPERATOR: [9_000_000]})
    assert draft.add(pays(1, BUYERS[0], DEVICE, 100)) is Fit.ADDED
    assert [each.kind for each in draft.movements] == [MovementKind.PURCHASE, MovementKind.ENDOWMENT]
    assert left(draft) == {BUYERS[0]: 1_999_900, DEVICE: 1_000_100, OPERATOR: 8_000_000}


def test_without_the_operator_s_endowment_nothing_is_added() -> None:
    draft = draft_over({BUYERS[0]: [2_000_000], DEVICE: [], OPERATOR: [1_500_000]})
    assert draft.add(pays(1, BUYERS[0], DEVICE, 100)) is Fit.OPERATOR_SHORT
    assert draft.movements == []


def test_an_address_that_is_not_ours_gives_no_coins() -> None:
    draft = draft_over({OPERATOR: [9_000_000], FOREIGN: [5_000_000]})
    assert draft.add(pays(1, OPERATOR, FOREIGN, 1_000_000, MovementKind.GIFT)) is Fit.ADDED
    prepared = draft.sign(0)
    assert len(prepared.transaction.essence.inputs) == 1
    assert FOREIGN not in prepared.left


def test_d6_what_room_is_left_sweeps_the_coins_of_strangers() -> None:
    draft = draft_over({BUYERS[0]: [2_000_000], DEVICE: [1_000_000] * 300})
    draft.add(pays(1, BUYERS[0], DEVICE, 100))
    draft.sweep_all()
    prepared = draft.sign(0)
    assert len(prepared.transaction.essence.inputs) == 127
    assert left(draft) == {BUYERS[0]: 1_999_900, DEVICE: 126_000_100}


def test_a_payment_that_needs_too_many_coins_does_not_fit() -> None:
    draft = draft_over({BUYERS[0]: [1_000_000] * 200, DEVICE: [1_000_000]})
    assert draft.add(pays(1, BUYERS[0], DEVICE, 150_000_000)) is Fit.FULL
    draft.sweep(BUYERS[0])
    assert left(draft) == {BUYERS[0]: 127_000_000}


def test_coins_beyond_the_supply_cannot_be() -> None:
    draft = draft_over({OPERATOR: [2_779_530_283_277_761, 2_000_000]})
    draft.sweep(OPERATOR)
    assert not draft.is_possible


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 3_000_000)), max_size=40), st.data())
def test_d6_whatever_is_added_is_conserved_and_leaves_no_dust(
    wanted: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    addresses = [OPERATOR, DEVICE, *BUYERS]
    purses = {
        address: data.draw(st.lists(st.integers(1_000_000, 9_000_000), max_size=3), label="coins")
        for address in addresses
    }
    draft = draft_over(purses)
    for number, (source, target, amount) in enumerate(wanted):
        if source != target:
            draft.add(pays(number, addresses[source], addresses[target], amount))
    added = draft.movements
    if not added:
        return
    draft.sweep_all()
    prepared = draft.sign(0)
    essence = prepared.transaction.essence
    assert len(essence.inputs) <= 127
    have = {address: sum(amounts) for address, amounts in purses.items()}
    assert sum(output.amount_iota for output in essence.outputs) <= sum(have.values())
    now = {output.address.digest: output.amount_iota for output in essence.outputs}
    assert all(amount >= RESERVE_IOTA for amount in now.values())
    for address in prepared.left:
        change = sum(each.amount_iota for each in added if each.target == address)
        change -= sum(each.amount_iota for each in added if each.source == address)
        # The sweep has taken in every coin, as there was room.
        assert now.get(address, 0) == have[address] + change
