"""What an operator holds of a campaign, and lets go again: recorded, and undone by nobody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.campaign import Campaign, CampaignStatus
from broadcaster.domain.message import Channel
from broadcaster.domain.saying import said
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.ledger import batches, reading, steps
from broadcaster.ledger.audit import note
from broadcaster.ledger.rules import WAITING_VALUES
from broadcaster.ledger.validity import person
from broadcaster.ledger.waking import wake
from broadcaster.ports import Condition

_LIVE = frozenset(
    {
        CampaignStatus.APPROVED,
        CampaignStatus.LAUNCHED,
        CampaignStatus.RUNNING,
        CampaignStatus.PAUSED,
    }
)

_LONGEST_WHY = 500

#: A segment may be a large part of a large campaign.
_LIMITS = "SET LOCAL statement_timeout = '5min'"

_INSERT = """
INSERT INTO campaign_hold (campaign_id, channel, zone, segment, held_until, held_by, held_at, why)
VALUES (%(campaign)s, %(channel)s, %(zone)s, %(segment)s, %(until)s, %(by)s, %(now)s, %(why)s)
RETURNING id
"""

# In the order in which everybody locks them.
_LOCK = """
SELECT id FROM batch
WHERE campaign_id = %(campaign)s AND NOT done
  AND (%(channel)s::channel IS NULL OR channel = %(channel)s::channel)
  AND (%(zone)s::text IS NULL OR %(zone)s::text IN (zone, split_part(zone, ' ', 1)))
ORDER BY id FOR UPDATE
"""

# Worked out anew from all holds that stand; what has no end ends with the advisory.
_HOLD = """
UPDATE batch SET held_until = (
    SELECT max(COALESCE(one.held_until, %(expires)s)) FROM campaign_hold AS one
    WHERE one.campaign_id = batch.campaign_id AND one.segment IS NULL AND one.released_at IS NULL
      AND (one.channel IS NULL OR one.channel = batch.channel)
      AND (one.zone IS NULL OR one.zone IN (batch.zone, split_part(batch.zone, ' ', 1))))
WHERE batch.id = ANY(%(batches)s)
"""

_WAITING = """
SELECT count(*) FROM batch JOIN delivery ON delivery.campaign_id = %(campaign)s
    AND delivery.number BETWEEN batch.first AND batch.last
WHERE batch.id = ANY(%(batches)s) AND delivery.status = ANY(%(waiting)s::delivery_status[])
"""

# Those of a segment are not in batches of their own, so each is put off by itself.
_PART = """
WITH part AS (
    SELECT delivery.number
    FROM batch
    JOIN delivery ON delivery.campaign_id = %(campaign)s
        AND delivery.number BETWEEN batch.first AND batch.last
    JOIN customer ON customer.id = delivery.customer_id
    WHERE batch.id = ANY(%(batches)s) AND delivery.status = ANY(%(waiting)s::delivery_status[])
      AND (<condition>)
    ORDER BY delivery.number
    FOR UPDATE OF delivery
)
UPDATE delivery SET status = 'deferred', reason = 'held', code = %(mark)s, updated_at = %(now)s,
    due_at = GREATEST(delivery.due_at, COALESCE(%(until)s, %(expires)s))
FROM part WHERE delivery.campaign_id = %(campaign)s AND delivery.number = part.number
"""

_LET_GO = """
WITH part AS (
    SELECT number FROM delivery
    WHERE campaign_id = %(campaign)s AND status = 'deferred' AND reason = 'held'
      AND code = %(mark)s
    ORDER BY number FOR UPDATE
)
UPDATE delivery SET due_at = %(now)s, updated_at = %(now)s, reason = NULL
FROM part WHERE delivery.campaign_id = %(campaign)s AND delivery.number = part.number
"""

_OPEN = """
SELECT id, channel, zone, segment FROM campaign_hold
WHERE campaign_id = %(campaign)s AND released_at IS NULL
  AND (held_until IS NULL OR held_until > %(now)s)
ORDER BY id FOR UPDATE
"""

_RELEASE = """
UPDATE campaign_hold SET released_by = %(by)s, released_at = %(now)s, release_why = %(why)s
WHERE id = ANY(%(holds)s)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Which part of a campaign; what is None allows everything."""

    channel: Channel | None = None
    zone: str | None = None
    segment: str | None = None

    @property
    def whole(self) -> bool:
        """Whether it is the whole campaign."""
        return self.channel is None and self.zone is None and self.segment is None

    def values(self) -> dict[str, object]:
        """Give it as values of a statement."""
        channel = self.channel.value if self.channel else None
        return {"channel": channel, "zone": self.zone, "segment": self.segment}


@dataclass(frozen=True, kw_only=True, slots=True)
class Released:
    """What was let go: operators' holds by number, and messages that rested for quiet hours."""

    holds: Sequence[int]
    rested: int


