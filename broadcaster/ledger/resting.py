"""When batches rest: the moments at which quiet hours begin and end, kept in each batch.

A batch's customers live in one time zone. The tick looks again when a rest is over or the rules
have changed; until then what stands there holds, so a stopped clock lets nobody be woken.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

from broadcaster.domain.fairness import Course, Rules
from broadcaster.domain.hours import Rest
from broadcaster.domain.message import Channel, Lane, MessageClass
from broadcaster.domain.rulebook import stored
from broadcaster.ledger.batches import by_campaign
from broadcaster.ledger.rules import WAITING_VALUES
from broadcaster.ports import NOTE_PASSED, RULES_IN_FORCE

# What somebody works on is looked at when they are between two claims.
_STALE = """
SELECT batch.id, batch.campaign_id, batch.channel, batch.zone, campaign.lane, advisory.class,
       GREATEST(%(now)s, batch.released_until),
       batch.rest_from < batch.rest_until AND batch.rest_until <= %(now)s
FROM batch
JOIN campaign ON campaign.id = batch.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE NOT batch.done AND advisory.expires > %(now)s
  AND (batch.rest_until <= %(now)s OR batch.rules_version <> %(version)s)
ORDER BY batch.id LIMIT %(limit)s
FOR UPDATE OF batch SKIP LOCKED
"""

_WRITE = """
UPDATE batch SET rest_from = one.rest_from, rest_until = one.rest_until,
    overridden_at = CASE WHEN batch.rules_version = %(version)s THEN batch.overridden_at
                         ELSE one.overridden_at END,
    rules_version = %(version)s
FROM unnest(%(ids)s::bigint[], %(froms)s::timestamptz[], %(untils)s::timestamptz[],
            %(overridden)s::timestamptz[]) AS one (id, rest_from, rest_until, overridden_at)
WHERE batch.id = one.id
"""

# Nobody could confirm what had not left: the next step waits its minutes from now. One that is
# being made is left alone: the tick waits for nobody.
_WAIT_ON = """
UPDATE escalation
SET due_at = GREATEST(escalation.due_at, %(now)s + make_interval(mins => one.wait))
FROM (
    SELECT escalation.campaign_id, escalation.step,
           campaign.escalate_after[
               array_position(campaign.channels, escalation.channel) - 1] AS wait
    FROM escalation JOIN campaign ON campaign.id = escalation.campaign_id
    WHERE campaign.id = ANY(%(campaigns)s) AND escalation.done_at IS NULL
      AND escalation.due_at IS NOT NULL
    FOR UPDATE OF escalation SKIP LOCKED
) AS one
WHERE escalation.campaign_id = one.campaign_id AND escalation.step = one.step
"""

_OVERRIDDEN = """
SELECT batch.id FROM batch WHERE NOT done AND overridden_at <= %(now)s
ORDER BY batch.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""

_COUNT = f"""
{NOTE_PASSED}
SELECT campaign.id, 'quiet_hours', batch.channel, batch.zone, sum(seen.messages),
       max(batch.rules_version), COALESCE(campaign.approved_by, ''), 'urgent safety', %(now)s
FROM batch
JOIN campaign ON campaign.id = batch.campaign_id
CROSS JOIN LATERAL (
    SELECT count(*) AS messages FROM delivery
    WHERE delivery.campaign_id = %(campaign)s
      AND delivery.number BETWEEN batch.first AND batch.last
      AND delivery.status = ANY(%(waiting)s::delivery_status[])) AS seen
WHERE batch.id = ANY(%(ids)s)
GROUP BY campaign.id, batch.channel, batch.zone
HAVING sum(seen.messages) > 0
"""  # noqa: S608  (text of ours)

_COUNTED = "UPDATE batch SET overridden_at = NULL WHERE id = ANY(%(ids)s)"

#: How many batches are looked at in one transaction.
_BATCHES = 1000


class Sort(NamedTuple):
    """What decides when a batch rests."""

    channel: str
    zone: str | None
    lane: str
    message_class: str
    start: datetime


def in_force(connection: Connection[Any]) -> Rules:
    """Read the rules in force."""
    return stored(connection.execute(RULES_IN_FORCE).fetchone())


def refresh(connection: Connection[Any], time_zone: str, now: datetime) -> bool:
    """Look again at batches whose rest is over, or whose rules have changed; True: at many more.

    `time_zone` is for those who live in none that this machine knows.
    """
    (version,) = connection.execute("SELECT max(version) FROM fairness").fetchone() or (None,)
    values = {"now": now, "version": version or 0, "limit": _BATCHES}
    rows = connection.execute(_STALE, values).fetchall()
    if rows:
        course = Course(rules=in_force(connection), time_zone=time_zone)
        write(connection, course, [(row[0], Sort(*row[2:7])) for row in rows])
        rested = sorted({row[1] for row in rows if row[7]})
        connection.execute(_WAIT_ON, {"campaigns": rested, "now": now})
    return len(rows) == _BATCHES


def write(connection: Connection[Any], course: Course, batches: Sequence[tuple[int, Sort]]) -> None:
    """Work out when these (locked) batches rest next, and write it into them."""
    known: dict[Sort, tuple[Rest | None, datetime | None]] = {}
    for _, sort in batches:
        if sort not in known:
            given = (
                sort.start,
                MessageClass(sort.message_class),
                Lane(sort.lane),
                Channel(sort.channel),
                sort.zone,
            )
            known[sort] = course.rest(*given), course.passed(*given)
    found = [known[sort] for _, sort in batches]
    values = {
        "ids": [batch for batch, _ in batches],
        "froms": [rest and rest.start for rest, _ in found],
        "untils": [rest and rest.end for rest, _ in found],
        "overridden": [passed for _, passed in found],
        "version": course.rules.version,
    }
    connection.execute(_WRITE, values)


def count_passed(connection: Connection[Any], now: datetime) -> None:
    """Write down for how many the quiet time begins that their campaign passes.

    Each batch once, with what waits in it then; what a later night passes is part of that.
    """
    ids = [one for (one,) in connection.execute(_OVERRIDDEN, {"now": now, "limit": _BATCHES})]
    if not ids:
        return
    values = {"now": now, "waiting": WAITING_VALUES}
    for campaign, own in by_campaign(connection, ids):
        connection.execute(_COUNT, {**values, "campaign": campaign, "ids": own})
    connection.execute(_COUNTED, {"ids": ids})
