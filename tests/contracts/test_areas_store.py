"""Areas in a real database: versions that never change, names that move on, what refuses to go."""

import math
from typing import Any

import psycopg
import pytest

from broadcaster.audience.areas import store as store_module
from broadcaster.audience.areas import writing
from broadcaster.audience.areas.places import SavedPlaces
from broadcaster.audience.areas.rows import name_of
from broadcaster.audience.areas.shape import Polygon, Shape, steps
from broadcaster.audience.areas.store import Areas
from broadcaster.audience.areas.version import Listed, Sort
from broadcaster.audience.audience import SegmentAudience
from broadcaster.audience.segments import Segments
from broadcaster.audience.store import Customers
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.ledger.pool import LedgerPool
from broadcaster.planning.forecast import Forecaster
from broadcaster.planning.planner import Planner
from broadcaster.ports import Condition
from tests.area_shapes import SQUARE
from tests.builders import NOON, customer
from tests.fakes import FakeRenderer
from tests.rows import Rows


def _square(move: float = 0.0) -> Shape:
    return (Polygon(tuple((steps(x + move), steps(y)) for x, y in SQUARE[:-1])),)


def _run(pool: LedgerPool, query: str, values: Any = None) -> list[tuple[Any, ...]]:  # noqa: ANN401
    with pool.connection() as connection:
        found = connection.execute(query, values)
        return found.fetchall() if found.description else []


def _selected(pool: LedgerPool, condition: Condition) -> list[str]:
    query = "SELECT number FROM customer WHERE " + condition.text + " ORDER BY number"  # noqa: S608
    return [number for (number,) in _run(pool, query, condition.values)]


def test_a_changed_area_leaves_its_earlier_version_as_it_was(pool: LedgerPool) -> None:
    """The name means the latest, the name with the hash the one that was approved."""
    areas = Areas(pool)
    places = SavedPlaces(areas)
    Customers(pool).save(
        [customer(1, location=(-7.61, 33.58)), customer(2, location=(-6.61, 33.58)), customer(3)]
    )
    (first,) = areas.save_shapes([("Old town", _square())], "a.geojson")
    pinned = places.pinned("Old town")
    assert first.became == "new"
    assert pinned == first.version.reference == f"Old town #{first.version.hash[:12]}"
    (again,) = areas.save_shapes([("Old town", _square())], "b.geojson")
    assert (again.became, again.version.id) == ("unchanged", first.version.id)
    (second,) = areas.save_shapes([("Old town", _square(1.0))], "c.geojson")
    assert second.became == "changed"
    assert _selected(pool, places.inside("Old town")) == ["C000002"]
    assert _selected(pool, places.inside(pinned)) == ["C000001"]
    assert places.contains(pinned, -7.61, 33.58)
    assert not places.contains("Old town", -7.61, 33.58)
    assert places.pinned("Old town") != pinned
    (back,) = areas.save_shapes([("Old town", _square())], "d.geojson")
    assert back.version.id == first.version.id
    assert [one.name for one in areas.list()] == ["Old town"]


def test_versions_are_forgotten_only_when_nothing_names_them(pool: LedgerPool) -> None:
    """A day after, and not while a campaign or a segment does; the pieces go with them."""
    areas = Areas(pool)
    places = SavedPlaces(areas)
    pinned = []
    for move in (0.0, 1.0, 2.0):
        areas.save_shapes([('The "old" town', _square(move))], "a.geojson")
        pinned.append(places.pinned('The "old" town'))
    quoted = pinned[0].replace('"', '\\"')
    _run(
        pool,
        "INSERT INTO segment (name, expression) VALUES ('one', %s)",
        [f'location in area "{quoted}"'],
    )
    areas.save_circle("elsewhere", -7.6, 33.5, 10)
    assert _run(pool, "SELECT count(*) FROM area_version") == [(4,)]
    _run(pool, "UPDATE area_version SET created_at = now() - interval '2 days'")
    _run(pool, "UPDATE area SET updated_at = now() - interval '2 days'")
    areas.save_circle("elsewhere", -7.6, 33.5, 20)
    assert areas.get(pinned[0]).reference == pinned[0]
    assert areas.get(pinned[2]).reference == pinned[2]
    with pytest.raises(NotFoundError):
        areas.get(pinned[1])
    held = _run(pool, "SELECT count(DISTINCT version_id) FROM area_piece")
    assert held == [(2,)]


