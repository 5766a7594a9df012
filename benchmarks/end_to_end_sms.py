"""SMS end to end: our own HTTP client against a library's in the same system, and the other ways.

Real servers and Celery workers; a bare sink that answers as Twilio does takes everything, and what
it recorded is compared with the ledger, one for one.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import _chart, _frame, _tools
from benchmarks._race import Others, Track
from benchmarks._sinks import Sink, sink
from benchmarks._world import CHILDREN, sms_settings, world

_NAME = "end_to_end_sms"
_SESSIONS = 64

_SCRIPT = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "Basic QUMwOnRva2Vu"
wrk.body = "To=%2B212600000001&From=LYDEC&Body=" .. string.rep("x", {octets})
"""


def measure(wished: _frame.Wishes) -> _frame.Result:
    """Race the ways."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tracks = {}
        for client in ("wire", "library"):
            target = stack.enter_context(sink("sms", folder / client))
            made = stack.enter_context(world(sms_settings(target.port, client)))
            tracks[client] = Track(made, target, "sms", wished)
            tracks[client].warm()
        wire = tracks["wire"]
        others = Others(wire, stack, wished)
        ways = {
            "ours, own client": wire.ours,
            "ours, Twilio's library": tracks["library"].ours,
            "libraries": others.libraries,
            "task each": others.each,
        }
        notes = []
        if _tools.tool("wrk"):
            script = folder / "post.lua"
            script.write_text(_SCRIPT.format(octets=wire.octets()), encoding="ascii")
            seconds = 5 if wished.full else 2
            ways["wrk"] = lambda: _wrk(wire.sink, script, seconds)
        else:
            notes.append(_tools.missing("wrk"))
        rates = _frame.interleaved(ways, wished.rounds())
    own = rates["ours, own client"]
    ratios = [
        _frame.Ratio(
            name="own client / Twilio's library in the same system",
            value=_frame.ratio(own, rates["ours, Twilio's library"]),
            at_least=4,
        ),
        _frame.Ratio(
            name="ours / a task for each recipient",
            value=_frame.ratio(own, rates["task each"]),
            at_least=80,
        ),
        _frame.Ratio(
            name="ours / libraries alone (aiohttp), without ledger",
            value=_frame.ratio(own, rates["libraries"]),
        ),
    ]
    if "wrk" in rates:
        ratios.append(_frame.Ratio(name="ours / wrk", value=_frame.ratio(own, rates["wrk"])))
    return _frame.Result(
        name=_NAME,
        title="SMS, end to end, messages a second",
        full=wished.full,
        ratios=ratios,
        figures=[
            *_frame.rates_shown(
                rates,
                {
                    "ours, own client": wire.spent,
                    "ours, Twilio's library": tracks["library"].spent,
                    **others.spent,
                },
            ),
            wire.shown(),
        ],
        sizes={
            "messages of a run, own client": wire.count,
            "messages of a run, library": tracks["library"].count,
            "octets of a request's body": wire.octets(),
            "children": CHILDREN,
            "launch to plan, s": wire.courses[-1].planned - wire.courses[-1].launched,
            "launch to first, s": wire.arrivals[-1].first - wire.courses[-1].launched,
        },
        notes=notes,
    )


def _wrk(target: Sink, script: Path, seconds: float) -> float:
    target.reset()
    rate = _tools.wrk(target.port, seconds=seconds, sessions=_SESSIONS, script=script)
    target.recorded()
    return rate


def main() -> None:
    """Measure, print, keep."""
    wished = _frame.wishes(__doc__)
    result = measure(wished)
    if _frame.publish(result, wished):
        _chart.rates(result, _frame.PICTURES / f"bench-{_NAME}.svg")


if __name__ == "__main__":
    main()
