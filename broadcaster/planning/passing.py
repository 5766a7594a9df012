"""Which rules of fair use are passed is written down: by whose approval, why, for how many."""

from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.domain.fairness import Cap, OnePer, Rules, passes
from broadcaster.domain.message import Channel
from broadcaster.domain.rulebook import stored
from broadcaster.planning.fair import applying, counted, passes_caps
from broadcaster.planning.plannable import Plannable, read
from broadcaster.ports import NOTE_PASSED

_NOTE = f"""
{NOTE_PASSED}
VALUES (%(campaign)s, %(rule)s, %(channel)s, %(zone)s, %(messages)s, %(version)s, %(by)s,
        %(why)s, %(now)s)
"""

# The customers whom a cap would have left out of what this campaign was planned to say.
_COUNT: LiteralString = """
WITH full_ones AS MATERIALIZED (
    SELECT customer_id FROM delivery
    WHERE campaign_id = ANY(%(counted)s::integer[])<channel>
      AND (status IN ('planned', 'deferred', 'submitting')
           OR (status IN ('accepted', 'unknown', 'delivered') AND updated_at > %(since)s))
    GROUP BY customer_id HAVING count(*) >= %(most)s
)
UPDATE passed_rule SET messages = (
    SELECT count(*) FROM delivery JOIN full_ones USING (customer_id)
    WHERE delivery.campaign_id = %(campaign)s AND address_id IS NOT NULL<channel>)
WHERE campaign_id = %(campaign)s AND rule = %(rule)s AND messages IS NULL
"""

# Those who are told beside somebody who would have been told for them.
_SPARED: dict[OnePer, LiteralString] = {
    OnePer.HOUSEHOLD: """
    SELECT count(*) - count(DISTINCT household) FROM customer
    WHERE household IS NOT NULL AND id IN (SELECT customer_id FROM told)
""",
    OnePer.ADDRESS: """
    SELECT count(DISTINCT customer_id) FROM (
        SELECT customer_id, min(customer_id) OVER (PARTITION BY address_id) AS first
        FROM customer_address
        WHERE channel = ANY(%(channels)s::channel[])
          AND customer_id IN (SELECT customer_id FROM told)) AS sharer
    WHERE customer_id <> first
""",
}
_COUNT_SPARED: LiteralString = """
WITH told AS MATERIALIZED (
    SELECT DISTINCT customer_id FROM delivery
    WHERE campaign_id = %(campaign)s AND address_id IS NOT NULL
      AND number <= %(last)s
)
UPDATE passed_rule SET messages = (<spared>)
WHERE campaign_id = %(campaign)s AND rule = %(rule)s AND messages IS NULL
"""

# What nobody came to count: whoever planned it ended between.
_UNCOUNTED = """
SELECT DISTINCT passed_rule.campaign_id, passed_rule.rules_version, passed_rule.passed_at,
       fairness.version, fairness.rules
FROM passed_rule JOIN campaign ON campaign.id = passed_rule.campaign_id
LEFT JOIN fairness ON fairness.version = passed_rule.rules_version
WHERE passed_rule.messages IS NULL AND campaign.archived_at IS NULL
ORDER BY passed_rule.campaign_id LIMIT 10
"""
_ON: dict[Channel | None, LiteralString] = {
    None: "",
    Channel.SMS: " AND channel = 'sms'",
    Channel.EMAIL: " AND channel = 'email'",
    Channel.PUSH: " AND channel = 'push'",
}


#: More than any delivery's number.
_ALL = 2**31 - 1


def note_quiet(
    connection: Connection[Any],
    found: Plannable,
    part: tuple[Channel, str | None, int],
    version: int,
    now: datetime,
) -> None:
    """Write down that quiet hours are on for some (channel, zone, messages) and are passed."""
    channel, zone, messages = part
    values = {**_common(found, version, now), "channel": channel.value, "zone": zone}
    connection.execute(_NOTE, {**values, "rule": "quiet_hours", "messages": messages})


def note(connection: Connection[Any], found: Plannable, rules: Rules, now: datetime) -> bool:
    """Write down which rules a campaign passes; True: for how many is still to be counted."""
    passed = [(_name(cap), cap.channel) for cap in _caps(rules, found)]
    if passed_one_per(found) is not None:
        passed.append((f"one for each {found.one_per.value}", None))
    for rule, channel in passed:
        values = {**_common(found, rules.version, now), "channel": channel, "zone": None}
        connection.execute(_NOTE, {**values, "rule": rule, "messages": None})
    return bool(passed)


def count(connection: Connection[Any], found: Plannable, rules: Rules, now: datetime) -> None:
    """Count for how many: after the plan is made (at `now`), because nobody is to wait for it."""
    caps = _caps(rules, found)
    start = max(now, found.effective)
    others = [one.campaign for one in counted(connection, found, caps, start)]
    own = {"campaign": found.id, "counted": [one for one in others if one != found.id]}
    for cap in caps:
        values = {"since": start - timedelta(days=cap.days), "most": cap.most, "rule": _name(cap)}
        connection.execute(_COUNT.replace("<channel>", _ON[cap.channel]), {**own, **values})
    one_per = passed_one_per(found)
    if one_per is not None:
        query = "SELECT last FROM escalation WHERE campaign_id = %s AND step = 1"
        # What later steps tell is not counted again.
        (last,) = connection.execute(query, [found.id]).fetchone() or (_ALL,)
        values = {"rule": f"one for each {one_per.value}", "last": last}
        values["channels"] = [channel.value for channel in found.channels]
        connection.execute(_COUNT_SPARED.replace("<spared>", _SPARED[one_per]), {**own, **values})


def count_rest(connection: Connection[Any]) -> None:
    """Count what was written down and never counted, of ten campaigns at most."""
    for campaign, _, at, *row in connection.execute(_UNCOUNTED).fetchall():
        rules = stored(row if row[0] is not None else None)
        count(connection, read(connection, campaign), rules, at)


def passed_one_per(found: Plannable) -> OnePer | None:
    """Give which choice of who is told for others a campaign passes."""
    chosen = found.one_per is not OnePer.CUSTOMER
    return found.one_per if chosen and passes(found.lane, found.message_class) else None


def _caps(rules: Rules, found: Plannable) -> tuple[Cap, ...]:
    return applying(rules, found) if passes_caps(found) else ()


def _common(found: Plannable, version: int, now: datetime) -> dict[str, object]:
    by = found.approved_by or ""
    urgent = passes(found.lane, found.message_class)
    why = "urgent safety" if urgent else "follows what was told"
    return {"campaign": found.id, "version": version, "by": by, "why": why, "now": now}


def _name(cap: Cap) -> str:
    where = f" by {cap.channel.value}" if cap.channel else ""
    return f"cap: {cap.most}{where} in {cap.days} days"
