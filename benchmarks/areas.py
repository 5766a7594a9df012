"""How long an area of ten thousand corners takes among a million customers, beside SQL by hand.

A PostgreSQL of its own, made and thrown away; customers made by SQL, around Casablanca. The area is
a star of ten thousand corners with three holes. By hand: PostgreSQL's own polygons, which know no
holes, so each hole is taken away by another one; and the haversine formula for a circle. The short
form asks 100 thousand customers, and a tenth of them by hand; the full one a million, all of them.
"""

import math
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from benchmarks import _frame, _memory
from broadcaster import bootstrap
from broadcaster.audience.areas.pieces import cut
from broadcaster.audience.areas.shape import Polygon, Ring, Shape, degrees, steps, vertices
from broadcaster.audience.areas.validity import faults
from broadcaster.audience.attributes import Attribute, Kind
from broadcaster.audience.defining import LANGUAGES
from broadcaster.embedded.postgres import EmbeddedPostgres
from broadcaster.ledger import schema
from broadcaster.ports import Condition
from broadcaster.settings import load

_CUSTOMERS = {False: 100_000, True: 1_000_000}
#: Of so many customers one is asked by hand.
_SHARE = {False: 10, True: 1}
_CORNERS, _HOLES = 10_000, 3
_MIDDLE = (-7.6, 33.57)
_CIRCLE = (-7.62, 33.59, 1000.0)
#: What raw SQL for the same question may be faster, and the seconds for a million customers.
_RATIO, _SECONDS = 1.3, 1.0

Way = Callable[[], float]
_AREA, _REST, _NEAR = "area", "everybody but the area", "circle"
_HAND, _HAVERSINE = "PostgreSQL's polygons by hand", "haversine by hand"
_ALL = "every place, whichever"
#: The same questions of a place that is an attribute, which has no index.
_METER = "meter_place"
_METER_AREA, _METER_NEAR, _METER_NONE = "area, of meters", "circle, of meters", "no meter's place"
_METER_SECONDS = 3.0

# As wide as rows of real customers are, a place for most of them, denser in the middle.
_PEOPLE = """
INSERT INTO customer (number, name, name_latin, locales, time_zone, attributes, longitude, latitude)
SELECT 'C' || lpad(n::text, 8, '0'), 'أمينة بناني', 'Amina Bennani', '{ar-MA,fr-MA}',
    'Africa/Casablanca',
    jsonb_build_object('contract', 'residential', 'services', '["water", "electricity"]'::jsonb,
        'district', 'Maârif', 'network_zone', 'Z01-' || n % 6, 'feeder', 'F01' || n % 25,
        'meter_day', n % 28, 'subscribed_kva', 3.3, 'life_support', false,
        'opened_on', '2012-03-04', 'meter_place', jsonb_build_array(x, y)),
    x, y
FROM (
    SELECT n, round((-7.6 + 0.12 * (random() + random() - 1))::numeric, 7) AS x,
        round((33.57 + 0.10 * (random() + random() - 1))::numeric, 7) AS y
    FROM generate_series(1, {count}) AS n
) AS made
"""


@contextmanager
def town(count: int) -> Iterator[tuple[bootstrap.Runtime, Path]]:
    """Give a database with customers, on a server of its own, and its home."""
    with tempfile.TemporaryDirectory(prefix="areas-") as folder:
        os.environ["BROADCASTER_HOME"] = folder
        with EmbeddedPostgres(Path(folder)).used() as url:
            schema.upgrade(url)
            runtime = bootstrap.Runtime(load(), url, "redis://127.0.0.1:1/0")
            try:
                labels = {one: f"meter place {one}" for one in LANGUAGES}
                runtime.definitions.add(
                    _METER, Attribute(kind=Kind.LOCATION, labels=labels), "the benchmark"
                )
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute("SELECT setseed(0.5)")
                    connection.execute(_PEOPLE.replace("{count}", str(count)))
                    connection.execute("VACUUM ANALYZE customer")
                yield runtime, Path(folder)
            finally:
                runtime.close()


