"""Where customers are: cells as people and programs fill them, and fictional places."""

import hashlib

import pytest

from broadcaster.audience import names
from broadcaster.audience.draft import Draft
from broadcaster.audience.location import read_location
from broadcaster.audience.maker import Maker


def _read(
    latitude: str, longitude: str, region: str = "MA"
) -> tuple[tuple[float, float] | None, list[tuple[str, str, str]]]:
    draft = Draft(2, {"latitude": latitude, "longitude": longitude})
    place = read_location(draft, region)
    assert not draft.refused
    return place, [(one.column, one.problem, one.remedy) for one in draft.findings]


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ("33.5731", "-7.5898"),
        (" 33,5731 ", "-7,5898"),
        ("٣٣٫٥٧٣١", "-٧٫٥٨٩٨"),
        ("۳۳.۵۷۳۱", "\u200e-۷.۵۸۹۸"),
        ("+33.5731°", "−7.5898"),
        ("33.5731", "\u2066-7.58980000000000001\u2069"),
        ("33.57310000000", "- 7.5898"),
    ],
)
def test_decimal_degrees_are_read_as_they_are_written(latitude: str, longitude: str) -> None:
    """Point or comma, Arabic-Indic and Persian digits, long minus, direction marks."""
    assert _read(latitude, longitude) == ((-7.5898, 33.5731), [])


def test_empty_cells_are_no_place_and_no_fault() -> None:
    """A customer without a place is like one in a file without the columns."""
    assert _read("", "  ") == (None, [])
    assert read_location(Draft(2, {}), "MA") is None


@pytest.mark.parametrize(
    ("latitude", "longitude", "column", "expected"),
    [
        ("33.57", "", "longitude", "is missing, and latitude is there"),
        ("", "-7.58", "latitude", "is missing, and longitude is there"),
        ("93.57", "-7.58", "latitude", "'93.57' is beyond 90 degrees"),
        ("335731", "-7.58", "latitude", "is no number of degrees"),
        ("33.57", "-187.58", "longitude", "is beyond 180 degrees"),
        ("33°34'23\"N", "-7.58", "latitude", "is no number of degrees"),
        ("33.57, -7.58", "-7.58", "latitude", "is no number of degrees"),
        ("nord", "-7.58", "latitude", "is no number of degrees"),
        ("3.35E+01", "-7.58", "latitude", "is no number of degrees"),
        ("nan", "-7.58", "latitude", "is no number of degrees"),
        ("0", "0.0", "latitude", "0, 0 lies in the sea"),
        ("-7.58", "33.57", "latitude", "outside of MA, and would be in it with the cells swapped"),
    ],
)
def test_a_place_that_can_not_be_right_is_left_out_and_told(
    latitude: str, longitude: str, column: str, expected: str
) -> None:
    """The customer is stored without it, with a finding that names the cell and the remedy."""
    place, found = _read(latitude, longitude)
    assert place is None
    ((named, problem, remedy),) = found
    assert named == column
    assert expected in problem
    assert remedy


def test_swapping_is_told_only_where_it_is_sure() -> None:
    """Elsewhere in the world is fine, and so is a country whose place is not listed."""
    assert _read("48.85", "2.35")[0] == (2.35, 48.85)
    assert _read("-7.58", "33.57", region="XK")[0] == (33.57, -7.58)


def test_made_customers_live_in_their_districts() -> None:
    """Near the middle of it; some places are not known; and a seed makes what it always made."""
    maker = Maker(
        1, push_base_url="http://p.test", subscription_keys=lambda endpoint: {"auth": endpoint}
    )
    made = list(maker.make(500))
    placed = [one for one in made if one.location]
    assert 0.95 < len(placed) / len(made) < 1
    assert len({one.location for one in placed}) == len(placed)
    for one in placed:
        assert one.location is not None
        latitude, longitude, reach = names.PLACES[str(one.attributes["district"])]
        assert abs(one.location[0] - longitude) * 92.6 <= reach + 0.01
        assert abs(one.location[1] - latitude) * 111.2 <= reach + 0.01
    assert set(names.PLACES) == set(names.DISTRICTS)
    told = [
        (one.number, one.name, one.locales, one.time_zone, dict(one.attributes), one.opted_out)
        for one in made
    ]
    # As it was before customers had places.
    assert hashlib.sha256(repr(told).encode()).hexdigest() == _BEFORE


_BEFORE = "6c990c25e0ed4f866670fe76a497c952ab495f4b681b53300b02a03ddf637f4c"
