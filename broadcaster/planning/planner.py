"""Planning: from a launched campaign to deliveries and batches, in one transaction."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.delivery import Reason
from broadcaster.errors import ConflictError, UnavailableError
from broadcaster.planning.candidates import Plannable, candidates, read, values
from broadcaster.ports import Audience, Renderer

_log = logging.getLogger(__name__)

#: The first key of the advisory lock under which a campaign is planned; the second is its id.
_LOCK = 0x504C414E

# Planning a million takes longer than other statements may, and its hashes want room.
_LIMITS = """
SET LOCAL statement_timeout = '15min';
SET LOCAL lock_timeout = '2min';
SET LOCAL work_mem = '128MB'
"""

# Numbers run channel by channel, so that a batch is a run of numbers on one channel.
_DELIVERIES = """
INSERT INTO delivery (campaign_id, number, customer_id, address_id, updated_at, status, reason,
                      channel, locale)
SELECT %(campaign)s, %(before)s + row_number() OVER (ORDER BY customer_id), customer_id,
       address_id, %(now)s, 'planned', NULL, channel, locale
FROM candidate WHERE reason IS NULL AND channel = %(channel)s::channel
"""

_LEFT_OUT = """
INSERT INTO delivery (campaign_id, number, customer_id, updated_at, status, reason, channel, locale)
SELECT %(campaign)s, %(before)s + row_number() OVER (), customer_id, %(now)s, 'suppressed', reason,
       channel, locale
FROM candidate WHERE reason IS NOT NULL
"""

_BATCHES = """
INSERT INTO batch (campaign_id, channel, lane, first, last, due_at)
SELECT %(campaign)s, %(channel)s::channel, %(lane)s::lane, first,
       LEAST(first + %(size)s::integer - 1, %(last)s::integer), %(due)s
FROM generate_series(%(first)s::integer, %(last)s::integer, %(size)s::integer) AS first
"""

# Who had started meanwhile to pause or cancel it wins.
_START = """
UPDATE campaign SET status = 'running', planned_at = %(now)s, started_at = %(now)s
WHERE id = %(campaign)s AND status = 'launched'
"""

# What planning left out has no address here; what was left out at its claim has.
_COUNTS = """
SELECT CASE WHEN address_id IS NULL THEN reason END, count(*)
FROM delivery WHERE campaign_id = %s GROUP BY 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What planning made: deliveries by what became of them, one for each customer and channel."""

    targeted: int
    planned: int
    suppressed: Mapping[Reason, int]
    batches: int


class Planner:
    """Plans campaigns; `batch_size` is how many deliveries one task is handed at most."""

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        audience: Audience,
        renderer: Renderer,
        *,
        batch_size: int,
    ) -> None:
        """Keep what it works with."""
        self._pool = pool
        self._audience = audience
        self._renderer = renderer
        self._batch_size = batch_size

    def plan(self, campaign: int, now: datetime) -> Planned:
        """Plan a launched campaign and let it run; one that is planned already is left as it is.

        All or nothing, so it can be repeated after any interruption. ConflictError when the
        campaign is not launched, or was paused or cancelled meanwhile.
        """
        with self._pool.connection() as connection:
            connection.execute(_LIMITS)
            # Not a lock of the row: pausing and cancelling must not wait for a long plan.
            connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, campaign])
            found = read(connection, campaign)
            if found.planned_at is not None:
                return _counts(connection, campaign)
            if found.status is not CampaignStatus.LAUNCHED or found.expires <= now:
                raise ConflictError(_refusal(found, now))
            self._fill(connection, found)
            self._number(connection, found, now)
            if not connection.execute(_START, {"campaign": campaign, "now": now}).rowcount:
                raise ConflictError(_refusal(read(connection, campaign), now))
            planned = _counts(connection, campaign)
        self._analyze()
        return planned

    def _fill(self, connection: Connection[Any], found: Plannable) -> None:
        condition = self._audience.condition(found.expression)
        given = values(connection, found, condition, self._renderer)
        query = "CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS " + candidates(condition)
        connection.execute(query, given)

    def _number(self, connection: Connection[Any], found: Plannable, now: datetime) -> None:
        before = 0
        common = {"campaign": found.id, "now": now}
        for channel in found.channels:
            wanted = {**common, "channel": channel, "before": before}
            count = connection.execute(_DELIVERIES, wanted).rowcount
            batch = {
                **wanted,
                "lane": found.lane.value,
                "first": before + 1,
                "last": before + count,
                "size": self._batch_size,
                "due": max(now, found.effective),
            }
            connection.execute(_BATCHES, batch)
            before += count
        connection.execute(_LEFT_OUT, {**common, "before": before})

    def _analyze(self) -> None:
        """Let the database see how many rows there are now: updates are 5 times faster then."""
        try:
            with self._pool.connection() as connection:
                connection.execute("ANALYZE delivery, batch")
        except UnavailableError:
            # Somebody else is at it; and the plan is made.
            _log.info("not analyzed", extra={"action": "analyze_skipped"})


def _refusal(found: Plannable, now: datetime) -> str:
    if found.expires <= now:
        return (
            f"Campaign {found.name!r} can not be planned: its advisory has expired. Make a new one."
        )
    return (
        f"Campaign {found.name!r} is {found.status.value} and can not be planned. "
        "Launch or resume it first."
    )


def _counts(connection: Connection[Any], campaign: int) -> Planned:
    counts = dict(connection.execute(_COUNTS, [campaign]).fetchall())
    query = "SELECT count(*) FROM batch WHERE campaign_id = %s"
    (batches,) = connection.execute(query, [campaign]).fetchone() or (0,)
    return Planned(
        targeted=sum(counts.values()),
        planned=counts.get(None, 0),
        suppressed=_by_reason(list(counts.items())),
        batches=batches,
    )


def _by_reason(counts: Sequence[tuple[str | None, int]]) -> dict[Reason, int]:
    return {Reason(reason): count for reason, count in counts if reason is not None}
