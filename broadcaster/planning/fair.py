"""Fair use at planning: the rules in force, what counts against caps, and when batches rest."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection

from broadcaster.domain.fairness import Cap, Course, OnePer, Rules, passes
from broadcaster.domain.message import Channel
from broadcaster.domain.rulebook import stored
from broadcaster.errors import ConflictError
from broadcaster.planning.plannable import Plannable
from broadcaster.ports import RULES_IN_FORCE

# Drills reach nobody, and what was archived is not here. A campaign that was planned long ago may
# have sent yesterday, and may be turned to its next channel today.
_COUNTED = """
SELECT campaign.id,
       (SELECT count(*) FROM escalation WHERE campaign_id = campaign.id AND done_at IS NOT NULL)
FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE campaign.planned_at IS NOT NULL AND NOT campaign.drill AND campaign.archived_at IS NULL
  AND advisory.class = %(class)s::message_class
  AND COALESCE(campaign.finished_at, 'infinity') > %(since)s
ORDER BY campaign.id
"""

#: First key of the advisory lock of who ends a plan under caps; with the place of the class.
_ENDING = 0x43415053


class Counted(NamedTuple):
    """A campaign whose messages count, and how many steps of its plan are made."""

    campaign: int
    steps: int


class Fair(NamedTuple):
    """What fair use asks of one plan.

    `caps` are those that leave out; `counted` the campaigns that count against them, from `start`
    on, when the campaign begins. `zoned` says that the customers live in several time zones.
    """

    one_per: OnePer = OnePer.CUSTOMER
    caps: tuple[Cap, ...] = ()
    counted: tuple[Counted, ...] = ()
    start: datetime | None = None
    zoned: bool = False

    def values(self) -> dict[str, object]:
        """Give the values that the query of candidates needs for this."""
        values: dict[str, object] = {}
        if self.start is not None:
            values["plan_counted"] = [one.campaign for one in self.counted]
            for place, cap in enumerate(self.caps):
                values[f"plan_cap_{place}"] = cap.most
                values[f"plan_since_{place}"] = self.start - timedelta(days=cap.days)
        return values


def in_force(connection: Connection[Any]) -> Rules:
    """Read the rules in force."""
    return stored(connection.execute(RULES_IN_FORCE).fetchone())


def fair(connection: Connection[Any], found: Plannable, rules: Rules, now: datetime) -> Fair:
    """Say what the rules ask of a campaign, if it does not pass them and tells everybody."""
    passed = passes_caps(found)
    caps = () if passed else applying(rules, found)
    start = max(now, found.effective, found.scheduled_at or now)
    others = counted(connection, found, caps, start)
    one_per = OnePer.CUSTOMER if passed else found.one_per
    return Fair(one_per=one_per, caps=caps, counted=others, start=start)


def fair_now(connection: Connection[Any], found: Plannable, now: datetime | None = None) -> Fair:
    """Say what the rules in force ask of a campaign, for a forecast; none: by the server's clock.

    Of one that is scheduled, what they will ask when it begins.
    """
    if now is None:
        (now,) = connection.execute("SELECT now()").fetchone() or (found.effective,)
    return fair(connection, found, in_force(connection), now)


def passes_caps(found: Plannable) -> bool:
    """Tell whether a campaign passes caps: urgent safety, and what follows a message.

    Whom a follow-up is for was chosen when the former message was planned: they have a place under
    the caps for it, or were told what is not true any more.
    """
    return passes(found.lane, found.message_class) or found.thread is not None


def applying(rules: Rules, found: Plannable) -> tuple[Cap, ...]:
    """Give the caps that are for a campaign's class and channels, passed or not."""
    return rules.caps_on(found.message_class, found.channels)


def counted(
    connection: Connection[Any], found: Plannable, caps: Sequence[Cap], start: datetime
) -> tuple[Counted, ...]:
    """List the campaigns whose messages count against caps."""
    if not caps:
        return ()
    longest = timedelta(days=max(cap.days for cap in caps))
    values = {"class": found.message_class.value, "since": start - longest}
    return tuple(Counted(*row) for row in connection.execute(_COUNTED, values))


def require_unchanged(connection: Connection[Any], found: Plannable, given: Fair) -> None:
    """Let nobody take the same place under a cap twice; to be asked last, and then committed.

    Plans of a lane take turns, but one of the other lane may have ended meanwhile, unseen by this
    one. Whoever ends later finds the other's campaign, and ConflictError: it is tried again.
    """
    if not given.caps or given.start is None:
        return
    place = list(type(found.message_class)).index(found.message_class)
    connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_ENDING, place])
    now_there = counted(connection, found, given.caps, given.start)
    if _others(found, now_there) != _others(found, given.counted):
        message = (
            f"Campaign {found.name!r} was planned while another of its class was, and both count "
            "against the same caps. It is tried again by itself."
        )
        raise ConflictError(message)


