"""An area in PostgreSQL selects exactly whom the pure rule selects."""

import random
from collections.abc import Sequence

from psycopg import sql
from psycopg.types.json import Jsonb

from broadcaster.audience.areas import lookup
from broadcaster.audience.areas.places import SavedPlaces
from broadcaster.audience.areas.shape import Point, contains, degrees, steps
from broadcaster.audience.areas.store import Areas
from broadcaster.audience.store import Customers
from broadcaster.ledger.pool import LedgerPool
from broadcaster.ports import Condition
from tests.area_shapes import drawn, tempting
from tests.builders import customer
from tests.expressions import METER

#: What is no place, whatever once stored it.
_WRONG: Sequence[object] = ([7, "x"], [500, 33], [1, 2, 3], {"0": 1, "1": 2}, 33.5, None)


def _put(pool: LedgerPool, places: Sequence[tuple[float, float] | None]) -> None:
    with pool.connection() as connection:
        connection.execute("DELETE FROM customer")
        connection.cursor().executemany(
            "INSERT INTO customer (number, name, locales, time_zone, longitude, latitude,"
            " attributes) VALUES (%s, 'A', '{fr}', 'Africa/Casablanca', %s, %s, %s)",
            [
                (f"{n:06d}", *(place or (None, None)), Jsonb({METER: place or _WRONG[n % 6]}))
                for n, place in enumerate(places)
            ],
        )


def _ask(pool: LedgerPool, condition: Condition, form: str = "{}") -> list[int]:
    query = sql.SQL("SELECT number FROM customer WHERE ") + sql.SQL(form).format(
        sql.SQL(condition.text)
    )
    with pool.connection() as connection:
        return sorted(int(n) for (n,) in connection.execute(query, condition.values).fetchall())


def test_sql_selects_whom_the_rule_selects(pool: LedgerPool) -> None:
    """Generated polygons with holes, points on corners and borders and a step beside them."""
    areas = Areas(pool)
    places = SavedPlaces(areas)
    draw = random.Random(5)  # noqa: S311  (repeatable, no secret)
    seen = set()
    for turn in range(25):
        shape = drawn(draw)
        points: list[Point] = tempting(draw, shape, 40)
        _put(pool, [None, *[(degrees(x), degrees(y)) for x, y in points], *[None] * 6])
        areas.save_shapes([(f"area {turn}", shape)], "drawn")
        expected = [n for n, (x, y) in enumerate(points, 1) if contains(shape, x, y)]
        condition = places.inside(f"area {turn}")
        assert _ask(pool, condition) == expected, shape
        others = sorted(set(range(len(points) + 7)) - set(expected))
        assert _ask(pool, condition, "NOT ({})") == others
        meter = places.inside(f"area {turn}", METER)
        assert _ask(pool, meter) == expected
        assert _ask(pool, meter, "NOT ({})") == others
        assert _ask(pool, condition, "({0} OR number = '000000')") == [0, *expected]
        x, y = points[7]
        assert places.contains(f"area {turn}", degrees(x), degrees(y)) == (8 in expected)
        seen.add(len(expected))
    assert len(seen) > 12


def test_circles_in_sql_are_those_of_the_rule(pool: LedgerPool) -> None:
    """Anywhere on Earth: at the poles, across the antimeridian, from metres to 100 km."""
    places = SavedPlaces(Areas(pool))
    draw = random.Random(6)  # noqa: S311  (repeatable, no secret)
    seen = set()
    for _ in range(60):
        middle = (
            draw.choice([draw.uniform(-180, 180), 180.0, -180.0, 179.9999, 0.0]),
            draw.choice([draw.uniform(-90, 90), 90.0, -90.0, 89.99, -89.9999, 0.0]),
        )
        metres = draw.choice([1.0, 25.0, 500.0, 12_345.678, 100_000.0])
        around = [_near(draw, middle, metres) for _ in range(60)]
        _put(pool, [None, middle, *around])
        condition = places.near(*middle, metres)
        found = [
            n
            for n, place in enumerate([middle, *around], 1)
            if places.distance(*middle, *place) <= metres
        ]
        assert _ask(pool, condition) == found, (middle, metres)
        assert _ask(pool, places.near(*middle, metres, METER)) == found, (middle, metres)
        seen.add(len(found))
    assert len(seen) > 15


def _near(draw: random.Random, middle: tuple[float, float], metres: float) -> tuple[float, float]:
    reach = metres / 111_000 * 1.5
    latitude = middle[1] + draw.uniform(-reach, reach)
    if abs(latitude) > 90:
        latitude = 180 * (1 if latitude > 0 else -1) - latitude
    wide = reach if abs(latitude) < 80 else 180
    longitude = (middle[0] + draw.uniform(-wide, wide) + 540) % 360 - 180
    return longitude, latitude


def test_several_places_stand_in_one_statement(pool: LedgerPool) -> None:
    """Their values do not meet, and the same one twice is no fault."""
    areas = Areas(pool)
    places = SavedPlaces(areas)
    draw = random.Random(8)  # noqa: S311  (repeatable, no secret)
    shapes = [drawn(draw), drawn(draw)]
    areas.save_shapes([("one", shapes[0]), ("two", shapes[1])], "drawn")
    points = tempting(draw, shapes[0], 30) + tempting(draw, shapes[1], 30)
    _put(pool, [(degrees(x), degrees(y)) for x, y in points])
    parts = [places.inside("one"), places.inside("two"), places.near(-7.6, 33.5, 3)]
    text = " OR ".join([part.text for part in (*parts, parts[0])])
    values = {name: value for part in parts for name, value in part.values.items()}
    assert len(values) == sum(len(part.values) for part in parts)
    found = _ask(pool, Condition(text=text, values=values))
    assert found == [
        n
        for n, (x, y) in enumerate(points)
        if contains(shapes[0], x, y)
        or contains(shapes[1], x, y)
        or places.distance(-7.6, 33.5, degrees(x), degrees(y)) <= 3
    ]


def test_places_between_the_steps_of_the_grid_round_alike(pool: LedgerPool) -> None:
    """A place that is given finer than the grid is on the same side in SQL and in the rule."""
    areas = Areas(pool)
    places = SavedPlaces(areas)
    draw = random.Random(9)  # noqa: S311  (repeatable, no secret)
    shape = drawn(draw)
    areas.save_shapes([("fine", shape)], "drawn")
    fine = [
        (degrees(x) + draw.choice([-5e-8, 5e-8, 4.9e-8, 1e-9]), degrees(y) - 5e-8)
        for x, y in tempting(draw, shape, 60)
    ]
    records = [customer(n, location=place) for n, place in enumerate(fine)]
    Customers(pool).save(records)
    expected = [one.number for one in records if places.holds("fine", one)]
    with pool.connection() as connection:
        condition = places.inside("fine")
        rows = connection.execute(
            "SELECT number FROM customer WHERE " + condition.text + " ORDER BY 1",  # noqa: S608
            condition.values,
        ).fetchall()
    assert [number for (number,) in rows] == expected
    assert all(
        contains(shape, steps(x), steps(y)) == places.contains("fine", x, y) for x, y in fine
    )


def test_digits_are_ours() -> None:
    """Names of values are made of digits that we wrote."""
    assert [lookup.digits(n) for n in (0, 9, 10, 1234567890)] == ["0", "9", "10", "1234567890"]
