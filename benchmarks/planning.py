"""Seconds and rows a second of planning and forecast, by the number of customers and channels.

A PostgreSQL of its own, made and thrown away; customers made by SQL, with missing, broken, shared
and refused addresses. `python benchmarks/planning.py` (20 and 100 thousand customers, below 45
seconds on an idle machine), `--full` (100 thousand and a million, the median of 3).
"""

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from broadcaster import bootstrap
from broadcaster.domain.advisory import Certainty, Severity, Urgency
from broadcaster.domain.message import Channel, Lane, MessageClass
from broadcaster.embedded.postgres import EmbeddedPostgres
from broadcaster.ledger import schema
from broadcaster.ports import NewCampaign
from broadcaster.settings import load

_SIZES = {False: (20_000, 100_000), True: (100_000, 1_000_000)}
_TIMES = {False: 1, True: 3}
_ONE = (Channel.SMS,)
_THREE = (Channel.PUSH, Channel.EMAIL, Channel.SMS)

#: The contract, for a million customers on an idle machine, seconds.
_PLAN, _FORECAST = 10.0, 3.0

_CUSTOMERS = """
INSERT INTO customer (id, number, name, name_latin, locales, time_zone, attributes)
OVERRIDING SYSTEM VALUE
SELECT n, 'C' || lpad(n::text, 8, '0'), 'أمينة', 'Amina',
    CASE n %% 4 WHEN 0 THEN '{fr}' WHEN 1 THEN '{ar,fr}' WHEN 2 THEN '{ar}' ELSE '{en,fr}'
    END::text[], 'Africa/Casablanca', '{}'
FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
"""

# The share of customers who have an address, and how it is written; every 25th telephone is the
# neighbour's as well.
_ADDRESSES = (
    ("tel", "sms", 93, 0, "'+2126' || lpad(n::text, 8, '0')"),
    ("mailto", "email", 62, 1, "'customer' || n || '@mail' || n %% 50 || '.example.test'"),
    ("webpush", "push", 34, 2, "'https://push.example.test/wp/' || md5(n::text)"),
)
_ADDRESS = """
INSERT INTO address (id, scheme, channel, value) OVERRIDING SYSTEM VALUE
SELECT 3 * n + {place}, {scheme}, {channel}, {value}
FROM generate_series(%(first)s::integer, %(last)s::integer) AS n WHERE n %% 100 < {share}
"""
_OWNED = """
INSERT INTO customer_address
SELECT n, {channel}, 1,
    CASE WHEN {place} = 0 AND n %% 25 = 12 THEN 3 * (n - 1) ELSE 3 * n + {place} END
FROM generate_series(%(first)s::integer, %(last)s::integer) AS n WHERE n %% 100 < {share}
"""

# What holds, without a history: a record of zero keeps the triggers of other versions out.
_TROUBLES = (
    """
INSERT INTO broken_address SELECT n, 'sms', '05222', 'NOT_MOBILE'
FROM generate_series(%(first)s::integer, %(last)s::integer) AS n WHERE n %% 100 >= 98
""",
    """
INSERT INTO consent (customer_id, channel, class, granted, source, record_id)
SELECT n, one, 'service', false, 'made', 0
FROM generate_series(%(first)s::integer, %(last)s::integer) AS n,
     unnest('{sms,email,push}'::channel[]) AS one
WHERE n %% 40 = 7
""",
    """
INSERT INTO consent (customer_id, channel, class, granted, source, record_id)
SELECT n, one, 'promotional', true, 'made', 0
FROM generate_series(%(first)s::integer, %(last)s::integer) AS n,
     unnest('{sms,email,push}'::channel[]) AS one
WHERE n %% 10 < 3
""",
    """
INSERT INTO suppression (address_id, class, reason, source, record_id)
SELECT 3 * n + 1, 'service', 'gone', 'made', 0
FROM generate_series(%(first)s::integer, %(last)s::integer) AS n WHERE n %% 100 = 50
""",
)

_SIZE = "SELECT pg_relation_size(%(table)s), pg_indexes_size(%(table)s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What was measured at one size; seconds are medians."""

    customers: int
    channels: int
    forecast: float
    plan: float
    rows: int
    heap: float
    indexes: float

    @property
    def each(self) -> float:
        """Microseconds of planning for each row."""
        return self.plan / self.rows * 1e6


