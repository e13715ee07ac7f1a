"""What an owner says about a device (P6), and what everybody is shown of it (P1); decisions D1, D7, D8, D9.

Read in the order of the original: type, place, coordinates, fields, owner; then the price, which the original did not
check.  What the marketplace decides itself is forced, whatever the owner said: ``sensorId``, ``owner``, ``address``,
``inactive``, ``hasData``, ``createTime``.  A device secret or seed that an owner put in is left out.  Everything else
is kept as it was given.

The public JSON object has two parts.  The *record* is made at a registration and stored as text.  What changes by
itself (approval, first packet, the default price) is written behind it when it is shown.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from datasouk.market.errors import InvalidDevice, InvalidField, MissingField
from datasouk.market.ids import is_device_id
from datasouk.market.records import ListedDevice
from datasouk.market.values import (
    MAX_PRICE_IOTA,
    check_storable,
    is_absent,
    is_shown_text,
    read_decimal,
    read_whole,
)

__all__ = ["Description", "make_record", "read_description", "show_public", "show_to_owner"]

_FORCED = frozenset({"sensorId", "owner", "address", "inactive", "hasData", "createTime", "sk", "seed"})
_MAX_NAME_CHARACTERS = 200
_MAX_FIELDS = 100
_NAME = f"a text of 1 to {_MAX_NAME_CHARACTERS} characters without control characters"

# The texts of the original, as recorded.
_NO_TYPE = "Specify type of device. eg. Weather station or Wind Vein"
_NO_PLACE = "Enter city or country"
_NO_COORDINATES = "Please enter a device coordinates"
_NO_FIELDS = "You must have a valid data fields"
_NO_OWNER = "You must specify an owner"
_NO_PRICE = "Please enter a valid price"


@dataclass(frozen=True, slots=True)
class Description:
    """What an owner says about a device.

    Attributes:
        device_id: 1 to 64 characters.
        owner: The owner's user id or handle, to be held against the caller; the user id is secret.
        price_iota: None: the default price.
        fields_json: What is kept, a JSON object, UTF-8.
    """

    device_id: str
    owner: str = field(repr=False)
    price_iota: int | None
    fields_json: bytes


def read_description(device_id: object, device: object) -> Description:
    """Read a device as it was sent.

    Args:
        device_id: The field ``id``.
        device: The field ``device``.

    Raises:
        InvalidDevice: A field of the device is missing, or out of its limits.
        InvalidField: The id, or the device as a whole, has another shape.
        MissingField: The id or the device is missing.
    """
    for name, value in (("id", device_id), ("device", device)):
        if is_absent(value):
            raise MissingField(name)
    if not isinstance(device_id, str) or not is_device_id(device_id):
        raise InvalidField("id", "1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit")
    if not isinstance(device, dict):
        raise InvalidField("device", "a JSON object")
    check_storable(device, "device")
    _check_name(device, "type", _NO_TYPE)
    location = device.get("location")
    for name in ("city", "country"):
        _check_name(location if isinstance(location, dict) else {}, name, _NO_PLACE)
    _check_coordinate(device, "lat", 90)
    _check_coordinate(device, "lon", 180)
    _check_data_types(device.get("dataTypes"))
    owner = device.get("owner")
    if not isinstance(owner, str) or not owner:
        raise InvalidDevice("owner", "your user id or handle", _NO_OWNER, is_missing=is_absent(owner))
    price_iota = _read_price(device)
    kept = {name: value for name, value in device.items() if name not in _FORCED}
    # A price in digits is shown as it was given; any other way of naming one, or none, as the number that it means.
    if not isinstance(kept.get("price"), str) or is_absent(kept["price"]):
        kept.pop("price", None)
        if price_iota is not None:
            kept["price"] = price_iota
    return Description(device_id, owner, price_iota, _dump(kept))


def make_record(description: Description, *, handle: str, address: str, created_ms: int) -> bytes:
    """Write the part of the public object that a registration decides.

    Args:
        description: What the owner said.
        handle: The owner's.
        address: The device's, in bech32.
        created_ms: When the device was first registered.

    Returns:
        A JSON object that is not empty, UTF-8.
    """
    fields = json.loads(description.fields_json)
    if is_absent(fields.get("timestamp")):
        fields["timestamp"] = created_ms
    return _dump({**fields, "sensorId": description.device_id, "owner": handle, "address": address})


def show_public(device: ListedDevice, *, default_price_iota: int) -> bytes:
    """Write the whole public object, UTF-8."""
    seconds, milliseconds = divmod(device.created_ms, 1000)
    price = b"" if device.price_iota is not None else b'"price":%d,' % default_price_iota
    return b'%b,%b"inactive":%b,"hasData":%b,"createTime":{"_seconds":%d,"_nanoseconds":%d}}' % (
        device.record[:-1],
        price,
        b"true" if device.is_inactive else b"false",
        b"true" if device.has_data else b"false",
        seconds,
        milliseconds * 1_000_000,
    )


def show_to_owner(device: ListedDevice, *, default_price_iota: int, user_id: str, secret: str) -> bytes:
    """Write the object as its owner sees it in the own list (P8): with ``sk``, and the user id as owner.  Secret."""
    shown = json.loads(show_public(device, default_price_iota=default_price_iota))
    return _dump({**shown, "owner": user_id, "sk": secret})


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _check_name(fields: Mapping[str, object], name: str, recorded: str) -> None:
    value = fields.get(name)
    if not is_shown_text(value, _MAX_NAME_CHARACTERS):
        raise InvalidDevice(name, _NAME, recorded, is_missing=is_absent(value))


def _check_coordinate(device: Mapping[str, object], name: str, limit: int) -> None:
    value = device.get(name)
    degrees = read_decimal(value)
    if degrees is None or abs(degrees) > limit:
        raise InvalidDevice(
            name, f"a number of degrees from -{limit} to {limit}", _NO_COORDINATES, is_missing=is_absent(value)
        )


def _check_data_types(value: object) -> None:
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_FIELDS:
        raise InvalidDevice(
            "dataTypes", f"a list of 1 to {_MAX_FIELDS} fields", _NO_FIELDS, is_missing=is_absent(value) or value == []
        )
    for place, each in enumerate(value):
        if not isinstance(each, dict) or not is_shown_text(each.get("id"), _MAX_NAME_CHARACTERS):
            raise InvalidDevice(f"dataTypes[{place}]", f"an object whose id is {_NAME}", _NO_FIELDS)
        for name in ("name", "unit"):
            if not is_absent(each.get(name)) and not is_shown_text(each[name], _MAX_NAME_CHARACTERS):
                raise InvalidDevice(f"dataTypes[{place}].{name}", _NAME, _NO_FIELDS)


def _read_price(device: Mapping[str, object]) -> int | None:
    """The price, else the value, else None (D7)."""
    for name in ("price", "value"):
        given = device.get(name)
        if is_absent(given):
            continue
        price_iota = read_whole(given)
        if price_iota is None or price_iota > MAX_PRICE_IOTA:
            raise InvalidDevice(name, f"a whole number of tokens from 0 to {MAX_PRICE_IOTA}", _NO_PRICE)
        return price_iota
    return None
