"""What urgent safety passes is written down: which rule, by whose approval, for how many."""

from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.domain.fairness import Cap, Rules, passes
from broadcaster.domain.message import Channel
from broadcaster.planning.fair import applying, counted
from broadcaster.planning.plannable import Plannable

_NOTE = """
INSERT INTO passed_rule (campaign_id, rule, channel, zone, messages, rules_version, passed_by, why,
                         passed_at)
VALUES (%(campaign)s, %(rule)s, %(channel)s, %(zone)s, %(messages)s, %(version)s, %(by)s,
        'urgent safety', %(now)s)
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
_ON: dict[Channel | None, LiteralString] = {
    None: "",
    Channel.SMS: " AND channel = 'sms'",
    Channel.EMAIL: " AND channel = 'email'",
    Channel.PUSH: " AND channel = 'push'",
}


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


def note_caps(connection: Connection[Any], found: Plannable, rules: Rules, now: datetime) -> bool:
    """Write down which caps a campaign passes; True: for how many is still to be counted."""
    caps = _passed(rules, found)
    for cap in caps:
        channel = cap.channel.value if cap.channel else None
        values = {**_common(found, rules.version, now), "channel": channel, "zone": None}
        connection.execute(_NOTE, {**values, "rule": _name(cap), "messages": None})
    return bool(caps)


def count_caps(connection: Connection[Any], found: Plannable, rules: Rules, now: datetime) -> None:
    """Count for how many: after the plan is made, because nobody is to wait for it."""
    caps = _passed(rules, found)
    start = max(now, found.effective)
    others = [one.campaign for one in counted(connection, found, caps, start)]
    for cap in caps:
        values = {
            "counted": [one for one in others if one != found.id],
            "since": start - timedelta(days=cap.days),
            "most": cap.most,
            "campaign": found.id,
            "rule": _name(cap),
        }
        connection.execute(_COUNT.replace("<channel>", _ON[cap.channel]), values)


def _passed(rules: Rules, found: Plannable) -> tuple[Cap, ...]:
    return applying(rules, found) if passes(found.lane, found.message_class) else ()


def _common(found: Plannable, version: int, now: datetime) -> dict[str, object]:
    by = found.approved_by or ""
    return {"campaign": found.id, "version": version, "by": by, "now": now}


def _name(cap: Cap) -> str:
    where = f" by {cap.channel.value}" if cap.channel else ""
    return f"cap: {cap.most}{where} in {cap.days} days"
