import random

import pytest

from datasouk.ternary.curl import RATE, STATE, Curl
from datasouk.ternary.ring import (
    LAYOUTS,
    ROUNDS,
    column,
    rate_mask,
    restore,
    rotations,
    sort,
    sorting,
    transform,
)
from datasouk.ternary.trits import Trits, deinterleave, interleave


def _random_states(count: int) -> list[Trits]:
    source = random.Random(count)
    return [Trits.of(source.choices([-1, 0, 1], k=STATE)) for _ in range(count)]


def _reference(state: Trits) -> Trits:
    """27 rounds of the readable Curl."""
    curl = Curl(ROUNDS)
    curl._state = list(state)
    curl._transform()
    return curl.state


def _layout(state: Trits, layout: int) -> Trits:
    """A state as it lies in a layout: X[j] = S[649^t j]."""
    factor = pow(649, layout, STATE)
    return Trits.of([state[factor * place % STATE] for place in range(STATE)])


class TestTransform:
    @pytest.mark.parametrize("lanes", [1, 3])
    def test_nine_times_27_rounds_come_back_to_natural_order(self, lanes: int) -> None:
        states = _random_states(lanes)
        woven = interleave(states)
        p, n = woven.plus, woven.minus
        for layout in range(LAYOUTS):
            p, n = transform(p, n, rotations(lanes, layout))
            lying = deinterleave(Trits(p, n, STATE * lanes), lanes)
            states = [_reference(state) for state in states]
            assert lying == [_layout(state, layout + 1) for state in states]

    def test_rotations_of_a_layout_are_27_and_none_is_by_nothing(self) -> None:
        for layout in range(LAYOUTS):
            rows = rotations(4, layout)
            assert len(rows) == ROUNDS // 3
            for row in rows:
                for down, mask, up in zip(row[::3], row[1::3], row[2::3], strict=True):
                    assert down + up == 4 * STATE
                    assert mask == (1 << down) - 1
                    assert 0 < down < 4 * STATE


class TestRestore:
    @pytest.mark.parametrize("lanes", [1, 3])
    @pytest.mark.parametrize("layout", range(LAYOUTS))
    def test_any_layout_is_put_in_order(self, lanes: int, layout: int) -> None:
        states = _random_states(lanes)
        lying = interleave([_layout(state, layout) for state in states])
        empty: list[tuple[int, int]] = [(0, 0)] * LAYOUTS
        empty[layout] = (lying.plus, lying.minus)
        assert Trits(*restore(empty, lanes), STATE * lanes) == interleave(states)

    def test_lanes_of_different_layouts_are_laid_over_each_other(self) -> None:
        """Chains of different lengths end in different layouts."""
        states = _random_states(LAYOUTS)
        lying = []
        for layout, state in enumerate(states):
            alone = [Trits.zeros(STATE)] * LAYOUTS
            alone[layout] = _layout(state, layout)
            woven = interleave(alone)
            lying.append((woven.plus, woven.minus))
        assert Trits(*restore(lying, LAYOUTS), STATE * LAYOUTS) == interleave(states)

    def test_nothing_is_restored_from_nothing(self) -> None:
        assert restore([(0, 0)] * LAYOUTS, 2) == (0, 0)


class TestSort:
    @pytest.mark.parametrize("place", [0, 1])
    @pytest.mark.parametrize("turns", range(1, LAYOUTS))
    def test_each_position_takes_the_rotation_of_its_digit(self, place: int, turns: int) -> None:
        (state,) = _random_states(1)
        found = Trits(*sort(state.plus, state.minus, sorting(1, place, turns)), STATE)
        for position in range(STATE):
            digit = position // 3**place % 3
            assert found[position] == state[(position + 81 * turns * digit) % STATE]


class TestMasks:
    @pytest.mark.parametrize("lanes", [1, 4])
    def test_column_repeats_a_number_at_every_position(self, lanes: int) -> None:
        assert column(lanes) == sum(1 << lanes * position for position in range(STATE))

    @pytest.mark.parametrize("layout", range(LAYOUTS))
    def test_rate_mask_covers_the_rate_wherever_it_lies(self, layout: int) -> None:
        rate = Trits.of([1] * RATE + [0] * (STATE - RATE))
        assert rate_mask(1, layout) == _layout(rate, layout).plus
        assert rate_mask(3, layout) == interleave([_layout(rate, layout)] * 3).plus
