"""What no single change tells: how a campaign gets on, and a limit that lets nothing through."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from broadcaster.domain.campaign import Campaign, CampaignStatus
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import Channel
from broadcaster.domain.webhook import EventType
from broadcaster.errors import BroadcasterError
from broadcaster.ports import Clock, Standing
from broadcaster.webhooks.outbox import Outbox

#: A limit starves that lets less than this part of its rate through while somebody waits, or
#: nothing, at two looks one after the other.
_STARVED = 0.25
#: The most campaigns that are looked at together.
_MOST = 50
_PROGRESS, _LIMITS = "progress", "limits"

Seen = tuple[EventType, int | None, Mapping[str, object]]


class Counts(Protocol):
    """A campaign's deliveries, counted."""

    @property
    def channels(self) -> Mapping[Channel, Mapping[DeliveryStatus, int]]:
        """By channel and status."""
        ...


class Looking:
    """Looks now and then, and writes down what endpoints want to know."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        campaigns: Callable[[int | None, int, CampaignStatus], Sequence[Campaign]],
        counts: Callable[[int], Counts],
        standing: Callable[[], Sequence[Standing]],
        clock: Clock,
        every: timedelta,
    ) -> None:
        """Look at campaigns at most `every` so often."""
        self._outbox = outbox
        self._campaigns = campaigns
        self._counts = counts
        self._standing = standing
        self._clock = clock
        self._every = every

    def look(self) -> None:
        """Look at what some endpoint wants, unless it was looked at just now."""
        wanted, now = self._outbox.wanted(), self._clock.now()
        if wanted & {EventType.PROGRESS, EventType.DOUBT}:
            self._look_at_campaigns(wanted, now)
        if EventType.STARVING in wanted:
            self._look_at_limits(now)

    def _look_at_campaigns(self, wanted: frozenset[str], now: datetime) -> None:
        seen = self._outbox.look(_PROGRESS, self._every, now)
        if seen is None:
            return
        running = self._campaigns(None, _MOST, CampaignStatus.RUNNING)
        # Once more after its end: what came last is told too.
        others = [int(one) for one in seen if int(one) not in {each.id for each in running}]
        found: dict[str, object] = {}
        events: list[Seen] = []
        for number in [*(one.id for one in running), *others]:
            counts = self._counts(number).channels
            figures = {
                channel.value: {status.value: count for status, count in row.items()}
                for channel, row in counts.items()
            }
            if number not in others:
                found[str(number)] = figures
            before = seen.get(str(number))
            events += _changes(number, before or {}, figures, wanted, new=before != figures)
        self._outbox.tell(_PROGRESS, found, events)

    def _look_at_limits(self, now: datetime) -> None:
        seen = self._outbox.look(_LIMITS, self._every, now)
        if seen is None:
            return
        try:
            rows = self._standing()
        except BroadcasterError:
            rows = []
        starved = {
            one.name: one
            for one in rows
            if (one.urgent or one.routine) and (one.paused or one.allowed < one.rate * _STARVED)
        }
        # Told once, at the second look; again only after it was well.
        states = {name: min(2, int(seen.get(name, 0)) + 1) for name in starved}
        events: list[Seen] = [
            (EventType.STARVING, None, _limit(starved[name]))
            for name, state in states.items()
            if state == 2 and seen.get(name) == 1  # noqa: PLR2004  (the second look)
        ]
        self._outbox.tell(_LIMITS, states, events)


def _changes(
    campaign: int,
    before: Mapping[str, Mapping[str, int]],
    figures: Mapping[str, Mapping[str, int]],
    wanted: frozenset[str],
    *,
    new: bool,
) -> list[Seen]:
    events: list[Seen] = []
    if new and EventType.PROGRESS in wanted:
        told = {"campaign": campaign, "channels": figures}
        events.append((EventType.PROGRESS, campaign, told))
    doubt = sum(row.get(DeliveryStatus.UNKNOWN, 0) for row in figures.values())
    former = sum(row.get(DeliveryStatus.UNKNOWN, 0) for row in before.values())
    if doubt > former and EventType.DOUBT in wanted:
        events.append((EventType.DOUBT, campaign, {"campaign": campaign, "in_doubt": doubt}))
    return events


def _limit(one: Standing) -> Mapping[str, object]:
    return {
        "limit": one.name,
        "rate": one.rate if one.rate != float("inf") else None,
        "allowed": one.allowed if one.allowed != float("inf") else None,
        "urgent_waiting": one.urgent,
        "routine_waiting": one.routine,
        "paused": round(one.paused, 3),
    }