def shape() -> Shape:
    """Draw the area."""
    draw = random.Random(1)  # noqa: S311  (repeatable, no secret)
    holes = [(0.0, 0.0), (0.03, 0.01), (-0.02, 0.005)][:_HOLES]
    outer = _CORNERS - 200 * _HOLES
    return (
        Polygon(
            _star(outer, (0.0, 0.0), 0.06, draw),
            tuple(_star(200, at, 0.006, draw) for at in holes),
        ),
    )


def _star(corners: int, at: tuple[float, float], radius: float, draw: random.Random) -> Ring:
    points = []
    for corner in range(corners):
        angle = 2 * math.pi * corner / corners
        wave = 0.3 * math.sin(7 * angle) + 0.1 * math.sin(40 * angle) + 0.005 * draw.random()
        away = radius * (1 + wave)
        x, y = at[0] + away * math.cos(angle), at[1] + away * math.sin(angle)
        points.append((steps(_MIDDLE[0] + x), steps(_MIDDLE[1] + y)))
    return tuple(points)


def polygons_by_hand(area: Shape) -> Condition:
    """Write the question with PostgreSQL's own polygons."""
    point: LiteralString = "point(customer.longitude, customer.latitude)"
    text: LiteralString = "%(hand_shell)s::polygon @> " + point
    values: dict[str, object] = {"hand_shell": _written(area[0].shell)}
    names: tuple[LiteralString, ...] = ("hand_one", "hand_two", "hand_three")
    for name, hole in zip(names, area[0].holes, strict=True):
        text += " AND NOT %(" + name + ")s::polygon @> " + point
        values[name] = _written(hole)
    return Condition(text=text, values=values)


def _written(ring: Ring) -> str:
    return "(" + ",".join(f"({degrees(x)},{degrees(y)})" for x, y in ring) + ")"


def circle_by_hand() -> Condition:
    """Write the haversine formula, as it is found everywhere."""
    text: LiteralString = """
    2 * 6371008.8 * asin(sqrt(
        pow(sin(radians(customer.latitude - %(hand_y)s) / 2), 2)
        + cos(radians(%(hand_y)s)) * cos(radians(customer.latitude))
        * pow(sin(radians(customer.longitude - %(hand_x)s) / 2), 2))) <= %(hand_metres)s
    """
    x, y, metres = _CIRCLE
    return Condition(text=text, values={"hand_x": x, "hand_y": y, "hand_metres": metres})