class Town:
    """A database with customers, and the product on it."""

    def __init__(self, runtime: bootstrap.Runtime) -> None:
        """Nobody lives there yet."""
        self.runtime = runtime
        self._people = 0
        self._campaigns = 0

    def grow(self, count: int) -> None:
        """Have so many customers."""
        span = {"first": self._people + 1, "last": count}
        with psycopg.connect(self.runtime.database_url) as connection:
            connection.execute(_CUSTOMERS, span)
            for scheme, channel, share, place, value in _ADDRESSES:
                for statement in (_ADDRESS, _OWNED):
                    parts = {"scheme": scheme, "channel": channel, "share": share, "place": place}
                    literals = {name: sql.Literal(part) for name, part in parts.items()}
                    query = sql.SQL(statement).format(value=sql.SQL(value), **literals)
                    connection.execute(query, span)
            for statement in _TROUBLES:
                connection.execute(statement, span)
        with psycopg.connect(self.runtime.database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        self._people = count

    def measure(self, channels: Sequence[Channel], times: int) -> Row:
        """Forecast and plan campaigns for everybody; the first forecast warms up."""
        forecasts, plans = [], []
        for turn in range(times):
            campaign = self._launched(channels)
            if not turn:
                self.runtime.forecaster.forecast(campaign)
            forecasts.append(_seconds(partial(self.runtime.forecaster.forecast, campaign)))
            now = self.runtime.clock.now()
            plans.append(_seconds(partial(self.runtime.planner.plan, campaign, now)))
            rows = self.runtime.planner.plan(campaign, now).targeted
            with psycopg.connect(self.runtime.database_url) as connection:
                table = f"delivery_{campaign}"
                heap, indexes = connection.execute(_SIZE, {"table": table}).fetchone() or (0, 0)
                connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(table)))
        return Row(
            customers=self._people,
            channels=len(channels),
            forecast=statistics.median(forecasts),
            plan=statistics.median(plans),
            rows=rows,
            heap=heap / rows,
            indexes=indexes / rows,
        )

    def _launched(self, channels: Sequence[Channel]) -> int:
        self._campaigns += 1
        now = self.runtime.clock.now()
        new = NewCampaign(
            name=f"campaign of the measurement {self._campaigns}",
            kind="remote_services",
            facts={},
            message_class=MessageClass.SERVICE,
            severity=Severity.MINOR,
            urgency=Urgency.EXPECTED,
            certainty=Certainty.OBSERVED,
            effective=now,
            expires=now + timedelta(days=1),
            segment="everybody",
            expression="all",
            channels=channels,
            lane=Lane.ROUTINE,
            drill=True,
            scheduled_at=None,
            created_by="benchmark",
        )
        campaign = self.runtime.campaigns.create(new, now)
        self.runtime.campaigns.approve(campaign, "hash", "benchmark", now)
        self.runtime.campaigns.launch(campaign, "benchmark", now)
        return campaign


@contextmanager
def town() -> Iterator[Town]:
    """Give an empty one, on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="planning-") as folder:
        os.environ["BROADCASTER_HOME"] = folder
        with EmbeddedPostgres(Path(folder)).used() as url:
            schema.upgrade(url)
            runtime = bootstrap.Runtime(load(), url, "redis://127.0.0.1:1/0")
            try:
                yield Town(runtime)
            finally:
                runtime.close()


def _seconds(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print; the ratio says whether a row costs the same in a large campaign."""
    full = "--full" in sys.argv[1:]
    load_before = os.getloadavg()[0]
    rows: list[Row] = []
    with town() as made:
        for size in _SIZES[full]:
            made.grow(size)
            rows += [made.measure(channels, _TIMES[full]) for channels in (_ONE, _THREE)]
    print(
        "customers  channels  forecast s   plan s   rows/s    us/row   bytes/row (heap + indexes)"
    )
    for row in rows:
        print(
            f"{row.customers:>9,}  {row.channels:>8}  {row.forecast:>10.2f}  {row.plan:>7.2f}  "
            f"{row.rows / row.plan:>7,.0f}  {row.each:>8.2f}   "
            f"{row.heap + row.indexes:.0f} ({row.heap:.0f} + {row.indexes:.0f})"
        )
    for channels in (1, 3):
        small, large = (row for row in rows if row.channels == channels)
        print(
            f"{channels} channels: a row at {large.customers:,} customers costs "
            f"{large.each / small.each:.2f} of one at {small.customers:,}."
        )
        if full:
            print(
                f"  plan {large.plan:.2f} s of at most {_PLAN:.0f}, "
                f"forecast {large.forecast:.2f} s of at most {_FORECAST:.0f}."
            )
    print(
        f"Conditions: {'full' if full else 'short'} form, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, load {load_before:.1f} before."
    )


if __name__ == "__main__":
    main()
