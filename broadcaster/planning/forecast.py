"""What a campaign would be: who is told where, and who is left out and why; nothing is written."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel
from broadcaster.planning import contributions
from broadcaster.planning.candidates import ONE_SNAPSHOT, values, zoned
from broadcaster.planning.destinations import Destinations
from broadcaster.planning.fair import Fair, fair_now
from broadcaster.planning.followers import aim
from broadcaster.planning.foreseen import AtMost, Forecast, Preference, Told
from broadcaster.planning.groups import Group, Grouping, groups
from broadcaster.planning.measuring import UNSUBSCRIBE, Meter, Sizes, Sizing
from broadcaster.planning.openings import Openings
from broadcaster.planning.plannable import Plannable, read
from broadcaster.ports import NO_KEYS, Audience, Condition, Renderer, Vault

# What the groups of a million customers will be the planner can not foresee: it believes that there
# are as many as customers, and that handing so many rows on from one process to another costs more
# than it saves. They are some hundreds, and several processes halve the time.
_LIMITS = (
    "SET LOCAL statement_timeout = '5min'; SET LOCAL work_mem = '128MB'; "
    "SET LOCAL parallel_tuple_cost = 0; SET LOCAL parallel_setup_cost = 0"
)
_SAMPLES = "SELECT id, number FROM customer WHERE id = ANY(%s)"

#: How many customers are named for each reason.
_NAMED = 5
#: How many customers are rendered between two words about it.
_STEP = 5000


class Pattern(NamedTuple):
    """Some customers of one locale, and for each channel a reason (None: is told) and a place.

    `segments` are those of one SMS to one of them.
    """

    people: int
    locale: str
    reasons: tuple[str | None, ...]
    places: tuple[str, ...] = ()
    segments: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What is to be found out beside the counts: sizes of SMS, and where messages go.

    `progress` is told how many messages were rendered, where each one has to be.
    """

    advisory: Advisory
    destinations: Destinations = field(default_factory=Destinations)
    progress: Callable[[int], None] = lambda _: None


class Forecaster:
    """Counts with the planner's own query."""

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        audience: Audience,
        renderer: Renderer,
        sizing: Sizing | None = None,
        vault: Vault = NO_KEYS,
    ) -> None:
        """Keep what it works with; without `sizing` no SMS is measured."""
        self._openings = Openings(pool, vault)
        self._pool = pool
        self._audience = audience
        self._renderer = renderer
        self._sizing = sizing

    def forecast(
        self, campaign: int, survey: Survey | None = None, now: datetime | None = None
    ) -> Forecast:
        """Count what planning would make now, and measure it with a survey; NotFoundError.

        Caps count from `now` (none: the server's clock), or from when the campaign is to begin.
        Errors of the renderer where a message can not be made.
        """
        if survey is not None:
            self._learn(campaign, survey)
        with self._pool.connection() as connection:
            connection.execute(ONE_SNAPSHOT)
            connection.execute(_LIMITS)
            found = read(connection, campaign)
            found, condition = aim(self._audience, found)
            given = values(connection, found, condition, self._renderer)
            asked = zoned(fair_now(connection, found, now), given)
            look = _Look(connection, found, condition, {**given, **asked.values()}, asked)
            counting = self._counting(look, survey)
            counting.run(look, self._openings)
            return _sum(look, counting)

    def _learn(self, campaign: int, survey: Survey) -> None:
        """Have known of sealed people what this survey goes by; the rest stays sealed."""
        with self._pool.connection() as connection:
            found = read(connection, campaign)
        wanted = {Channel.SMS: True, Channel.EMAIL: bool(survey.destinations.domains)}
        wanted[Channel.PUSH] = bool(survey.destinations.hosts)
        channels = [channel for channel in found.channels if wanted[channel]]
        by_sms = Channel.SMS in channels and self._sizing is not None
        names = by_sms and "name" in self._renderer.fields(survey.advisory, Channel.SMS)
        self._openings.learn(channels, names=names)

    def _counting(self, look: "_Look", survey: Survey | None) -> "_Counting":
        if survey is None or self._sizing is None:
            return _Counting(Grouping(Destinations(), places=False), None, look)
        asked = self._renderer.fields(survey.advisory, Channel.SMS)
        fields = tuple(name for name in contributions.FIELDS if name in asked)
        people = sum(look.people)
        meter = Meter(
            self._renderer,
            self._sizing,
            survey.advisory,
            look.found.id,
            fields,
            people * len(look.found.channels),
        )
        by_sms = Channel.SMS in look.found.channels
        each = bool(by_sms and asked) and not meter.groupable(look.locales)
        grouping = Grouping(survey.destinations, fields, UNSUBSCRIBE in asked, whole=each)
        return _Counting(grouping, meter if by_sms else None, look, survey.progress)


class _Look(NamedTuple):
    """One look at the customers of a campaign."""

    connection: Connection[Any]
    found: Plannable
    condition: Condition
    given: Mapping[str, Any]
    fair: Fair

    @property
    def people(self) -> Sequence[int]:
        return self.given["plan_people"]  # type: ignore[no-any-return]  # (as `values` made it)

    @property
    def locales(self) -> Sequence[str]:
        """The locales in which somebody may be told."""
        return sorted({tag for tag in self.given["plan_chosen"] if tag is not None})


