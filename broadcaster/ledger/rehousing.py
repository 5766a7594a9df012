"""Quiet hours that a customer chose, for what was planned before they chose them.

A batch rests as a whole, so whoever has other hours than its others needs a batch of their own. A
choice is noted by the transaction that makes it, which also keeps back what waits for the customer;
the tick then takes those deliveries out of their batches. Nobody who sends looks at hours of
customers, so that costs a message nothing.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg import Connection

from broadcaster.domain.fairness import Course
from broadcaster.domain.message import Lane
from broadcaster.ledger.resting import Sort, in_force, write
from broadcaster.ports import PLANNING_LANES

#: For how long what waits is kept back; again each tick while somebody works on its batch.
_BACK = timedelta(minutes=2)
#: How many choices are looked at in one transaction.
_CHOICES = 50

_NOTE = """
INSERT INTO own_hours_change (customer_id, at) VALUES (%(customer)s, %(now)s)
ON CONFLICT (customer_id) DO UPDATE SET at = excluded.at
"""
_CHOSEN = """
SELECT change.customer_id, customer.time_zone || COALESCE(' ' || customer.quiet, '')
FROM own_hours_change AS change JOIN customer ON customer.id = change.customer_id
ORDER BY change.at LIMIT %s FOR UPDATE OF change SKIP LOCKED
"""
_DONE = "DELETE FROM own_hours_change WHERE customer_id = %s"

# The only ones that such hours hold: see `domain.fairness`.
_CAMPAIGNS = """
SELECT campaign.id FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE campaign.status IN ('running', 'paused') AND campaign.lane = 'routine'
  AND advisory.class <> 'safety' AND advisory.expires > %(now)s
  AND EXISTS (SELECT FROM batch WHERE batch.campaign_id = campaign.id AND NOT batch.done)
ORDER BY campaign.id
"""

# A claim takes what is planned, or deferred and due: a worker that has it in hand leaves it behind.
_KEEP_BACK = """
WITH waiting AS MATERIALIZED (
    SELECT campaign_id, number FROM delivery
    WHERE campaign_id = ANY(%(campaigns)s) AND customer_id = %(customer)s
      AND status IN ('planned', 'deferred')
    ORDER BY campaign_id, number FOR UPDATE
)
UPDATE delivery SET status = 'deferred', due_at = GREATEST(delivery.due_at, %(until)s),
    updated_at = %(now)s
FROM waiting
WHERE delivery.campaign_id = waiting.campaign_id AND delivery.number = waiting.number
"""
_WAITING = """
SELECT delivery.campaign_id, delivery.number
FROM delivery
WHERE campaign_id = ANY(%(campaigns)s) AND customer_id = %(customer)s
  AND status IN ('planned', 'deferred')
ORDER BY campaign_id, number
"""
_BATCH = """
SELECT batch.id, batch.first, batch.last, batch.zone, batch.channel, campaign.lane, advisory.class
FROM batch
JOIN campaign ON campaign.id = batch.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE batch.campaign_id = %(campaign)s AND %(number)s BETWEEN batch.first AND batch.last
  AND batch.lease_until IS NULL
FOR UPDATE OF batch SKIP LOCKED
"""
# Each piece is looked at anew: the whole may have waited for what is in one of them, such as what
# an operator holds, and the others are to end.
_CUT = """
UPDATE batch SET first = %(first)s, last = %(last)s, due_at = LEAST(due_at, %(now)s)
WHERE id = %(batch)s
"""
_COPY = """
INSERT INTO batch (campaign_id, channel, lane, first, last, due_at, settle_at, reconcile_at, zone,
                   rest_from, rest_until, held_until, overridden_at, released_until, rules_version)
SELECT campaign_id, channel, lane, %(first)s, %(last)s, LEAST(due_at, %(now)s), settle_at,
       reconcile_at, zone, rest_from, rest_until, held_until, overridden_at, released_until,
       rules_version
