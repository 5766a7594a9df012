"""The time that a campaign takes at the present limits, beside others that share them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from broadcaster.bootstrap.ways import Ways
from broadcaster.domain import duration
from broadcaster.domain.duration import Flow, Others, Pause
from broadcaster.domain.fairness import Course, passes
from broadcaster.domain.message import Channel, Lane
from broadcaster.domain.saying import said

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.advisory import Advisory
    from broadcaster.domain.campaign import Campaign
    from broadcaster.planning.foreseen import Forecast

# ruff: noqa: PLC0415  (adapters are imported where they are used)


#: How many nights are looked at; what takes longer has expired.
_NIGHTS = 100
#: What limits where no network does.
OWN_SPEED = said("our own speed, as of late")


class Part(NamedTuple):
    """What leaves by a channel in a zone: its part of all by it, and when none of it leaves."""

    share: float
    pauses: Sequence[Pause]


def parts(
    runtime: "Runtime",
    campaign: "Campaign",
    advisory: "Advisory",
    zones: Mapping[tuple[Channel, str], int],
    start: datetime,
) -> Mapping[Channel, Sequence[Part]]:
    """Divide what each channel has to send by zones, with their quiet hours until it expires.

    The one place where quiet hours enter the forecast of the time to finish.
    """
    course = Course(rules=runtime.fairness.rules(), time_zone=runtime.settings.time_zone)
    whole: Counter[Channel] = Counter()
    for (channel, _), messages in zones.items():
        whole[channel] += messages
    found: dict[Channel, list[Part]] = {}
    for (channel, zone), messages in sorted(zones.items()):
        quiet: list[Pause] = []
        moment = start
        while len(quiet) < _NIGHTS and not passes(campaign.lane, advisory.message_class):
            rest = course.quiet(moment, advisory.message_class, channel, zone, campaign.lane)
            if rest is None or rest.start >= advisory.expires:
                break
            quiet.append((rest.start, rest.end))
            moment = rest.end
        found.setdefault(channel, []).append(Part(messages / whole[channel], quiet))
    return found


def _ends(start: datetime, least: float, most: float, own: Sequence[Part]) -> list[datetime]:
    """Say when it ends at the earliest and at the latest.

    Each zone needs its share of the least time while it is awake. It has all of the most time when
    its turn comes last: others work while it is awake, but not longer than they need.
    """
    ends = [start + timedelta(seconds=least), start + timedelta(seconds=most)]
    for part in own:
        ends[0] = max(ends[0], duration.finish(start, least * part.share, part.pauses))
        ends[1] = max(ends[1], duration.finish(start, most, part.pauses))
    return ends


def flows(foreseen: "Forecast", ways: Ways) -> list[Flow]:
    """Give what leaves by channel, as far as it wants the same limits."""
    sums: dict[tuple[str, tuple[str, ...]], Counter[str]] = {}
    for told in foreseen.told:
        key = (told.channel.value, ways.of(told.channel, told.place).limits)
        sums.setdefault(key, Counter()).update(messages=told.messages, units=told.units)
    return [Flow(*key, row["messages"], row["units"]) for key, row in sums.items()]


def time(
    runtime: "Runtime",
    campaign: "Campaign",
    advisory: "Advisory",
    ways: Ways,
    flows: Sequence[Flow],
    zones: Mapping[tuple[Channel, str], int],
    start: datetime,
) -> dict[str, Any]:
    """Say how long each channel takes, and all of them, at least and at most.

    `zones` counts who is told by channel and time zone. `seconds` are those of work; `finishes`
    counts quiet hours too.
    """
    others, names = _others(runtime, campaign, ways)
    speeds = runtime.backlog.lately()
    urgent = campaign.lane is Lane.URGENT
    quiet = parts(runtime, campaign, advisory, zones, start)

    def span(some: Sequence[Flow], channel: Channel | None) -> dict[str, Any]:
        low = duration.least(some, ways.rates)
        high = duration.most(some, others, ways.rates, urgent=urgent)
        seconds, most = low.seconds, max(low.seconds, high.seconds)
        limit, unlimited = high.limit or low.limit, sum(f.messages for f in some if not f.limits)
        speed = speeds.get(channel) if channel else None
        ours = duration.own(unlimited, speed)
        if ours > most:
            most, limit = ours, OWN_SPEED
        own = quiet.get(channel, ()) if channel else ()
        ends = _ends(start, seconds, most, own)
        unsent = [
            part.share * duration.left(start, advisory.expires, most, part.pauses)
            for part in own or (Part(1.0, ()),)
        ]
        return {
            "seconds": [round(seconds, 1), round(most, 1)],
            "limited_by": limit,
            "rate": ways.rates.get(limit or ""),
            "lately": speed and round(speed, 1),
            # Nothing limits it, and nothing was sent of late: nobody knows how long it takes.
            "known": not (unlimited and not speed),
            "finishes": [end.isoformat() for end in ends],
            # The part that has not left when the advisory expires, at most.
            "unsent": round(sum(unsent), 4),
            "late": "yes"
            if ends[0] > advisory.expires
            else "maybe"
            if ends[1] > advisory.expires
            else "no",
        }

    by_channel = {
        channel.value: span([flow for flow in flows if flow.channel == channel], channel)
        for channel in campaign.channels
        if any(flow.channel == channel for flow in flows)
    }
    whole = max(
        by_channel.values(),
        key=lambda one: (datetime.fromisoformat(one["finishes"][1]), one["seconds"][1]),
        default=span([], None),
    )
    return {
        **{name: whole[name] for name in ("limited_by", "rate", "late", "finishes")},
        "seconds": [
            max((one["seconds"][n] for one in by_channel.values()), default=0.0) for n in (0, 1)
        ],
        "known": all(one["known"] for one in by_channel.values()),
        "starts": start.isoformat(),
        "expires": advisory.expires.isoformat(),
        "channels": by_channel,
        "others": names,
    }


def _others(runtime: "Runtime", campaign: "Campaign", ways: Ways) -> tuple[Others, list[str]]:
    """Give what other campaigns have still to send, as if it all went to the usual places."""
    from broadcaster.planning.destinations import Destinations

    places = Destinations(home=ways.destinations(()).home)
    lanes: dict[Lane, list[Flow]] = {Lane.URGENT: [], Lane.ROUTINE: []}
    names = []
    for waiting in runtime.backlog.waiting(campaign.id):
        limits = ways.of(waiting.channel, places.usual(waiting.channel)).limits
        flow = Flow(waiting.channel.value, limits, waiting.messages, waiting.units)
        lanes[waiting.lane].append(flow)
        names.append(waiting.campaign)
    others = Others(urgent=lanes[Lane.URGENT], routine=lanes[Lane.ROUTINE])
    return others, sorted(set(names))
