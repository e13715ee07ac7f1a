import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.market.description_samples import device
from tests.market.test_values import JSON
from tests.market_fakes import START_MS

from datasouk.errors import DatasoukError
from datasouk.market.descriptions import make_record, read_description, show_public, show_to_owner
from datasouk.market.errors import InvalidDevice, InvalidField, MissingField
from datasouk.market.records import ListedDevice
from datasouk.market.values import MAX_PRICE_IOTA


def shown(**changes: Any) -> dict[str, Any]:
    """What everybody is shown of a device with these fields."""
    description = read_description("ws-1", device(**changes))
    record = make_record(description, handle="handle1", address="atoi1", created_ms=START_MS + 7)
    listed = ListedDevice("ws-1", "row", b"", record, description.price_iota, True, START_MS + 7, False)
    fields: dict[str, Any] = json.loads(show_public(listed, default_price_iota=1000))
    return fields


class TestRefusals:
    @pytest.mark.parametrize(("device_id", "value"), [(None, {}), ("", {}), ("ws-1", None), ("ws-1", "")])
    def test_missing_fields(self, device_id: object, value: object) -> None:
        with pytest.raises(MissingField, match="Ensure all fields are included"):
            read_description(device_id, value)

    @pytest.mark.parametrize(
        "device_id", ["a/b", "../x", "a\x00", "日本", "x" * 65, 5, ["a"], {"a": 1}, True, ".", "-a"]
    )
    def test_d9_ids(self, device_id: object) -> None:
        with pytest.raises(InvalidField, match="id must be 1 to 64 letters"):
            read_description(device_id, device())

    @pytest.mark.parametrize("value", ["text", 5, [1], True])
    def test_a_device_that_is_no_object(self, value: object) -> None:
        with pytest.raises(InvalidField, match="device must be a JSON object"):
            read_description("ws-1", value)

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"type": ...}, "Specify type of device. eg. Weather station or Wind Vein"),
            ({"type": ""}, "Specify type of device. eg. Weather station or Wind Vein"),
            ({"location": ...}, "Enter city or country"),
            ({"location": {"country": "NL"}}, "Enter city or country"),
            ({"location": {"city": "Utrecht"}}, "Enter city or country"),
            ({"location": "Utrecht"}, "Enter city or country"),
            ({"lat": ...}, "Please enter a device coordinates"),
            ({"lon": None}, "Please enter a device coordinates"),
            ({"lon": ""}, "Please enter a device coordinates"),
            ({"dataTypes": ...}, "You must have a valid data fields"),
            ({"dataTypes": []}, "You must have a valid data fields"),
            ({"owner": ...}, "You must specify an owner"),
            ({"owner": ""}, "You must specify an owner"),
        ],
    )
    def test_what_is_missing_has_the_recorded_text(self, changes: dict[str, Any], text: str) -> None:
        with pytest.raises(InvalidDevice) as refused:
            read_description("ws-1", device(**changes))
        assert str(refused.value) == text

    def test_the_order_is_the_recorded_one(self) -> None:
        names, met = ["type", "city", "lat", "dataTypes", "owner"], []
        value: dict[str, Any] = {"price": -1}
        for name in names:
            with pytest.raises(InvalidDevice) as refused:
                read_description("ws-1", value)
            met.append(refused.value.field)
            value |= {
                each: device()[each] for each in (name if name != "city" else "location", "lon") if each in device()
            }
        assert met == names

    @pytest.mark.parametrize("name", ["lat", "lon"])
    @pytest.mark.parametrize("value", [True, "north", "91x", [1], {}, 180.01, "-180.01", 1e999])
    def test_d8_coordinates(self, name: str, value: object) -> None:
        with pytest.raises((InvalidDevice, InvalidField), match=r"number|finite"):
            read_description("ws-1", device(**{name: value}))

    def test_d8_the_text_names_field_and_limit(self) -> None:
        with pytest.raises(InvalidDevice) as refused:
            read_description("ws-1", device(lat=90.5))
        assert str(refused.value) == (
            "Please enter a device coordinates: lat must be a number of degrees from -90 to 90"
        )

    @pytest.mark.parametrize(
        "value", [-1, "-1", 1.9, "1.9", "ten", True, [5], "0x10", MAX_PRICE_IOTA + 1, str(MAX_PRICE_IOTA + 1), {}, " "]
    )
    @pytest.mark.parametrize("name", ["price", "value"])
    def test_d7_prices(self, name: str, value: object) -> None:
        with pytest.raises(InvalidDevice, match=f"{name} must be a whole number of tokens from 0 to {MAX_PRICE_IOTA}"):
            read_description("ws-1", device(**{"price": ..., name: value}))

    @pytest.mark.parametrize(
        "value",
        ["temp", {}, [1], [{}], [{"id": ""}], [{"id": 5}], [{"id": "a", "unit": "x\u202e"}], [{"id": "a"}] * 101],
    )
    def test_data_types(self, value: object) -> None:
        with pytest.raises(InvalidDevice, match="You must have a valid data fields: dataTypes"):
            read_description("ws-1", device(dataTypes=value))

    @pytest.mark.parametrize("name", ["type", "city"])
    @pytest.mark.parametrize("value", [5, ["x"], "x" * 201, "evil\u202e", " ", {"a": 1}])
    def test_names_are_texts_that_show_what_they_say(self, name: str, value: object) -> None:
        place = {"city": value, "country": "NL"} if name == "city" else ...
        changes = {"location": place} if name == "city" else {"type": value}
        with pytest.raises(InvalidDevice, match=f"{name} must be a text of 1 to 200"):
            read_description("ws-1", device(**changes))

    def test_d16_what_cannot_be_stored(self) -> None:
        with pytest.raises(InvalidField, match="surrogates"):
            read_description("ws-1", device(note="\ud800"))

    @given(JSON, st.dictionaries(st.sampled_from(sorted(device())), JSON))
    def test_any_json_is_read_or_refused(self, device_id: object, changes: dict[str, Any]) -> None:
        for name in (device_id, "ws-1"):
            with contextlib.suppress(DatasoukError):
                read_description(name, device(**changes))


