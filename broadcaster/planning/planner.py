"""Planning: from a launched campaign to deliveries and batches, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.delivery import Reason
from broadcaster.domain.fairness import Course
from broadcaster.errors import ConflictError
from broadcaster.planning.choosing import choose
from broadcaster.planning.escalation import begin
from broadcaster.planning.fair import fair, hold, in_force, require_unchanged
from broadcaster.planning.followers import aim, require_landed
from broadcaster.planning.numbering import Numbering
from broadcaster.planning.partition import Partition
from broadcaster.planning.passing import count_rest, note
from broadcaster.planning.plannable import Plannable, read
from broadcaster.planning.turns import LIMITS, say, take_turn
from broadcaster.ports import LEFT_OUT, Audience, Renderer

# Who had started meanwhile to pause or cancel it wins.
_START = """
UPDATE campaign SET status = 'running', planned_at = %(now)s, started_at = %(now)s
WHERE id = %(campaign)s AND status = 'launched'
"""

_COUNTS: LiteralString = (
    "SELECT CASE WHEN "  # noqa: S608  (joined from our own constants)
    + LEFT_OUT
    + " THEN reason END, count(*) FROM delivery WHERE campaign_id = %(campaign)s GROUP BY 1"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What planning made: deliveries by what became of them, one for each customer and channel."""

    targeted: int
    planned: int
    suppressed: Mapping[Reason, int]
    batches: int


class Planner:
    """Plans campaigns; `batch_size` is how many deliveries one task is handed at most.

    `time_zone` is that of customers who live in none that this machine knows.
    """

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        audience: Audience,
        renderer: Renderer,
        *,
        batch_size: int,
        time_zone: str = "UTC",
    ) -> None:
        """Keep what it works with."""
        self._pool = pool
        self._audience = audience
        self._renderer = renderer
        self._batch_size = batch_size
        self._time_zone = time_zone

    def plan(self, campaign: int, now: datetime) -> Planned:
        """Plan a launched campaign and let it run; one that is planned already is left as it is.

        All or nothing, so it can be repeated after any interruption. ConflictError when the
        campaign is not launched, was paused or cancelled meanwhile, or when it or another one of
        its lane is being planned at the moment: plans are long, so they take turns. Also when one
        of the other lane was planned meanwhile that counts against the same caps, or customers were
        stored that it can not tell. And while something of what it follows may still be in the air:
        until that is known nobody can say whom it has to tell.
        """
        uncounted = False
        with self._pool.connection() as connection:
            connection.execute(LIMITS)
            found = read(connection, campaign)
            if found.planned_at is None:
                take_turn(connection, found)
                # What was read before the turn came may have been planned by another since.
                found = read(connection, campaign)
            if found.planned_at is None:
                uncounted = self._plan(connection, found, now)
            planned = _counts(connection, campaign)
        if uncounted:
            self.count_passed()
        return planned

    def count_passed(self) -> None:
        """Count for how many rules are passed, where nobody has: after their plans are made."""
        with self._pool.connection() as connection:
            connection.execute(LIMITS)
            count_rest(connection)

    def _plan(self, connection: Connection[Any], found: Plannable, now: datetime) -> bool:
        """Plan; True: it is still to be counted for how many rules are passed."""
        if found.status is not CampaignStatus.LAUNCHED or found.expires <= now:
            raise ConflictError(_refusal(found, now))
        require_landed(connection, found)
        say(connection, "choosing")
        rules = in_force(connection)
        asked = fair(connection, found, rules, now)
        found, condition = aim(self._audience, found)
        zones = choose(connection, found, condition, self._renderer, asked, found.channels)
        partition = Partition(connection, found.id)
        partition.create()
        course = Course(rules=rules, time_zone=self._time_zone)
        numbering = Numbering(
            connection, found, partition.table, self._batch_size, now, course, zones
        )
        say(connection, "writing")
        told = numbering.tell_all(found.channels, 0)
        partition.close_up()
        numbering.leave_out_all(told)
        if found.escalate_after:
            begin(connection, found, told, now)
        say(connection, "indexing")
        partition.finish()
        partition.join()
        if not connection.execute(_START, {"campaign": found.id, "now": now}).rowcount:
            raise ConflictError(_refusal(read(connection, found.id), now))
        hold(connection, found, 0)
        require_unchanged(connection, found, asked)
        return note(connection, found, rules, now)


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
    counts = dict(connection.execute(_COUNTS, {"campaign": campaign}).fetchall())
    query = "SELECT count(*) FROM batch WHERE campaign_id = %s"
    (batches,) = connection.execute(query, [campaign]).fetchone() or (0,)
    return Planned(
        targeted=sum(counts.values()),
        planned=counts.get(None, 0),
        suppressed={Reason(reason): count for reason, count in counts.items() if reason},
        batches=batches,
    )