class Asking:
    """Asks questions of a database; keeps how many customers each found."""

    def __init__(self, connection: psycopg.Connection[Any], customers: int) -> None:
        """Nothing is asked yet."""
        self._connection = connection
        self._customers = customers
        self.found: dict[str, int] = {}

    def way(self, name: str, condition: Condition, one_in: int = 1) -> Callable[[], float]:
        """Make what asks and gives the seconds; of a part of the customers, for all of them."""
        source: LiteralString = "customer"
        if one_in > 1:
            source = "(SELECT * FROM customer WHERE id <= %(most)s) AS customer"
        query: LiteralString = "SELECT count(*) FROM " + source + " WHERE " + condition.text  # noqa: S608  (ours)
        values = {**condition.values, "most": self._customers // one_in}

        def ask() -> float:
            begun = time.perf_counter()
            row = self._connection.execute(query, values).fetchone()
            self.found[name] = row[0] if row else 0
            return (time.perf_counter() - begun) * one_in

        return ask

    def ways(self, runtime: bootstrap.Runtime, area: Shape, share: int) -> dict[str, Way]:
        """Make every way, ours and by hand."""
        ours = runtime.places.inside("star")
        rest = Condition(text="NOT (" + ours.text + ")", values=ours.values)
        everywhere = Condition(text="customer.latitude IS NOT NULL", values={})
        return {
            _AREA: self.way(_AREA, ours),
            _REST: self.way(_REST, rest),
            _HAND: self.way(_HAND, polygons_by_hand(area), share),
            _ALL: self.way(_ALL, everywhere),
            _NEAR: self.way(_NEAR, runtime.places.near(*_CIRCLE)),
            _HAVERSINE: self.way(_HAVERSINE, circle_by_hand()),
            _METER_AREA: self.way(_METER_AREA, runtime.places.inside("star", _METER)),
            _METER_NEAR: self.way(_METER_NEAR, runtime.places.near(*_CIRCLE, _METER)),
            _METER_NONE: self.way(_METER_NONE, runtime.audience.condition(f"{_METER} is missing")),
        }


def main() -> None:
    """Measure and print."""
    wished = _frame.wishes(__doc__)
    count = wished.count or _CUSTOMERS[wished.full]
    share = _SHARE[wished.full]
    area = shape()
    sizes: dict[str, _frame.Figure] = {"customers": count}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sizes["checking, s"] = _seconds(lambda: list(faults(area)))
    sizes["cutting, s"] = _seconds(lambda: cut(area))
    sizes["cutting, MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    with town(count) as (runtime, home):
        sizes["storing, s"] = _seconds(lambda: runtime.areas.save_shapes([("star", area)], "drawn"))
        sizes["pieces"] = runtime.areas.pieces(runtime.areas.get("star").id)
        held = _memory.rss(os.getpid())
        with psycopg.connect(runtime.database_url) as connection:
            asking = Asking(connection, count)
            ways = asking.ways(runtime, area, share)
            for name in (_AREA, _NEAR):
                ways[name]()
            times = _frame.interleaved(ways, wished.rounds(3))
        sizes["asking, MiB"] = _memory.rss(os.getpid()) - held
        sizes["server, MiB"] = _memory.pss(_memory.server(home, "postgres"))
    sizes |= {"in the area": asking.found[_AREA], "in the circle": asking.found[_NEAR]}
    assert asking.found[_AREA] + asking.found[_REST] == count
    # Meters are where their customers are.
    assert asking.found[_METER_AREA] == asking.found[_AREA]
    assert asking.found[_METER_NEAR] == asking.found[_NEAR]
    assert asking.found[_METER_NONE] == 0
    if share == 1:
        # By hand near misses count: PostgreSQL compares with a tolerance of 1e-6 degree there.
        assert abs(asking.found[_HAND] - asking.found[_AREA]) <= 1 + count // 1000
    notes = [
        f"By hand one customer in {share} was asked, and the time multiplied."
        if share > 1
        else "By hand every customer was asked."
    ]
    _frame.publish(
        _frame.Result(
            name="areas",
            title=f"An area of {vertices(area):,} corners among {count:,} customers",
            full=wished.full,
            ratios=_ratios(times, full=wished.full),
            figures=[
                {"way": name, "seconds": _frame.median(taken), "slowest": max(taken)}
                for name, taken in times.items()
            ],
            sizes=sizes,
            notes=notes,
        ),
        wished,
    )


def _ratios(times: Mapping[str, Sequence[float]], *, full: bool) -> list[_frame.Ratio]:
    def compared(one: str, other: str, at_most: float | None = None) -> _frame.Ratio:
        value = _frame.ratio(times[one], times[other])
        return _frame.Ratio(name=f"{one} / {other}", value=value, at_most=at_most)

    return [
        compared(_AREA, _HAND, _RATIO),
        compared(_NEAR, _HAVERSINE, _RATIO),
        compared(_AREA, _ALL),
        _frame.Ratio(
            name="the area",
            value=_frame.median(times[_AREA]),
            at_most=_SECONDS if full else None,
            unit=" s",
        ),
        *(
            _frame.Ratio(
                name=f"the {name}",
                value=_frame.median(times[name]),
                at_most=_METER_SECONDS if full else None,
                unit=" s",
            )
            for name in (_METER_AREA, _METER_NEAR)
        ),
    ]


def _seconds(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
