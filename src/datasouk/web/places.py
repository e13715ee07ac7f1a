"""Names of places, area codes and coordinates (``GET /location``), without asking anybody outside.

An IOTA area code is an Open Location Code with another alphabet, so that it fits into trytes::

    Open Location Code   23456789CFGHJMPQRVWX  +  0
    IOTA area code       FGHJKLMNOPQRSTUVXWYZ  9  A

Source: ``@iota/area-codes``, Open Location Code specification.  Towns come from ``towns.tsv.gz``: name, country,
latitude and longitude of all towns with 50,000 people and more, the greatest first, by GeoNames under CC BY 4.0
(``docs/decisions/0032-gazetteer.md``).
"""

import gzip
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

from openlocationcode import openlocationcode

__all__ = ["Places", "Town", "area_code_of", "coordinates_of", "load_towns"]

_OPEN = "23456789CFGHJMPQRVWX+0"
_AREA = "FGHJKLMNOPQRSTUVXWYZ9A"
_TO_AREA = str.maketrans(_OPEN, _AREA)
_TO_OPEN = str.maketrans(_AREA, _OPEN)
_AREA_CODE = re.compile(r"[FGHJKLMNOPQRSTUVXWYZ9A]{9,16}")
_NEAR_DEGREES = 0.5


@dataclass(frozen=True, slots=True)
class Town:
    """A town of the gazetteer; degrees."""

    name: str
    country: str
    lat: float
    lon: float


class Places:
    """Finds towns by name and by coordinates.

    Args:
        towns: The greatest first: of several with one name, the first is meant.
    """

    def __init__(self, towns: Iterable[Town] = ()) -> None:
        self._by_name: dict[str, Town] = {}
        self._by_cell: dict[tuple[int, int], list[Town]] = {}
        for town in towns:
            self._by_name.setdefault(_fold(town.name), town)
            self._by_name.setdefault(_fold(f"{town.name}, {town.country}"), town)
            self._by_cell.setdefault((int(town.lat // 1), int(town.lon // 1)), []).append(town)

    def find(self, address: str) -> Town | None:
        """The town that an address names, whole or in one of its parts between commas."""
        parts = [_fold(" ".join(part.split())) for part in address.split(",")]
        whole = ", ".join(parts)
        return next((self._by_name[each] for each in (whole, *parts) if each in self._by_name), None)

    def nearest(self, lat: float, lon: float) -> Town | None:
        """The nearest town within half a degree."""
        near: list[tuple[float, Town]] = []
        for row in (-1, 0, 1):
            for column in (-1, 0, 1):
                for town in self._by_cell.get((int(lat // 1) + row, int(lon // 1) + column), ()):
                    distance = max(abs(town.lat - lat), abs(town.lon - lon))
                    if distance <= _NEAR_DEGREES:
                        near.append((distance, town))
        return min(near, key=lambda each: each[0])[1] if near else None


def load_towns() -> list[Town]:
    """Read the gazetteer; takes some 20 ms."""
    packed = resources.files("datasouk.web").joinpath("towns.tsv.gz").read_bytes()
    lines = gzip.decompress(packed).decode().splitlines()
    fields = (line.split("\t") for line in lines)
    return [Town(name, country, float(lat), float(lon)) for name, country, lat, lon in fields]


def area_code_of(lat: float, lon: float) -> str | None:
    """The IOTA area code of a place, 11 characters; None for what is not on Earth."""
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        return None
    return str(openlocationcode.encode(lat, lon)).translate(_TO_AREA)


def coordinates_of(area_code: str) -> tuple[float, float] | None:
    """The middle of an IOTA area code's area, in degrees; None if it is none."""
    if not _AREA_CODE.fullmatch(area_code):
        return None
    code = area_code.translate(_TO_OPEN)
    if not openlocationcode.isFull(code):
        return None
    area = openlocationcode.decode(code)
    return area.latitudeCenter, area.longitudeCenter


def _fold(text: str) -> str:
    """A text as it is compared: without accents, upper and lower case alike."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(each for each in apart if not unicodedata.combining(each)).casefold()
