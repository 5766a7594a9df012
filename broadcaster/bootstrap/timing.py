"""The time that a campaign takes at the present limits, beside others that share them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from broadcaster.bootstrap.ways import Ways
from broadcaster.domain import duration
from broadcaster.domain.duration import Flow, Others, Pause
from broadcaster.domain.message import Channel, Lane

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.advisory import Advisory
    from broadcaster.domain.campaign import Campaign
    from broadcaster.planning.foreseen import Forecast

# ruff: noqa: PLC0415  (adapters are imported where they are used)


def pauses(campaign: "Campaign", advisory: "Advisory") -> Sequence[Pause]:
    """Give the times in which nothing of a campaign may leave, beside what limits it.

    The one place where quiet hours enter the forecast of the time to finish.
    """
    del campaign, advisory
    return ()


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
    start: datetime,
) -> dict[str, Any]:
    """Say how long each channel takes, and all of them, at least and at most."""
    others, names = _others(runtime, campaign, ways)
    speeds = runtime.backlog.lately()
    urgent = campaign.lane is Lane.URGENT
    quiet = pauses(campaign, advisory)

    def span(some: Sequence[Flow], channel: Channel | None) -> dict[str, Any]:
        low = duration.least(some, ways.rates)
        high = duration.most(some, others, ways.rates, urgent=urgent)
        seconds, most = low.seconds, max(low.seconds, high.seconds)
        limit, unlimited = high.limit or low.limit, sum(f.messages for f in some if not f.limits)
        speed = speeds.get(channel) if channel else None
        ours = duration.own(unlimited, speed)
        if ours > most:
            most, limit = ours, "our own speed, as of late"
        ends = [duration.finish(start, one, quiet) for one in (seconds, most)]
        return {
            "seconds": [round(seconds, 1), round(most, 1)],
            "limited_by": limit,
            "rate": ways.rates.get(limit or ""),
            "lately": speed and round(speed, 1),
            # Nothing limits it, and nothing was sent of late: nobody knows how long it takes.
            "known": not (unlimited and not speed),
            "finishes": [end.isoformat() for end in ends],
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
    whole = max(by_channel.values(), key=lambda one: one["seconds"][1], default=span([], None))
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
