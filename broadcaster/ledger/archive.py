"""An ended campaign leaves the ledger in one step, when its evidence is safe elsewhere."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg import Connection, sql
from psycopg.errors import LockNotAvailable
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.campaign import ENDED, Campaign
from broadcaster.domain.message import MessageClass
from broadcaster.errors import ConflictError, UnavailableError
from broadcaster.ledger import reading
from broadcaster.ledger.audit import note
from broadcaster.ledger.resting import in_force
from broadcaster.ports import TO_BE_FOLLOWED

# Looking at a million rows takes longer than other statements may; waiting for the lock must not,
# because everybody who reads or writes any delivery waits behind it.
_LIMITS = "SET LOCAL statement_timeout = '15min'; SET LOCAL lock_timeout = '300ms'"

_ROW = "SELECT finished_at, archived_at FROM campaign WHERE id = %s FOR UPDATE"

# What still may be sent or asked about.
_OPEN = """
SELECT count(*) FROM batch
WHERE campaign_id = %s AND (NOT done OR lease_until IS NOT NULL OR settle_at IS NOT NULL)
"""

_FOLLOWED = f"SELECT FROM campaign WHERE id = %s AND {TO_BE_FOLLOWED}"

_CLASS = "SELECT class FROM advisory WHERE id = %s"

_MARK = """
SELECT count(*), COALESCE(sum(hashtextextended(delivery::text, 0)), 0)::text
FROM delivery WHERE campaign_id = %s
"""

_KEEP = """
UPDATE campaign SET archived_at = %(now)s, archive = %(archive)s, figures = %(figures)s
WHERE id = %(campaign)s
"""

#: How often the lock is tried for.
_TRIES = 50


class Mark(NamedTuple):
    """Tells one state of a campaign's deliveries from another: how many, and a sum over all."""

    rows: int
    digest: str


class Archive:
    """Lets the deliveries of ended campaigns go; their figures stay."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def mark(self, campaign: int, ended_for: timedelta, now: datetime) -> Mark:
        """Give the present state of an ended campaign's deliveries, to know it again.

        ConflictError when it has not ended, not for long enough, still counts against a cap, has
        something open, or has nothing to let go.
        """
        with self._pool.connection() as connection:
            connection.execute(_LIMITS)
            _require_ended(connection, campaign, ended_for, now)
            return _mark(connection, campaign)

    def let_go(
        self,
        campaign: int,
        seen: Mark,
        kept: dict[str, object],
        figures: dict[str, object],
        by: str,
        now: datetime,
    ) -> None:
        """Drop the deliveries, whose evidence is `kept`, and keep the figures; all or nothing.

        ConflictError when they are not as they were `seen`: a receipt came while they were
        written. UnavailableError when others read or write deliveries all the time.
        """
        for left in reversed(range(_TRIES)):
            try:
                with self._pool.connection() as connection:
                    connection.execute(_LIMITS)
                    self._drop(connection, campaign, seen, now)
                    values = {"archive": Jsonb(kept), "figures": Jsonb(figures)}
                    connection.execute(_KEEP, {**values, "campaign": campaign, "now": now})
                    note(connection, by, "archive", f"campaign {campaign}", kept)
                    return
            except UnavailableError as error:
                # Not in our time; everybody else had theirs meanwhile.
                if not left or not isinstance(error.__cause__, LockNotAvailable):
                    raise

    def _drop(self, connection: Connection[Any], campaign: int, seen: Mark, now: datetime) -> None:
        _require_ended(connection, campaign, timedelta(0), now)
        table = sql.Identifier(f"delivery_{campaign}")
        # Nobody changes a row between the last look and the end.
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(table))
        if _mark(connection, campaign) != seen:
            message = (
                f"Campaign {campaign} has changed while its evidence was written. "
                "Remove the file and try again."
            )
            raise ConflictError(message)
        connection.execute("DELETE FROM batch WHERE campaign_id = %s", [campaign])
        connection.execute(sql.SQL("DROP TABLE {}").format(table))


def _require_ended(
    connection: Connection[Any], campaign: int, ended_for: timedelta, now: datetime
) -> None:
    finished, archived = connection.execute(_ROW, [campaign]).fetchone() or (None, None)
    found = reading.campaign(connection, campaign)
    if archived is not None:
        raise _refused(found, f"was archived on {archived:%Y-%m-%d}", "Its file is named there.")
    if found.status not in ENDED or finished is None:
        raise _refused(found, f"is {found.status.value}", "Wait for its end, or cancel it.")
    if finished > now - ended_for:
        days = ended_for.days
        remedy = "Wait, or give fewer days; links in its messages end with it."
        raise _refused(found, f"ended less than {days} days ago", remedy)
    (open_,) = connection.execute(_OPEN, [campaign]).fetchone() or (0,)
    _require_uncounted(connection, found, finished, now)
    if open_:
        remedy = "Wait until 'campaigns status' shows nothing planned or in doubt."
        raise _refused(found, f"has {open_} batches with something open", remedy)
    if connection.execute(_FOLLOWED, [campaign]).fetchone() is not None:
        remedy = "Wait until that is planned, or cancel it."
        raise _refused(found, "is followed by one that has to know whom it told", remedy)
    table = connection.execute("SELECT to_regclass(%s)", [f"delivery_{campaign}"]).fetchone()
    if table == (None,):
        raise _refused(found, "has no deliveries", "There is nothing to archive.")


def _require_uncounted(
    connection: Connection[Any], found: Campaign, finished: datetime, now: datetime
) -> None:
    """Refuse while messages of the campaign may count against a cap: they would be told again."""
    (class_,) = connection.execute(_CLASS, [found.advisory_id]).fetchone() or ("service",)
    caps = in_force(connection).caps_on(MessageClass(class_), found.channels)
    days = max((cap.days for cap in caps), default=0)
    until = finished + timedelta(days=days)
    if not found.drill and until > now:
        problem = f"counts against a cap of {days} days until {until:%Y-%m-%d %H:%M %Z}"
        raise _refused(found, problem, "Archive it after that.")


def _refused(found: Campaign, problem: str, remedy: str) -> ConflictError:
    return ConflictError(f"Campaign {found.name!r} {problem} and is not archived. {remedy}")


def _mark(connection: Connection[Any], campaign: int) -> Mark:
    return Mark(*(connection.execute(_MARK, [campaign]).fetchone() or (0, "0")))
