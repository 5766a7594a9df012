"""SMS end to end: our own HTTP client against Twilio's in the same system, and the other ways.

Real servers and Celery workers; a bare sink that answers as Twilio does takes everything, and what
it recorded is compared with the ledger, one for one. Three clients send in the same system:
`CLIENT=wire`, `CLIENT=library` (Twilio's library over our connections), and Twilio's library over
its own asynchronous client and aiohttp (`twilio_own/`), which is what the target speaks of.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import _chart, _frame, _tools
from benchmarks._race import Others, Track
from benchmarks._sinks import Sink, sink
from benchmarks._world import AT_ONCE, CHILDREN, sms_settings, world

_NAME = "end_to_end_sms"
_SESSIONS = 64

_WIRE = "ours, own client"
_LIBRARY = "ours, library on our wire"
_TWILIO = "same, Twilio's own client"

#: What sends in the same system: the setting CLIENT, and the module that workers run.
_CLIENTS = {
    _WIRE: ("wire", "broadcaster"),
    _LIBRARY: ("library", "broadcaster"),
    _TWILIO: ("library", "benchmarks._contender"),
}
_CONTENDER = Path(__file__).parent / "twilio_own"

_SCRIPT = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "Basic QUMwOnRva2Vu"
wrk.body = "To=%2B212600000001&From=LYDEC&Body=" .. string.rep("x", {octets})
"""


def measure(wished: _frame.Wishes) -> _frame.Result:
    """Race the ways."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tracks = {name: _track(stack, folder, name, wished) for name in _CLIENTS}
        wire = tracks[_WIRE]
        others = Others(wire, stack, wished)
        ways: dict[str, Callable[[], float]] = {name: one.ours for name, one in tracks.items()}
        ways |= {"libraries": others.libraries, "task each": others.each}
        notes = []
        if _tools.tool("wrk"):
            script = folder / "post.lua"
            script.write_text(_SCRIPT.format(octets=wire.octets()), encoding="ascii")
            seconds = 5 if wished.full else 2
            ways["wrk"] = lambda: _wrk(wire.sink, script, seconds)
        else:
            notes.append(_tools.missing("wrk"))
        rates = _frame.interleaved(ways, wished.rounds())
    return _frame.Result(
        name=_NAME,
        title="SMS, end to end, messages a second",
        full=wished.full,
        ratios=_ratios(rates),
        figures=[
            *_frame.rates_shown(
                rates, {**{name: one.spent for name, one in tracks.items()}, **others.spent}
            ),
            wire.shown(),
        ],
        sizes={
            **{f"messages of a run, {name}": one.count for name, one in tracks.items()},
            "octets of a request's body": wire.octets(),
            "children": CHILDREN,
            "at once, each child": AT_ONCE,
            "launch to plan, s": wire.courses[-1].planned - wire.courses[-1].launched,
            "launch to first, s": wire.arrivals[-1].first - wire.courses[-1].launched,
        },
        notes=notes,
    )


def _track(stack: ExitStack, folder: Path, name: str, wished: _frame.Wishes) -> Track:
    """Make a sink, and a world whose workers send to it by one of the clients."""
    client, program = _CLIENTS[name]
    target = stack.enter_context(sink("sms", folder / name))
    settings = {**sms_settings(target.port, client), "BENCH_PROVIDERS": str(_CONTENDER)}
    made = Track(stack.enter_context(world(settings, program)), target, "sms", wished)
    made.warm()
    return made


def _ratios(rates: Mapping[str, Sequence[float]]) -> list[_frame.Ratio]:
    own = rates[_WIRE]
    wanted: list[tuple[str, str, float | None]] = [
        ("own client / Twilio's own client in the same system", _TWILIO, 4),
        ("own client / Twilio's library over our connections", _LIBRARY, None),
        ("ours / a task for each recipient", "task each", 80),
        ("ours / libraries alone (aiohttp), without ledger", "libraries", None),
        ("ours / wrk", "wrk", None),
    ]
    return [
        _frame.Ratio(name=name, value=_frame.ratio(own, rates[other]), at_least=target)
        for name, other, target in wanted
        if other in rates
    ]


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