class Holds:
    """Holds and releases; each leaves its line in the audit. `time_zone` is the utility's own."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], time_zone: str) -> None:
        """Use the pool's connections."""
        self._pool = pool
        self._time_zone = time_zone

    def hold(
        self,
        campaign: int,
        scope: Scope,
        until: datetime | None,
        by: str,
        why: str,
        now: datetime,
        condition: Condition | None = None,
    ) -> int:
        """Hold a part until a moment, or until it is released; how many messages wait in it now.

        What is planned later on the channel or in the zone is held too. `condition` selects the
        customers of a scope with a segment: those whose messages are planned already. ConflictError
        for a campaign that has not been approved, or has ended.
        """
        who, reason = person("by", by), _why(why)
        with self._pool.connection() as connection:
            values = self._begin(connection, campaign, scope, now)
            expires: datetime = values["expires"]
            if until is not None and not now < until < expires:
                problem = said("has passed, or is after the advisory has expired")
                raise InvalidInputError(
                    "until", problem, said("Give a time between, or leave it out.")
                )
            if condition is not None:
                _require_part(connection, values)
            values |= {"until": until, "by": who, "why": reason}
            (hold,) = connection.execute(_INSERT, values).fetchone() or (0,)
            count = self._apply(connection, values, hold, condition)
            if scope.whole:
                steps.wait_on(connection, values, until)
            details = {**scope.values(), "until": until and until.isoformat(), "why": reason}
            note(connection, who, "hold_part", f"campaign {campaign}", {**details, "count": count})
            return count

    def _apply(
        self,
        connection: Connection[Any],
        values: Mapping[str, object],
        hold: int,
        condition: Condition | None,
    ) -> int:
        if condition is None:
            connection.execute(_HOLD, values)
            return int((connection.execute(_WAITING, values).fetchone() or (0,))[0])
        query = _PART.replace("<condition>", condition.text)
        given = {**condition.values, **values, "mark": _mark(hold)}
        return connection.execute(query, given).rowcount

    def release(self, campaign: int, scope: Scope, by: str, why: str, now: datetime) -> Released:
        """End the holds within a scope, and let go what rests there for quiet hours now.

        Quiet hours are passed until their present end, with the operator's name and reason and for
        how many, which is recorded. ConflictError where nothing is held, or only something wider.
        """
        who, reason = person("by", by), _why(why)
        with self._pool.connection() as connection:
            values = self._begin(connection, campaign, scope, now)
            values |= {"by": who, "why": reason}
            holds = self._end(connection, values, scope)
            rested = 0 if scope.segment else wake(connection, self._time_zone, values)
            if not holds and not rested:
                message = said(
                    "Nothing is held there. 'broadcaster campaigns status' shows what is."
                )
                raise ConflictError(message)
            steps.go_on(connection, values, holds, all_stood=bool(rested))
            details = {**scope.values(), "holds": holds, "rested": rested, "why": reason}
            note(connection, who, "release_part", f"campaign {campaign}", details)
            return Released(holds=holds, rested=rested)

    def _begin(
        self, connection: Connection[Any], campaign: int, scope: Scope, now: datetime
    ) -> dict[str, Any]:
        """Lock the campaign and the batches of a scope, and give the values that all need."""
        connection.execute(_LIMITS)
        connection.execute("SELECT FROM campaign WHERE id = %s FOR UPDATE", [campaign])
        found = reading.campaign(connection, campaign)
        expires = reading.advisory(connection, found.advisory_id).expires
        if found.status not in _LIVE or expires <= now:
            raise ConflictError(_refusal(found))
        values: dict[str, Any] = {"campaign": campaign, "now": now, "expires": expires}
        values |= {"waiting": WAITING_VALUES, **scope.values()}
        values["batches"] = [one for (one,) in connection.execute(_LOCK, values)]
        return values

    def _end(
        self, connection: Connection[Any], values: Mapping[str, Any], scope: Scope
    ) -> list[int]:
        """End the holds that lie within the scope."""
        within, wider = [], []
        for hold, *theirs in connection.execute(_OPEN, values).fetchall():
            if theirs[-1] and scope.segment is None and (scope.channel or scope.zone):
                # A segment is no part of a channel or a zone, and goes on being held.
                continue
            pairs = list(zip(scope.values().values(), theirs, strict=True))
            if all(ours is None or ours == their for ours, their in pairs):
                within.append(hold)
            elif all(ours is None or their in {None, ours} for ours, their in pairs):
                wider.append(hold)
        if wider:
            message = said(
                "More than that is held in one. Release it as a whole, and hold the rest."
            )
            raise ConflictError(message)
        connection.execute(_RELEASE, {**values, "holds": within})
        connection.execute(_HOLD, values)
        for hold in within:
            connection.execute(_LET_GO, {**values, "mark": _mark(hold)})
        batches.reopen(connection, values["batches"])
        return within


def _require_part(connection: Connection[Any], values: Mapping[str, Any]) -> None:
    """Refuse the segment of a campaign without a plan, or a second one at a time."""
    if not values["batches"]:
        message = said(
            "Nothing of that is planned and waits. Hold the campaign, a channel or a zone."
        )
        raise ConflictError(message)
    if any(row[3] for row in connection.execute(_OPEN, values).fetchall()):
        message = said("A segment of this campaign is held already. Release it first.")
        raise ConflictError(message)


def _mark(hold: int) -> str:
    """Name the hold in a delivery that it puts off."""
    return f"hold {hold}"


def _why(text: str) -> str:
    why = " ".join(text.split())
    if not 0 < len(why) <= _LONGEST_WHY or not why.isprintable():
        problem = said("is missing, too long or has control characters")
        remedy = said("Say why in 1 to %(longest_why)s characters.", longest_why=_LONGEST_WHY)
        raise InvalidInputError("reason", problem, remedy)
    return why


def _refusal(found: Campaign) -> str:
    return (
        f"Campaign {found.name!r} is {found.status.value} or its advisory has expired; only what "
        "is approved, launched, running or paused can be held or released."
    )
