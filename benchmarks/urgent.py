"""How soon urgent work overtakes routine work that is at its limit, and how much it gets.

A routine campaign runs at its limit; then an urgent one is launched. Measured at the sink: the time
from its launch to its first message, and its share of what arrives from there to its end.
"""

import time
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks import _chart, _frame
from benchmarks._sink import SPAN
from benchmarks._sinks import Arrivals, Sink, sink
from benchmarks._world import CHILDREN, World, mail_settings, world

_NAME = "urgent"
#: The limit, mails a second, so low that what limits is the limit and not the machine.
_LIMIT = 100
#: How long the routine campaign runs alone, and how many seconds of the limit the urgent one wants.
_ALONE, _URGENT = 3.0, 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Overtaking:
    """What was seen of it."""

    first: float
    share: float
    used: float


def measure(wished: _frame.Wishes) -> tuple[_frame.Result, list[list[float]], list[list[float]]]:
    """Launch an urgent campaign into a routine one, some times."""
    limit = wished.count or _LIMIT
    rounds = wished.rounds()
    seen: list[Overtaking] = []
    with ExitStack() as stack:
        target = stack.enter_context(sink("smtp"))
        limits = {"BROADCASTER_LIMITS": f"smtp={limit}"}
        made = stack.enter_context(world({**mail_settings(target.port), **limits}))
        wait = 30 + rounds * (_ALONE + _URGENT * 2)
        made.people(int(limit * wait) + 1000)
        made.start(urgent=True)
        routine = made.approved("email", int(limit * wait))
        made.launch(routine)
        _until_full(target, limit)
        for _ in range(rounds):
            time.sleep(_ALONE)
            seen.append(_overtaken(made, target, limit))
        arrivals = target.arrivals()
    result = _frame.Result(
        name=_NAME,
        title="Urgent mail while a routine campaign is at its limit",
        full=wished.full,
        ratios=[
            _frame.Ratio(
                name="launch to first urgent message at the sink, slowest",
                value=max(one.first for one in seen),
                at_most=2,
                unit=" s",
            ),
            _frame.Ratio(
                name="urgent's share of what arrived until it was done, least",
                value=100 * min(one.share for one in seen),
                at_least=90,
                unit=" %",
            ),
        ],
        figures=[
            {
                "first, s": round(one.first, 3),
                "share, %": round(100 * one.share, 1),
                "used of the limit, %": round(100 * one.used, 1),
            }
            for one in seen
        ],
        sizes={"limit a second": limit, "urgent mails": limit * _URGENT, "children": CHILDREN + 1},
    )
    return (
        result,
        _series(arrivals, str(routine), same=True),
        _series(arrivals, str(routine), same=False),
    )


def _until_full(target: Sink, limit: int, seconds: float = 60) -> None:
    """Wait until the routine campaign has come to its limit, or as near as it gets."""
    deadline = time.monotonic() + seconds
    while target.arrivals().count < limit * 3:
        assert time.monotonic() < deadline, "the routine campaign did not come to its limit"
        time.sleep(0.2)


def _overtaken(made: World, target: Sink, limit: int) -> Overtaking:
    campaign = made.approved("email", limit * _URGENT, lane="urgent")
    launched = made.launch(campaign)
    made.course(campaign, launched, seconds=120)
    return overtaking(target.arrivals(), str(campaign), launched, limit)


def overtaking(arrivals: Arrivals, label: str, launched: float, limit: int) -> Overtaking:
    """Work out what was seen: shares count whole spans between its first and last message."""
    spans = [span for name, span, _ in arrivals.spans if name == label]
    since, until = (min(spans) + 1) * SPAN, max(spans) * SPAN
    mine, all_ = (arrivals.within(since + SPAN / 2, until + SPAN / 2, who) for who in (label, None))
    return Overtaking(
        first=arrivals.firsts[label] - launched,
        share=mine / all_,
        used=all_ / (limit * (until - since)),
    )


def _series(arrivals: Arrivals, routine: str, *, same: bool) -> list[list[float]]:
    """Give arrivals a second by time, of the routine campaign or of the others."""
    begin = int(arrivals.first)
    counts = [0.0] * (int(arrivals.last) - begin + 1)
    for name, span, count in arrivals.spans:
        if (name == routine) is same:
            counts[int(span * SPAN + SPAN / 2) - begin] += count
    return [[float(second), count] for second, count in enumerate(counts)]


def main() -> None:
    """Measure, print, keep."""
    wished = _frame.wishes(__doc__)
    result, routine, urgent = measure(wished)
    if _frame.publish(result, wished):
        panel = _chart.Panel(title="mails a second", series={"routine": routine, "urgent": urgent})
        note = f"one limit of {result.sizes['limit a second']} a second for both"
        path = _frame.PICTURES / f"bench-{_NAME}.svg"
        _chart.lines(result.title, note, [panel], path)


if __name__ == "__main__":
    main()