FROM batch WHERE id = %(batch)s
RETURNING id
"""
# What an operator let go before was let go by the hours of before.
_MOVE = "UPDATE batch SET zone = %(zone)s, released_until = NULL WHERE id = %(batch)s"
# What was never tried is planned again; what waits for its next try goes on waiting for it, and
# what an operator holds waits for the end of that.
_RESTORE = """
WITH kept AS MATERIALIZED (
    SELECT FROM delivery WHERE campaign_id = %(campaign)s AND number = %(number)s
      AND status = 'deferred' AND attempts = 0 AND reason IS DISTINCT FROM 'held'
    FOR UPDATE SKIP LOCKED
)
UPDATE delivery SET status = 'planned', due_at = NULL, updated_at = %(now)s
FROM kept WHERE campaign_id = %(campaign)s AND number = %(number)s
"""


class _Home(NamedTuple):
    """The batch that a delivery is in, which nobody works on, and what decides when it rests."""

    id: int
    first: int
    last: int
    zone: str | None
    channel: str
    lane: str
    message_class: str


def note_choice(connection: Connection[Any], customer: int, now: datetime) -> None:
    """Note that a (locked) customer chose other hours, and keep back what waits for them."""
    connection.execute(_NOTE, {"customer": customer, "now": now})
    _keep_back(connection, customer, now)


def rehouse(connection: Connection[Any], time_zone: str, now: datetime) -> int:
    """Take what waits for customers who chose other hours into batches of their own; how many.

    What somebody works on is left for the next time. `time_zone` is for those who live in none that
    this machine knows.
    """
    chosen = connection.execute(_CHOSEN, [_CHOICES]).fetchall()
    # A plan that began before a choice numbers by the hours of before, and is not seen yet.
    lane = list(Lane).index(Lane.ROUTINE)
    alone = "SELECT pg_try_advisory_xact_lock(%s, %s)"
    if not chosen or connection.execute(alone, [PLANNING_LANES, lane]).fetchone() != (True,):
        return 0
    course = Course(rules=in_force(connection), time_zone=time_zone)
    campaigns = _campaigns(connection, now)
    moved = 0
    for customer, zone in chosen:
        values = {"campaigns": campaigns, "customer": customer}
        found = connection.execute(_WAITING, values).fetchall()
        homes = [_rehoused(connection, course, zone, one, now) for one in found]
        moved += sum(one is True for one in homes)
        if None in homes:
            _keep_back(connection, customer, now)
        else:
            connection.execute(_DONE, [customer])
    return moved


def _campaigns(connection: Connection[Any], now: datetime) -> list[int]:
    return [one for (one,) in connection.execute(_CAMPAIGNS, {"now": now})]


def _keep_back(connection: Connection[Any], customer: int, now: datetime) -> None:
    campaigns = _campaigns(connection, now)
    values = {"campaigns": campaigns, "customer": customer, "now": now, "until": now + _BACK}
    if campaigns:
        connection.execute(_KEEP_BACK, values)


def _rehoused(
    connection: Connection[Any], course: Course, zone: str, one: tuple[int, int], now: datetime
) -> bool | None:
    """Move a delivery; False where it is at home already, None where somebody works on it."""
    campaign, number = one
    row = connection.execute(_BATCH, {"campaign": campaign, "number": number}).fetchone()
    if row is None:
        return None
    home = _Home(*row)
    if home.zone != zone:
        own = _parted(connection, home, number, now)
        connection.execute(_MOVE, {"batch": own, "zone": zone})
        sort = Sort(home.channel, zone, home.lane, home.message_class, now)
        write(connection, course, [(own, sort)])
    connection.execute(_RESTORE, {"campaign": campaign, "number": number, "now": now})
    return home.zone != zone


def _parted(connection: Connection[Any], home: _Home, number: int, now: datetime) -> int:
    """Part a batch into what is before a number, the number, and what is behind; the middle's."""
    pieces = [
        (first, last)
        for first, last in (
            (home.first, number - 1),
            (number, number),
            (number + 1, home.last),
        )
        if first <= last
    ]
    ids = [home.id]
    for first, last in pieces[1:]:
        values = {"batch": home.id, "first": first, "last": last, "now": now}
        (copy,) = connection.execute(_COPY, values).fetchone() or (0,)
        ids.append(copy)
    first, last = pieces[0]
    connection.execute(_CUT, {"batch": home.id, "first": first, "last": last, "now": now})
    return ids[pieces.index((number, number))]
