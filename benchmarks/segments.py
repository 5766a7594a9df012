"""Five segments of rising difficulty: counted by us, and by SQL written by hand.

A PostgreSQL of its own, made and thrown away. `python benchmarks/segments.py` (50 thousand
customers, below 30 seconds), `--full` (a million), `--count N`.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks import _chart, _frame
from benchmarks._frame import Ratio, Result
from broadcaster import bootstrap
from broadcaster.embedded.postgres import EmbeddedPostgres
from broadcaster.ledger import schema
from broadcaster.settings import load

_NAME = "segments"
_SHORT, _FULL = 50_000, 1_000_000
#: The most that an expression may cost beside SQL by hand, and how long one may take, seconds.
_RATIO, _SECONDS = 1.3, 1.0
#: How often each is asked in a round: oftener where it is quick, so many seconds in all. The
#: fastest counts, as nothing else ran then.
_TRIES, _MOST_TRIES, _SPENT = 3, 50, 0.5

_Row = dict[str, _frame.Figure]

_CUSTOMERS = """
INSERT INTO customer (id, number, name, name_latin, locales, time_zone, attributes)
OVERRIDING SYSTEM VALUE
SELECT n, 'C' || lpad(n::text, 8, '0'), 'أمينة', 'Amina',
    CASE n %% 4 WHEN 0 THEN '{fr}' WHEN 1 THEN '{ar,fr}' WHEN 2 THEN '{ar}' ELSE '{en,fr}'
    END::text[], 'Africa/Casablanca',
    jsonb_build_object(
        'contract', (ARRAY['residential', 'business', 'industrial', 'public'])[
            CASE WHEN n %% 100 < 88 THEN 1 WHEN n %% 100 < 97 THEN 2 ELSE 3 + n %% 2 END],
        'services', CASE n %% 10 WHEN 0 THEN '["electricity"]' WHEN 1 THEN '["water"]'
            ELSE '["water", "electricity", "sanitation"]' END::jsonb,
        'district', (ARRAY['Anfa', 'Maârif', 'Aïn Chock', 'Sidi Moumen', 'Hay Hassani',
            'Aïn Sebaâ', 'Sidi Belyout', 'درب سلطان'])[1 + hashint4(n) & 7],
        'network_zone', 'Z' || lpad((n %% 40)::text, 2, '0'),
        'feeder', 'F' || lpad((n %% 960)::text, 4, '0'),
        'meter_day', 1 + n %% 28,
        'subscribed_kva', (ARRAY[2.2, 3.3, 4.4, 6.6, 9.9, 13.2])[1 + n %% 6],
        'life_support', n %% 250 = 3,
        'opened_on', ('1990-01-01'::date + (hashint4(n + 7) & 8191))::text)
FROM generate_series(1, %(count)s::integer) AS n
"""
_REST = (
    """
INSERT INTO address (id, scheme, channel, value) OVERRIDING SYSTEM VALUE
SELECT n, 'mailto', 'email', 'customer' || n || '@mail.example.test'
FROM generate_series(1, %(count)s::integer) AS n WHERE n %% 100 < 62
""",
    """
INSERT INTO customer_address
SELECT n, 'email', 1, n FROM generate_series(1, %(count)s::integer) AS n WHERE n %% 100 < 62
""",
    """
INSERT INTO consent (customer_id, channel, class, granted, source, record_id)
SELECT n, 'email', 'promotional', n %% 30 <> 1, 'made', 0
FROM generate_series(1, %(count)s::integer) AS n WHERE n %% 3 = 1
""",
    """
INSERT INTO suppression (address_id, class, reason, source, record_id)
SELECT n, 'promotional', 'gone', 'made', 0
FROM generate_series(1, %(count)s::integer) AS n WHERE n %% 100 = 50
""",
    """
INSERT INTO advisory (kind, facts, class, severity, urgency, certainty, effective, expires)
VALUES ('remote_services', '{}', 'service', 'minor', 'expected', 'observed', now(),
    now() + interval '1 day')
""",
    """
INSERT INTO campaign (name, advisory_id, segment, expression, channels, channel_plan, lane, drill,
    created_by)
SELECT 'Water cut', max(id), 'everybody', 'all', '{email}', 'all', 'routine', true, 'benchmark'
FROM advisory
""",
    """
DO $$ BEGIN EXECUTE format('CREATE TABLE delivery_%%s PARTITION OF delivery FOR VALUES IN (%%s)',
    (SELECT max(id) FROM campaign), (SELECT max(id) FROM campaign)); END $$
""",
    """
INSERT INTO delivery (campaign_id, number, customer_id, updated_at, status, channel)
SELECT (SELECT max(id) FROM campaign), n, n, now(),
    CASE WHEN n %% 10 < 8 THEN 'delivered' ELSE 'undelivered' END::delivery_status, 'email'