def _others(found: Plannable, campaigns: Sequence[Counted]) -> list[Counted]:
    return [one for one in campaigns if one.campaign != found.id]


_HELD = """
UPDATE batch SET held_until = one.until
FROM (
    SELECT batch.id, max(COALESCE(campaign_hold.held_until, %(expires)s)) AS until
    FROM batch JOIN campaign_hold ON campaign_hold.campaign_id = batch.campaign_id
    WHERE batch.campaign_id = %(campaign)s AND batch.first > %(before)s
      AND campaign_hold.segment IS NULL AND campaign_hold.released_at IS NULL
      AND (campaign_hold.channel IS NULL OR campaign_hold.channel = batch.channel)
      AND (campaign_hold.zone IS NULL
           OR campaign_hold.zone IN (batch.zone, split_part(batch.zone, ' ', 1)))
    GROUP BY batch.id
) AS one
WHERE batch.id = one.id
"""


def hold(connection: Connection[Any], found: Plannable, before: int) -> None:
    """Put what operators hold of a campaign on its new batches, those behind a number.

    Whoever holds a part locks the campaign's row for themselves alone (FOR UPDATE), and that a new
    batch refers to it keeps them waiting: so a hold is seen here, or it sees the batches.
    """
    values = {"campaign": found.id, "expires": found.expires, "before": before}
    connection.execute(_HELD, values)


class Resting(NamedTuple):
    """When the batches of a channel and zone rest, as `batch` keeps it."""

    start: datetime | None
    end: datetime | None
    passed: datetime | None


def resting(
    course: Course, found: Plannable, channel: Channel, zone: str | None, now: datetime
) -> Resting:
    """Work out when batches rest that are made now."""
    given = (now, found.message_class, found.lane, channel, zone)
    rest, passed = course.rest(*given), course.passed(*given)
    return Resting(rest.start if rest else None, rest.end if rest else None, passed)


_CAPPED_ON: LiteralString = """
        UNION ALL
        SELECT customer_id, <mark> FROM delivery
        WHERE campaign_id = ANY(%(plan_counted)s::integer[])<channel>
          AND (status = 'submitting'
               -- What waits in the campaign itself gives way to what is planned now.
               OR (status IN ('planned', 'deferred') AND campaign_id <> %(plan_campaign)s)
               OR (status IN ('accepted', 'unknown', 'delivered')
                   AND updated_at > %(plan_since_<n>)s))
        GROUP BY customer_id HAVING count(*) >= %(plan_cap_<n>)s<least>
"""

#: The bits of who is capped: on each channel, and where one or two more messages are left for all.
_BITS: dict[Channel, LiteralString] = {
    Channel.SMS: "4096",
    Channel.EMAIL: "8192",
    Channel.PUSH: "16384",
}
_ALL: LiteralString = "28672"
ONE_LEFT: LiteralString = "32768"
TWO_LEFT: LiteralString = "65536"

#: Caps are named by their place; there are no more of them than this.
_PLACES: tuple[LiteralString, ...] = (
    *("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    *("10", "11", "12", "13", "14", "15", "16", "17", "18", "19"),
)
_CHANNELS: dict[Channel, LiteralString] = {
    Channel.SMS: " AND channel = 'sms'",
    Channel.EMAIL: " AND channel = 'email'",
    Channel.PUSH: " AND channel = 'push'",
}


def capped_mark(channel: Channel) -> LiteralString:
    """Give the bit of who is capped on a channel."""
    return _BITS[channel]


def lookups(given: Fair, several: int) -> LiteralString:
    """Give the lookups that mark who is capped, to be added to those of who is set apart.

    `several` is how many messages a campaign has for a customer at most: a cap over all channels
    marks also those for whom it leaves fewer places than that.
    """
    text: LiteralString = ""
    for place, cap in enumerate(given.caps):
        mark, channel, least = _ALL, "", ""
        if cap.channel is not None:
            mark, channel = _BITS[cap.channel], _CHANNELS[cap.channel]
        elif several > 1:
            mark = (
                "CASE WHEN count(*) >= %(plan_cap_<n>)s THEN "
                + _ALL
                + " WHEN count(*) = %(plan_cap_<n>)s - 1 THEN "
                + ONE_LEFT
                + " ELSE "
                + TWO_LEFT
                + " END"
            )
            least = " - " + _PLACES[several - 1]
        one = _CAPPED_ON.replace("<mark>", mark).replace("<channel>", channel)
        text += one.replace("<least>", least).replace("<n>", _PLACES[place])
    return text


def base(given: Fair) -> LiteralString:
    """Give the bits of those for whom nothing counts yet: a cap of one leaves one place."""
    least = min((cap.most for cap in given.caps if cap.channel is None), default=3)
    return {1: ONE_LEFT, 2: TWO_LEFT}.get(least, "0")
