import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.rig import BERLIN, PERTH

from datasouk.web.places import Places, Town, area_code_of, coordinates_of, load_towns

PLACES = Places([BERLIN, Town("Berlin", "United States", 44.46867, -71.18508), PERTH])


def test_the_area_code_of_the_recorded_square() -> None:
    """As the original answered for Alexanderplatz."""
    assert area_code_of(52.5219, 13.4132) == "NPHTQOOL9VL"


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_code_leads_back_to_its_place(lat: float, lon: float) -> None:
    code = area_code_of(lat, lon)
    assert code is not None
    back = coordinates_of(code)
    assert back is not None
    assert abs(back[0] - lat) < 0.001
    assert min(abs(back[1] - lon), 360 - abs(back[1] - lon)) < 0.001


@pytest.mark.parametrize(("lat", "lon"), [(91, 0), (0, 181), (-90.1, 0), (float("nan"), 0), (float("inf"), 0)])
def test_there_is_no_code_off_the_earth(lat: float, lon: float) -> None:
    assert area_code_of(lat, lon) is None


@pytest.mark.parametrize(
    "code", ["", "NPHTQOOL", "nphtqool9vl", "NPHTQOOL9VL9", "9F4MGC22+22", "9" * 11, "ZZZZZZZZ9ZZ", "\ud800"]
)
def test_what_is_no_code_leads_nowhere(code: str) -> None:
    assert coordinates_of(code) is None


def test_towns_are_found_by_name() -> None:
    assert PLACES.find("  berlin ") is BERLIN
    assert PLACES.find("Alexanderplatz, Berlin, Germany") is BERLIN
    assert PLACES.find("Berlin, United States") is not BERLIN
    assert PLACES.find("Nowhere at all") is None
    assert PLACES.find("") is None


def test_towns_are_found_by_place() -> None:
    assert PLACES.nearest(52.5219, 13.4132) is BERLIN
    assert PLACES.nearest(-31.8897, 115.8725) is PERTH
    assert PLACES.nearest(0, 0) is None


def test_the_gazetteer_knows_towns_of_every_continent() -> None:
    towns = load_towns()
    assert 12_000 < len(towns) < 13_000
    places = Places(towns)
    for address, degrees in (
        ("Utrecht, Netherlands", (52, 5)),
        ("zurich", (47, 8)),
        ("Zürich", (47, 8)),
        ("Nairobi, Kenya", (-2, 36)),
        ("Perth", (-32, 115)),
        ("sao paulo", (-24, -47)),
        ("Tokyo", (35, 139)),
    ):
        town = places.find(address)
        assert town is not None, address
        assert (town.lat // 1, town.lon // 1) == degrees
        assert places.nearest(town.lat, town.lon) is not None
    assert places.find("Nowhere at all") is None
