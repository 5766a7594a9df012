"""Who will have to wait for the end of quiet hours, said before anything is approved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.fairness import Course, OnePer, passes
from broadcaster.domain.message import Channel
from broadcaster.planning.candidates import ONE_SNAPSHOT, candidates, values
from broadcaster.planning.fair import applying, fair, in_force, passes_caps
from broadcaster.planning.followers import aim
from broadcaster.planning.naming import named
from broadcaster.planning.passing import passed_one_per
from broadcaster.planning.plannable import Plannable, read
from broadcaster.ports import Audience, Renderer

_OWN_HOURS = "SELECT EXISTS (SELECT FROM customer WHERE quiet IS NOT NULL)"
_LIMITS = "SET LOCAL statement_timeout = '5min'; SET LOCAL work_mem = '128MB'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """Those on a channel in a zone, and their first quiet time from the campaign's start on.

    `quiet_from` is not after the start where they are held at once. `in_time` says whether it is
    over before the advisory expires: if not, what has not left before it never does. `passed` says
    that the campaign passes it.
    """

    channel: Channel
    zone: str
    messages: int
    quiet_from: datetime
    quiet_until: datetime
    held_at_once: bool
    in_time: bool
    passed: bool

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        return {
            "channel": self.channel.value,
            "zone": self.zone,
            "messages": self.messages,
            "quiet_from": self.quiet_from.isoformat(),
            "quiet_until": self.quiet_until.isoformat(),
            "held_at_once": self.held_at_once,
            "in_time": self.in_time,
            "passed": self.passed,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """What fair use will do to a campaign, by the rules of `version`.

    `passed_caps` are those for its class and channels that it passes, and `passed_one_per` is its
    choice of who is told for others, where it passes that.
    """

    version: int
    start: datetime
    waits: Sequence[Wait]
    passed_caps: int
    passed_one_per: OnePer | None = None

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        return {
            "rules_version": self.version,
            "start": self.start.isoformat(),
            "waits": [wait.as_dict() for wait in self.waits],
            "passed_caps": self.passed_caps,
            "passed_one_per": self.passed_one_per,
        }


class Waits:
    """Counts with the planner's own query; `time_zone` is the utility's own."""

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        audience: Audience,
        renderer: Renderer,
        time_zone: str,
    ) -> None:
        """Keep what it works with."""
        self._pool = pool
        self._audience = audience
        self._renderer = renderer
        self._time_zone = time_zone

    def foresee(
        self, campaign: int, now: datetime, counts: Mapping[tuple[Channel, str], int] | None = None
    ) -> Foreseen:
        """Say who is held, and until when, were it launched now; NotFoundError.

        `counts` says how many are told by channel and zone, where a forecast has counted them.
        Otherwise they are counted here, where quiet hours are for its class and channels, or some
        customers chose hours of their own.
        """
        with self._pool.connection() as connection:
            connection.execute(ONE_SNAPSHOT)
            connection.execute(_LIMITS)
            found = read(connection, campaign)
            course = Course(rules=in_force(connection), time_zone=self._time_zone)
            start = max(now, found.effective, found.scheduled_at or now)
            hours = [course.rules.hours(found.message_class, one) for one in found.channels]
            own = connection.execute(_OWN_HOURS).fetchone() == (True,)
            if not any(hours) and not own:
                counts = {}
            elif counts is None:
                counts = self._counts(connection, found, course, start)
            caps = applying(course.rules, found)
            passed = len(caps) if passes_caps(found) else 0
        return Foreseen(
            version=course.rules.version,
            start=start,
            waits=_waits(found, course, start, counts),
            passed_caps=passed,
            passed_one_per=passed_one_per(found),
        )

    def _counts(
        self, connection: Connection[Any], found: Plannable, course: Course, start: datetime
    ) -> Mapping[tuple[Channel, str], int]:
        found, condition = aim(self._audience, found)
        given = values(connection, found, condition, self._renderer)
        asked = fair(connection, found, course.rules, start)._replace(zoned=True)
        query = candidates(condition, found.channels, one_each=found.plan.one_each, given=asked)
        rows = connection.execute(_count(query, found), {**given, **asked.values()})
        return {
            (channel, zone): count
            for zone, *counts in rows.fetchall()
            for channel, count in zip(found.channels, counts, strict=True)
        }


def _waits(
    found: Plannable, course: Course, start: datetime, counts: Mapping[tuple[Channel, str], int]
) -> list[Wait]:
    waits = []
    for (channel, zone), count in sorted(
        counts.items(), key=lambda one: (one[0][1], found.channels.index(one[0][0]))
    ):
        quiet = course.quiet(start, found.message_class, channel, zone, found.lane)
        if count and quiet is not None:
            waits.append(
                Wait(
                    channel=channel,
                    zone=zone,
                    messages=count,
                    quiet_from=quiet.start,
                    quiet_until=quiet.end,
                    held_at_once=quiet.start <= start,
                    in_time=quiet.end < found.expires,
                    passed=passes(found.lane, found.message_class),
                )
            )
    return waits


def _count(query: LiteralString, found: Plannable) -> LiteralString:
    """Count by zone who is told on each channel; where one alone is, on the first that may."""
    counts: LiteralString = ""
    for place, channel in enumerate(found.channels):
        counts += ", count(*) FILTER (WHERE " + named("{c}_reason IS NULL", channel)
        for earlier in found.channels[:place] if found.plan.one_each else ():
            counts += named(" AND {c}_reason IS NOT NULL", earlier)
        counts += ")"
    head: LiteralString = "SELECT zone" + counts + " FROM ("  # noqa: S608  (names of ours)
    return head + query + ") AS candidate GROUP BY zone ORDER BY zone"
