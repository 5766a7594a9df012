"""What a campaign would be: who is told where, and who is left out and why; nothing is written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel
from broadcaster.planning.candidates import candidates, named, values
from broadcaster.planning.fair import Fair, fair_now
from broadcaster.planning.plannable import Plannable, read
from broadcaster.ports import Audience, Condition, Renderer

_LIMITS = "SET LOCAL statement_timeout = '5min'; SET LOCAL work_mem = '128MB'"


@dataclass(frozen=True, kw_only=True, slots=True)
class AtMost:
    """The most that a step of an escalation tells, by channel, and how many minutes it waits."""

    step: int
    after: int
    channels: Mapping[Channel, int]

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        counts = {channel.value: count for channel, count in self.channels.items()}
        return {"step": self.step, "after_minutes": self.after, "at_most": counts}


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Counts of deliveries; `targeted` has one for each customer and channel.

    `customers` counts people; `reached` those of them who are told on one channel at least. Where a
    campaign escalates, these are the counts of its start, and `steps` has the most that each step
    can tell: all of them if nobody confirms anything.
    """

    campaign: str
    customers: int
    reached: int
    targeted: int
    channels: Mapping[Channel, int]
    locales: Mapping[str, int]
    by_channel_and_locale: Mapping[Channel, Mapping[str, int]]
    suppressed: Mapping[Reason, int]
    plan: ChannelPlan
    steps: Sequence[AtMost]

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        return {
            "campaign": self.campaign,
            "customers": self.customers,
            "reached": self.reached,
            "targeted": self.targeted,
            "channels": {channel.value: count for channel, count in self.channels.items()},
            "locales": dict(self.locales),
            "by_channel_and_locale": {
                channel.value: dict(counts)
                for channel, counts in self.by_channel_and_locale.items()
            },
            "suppressed": {reason.value: count for reason, count in self.suppressed.items()},
            "plan": self.plan.value,
            "steps": [step.as_dict() for step in self.steps],
        }


#: How many customers share a locale and a list of reasons, one for each channel, None: is told.
Pattern = tuple[int, str, tuple[str | None, ...]]


class Forecaster:
    """Counts with the planner's own query."""

    def __init__(
        self, pool: ConnectionPool[Connection[Any]], audience: Audience, renderer: Renderer
    ) -> None:
        """Keep what it works with."""
        self._pool = pool
        self._audience = audience
        self._renderer = renderer

    def forecast(self, campaign: int) -> Forecast:
        """Count what planning would make now; NotFoundError."""
        with self._pool.connection() as connection:
            connection.execute(_LIMITS)
            found = read(connection, campaign)
            condition = self._audience.condition(found.expression)
            given = values(connection, found, condition, self._renderer)
            asked = fair_now(connection, found)
            query = _query(condition, found, asked)
            rows = connection.execute(query, {**given, **asked.values()}).fetchall()
        return _sum(found, [(row[0], row[1], row[2:]) for row in rows])


def _query(condition: Condition, found: Plannable, asked: Fair) -> LiteralString:
    reasons: LiteralString = ""
    for channel in found.channels:
        reasons += named(", {c}_reason", channel)
    # Few rows, whatever the number of customers: one for each locale and pattern of reasons.
    head: LiteralString = "SELECT count(*), locale" + reasons + " FROM ("  # noqa: S608  (names of ours)
    tail: LiteralString = ") AS candidate GROUP BY locale" + reasons
    one_each = found.plan.one_each
    return head + candidates(condition, found.channels, one_each=one_each, given=asked) + tail


def _sum(found: Plannable, patterns: Sequence[Pattern]) -> Forecast:
    channels: Counter[Channel] = Counter()
    locales: Counter[str] = Counter()
    both: dict[Channel, Counter[str]] = {}
    suppressed: Counter[Reason] = Counter()
    for count, locale, reasons in patterns:
        for channel, reason in _told(found, reasons):
            if reason is not None:
                suppressed[Reason(reason)] += count
                continue
            channels[channel] += count
            locales[locale] += count
            both.setdefault(channel, Counter())[locale] += count
    return Forecast(
        campaign=found.name,
        customers=sum(count for count, _, _ in patterns),
        reached=sum(count for count, _, reasons in patterns if None in reasons),
        targeted=channels.total() + suppressed.total(),
        channels=channels,
        locales=locales,
        by_channel_and_locale=both,
        suppressed=suppressed,
        plan=found.plan,
        steps=_steps(found, patterns) if found.plan is ChannelPlan.ESCALATE else (),
    )


def _told(found: Plannable, reasons: Sequence[str | None]) -> Sequence[tuple[Channel, str | None]]:
    """Give the channels on which a customer is told or left out, as the plan has it."""
    pairs = list(zip(found.channels, reasons, strict=True))
    if found.plan.one_each and None in reasons:
        return [pairs[reasons.index(None)]]
    return pairs


def _steps(found: Plannable, patterns: Sequence[Pattern]) -> Sequence[AtMost]:
    """Play it through for customers of whom none confirms anything."""
    places = [-1] * len(patterns)
    steps = []
    for step, after in enumerate((0, *found.escalate_after)):
        counts: Counter[Channel] = Counter()
        for which, (count, _, reasons) in enumerate(patterns):
            if places[which] < step and None in reasons[step:]:
                places[which] = reasons.index(None, step)
                counts[found.channels[places[which]]] += count
        steps.append(AtMost(step=step + 1, after=after, channels=counts))
    return steps
