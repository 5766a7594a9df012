"""Fair use: how often and when customers may be told, by class and channel; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from broadcaster.domain.hours import (
    FURTHEST,
    Hours,
    Rest,
    Span,
    next_allowed,
    next_quiet,
    rest,
    zone_of,
)
from broadcaster.domain.message import Channel, Lane, MessageClass
from broadcaster.domain.own_hours import parted


class OnePer(StrEnum):
    """Who gets no message of their own because somebody near them gets it."""

    #: Every customer is told; an address that several have gets the message once all the same.
    CUSTOMER = "customer"
    #: Of customers who share an address on one of the campaign's channels, the first alone.
    ADDRESS = "address"
    #: Of customers with one household key, one alone; and an address once.
    HOUSEHOLD = "household"


@dataclass(frozen=True, kw_only=True, slots=True)
class Quiet:
    """A range in which messages of some classes do not leave on some channels."""

    classes: frozenset[MessageClass]
    channels: frozenset[Channel]
    span: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Cap:
    """At most so many messages of a class to a customer in any so many days.

    Counted on one channel, or with None over all of them.
    """

    message_class: MessageClass
    channel: Channel | None
    most: int
    days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What is in force; version 0 is that nothing was ever set, and nothing is quiet or capped."""

    version: int = 0
    quiet: tuple[Quiet, ...] = ()
    holidays: frozenset[date] = frozenset()
    caps: tuple[Cap, ...] = ()

    def hours(self, message_class: MessageClass, channel: Channel) -> Hours:
        """Give the quiet hours of a class on a channel."""
        spans = tuple(
            one.span
            for one in self.quiet
            if message_class in one.classes and channel in one.channels
        )
        return Hours(spans=spans, holidays=self.holidays)

    def caps_on(self, message_class: MessageClass, channels: Sequence[Channel]) -> tuple[Cap, ...]:
        """Give the caps that a campaign of a class on some channels is under."""
        return tuple(
            cap
            for cap in self.caps
            if cap.message_class is message_class
            and (cap.channel is None or cap.channel in channels)
        )


def outlasting(rules: Rules, days: Mapping[str, int]) -> Cap | None:
    """Give the first cap with a longer period than the people of its class's campaigns are kept.

    Whom it leaves out would be told again as soon as they are forgotten. `days` are by class; what
    is not in it is kept for good.
    """
    return next(
        (cap for cap in rules.caps if cap.days > days.get(cap.message_class.value, cap.days)), None
    )


def passes(lane: Lane, message_class: MessageClass) -> bool:
    """Tell whether a campaign passes quiet hours and caps: what protects life and can't wait.

    Both are needed. The lane alone says how fast, and is chosen by whoever makes the campaign.
    """
    return lane is Lane.URGENT and message_class is MessageClass.SAFETY


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """When messages rest, by class, lane and zone: the rules, and the utility's own zone.

    A zone may carry hours that its customers chose (`own_hours.parted`); they count for what is
    neither urgent nor protects life.
    """

    rules: Rules
    time_zone: str

    def rest(
        self,
        moment: datetime,
        message_class: MessageClass,
        lane: Lane,
        channel: Channel,
        zone: str | None,
    ) -> Rest | None:
        """Give the quiet time at a moment or the next one; None for what passes it."""
        if passes(lane, message_class):
            return None
        hours, place = self._hours(message_class, lane, channel, zone)
        return rest(moment, place, hours)

    def passed(
        self,
        moment: datetime,
        message_class: MessageClass,
        lane: Lane,
        channel: Channel,
        zone: str | None,
    ) -> datetime | None:
        """Say when the quiet time begins that a campaign passes; None where it passes none."""
        if not passes(lane, message_class):
            return None
        found = self.quiet(moment, message_class, channel, zone, lane)
        return None if found is None else found.start

    def quiet(
        self,
        moment: datetime,
        message_class: MessageClass,
        channel: Channel,
        zone: str | None,
        lane: Lane = Lane.ROUTINE,
    ) -> Rest | None:
        """Give the quiet time at a moment or the next within a week, whoever passes it."""
        hours, place = self._hours(message_class, lane, channel, zone)
        start = next_quiet(moment, place, hours, _WEEK) if hours else None
        if start is None:
            return None
        return Rest(start=start, end=next_allowed(start, place, hours) or start + FURTHEST)

    def _hours(
        self, message_class: MessageClass, lane: Lane, channel: Channel, zone: str | None
    ) -> tuple[Hours, tzinfo]:
        """Give the quiet hours that count in a zone, and by which clock."""
        name, own = parted(zone)
        hours = self.rules.hours(message_class, channel)
        if own and lane is Lane.ROUTINE and message_class is not MessageClass.SAFETY:
            hours = Hours(spans=(*hours.spans, own.span), holidays=hours.holidays)
        return hours, zone_of(name, self.time_zone)


#: A week and the day that it may begin with.
_WEEK = timedelta(days=8)
