import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasouk.ternary.curl import RATE, STATE, Curl
from datasouk.ternary.single import single_transform
from datasouk.ternary.trits import Trits

_states = st.randoms(use_true_random=False).map(lambda source: Trits.of(source.choices([-1, 0, 1], k=STATE)))


def _reference(state: Trits, rounds: int) -> Trits:
    curl = Curl(rounds)
    curl._state = list(state)
    curl._transform()
    return curl.state


def _run(state: Trits, rounds: int) -> Trits:
    return Trits(*single_transform(rounds)(state.plus, state.minus), STATE)


@pytest.mark.parametrize("rounds", [27, 81])
class TestSingleTransform:
    @pytest.mark.slow
    @settings(deadline=None, max_examples=15)
    @given(state=_states)
    def test_same_as_the_readable_curl(self, rounds: int, state: Trits) -> None:
        assert _run(state, rounds) == _reference(state, rounds)

    @pytest.mark.parametrize("trit", [-1, 0, 1])
    def test_state_of_equal_trits(self, rounds: int, trit: int) -> None:
        state = Trits.of([trit] * STATE)
        assert _run(state, rounds) == _reference(state, rounds)

    @pytest.mark.parametrize("position", [0, 1, 242, 243, 364, 365, 728])
    def test_single_trit(self, rounds: int, position: int) -> None:
        state = Trits.of([int(place == position) for place in range(STATE)])
        assert _run(state, rounds) == _reference(state, rounds)

    def test_no_bit_is_left_outside_the_ring(self, rounds: int) -> None:
        """The ring is written out twice inside; what comes out is 729 trits, each in one plane at most."""
        source = random.Random(rounds)
        state = Trits.of(source.choices([-1, 0, 1], k=STATE))
        plus, minus = single_transform(rounds)(state.plus, state.minus)
        assert max(plus, minus) < 1 << STATE
        assert plus & minus == 0

    def test_function_is_made_once(self, rounds: int) -> None:
        assert single_transform(rounds) is single_transform(rounds)


def test_three_times_27_rounds_are_81() -> None:
    state = Trits.of(random.Random(1).choices([-1, 0, 1], k=RATE) + [0] * (STATE - RATE))
    assert _run(_run(_run(state, 27), 27), 27) == _run(state, 81)
