"""A device as the published document describes it."""

from typing import Any


def device(**changes: Any) -> dict[str, Any]:
    """The description of the recorded transcript, with changes; a change to ... leaves the field out."""
    fields: dict[str, Any] = {
        "owner": "handle1",
        "sensorId": "ignored",
        "type": "Weather Station",
        "company": "Example Co",
        "price": "100",
        "date": "14 February, 2019 11:16 am",
        "inactive": False,
        "dataTypes": [{"id": "temp", "name": "Temperature", "unit": "C"}, {"id": "hum", "name": "Hum", "unit": "%"}],
        "location": {"city": "Utrecht", "country": "Netherlands"},
        "lat": 52.09,
        "lon": 5.12,
    }
    return {name: value for name, value in (fields | changes).items() if value is not ...}
