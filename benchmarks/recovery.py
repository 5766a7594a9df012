"""What a killed worker costs: the whole worker gets SIGKILL in the middle of a campaign.

A second worker is there to go on, as any set-up with more than one has. Measured: how long until
nothing of the dead one's is left lying (its batches are under work again, or done), how much longer
the campaign takes than an undisturbed one, and that nobody was told twice.
"""

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import _chart, _frame
from benchmarks._sinks import Arrivals, Sink, sink
from benchmarks._world import Course, World, mail_settings, world

_NAME = "recovery"
#: The lease, seconds: nobody takes over before it has run out.
_LEASE = 5
_LONG = {False: 5.0, True: 20.0}

_ORPHANS = """
SELECT count(*) FROM batch WHERE campaign_id = %(campaign)s AND id = ANY(%(batches)s)
  AND NOT done AND lease_token = ANY(%(tokens)s)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Death:
    """What a killed worker cost."""

    batches: int
    again: float
    seconds: float
    doubt: int
    twice: int


def measure(wished: _frame.Wishes) -> tuple[_frame.Result, list[list[float]]]:
    """Run undisturbed and disturbed in turn."""
    deaths: list[Death] = []
    calm: list[float] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        target = stack.enter_context(sink("smtp", folder / "received"))
        lease = {"BROADCASTER_LEASE": str(_LEASE), "BROADCASTER_BATCH_SIZE": "500"}
        made = stack.enter_context(world({**mail_settings(target.port), **lease}))
        made.people(2000)
        made.start(children=1)
        made.worker("second", "urgent,routine", 1)
        warm = made.run("email", 1000)
        count = wished.count or max(2000, round(warm.sent / warm.seconds * _LONG[wished.full], -3))
        made.people(int(count))
        for _ in range(wished.rounds()):
            target.recorded()
            target.reset()
            calm.append(made.run("email", int(count)).seconds)
            target.recorded()
            target.reset()
            deaths.append(_killed(made, target, int(count), calm[-1]))
            series = _series(target.arrivals())
    return _frame.Result(
        name=_NAME,
        title="A worker is killed in the middle of a campaign (mail)",
        full=wished.full,
        ratios=[
            _frame.Ratio(
                name=f"all its batches under work again, slowest (lease {_LEASE} s)",
                value=max(death.again for death in deaths),
                at_most=_LEASE + 5,
                unit=" s",
            ),
            _frame.Ratio(
                name="time of the campaign, disturbed / undisturbed",
                value=_frame.ratio([death.seconds for death in deaths], calm),
            ),
            _frame.Ratio(
                name="told twice", value=float(sum(death.twice for death in deaths)), at_most=0
            ),
        ],
        figures=[
            {
                "undisturbed, s": round(quiet, 2),
                "disturbed, s": round(death.seconds, 2),
                "batches held": death.batches,
                "again under work after, s": round(death.again, 2),
                "in doubt": death.doubt,
                "told twice": death.twice,
            }
            for quiet, death in zip(calm, deaths, strict=True)
        ],
        sizes={"mails": int(count), "lease, s": _LEASE, "batch": 500, "workers": 2},
        notes=["Those in doubt were in the air when the worker died; mail is not resent blindly."],
    ), series


def _killed(made: World, target: Sink, count: int, calm: float) -> Death:
    campaign = made.approved("email", count)
    launched = made.launch(campaign)
    while target.arrivals().count < count // 3:
        assert time.time() - launched < calm * 10 + 60, "the campaign does not get on"
        time.sleep(0.02)
    made.kill("worker")
    died = time.time()
    held = _held(made, campaign)
    again = died
    while _orphans(made, campaign, held):
        assert time.time() - died < 120, "nobody takes over"  # noqa: PLR2004  (seconds)
        time.sleep(0.05)
        again = time.time()
    made.worker("worker", "urgent,routine", 1)
    course = made.course(campaign, launched)
    received = target.recorded()
    return Death(
        batches=len(held),
        again=again - died,
        seconds=course.seconds,
        doubt=_doubt(course),
        twice=len(received) - len(set(received)),
    )


def _held(made: World, campaign: int) -> dict[int, int]:
    """List the batches that are leased: one of them, or more, is the dead one's."""
    query = (
        "SELECT id, lease_token FROM batch WHERE campaign_id = %s AND NOT done "
        "AND lease_until IS NOT NULL"
    )
    with made.runtime.pool.connection() as connection:
        return dict(connection.execute(query, [campaign]).fetchall())


def _orphans(made: World, campaign: int, held: dict[int, int]) -> int:
    """Count those batches that nobody has taken, given back or finished since."""
    given = {"campaign": campaign, "batches": list(held), "tokens": list(held.values())}
    with made.runtime.pool.connection() as connection:
        row = connection.execute(_ORPHANS, given).fetchone()
    return int(row[0]) if row else 0


def _doubt(course: Course) -> int:
    return sum(course.statuses.get(name, 0) for name in ("unknown", "submitting"))


def _series(arrivals: Arrivals) -> list[list[float]]:
    seconds = range(int(arrivals.last - arrivals.first) + 1)
    first = arrivals.first
    return [[float(at), float(arrivals.within(first + at, first + at + 1))] for at in seconds]


def main() -> None:
    """Measure, print, keep."""
    wished = _frame.wishes(__doc__)
    result, series = measure(wished)
    if _frame.publish(result, wished):
        panel = _chart.Panel(title="mails a second at the sink", series={"mails": series})
        path = _frame.PICTURES / f"bench-{_NAME}.svg"
        _chart.lines(result.title, f"a lease lasts {_LEASE} s", [panel], path)


if __name__ == "__main__":
    main()