class _Counting:
    """Adds groups up to patterns."""

    def __init__(
        self,
        grouping: Grouping,
        meter: Meter | None,
        look: _Look,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.grouping = grouping
        self.meter = meter
        self.patterns: Counter[tuple[Any, ...]] = Counter()
        self.samples: dict[Reason, list[int]] = {}
        self.zones: Counter[tuple[Channel, str]] = Counter()
        self._found = look.found
        self._only = next(iter(look.given["plan_zones"]), "")
        self._progress = progress
        self._usual = tuple(grouping.destinations.usual(one) for one in look.found.channels)

    def run(self, look: _Look, openings: Openings) -> None:
        """Count all groups."""
        with groups(
            look.connection, look.found, (look.condition, look.fair), look.given, self.grouping
        ) as found:
            for done, group in enumerate(openings.opened(found), 1):
                places = tuple(
                    place or usual for place, usual in zip(group.places, self._usual, strict=True)
                )
                segments = self._segments(group)
                self.patterns[group.locale, group.reasons, places, segments] += group.people
                self._sample(group)
                for channel, reason in _told(self._found, group.reasons):
                    if reason is None:
                        self.zones[channel, group.zone or self._only] += group.people
                if self.grouping.whole and done % _STEP == 0:
                    self._progress(done)

    def _segments(self, group: Group) -> int:
        channels = self._found.channels
        if self.meter is None or group.locale is None:
            return 0
        if group.reasons[channels.index(Channel.SMS)] is not None:
            return 0
        told = dict(_told(self._found, group.reasons)).get(Channel.SMS, "") is None
        measure = self.meter.whole if self.grouping.whole else self.meter.size
        return measure(group, group.people if told else 0)

    def _sample(self, group: Group) -> None:
        for _, reason in _told(self._found, group.reasons):
            if reason is not None:
                named = self.samples.setdefault(Reason(reason), [])
                if len(named) < _NAMED and group.customer not in named:
                    named.append(group.customer)


def _sum(look: _Look, counting: _Counting) -> Forecast:
    found = look.found
    patterns = [Pattern(people, *key) for key, people in counting.patterns.items()]
    channels: Counter[Channel] = Counter()
    locales: Counter[str] = Counter()
    both: dict[Channel, Counter[str]] = {}
    left_out: dict[Channel, Counter[Reason]] = {}
    leaving: dict[tuple[Channel, str, str], Counter[str]] = {}
    for pattern in patterns:
        for channel, reason in _told(found, pattern.reasons):
            if reason is not None:
                left_out.setdefault(channel, Counter())[Reason(reason)] += pattern.people
                continue
            channels[channel] += pattern.people
            locales[pattern.locale] += pattern.people
            both.setdefault(channel, Counter())[pattern.locale] += pattern.people
            place = pattern.places[found.channels.index(channel)]
            units = pattern.segments if channel is Channel.SMS else 1
            row = leaving.setdefault((channel, pattern.locale, place), Counter())
            row.update(messages=pattern.people, units=pattern.people * units)
    suppressed: Counter[Reason] = Counter()
    for counts in left_out.values():
        suppressed += counts
    told = [Told(*key, row["messages"], row["units"]) for key, row in sorted(leaving.items())]
    return Forecast(
        campaign=found.name,
        customers=sum(pattern.people for pattern in patterns),
        reached=sum(pattern.people for pattern in patterns if None in pattern.reasons),
        targeted=channels.total() + suppressed.total(),
        channels=channels,
        locales=locales,
        by_channel_and_locale=both,
        suppressed=suppressed,
        plan=found.plan,
        steps=_steps(found, patterns) if found.plan is ChannelPlan.ESCALATE else (),
        left_out=left_out,
        segments=sum(row.units for row in told if row.channel is Channel.SMS),
        told=told,
        preferences=_preferences(look.given),
        samples=_samples(look.connection, counting.samples),
        sizes=counting.meter.sizes if counting.meter else Sizes(),
        each=counting.grouping.whole,
        zones=counting.zones,
    )


def _preferences(given: Mapping[str, Any]) -> Sequence[Preference]:
    rows = zip(given["plan_tags"], given["plan_chosen"], given["plan_people"], strict=True)
    found = [Preference(tuple(tags), chosen, people) for tags, chosen, people in rows]
    return sorted(found, key=lambda one: (-one.people, one.preferred))


def _samples(
    connection: Connection[Any], wanted: Mapping[Reason, Sequence[int]]
) -> Mapping[Reason, Sequence[str]]:
    ids = sorted({one for some in wanted.values() for one in some})
    numbers = dict(connection.execute(_SAMPLES, [ids]).fetchall())
    # Erased since the count, if it is not there.
    return {
        reason: sorted(numbers[one] for one in some if one in numbers)
        for reason, some in wanted.items()
    }


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
        segments = 0
        for which, pattern in enumerate(patterns):
            if places[which] < step and None in pattern.reasons[step:]:
                places[which] = pattern.reasons.index(None, step)
                channel = found.channels[places[which]]
                counts[channel] += pattern.people
                segments += pattern.people * pattern.segments * (channel is Channel.SMS)
        steps.append(AtMost(step=step + 1, after=after, channels=counts, segments=segments))
    return steps