FROM generate_series(1, %(count)s::integer) AS n WHERE n %% 5 < 4
""",
)
_WATER = ("water", 'services has "water" and not life_support')

#: What is asked, and how somebody who knows the tables would ask it.
SEGMENTS: Mapping[str, tuple[str, str]] = {
    "one feeder": (
        'feeder = "F0007"',
        """(attributes->>'feeder') COLLATE "C" = 'F0007'""",
    ),
    "two districts": (
        'services has "water" and district in ("Anfa", "Maârif") and not life_support',
        """attributes->'services' ? 'water' AND attributes->>'district' IN ('Anfa', 'Maârif')
        AND NOT (attributes->>'life_support')::boolean""",
    ),
    "ranges": (
        "meter_day < 15 and subscribed_kva >= 6.6 and opened_on > today - 20 years",
        """(attributes->>'meter_day')::integer < 15
        AND (attributes->>'subscribed_kva')::numeric >= 6.6
        AND (attributes->>'opened_on')::date > current_date - interval '20 years'""",
    ),
    "consent": (
        'may receive promotional by email and (district starts with "Ma" or contract = "business")',
        """EXISTS (SELECT FROM consent WHERE customer_id = customer.id AND channel = 'email'
            AND class = 'promotional' AND granted)
        AND EXISTS (SELECT FROM customer_address AS own WHERE own.customer_id = customer.id
            AND channel = 'email' AND ordinal = 1 AND NOT EXISTS (
                SELECT FROM suppression WHERE suppression.address_id = own.address_id
                AND class = 'promotional'))
        AND NOT EXISTS (SELECT FROM customer_suppression AS barred WHERE
            barred.customer_id = customer.id AND channel = 'email' AND class = 'promotional')
        AND (attributes->>'district' LIKE 'Ma%%' OR attributes->>'contract' = 'business')""",
    ),
    "after a campaign": (
        'in segment "water" and unconfirmed in campaign "Water cut" and opened_on is present',
        """attributes->'services' ? 'water' AND NOT (attributes->>'life_support')::boolean
        AND attributes ? 'opened_on'
        AND EXISTS (SELECT FROM delivery WHERE customer_id = customer.id AND campaign_id = 1)
        AND NOT EXISTS (SELECT FROM delivery WHERE customer_id = customer.id AND campaign_id = 1
            AND status = 'delivered')""",
    ),
}


@contextmanager
def town(count: int) -> Iterator[bootstrap.Runtime]:
    """Give the product on a server of its own, with so many customers."""
    with tempfile.TemporaryDirectory(prefix="segments-") as folder:
        os.environ["BROADCASTER_HOME"] = folder
        with EmbeddedPostgres(Path(folder)).used() as url:
            schema.upgrade(url)
            with psycopg.connect(url) as connection:
                for statement in (_CUSTOMERS, *_REST):
                    connection.execute(statement, {"count": count})
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
            runtime = bootstrap.Runtime(load(), url, "redis://127.0.0.1:1/0")
            try:
                runtime.segments.save(*_WATER)
                yield runtime
            finally:
                runtime.close()


def counted(runtime: bootstrap.Runtime, where: str, values: Mapping[str, object]) -> int:
    """Count by a condition in SQL, with the memory that commands take for it."""
    with runtime.pool.connection() as connection:
        connection.execute("SET LOCAL work_mem = '128MB'")
        query = f"SELECT count(*) FROM customer WHERE {where}"  # noqa: S608  (written above, or bound)
        row = connection.execute(query, values).fetchone()
    return int(row[0]) if row else 0


def _fastest(work: Callable[[], object]) -> Callable[[], float]:
    def measured() -> float:
        times: list[float] = []
        while len(times) < _TRIES or (sum(times) < _SPENT and len(times) < _MOST_TRIES):
            begun = time.perf_counter()
            work()
            times.append(time.perf_counter() - begun)
        return min(times)

    return measured


def measure(runtime: bootstrap.Runtime, name: str, rounds: int) -> tuple[Ratio, _Row]:
    """Measure a segment in turns with the SQL by hand; both must find the same people.

    The ratio is of the two statements. A command also reads the expression and what it may refer
    to, some milliseconds whatever the number of customers: `as a command` has it all.
    """
    expression, asked = SEGMENTS[name]
    # Who has left is in no segment.
    where = f"left_at IS NULL AND {asked}"
    ours = runtime.audience.condition(expression)
    found, expected = counted(runtime, ours.text, ours.values), counted(runtime, where, {})
    if found != expected:
        raise SystemExit(f"{name}: {found} by the expression, {expected} by hand")
    times = _frame.interleaved(
        {
            "ours": _fastest(lambda: counted(runtime, ours.text, ours.values)),
            "hand": _fastest(lambda: counted(runtime, where, {})),
            "command": _fastest(lambda: runtime.customers.count(expression)),
            "sample": _fastest(lambda: runtime.customers.people(expression)),
        },
        rounds,
    )
    middle = {way: _frame.median(seconds) for way, seconds in times.items()}
    row: _Row = {
        "segment": name,
        "customers": found,
        "count, s": round(middle["ours"], 4),
        "by hand, s": round(middle["hand"], 4),
        "as a command, s": round(middle["command"], 4),
        "sample of 10, s": round(middle["sample"], 4),
        "below a second": max(middle["command"], middle["sample"]) < _SECONDS,
    }
    ratio = middle["ours"] / middle["hand"]
    return Ratio(name=f"{name}, to SQL by hand", value=ratio, at_most=_RATIO), row


def main() -> None:
    """Measure and publish."""
    wished = _frame.wishes(__doc__)
    count = wished.count or (_FULL if wished.full else _SHORT)
    with town(count) as runtime:
        measured = [measure(runtime, name, wished.rounds()) for name in SEGMENTS]
    result = Result(
        name=_NAME,
        title="Segments: counted by an expression, and by SQL written by hand",
        full=wished.full,
        ratios=[ratio for ratio, _ in measured],
        figures=[row for _, row in measured],
        sizes={"customers": count},
    )
    if _frame.publish(result, wished):
        bars = {
            f"{who}, {row['segment']}": 1000 * float(row[way] or 0)
            for _, row in measured
            for who, way in (("ours", "count, s"), ("by hand", "by hand, s"))
        }
        note = "milliseconds of a count, side by side on one machine"
        _chart.bars(result.title, note, bars, _frame.PICTURES / f"bench-{_NAME}.svg")


if __name__ == "__main__":
    main()