def test_an_area_that_a_segment_asks_about_is_not_deleted(pool: LedgerPool) -> None:
    """The segments are named; afterwards it goes, and its name is free."""
    areas = Areas(pool)
    areas.save_shapes([("Old town", _square())], "a.geojson")
    _run(
        pool,
        "INSERT INTO segment (name, expression) VALUES ('centre', %s)",
        ['not location in area "Old town" and meter_day < 5'],
    )
    with pytest.raises(ConflictError, match=r"Segments ask about .Old town.: centre"):
        areas.delete("Old town")
    _run(pool, "DELETE FROM segment")
    pinned = areas.get("Old town").reference
    areas.delete(" Old  town ")
    with pytest.raises(NotFoundError, match="area: 'Old town' does not exist"):
        areas.get("Old town")
    assert areas.get(pinned).name == "Old town"
    with pytest.raises(NotFoundError):
        areas.delete("Old town")


def test_the_nearest_name_is_offered(pool: LedgerPool) -> None:
    """For a name that was mistyped; and the list for one that is like no other."""
    areas = Areas(pool)
    areas.save_circle("Médina", -7.6, 33.5, 100)
    with pytest.raises(NotFoundError, match='Did you mean "Médina"'):
        areas.get("Medina")
    with pytest.raises(NotFoundError, match="areas list"):
        SavedPlaces(areas).inside("x\0y")


