"""Mail end to end, against smtp-source, libraries alone, and a task for each recipient.

Real servers and Celery workers; a bare sink that records takes everything, and what it recorded is
compared with the ledger, one for one.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import _chart, _frame, _processor, _tools
from benchmarks._race import Others, Track
from benchmarks._sinks import Sink, sink
from benchmarks._world import CHILDREN, mail_settings, world

_NAME = "end_to_end_email"
#: Connections of one of our worker children; smtp-source has as many as all children together,
#: or whatever number serves it best.
_CONNECTIONS = 8
_SESSIONS = (4, 8, 16, 32)


def measure(wished: _frame.Wishes) -> _frame.Result:
    """Race the ways."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        target = stack.enter_context(sink("smtp", folder / "received"))
        made = stack.enter_context(world(mail_settings(target.port, _CONNECTIONS)))
        track = Track(made, target, "email", wished)
        track.warm()
        others = Others(track, stack, wished)
        ways = {"ours": track.ours, "libraries": others.libraries, "task each": others.each}
        best = 0
        spent: dict[str, list[float]] = {}
        if _tools.tool("smtp-source"):
            octets = track.octets()
            best = max(_SESSIONS, key=lambda sessions: _source(target, sessions, octets, 4000))
            count = 60_000 if wished.full else 20_000
            spent["smtp-source"] = []
            ways["smtp-source"] = lambda: _source(target, best, octets, count, spent["smtp-source"])
        rates = _frame.interleaved(ways, wished.rounds())
    ratios = [
        _frame.Ratio(
            name="ours / a task for each recipient",
            value=_frame.ratio(rates["ours"], rates["task each"]),
            at_least=40,
        ),
        _frame.Ratio(
            name="ours / libraries alone, without ledger",
            value=_frame.ratio(rates["ours"], rates["libraries"]),
        ),
    ]
    notes = []
    if best:
        value = _frame.ratio(rates["ours"], rates["smtp-source"])
        ratios.insert(0, _frame.Ratio(name="ours / smtp-source", value=value, at_least=0.8))
    else:
        notes.append(_tools.missing("smtp-source"))
    course = track.courses[-1]
    return _frame.Result(
        name=_NAME,
        title="Mail, end to end, mails a second",
        full=wished.full,
        ratios=ratios,
        figures=[
            *_frame.rates_shown(rates, {"ours": track.spent, **others.spent, **spent}),
            track.shown(),
        ],
        sizes={
            "mails of a run of ours": track.count,
            "octets of a mail": track.octets(),
            "children": CHILDREN,
            "connections of a child": _CONNECTIONS,
            "sessions of smtp-source": best,
            "launch to plan, s": course.planned - course.launched,
            "launch to first mail, s": track.arrivals[-1].first - course.launched,
        },
        notes=notes,
    )


def _source(
    target: Sink, sessions: int, octets: int, count: int, spent: list[float] | None = None
) -> float:
    target.reset()
    before = _processor.of_ended_children()
    _tools.smtp_source(target.port, mails=count, sessions=sessions, octets=octets)
    if spent is not None:
        spent.append((_processor.of_ended_children() - before) / count)
    arrivals = target.arrivals()
    target.recorded()
    return arrivals.count / arrivals.seconds


def main() -> None:
    """Measure, print, keep."""
    wished = _frame.wishes(__doc__)
    result = measure(wished)
    if _frame.publish(result, wished):
        _chart.rates(result, _frame.PICTURES / f"bench-{_NAME}.svg")


if __name__ == "__main__":
    main()
