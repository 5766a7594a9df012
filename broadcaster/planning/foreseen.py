"""The figures of a forecast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel
from broadcaster.planning.measuring import Sizes


@dataclass(frozen=True, kw_only=True, slots=True)
class AtMost:
    """The most that a step of an escalation tells, by channel, and how many minutes it waits.

    `segments` are those of its SMS.
    """

    step: int
    after: int
    channels: Mapping[Channel, int]
    segments: int = 0

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        counts = {channel.value: count for channel, count in self.channels.items()}
        return {"step": self.step, "after_minutes": self.after, "at_most": counts}


class Told(NamedTuple):
    """Messages that go by one channel to places that are treated alike; `units` together."""

    channel: Channel
    locale: str
    place: str
    messages: int
    units: int


class Preference(NamedTuple):
    """How many people of the segment have a list of preferred locales, and which one they get."""

    preferred: tuple[str, ...]
    chosen: str | None
    people: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Counts of deliveries; `targeted` has one for each customer and channel.

    `customers` counts people; `reached` those of them who are told on one channel at least. Where a
    campaign escalates, these are the counts of its start, and `steps` has the most that each step
    can tell: all of them if nobody confirms anything.

    `segments` are those of all SMS together, 0 where they were not measured; `told` says by
    channel, locale and place what leaves. `left_out` counts who is left out by channel and reason,
    and `samples` names some of them for each reason. With `each` every SMS was rendered. `zones`
    counts who is told by channel and time zone.
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
    left_out: Mapping[Channel, Mapping[Reason, int]] = field(default_factory=dict)
    segments: int = 0
    told: Sequence[Told] = ()
    preferences: Sequence[Preference] = ()
    samples: Mapping[Reason, Sequence[str]] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=Sizes)
    each: bool = False
    zones: Mapping[tuple[Channel, str], int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Give the counts as JSON values."""
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