def test_all_shapes_of_a_file_are_stored_or_none(
    pool: LedgerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one is too intricate: the first is not there either."""
    areas = Areas(pool)
    jagged = Polygon(
        (
            *((steps(-7.6) + n * 10, steps(33.5) + (n % 2) * 99) for n in range(300)),
            (steps(-7.6) + 3000, steps(33)),
            (steps(-7.6), steps(33)),
        )
    )
    monkeypatch.setattr("broadcaster.audience.areas.pieces._MOST_PIECES", 500)
    with pytest.raises(InvalidInputError, match="winds too much"):
        areas.save_shapes([("one", _square()), ("two", (jagged,))], "a.geojson")
    assert areas.list() == []
    monkeypatch.setattr(writing, "_MOST", 1)
    with pytest.raises(InvalidInputError, match="there are 1 areas already"):
        areas.save_shapes([("one", _square()), ("two", _square(1))], "a.geojson")
    assert areas.list() == []
    assert store_module.Areas is Areas


def test_lists_select_by_value_and_circles_by_distance(pool: LedgerPool) -> None:
    """Equal to the rule on records; a value of another type is none."""
    areas = Areas(pool)
    places = SavedPlaces(areas)
    records = [
        customer(1, attributes={"feeder": "F1"}, location=(-7.62, 33.59)),
        customer(2, attributes={"feeder": "F2"}, location=(-7.62, 33.5945)),
        customer(3, attributes={"feeder": ("F1",)}),
        customer(4, attributes={"feeder": 7}),
        customer(5),
    ]
    Customers(pool).save(records)
    saved = areas.save_lists(
        {
            "North": Listed(attribute="feeder", values=["F1", "7"]),
            "Some": Listed(attribute="number", values=["C000002", "C000005"]),
        },
        "a.csv",
    )
    assert [one.version.sort for one in saved] == [Sort.LIST, Sort.LIST]
    areas.save_circle("Port", -7.62, 33.59, 500)
    for name, expected in (("North", [0]), ("Some", [1, 4]), ("Port", [0, 1])):
        numbers = [records[place].number for place in expected]
        assert _selected(pool, places.inside(name)) == numbers
        assert [one.number for one in records if places.holds(name, one)] == numbers
    with pytest.raises(InvalidInputError, match="is a list of feeders and has no border"):
        places.contains("North", -7.62, 33.59)
    with pytest.raises(InvalidInputError, match="radius"):
        places.near(-7.62, 33.59, math.nan)
    near = places.near(-7.62, 33.59, 100)
    assert _selected(pool, near) == ["C000001"]
    assert places.distance(-7.62, 33.59, -7.62, 33.5945) == pytest.approx(499.1, abs=0.1)


def test_a_campaign_keeps_the_version_of_each_area_that_its_segment_asks_about(
    pool: LedgerPool,
) -> None:
    """Whatever becomes of the area, the campaign's expression selects whom it selected."""
    areas = Areas(pool)
    audience = SegmentAudience(pool, places=SavedPlaces(areas))
    segments, customers = Segments(pool, audience), Customers(pool, audience=audience)
    customers.save(
        [
            customer(1, location=(-7.61, 33.58), attributes={"feeder": "F1"}),
            customer(2, location=(-6.61, 33.58)),
        ]
    )
    areas.save_shapes([('Old "town"', _square())], "a.geojson")
    areas.save_lists({"North": Listed(attribute="feeder", values=["F1"])}, "a.csv")
    segments.save("centre", 'location in area "Old \\"town\\"" and location in area "North"')
    kept = segments.pinned("centre").expression
    assert kept.count(" #") == 2
    assert customers.sample(kept) == ["C000001"]
    areas.save_shapes([('Old "town"', _square(1.0))], "b.geojson")
    areas.save_lists({"North": Listed(attribute="feeder", values=["F2"])}, "b.csv")
    assert customers.sample(kept) == ["C000001"]
    assert customers.count('in segment "centre"') == 0
    assert segments.pinned("centre").expression != kept


def test_a_campaign_is_planned_for_an_area_in_one_statement(pool: LedgerPool) -> None:
    """Polygons, their opposite and a list beside them, among the names that planning binds."""
    rows = Rows(pool)
    areas = Areas(pool)
    places = SavedPlaces(areas)
    areas.save_shapes([("Old town", _square()), ("Far", _square(1.0))], "a.geojson")
    areas.save_lists({"North": Listed(attribute="feeder", values=["F1"])}, "a.csv")
    Customers(pool).save(
        [
            customer(1, location=(-7.61, 33.58)),
            customer(2, location=(-6.61, 33.58)),
            customer(3, attributes={"feeder": "F1"}),
            customer(4),
            customer(5, location=(-7.62, 33.57)),
        ]
    )

    class Asked:
        def condition(self, expression: str) -> Condition:
            town, far, north = (places.inside(name) for name in expression.split("+"))
            text = "(" + town.text + " AND NOT " + far.text + ") OR " + north.text
            return Condition(text=text, values={**town.values, **far.values, **north.values})

    campaign = rows.launched(expression="Old town+Far+North")
    planned = Planner(pool, Asked(), FakeRenderer(), batch_size=10).plan(campaign, NOON)
    assert planned.planned == 3
    forecast = Forecaster(pool, Asked(), FakeRenderer()).forecast(campaign)
    assert forecast.customers == 3


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [("-7.6", "NULL"), ("NULL", "33.5"), ("180.1", "0"), ("0", "-90.1"), ("'NaN'", "'NaN'")],
)
def test_no_half_or_impossible_place_is_kept(
    pool: LedgerPool, longitude: str, latitude: str
) -> None:
    """The database refuses it, whoever writes it."""
    with pytest.raises(psycopg.errors.CheckViolation):
        _run(
            pool,
            "INSERT INTO customer (number, name, locales, time_zone, longitude, latitude)"  # noqa: S608
            f" VALUES ('1', 'A', '{{fr}}', 'Africa/Casablanca', {longitude}, {latitude})",
        )


def test_a_file_without_places_takes_none_away(pool: LedgerPool) -> None:
    """Billing's next export knows no places; a new place replaces the old one."""
    customers = Customers(pool)
    ask = "SELECT longitude, latitude FROM customer"
    customers.save([customer(1, location=(-7.62, 33.59))])
    customers.save([customer(1, name="B")])
    assert _run(pool, ask) == [(-7.62, 33.59)]
    customers.save([customer(1, location=(-7.5, 33.6))])
    assert _run(pool, ask) == [(-7.5, 33.6)]


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "x" * 101, "A #0123456789ab"])
def test_names_that_could_mean_something_else_are_refused(name: str) -> None:
    """Empty, endless, invisible, or like the name of a version."""
    with pytest.raises(InvalidInputError, match=r"^name: "):
        name_of(name)
