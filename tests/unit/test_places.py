"""Places that a utility defines: read from cells, asked for by name, and told apart."""

from decimal import Decimal

import pytest

from broadcaster import bootstrap
from broadcaster.audience.areas.cover import cover
from broadcaster.audience.attributes import Attribute, Kind
from broadcaster.audience.columns import headings, known_columns
from broadcaster.audience.defining import check
from broadcaster.audience.draft import Draft
from broadcaster.audience.expression import InArea, Near, names
from broadcaster.audience.location import read_place
from broadcaster.audience.places import as_place, written_place
from broadcaster.audience.query import parse
from broadcaster.errors import InvalidInputError
from broadcaster.render.bidi import strip
from broadcaster.render.locales import load_locales
from broadcaster.web.console.people.attribute_values import shown
from broadcaster.web.languages import Languages
from tests.catalogues import SHIPPED, with_attribute
from tests.expressions import KNOWN, METER

_PLACE = (-7.5898, 33.5731)
_LATITUDE, _LONGITUDE = f"{METER}_latitude", f"{METER}_longitude"


def _read(**cells: str) -> tuple[tuple[float, float] | None, list[tuple[str, str, str]]]:
    draft = Draft(2, cells)
    place = read_place(draft, METER, "MA")
    assert not draft.refused
    return place, [(one.column, one.problem, one.remedy) for one in draft.findings]


@pytest.mark.parametrize(
    "cell",
    [
        "33.5731, -7.5898",
        "33.5731,-7.5898",
        "33.5731 -7.5898",
        "33,5731 -7,5898",
        "33,5731, -7,5898",
        "33,5731; -7,5898",
        "33,5731,-7,5898",
        "33.5731/-7.5898",
        " +33.5731° , - 7.5898° ",
        "٣٣٫٥٧٣١، -٧٫٥٨٩٨",
        "\u2066۳۳.۵۷۳۱\u2069 \u200e−۷.۵۸۹۸",
        "33.5731,\u00a0\u22127.58980000000000001",
    ],
)
def test_one_cell_is_read_in_every_notation_that_two_are(cell: str) -> None:
    """Latitude first; whichever sign begins decimals, whatever parts the numbers."""
    assert _read(**{METER: cell}) == (_PLACE, [])


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("33,5731", "'33,5731' is no latitude and longitude"),
        ("33,57,7", "is no latitude and longitude"),
        ("33.5731 - 7.5898", "is no latitude and longitude"),
        ("1 2 3", "is no latitude and longitude"),
        ("nord, -7.58", "'nord' is no number of degrees"),
        ("335731, -7.58", "'335731' is no number of degrees"),
        ("33°34'23\"N 7°35'23\"W", "is no number of degrees"),
        ("93.57, -7.58", "'93.57' is beyond 90 degrees"),
        ("33.57, -187.58", "'-187.58' is beyond 180 degrees"),
        ("0, 0.0", "0, 0 lies in the sea"),
        ("-7.58, 33.57", "outside of MA, and would be in it with the numbers swapped"),
        ("#REF!", "holds the error"),
    ],
)
def test_a_cell_that_can_not_be_a_place_is_left_out_and_told(cell: str, problem: str) -> None:
    """The customer is stored without it, as without their own place."""
    place, found = _read(**{METER: cell})
    assert place is None
    ((column, said, remedy),) = found
    assert column == METER
    assert problem in said
    assert remedy


def test_two_columns_are_read_as_those_of_the_customers_own_place() -> None:
    """Swapped ones name the columns; half a place is none; a whole cell goes before halves."""
    assert _read(**{_LATITUDE: "33,5731", _LONGITUDE: "-7,5898"}) == (_PLACE, [])
    assert _read() == (None, [])
    assert _read(**{METER: "33.5731, -7.5898", _LATITUDE: "", _LONGITUDE: ""}) == (_PLACE, [])
    _, ((column, _, remedy),) = _read(**{_LATITUDE: "-7.58", _LONGITUDE: "33.57"})
    assert (column, remedy) == (_LATITUDE, f"Swap the columns {_LATITUDE} and {_LONGITUDE}.")
    _, ((column, problem, _),) = _read(**{_LATITUDE: "33.57"})
    assert (column, problem) == (_LONGITUDE, f"is missing, and {_LATITUDE} is there")


