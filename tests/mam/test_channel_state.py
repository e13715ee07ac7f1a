import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mam.channels import ENORMOUS, SEED, SIDE_KEY, channel_of
from tests.strategies import trytes

from datasouk import mam

states = st.fixed_dictionaries(
    {
        "seed": trytes(81, 81),
        "security": st.sampled_from((1, 2, 3)),
        "start": st.integers(0, 2**53 - 1),
        "count": st.integers(1, 2**20),
        "next_count": st.integers(1, 2**20),
        "next_root": st.none() | trytes(81, 81),
        "unused": st.integers(0, 2**53 - 1),
    }
)


class TestDict:
    @given(states, st.sampled_from(list(mam.Mode)), trytes(1, 81), st.data())
    def test_round_trip(self, state: dict[str, Any], mode: mam.Mode, side_key: str, data: st.DataObject) -> None:
        state["mode"] = mode.value
        state["side_key"] = side_key.ljust(81, "9") if mode is mam.Mode.RESTRICTED else None
        state["index"] = data.draw(st.integers(0, state["count"] - 1))
        channel = mam.Channel.from_dict(json.loads(json.dumps(state)))
        assert channel.to_dict() == state

    @given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 4))
    @settings(max_examples=10)
    def test_a_restored_channel_goes_on(self, count: int, more: int, sent: int) -> None:
        channel = channel_of(count=count, next_count=count + more)
        for _ in range(sent):
            channel.create_message("A")
        restored = mam.Channel.from_dict(channel.to_dict())
        assert restored.root == channel.root
        assert restored.create_message("B") == channel.create_message("B")
        assert restored.to_dict() == channel.to_dict()

    def test_what_may_be_left_out_of_a_call_may_be_left_out(self) -> None:
        assert mam.Channel.from_dict({"seed": SEED, "side_key": SIDE_KEY}).to_dict() == (
            mam.Channel(SEED, side_key=SIDE_KEY).to_dict()
        )

    def test_a_change_of_the_dictionary_does_not_reach_the_channel(self) -> None:
        channel = channel_of()
        channel.to_dict()["start"] = 5
        assert channel.start == 0

    @pytest.mark.parametrize("state", [None, 1, "text", b"bytes", [], [("seed", SEED)], {SEED}], ids=type)
    def test_what_is_no_mapping_is_refused(self, state: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^state must be a mapping, it is a ") as caught:
            mam.Channel.from_dict(state)
        assert caught.value.field == "state"

    @pytest.mark.parametrize("name", ["Seed", "", "trees", "_unused", 7, None, pytest.param(10**5000, id="enormous")])
    def test_unknown_fields_are_refused_by_name(self, name: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^state has an unknown field ") as caught:
            mam.Channel.from_dict(channel_of().to_dict() | {name: 1})
        assert caught.value.field == "state"

    def test_the_seed_cannot_be_left_out(self) -> None:
        state = channel_of().to_dict()
        del state["seed"]
        with pytest.raises(mam.InvalidArgument, match=r"^seed is missing$"):
            mam.Channel.from_dict(state)

    @pytest.mark.parametrize("field", ["seed", "security", "mode", "start", "count", "next_count", "index", "unused"])
    @pytest.mark.parametrize("value", [None, -1, "", [], {}, 1.5, True, "9" * 80, ENORMOUS], ids=repr)
    def test_a_wrong_value_of_any_field_is_refused_by_name(self, field: str, value: Any) -> None:
        with pytest.raises(mam.InvalidArgument) as caught:
            mam.Channel.from_dict(channel_of().to_dict() | {field: value})
        assert caught.value.field == field
        assert str(caught.value).startswith(f"{field} must be ")

    @pytest.mark.parametrize("value", [-1, "", [], "9" * 80, "a" * 81, ENORMOUS], ids=repr)
    def test_a_wrong_next_root_is_refused(self, value: Any) -> None:
        with pytest.raises(mam.InvalidArgument, match=r"^next_root must be 81 trytes long"):
            mam.Channel.from_dict(channel_of().to_dict() | {"next_root": value})

    @given(
        st.dictionaries(
            st.sampled_from(sorted(channel_of().to_dict())) | st.text(max_size=8),
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=90) | st.lists(st.integers()),
        )
    )
    def test_random_dictionaries_are_refused(self, state: dict[str, Any]) -> None:
        with pytest.raises(mam.MamError) as caught:
            mam.Channel.from_dict(state | {"mode": "hidden"})
        assert caught.value.reason in {"argument", "invalid_character"}


class TestSecrets:
    def test_they_do_not_show(self) -> None:
        channel = channel_of()
        channel.create_message("SECRETMESSAGE")
        for text in (repr(channel), str(channel), f"{channel}"):
            assert not re.search("SEEDOF|SIDEKEY|SECRET|QQQ", text)
            assert text.startswith("<Channel mode=restricted security=1 start=1 count=1 next_count=1 index=0")

    @pytest.mark.parametrize(
        "fields",
        [
            {"seed": SEED + "9"},
            {"seed": SEED.lower()},
            {"side_key": SIDE_KEY.lower()},
            {"side_key": SIDE_KEY * 9},
            {"side_key": f"{SIDE_KEY} "},
            {"mode": "public"},
            {"count": 0},
            {"unused": -1},
            {"next_root": SEED[:-1]},
            {"seed": [SEED]},
            {"side_key": [SIDE_KEY]},
        ],
        ids=str,
    )
    def test_no_error_contains_them(self, fields: dict[str, Any]) -> None:
        with pytest.raises(mam.MamError) as caught:
            mam.Channel.from_dict(channel_of().to_dict() | fields)
        error: BaseException | None = caught.value
        while error is not None:
            text = f"{error} {error!r} {error.args} {vars(error)}".upper()
            assert not re.search("SEEDOF|SIDEKEYOF|QQQ", text)
            error = error.__cause__ or error.__context__

    def test_nor_does_the_refusal_to_sign_twice(self) -> None:
        channel = channel_of(count=2, next_count=1)
        for text in "AB":
            channel.create_message(text)
        with pytest.raises(mam.KeyReused) as caught:
            channel.create_message("C")
        assert not re.search("SEEDOF|SIDEKEY|QQQ", f"{caught.value!r} {vars(caught.value)}")