class TestShown:
    def test_is_what_the_transcript_shows(self) -> None:
        expected = device(sensorId="ws-1", inactive=True) | {"address": "atoi1", "timestamp": START_MS + 7}
        expected |= {"hasData": False, "createTime": {"_seconds": START_MS // 1000, "_nanoseconds": 7_000_000}}
        assert shown() == expected

    def test_what_the_marketplace_decides_is_forced(self) -> None:
        forced = {"address": "mine", "hasData": True, "createTime": 5, "sk": "mine", "seed": "mine", "inactive": False}
        fields = shown(**forced)
        assert fields["address"] == "atoi1"
        assert fields["inactive"] is True
        assert fields["hasData"] is False
        assert fields["createTime"] != 5
        assert not {"sk", "seed"} & fields.keys()

    def test_unknown_fields_are_kept(self) -> None:
        extra = {"extra": {"a": [1, {"b": None}]}, "note": "ünïcödé ✓", "__proto__": {"x": 1}, "timestamp": 5}
        fields = shown(**extra)
        assert {name: fields[name] for name in extra} == extra

    @given(JSON)
    def test_whatever_they_hold(self, value: object) -> None:
        assert shown(note=value)["note"] == value

    @pytest.mark.parametrize(
        ("price", "value", "expected"),
        [
            ("77", ..., "77"),
            (77, ..., 77),
            (77.0, ..., 77),
            (0, ..., 0),
            ("0", ..., "0"),
            (MAX_PRICE_IOTA, ..., MAX_PRICE_IOTA),
            (..., ..., 1000),
            (None, ..., 1000),
            ("", ..., 1000),
            (..., "250", 250),
            (None, 250, 250),
            ("", 0, 0),
            (300, "9", 300),
            (0, "garbage", 0),
            (..., "", 1000),
        ],
    )
    def test_d7_the_price_that_is_shown_is_the_one_that_is_charged(
        self, price: object, value: object, expected: Any
    ) -> None:
        fields = shown(price=price, value=value)
        assert fields["price"] == expected
        assert type(fields["price"]) is type(expected)
        charged = read_description("ws-1", device(price=price, value=value)).price_iota
        assert int(fields["price"]) == (1000 if charged is None else charged)

    @pytest.mark.parametrize(("lat", "lon"), [(0, 0), ("0", "0"), (-90, 180), (90.0, "-180.0")])
    def test_d8_zero_and_the_edges_are_valid_and_kept_as_given(self, lat: object, lon: object) -> None:
        assert (shown(lat=lat, lon=lon)["lat"], shown(lat=lat, lon=lon)["lon"]) == (lat, lon)

    def test_its_owner_sees_the_user_id_and_the_secret(self) -> None:
        record = make_record(read_description("ws-1", device()), handle="h", address="a", created_ms=START_MS)
        listed = ListedDevice("ws-1", "row", b"", record, 100, False, START_MS, True)
        mine = json.loads(show_to_owner(listed, default_price_iota=1000, user_id="me", secret="ab"))
        assert (mine["owner"], mine["sk"], mine["hasData"], mine["inactive"]) == ("me", "ab", True, False)

    def test_d1_a_description_does_not_show_who_says_it(self) -> None:
        description = read_description("ws-1", device(owner="the-user-id-of-somebody"))
        assert "the-user-id-of-somebody" not in repr(description)
        assert b"the-user-id-of-somebody" not in description.fields_json