def test_the_halves_are_headed_by_the_name_or_a_label() -> None:
    """In every language that the customer's own two columns know."""
    known = headings(KNOWN)
    for word in ("meter_place_latitude", "meter_place_lat", "lieu_du_compteur_latitude"):
        assert known[word] == _LATITUDE
    assert known["مكان_العداد_خط_الطول"] == _LONGITUDE
    assert {METER, _LATITUDE, _LONGITUDE} <= set(known_columns(KNOWN))
    assert known["latitude"] == "latitude"


def _attribute(kind: Kind, label: str) -> Attribute:
    return Attribute(kind=kind, labels={one: f"{label} {one}" for one in ("ar", "fr", "en")})


@pytest.mark.parametrize(
    ("name", "kind", "before"),
    [
        ("meter_place_lat", Kind.TEXT, (METER, Kind.LOCATION)),
        ("meter", Kind.LOCATION, ("meter_latitude", Kind.TEXT)),
    ],
)
def test_half_a_place_is_no_other_column(name: str, kind: Kind, before: tuple[str, Kind]) -> None:
    """Whichever of the two is defined first."""
    known = with_attribute(before[0], _attribute(before[1], "other"))
    with pytest.raises(InvalidInputError, match="already"):
        check(name, _attribute(kind, "mine"), known)
    check(name, _attribute(kind, "mine"), SHIPPED)


def test_a_place_is_asked_for_as_the_customers_own() -> None:
    """By its name; it bounds where an advisory holds; and it counts as asked for."""
    tree = parse(f'{METER} in area "Old town"', KNOWN)
    assert tree == InArea("Old town", METER)
    assert names(tree) == {METER}
    assert cover(tree).places == (InArea("Old town"),)
    near = parse(f"{METER} within 1.5 km of 33.59, -7.62", KNOWN)
    assert near == Near(Decimal(1500), Decimal("33.59"), Decimal("-7.62"), METER)
    both = parse(f'{METER} in area "A" or location in area "A"', KNOWN)
    assert cover(both).places == (InArea("A"),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('meter_plce in area "A"', 'Did you mean "meter_place"?'),
        ('meter_place = "A"', 'Write: meter_place in area "..."'),
        ('meter_place in ("A")', 'Write: meter_place in area "..."'),
        ("meter_place within 500 of 33.59, -7.62", "meter_place within 500 m of"),
        ("meter_place within 500 m of 93.59, -7.62", "93.59 is no latitude"),
        ('district in area "A"', "Write: district in"),
    ],
)
def test_a_mistake_is_told_with_the_name_that_was_meant(text: str, words: str) -> None:
    """The remedy can be copied."""
    with pytest.raises(InvalidInputError) as refused:
        parse(text, KNOWN)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [None, "33.59, -7.62", 7, (1.0,), (1.0, 2.0, 3.0), ("a", "b"), (181, 0), (0, -91), (True, 1)],
)
def test_what_is_no_two_degrees_is_no_place(value: object) -> None:
    """Whatever stands in a database."""
    assert as_place(value) is None


def test_a_place_is_written_latitude_first() -> None:
    """To a centimetre, without zeros behind."""
    assert written_place((-7.62, 33.5731001)) == "33.5731001, -7.62"
    assert written_place((0.0000001, -10)) == "-10, 0.0000001"


def test_the_page_of_a_person_shows_it_latitude_first() -> None:
    """With the label in the reader's language."""
    folders = [bootstrap.shipped("locales")]
    language = Languages(folders, load_locales(folders, "ar")[0]).get("ar")
    assert language is not None
    (value,) = shown({METER: [-7.62, 33.59]}, KNOWN, language)
    assert (value.label, strip(value.text)) == ("مكان العداد", "33.59, -7.62")
