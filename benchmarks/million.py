"""One million customers told by mail and SMS at once, watched every second; only in the full form.

Import, planning, sending and completion are timed; rates by channel, memory of workers, PostgreSQL
and Valkey are sampled; and the end is arithmetic: targeted is the sum of the statuses, what the
sinks recorded is what the ledger says was taken, and no address got it twice.
"""

import csv
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import _chart, _frame, _memory
from benchmarks._sinks import Arrivals, Sink, sink
from benchmarks._world import CHILDREN, Course, World, mail_settings, sms_settings, world
from broadcaster.bootstrap import people

_NAME = "million"
_CUSTOMERS = 1_000_000
_SHORT = 5_000
_PERIOD = 1.0
_PATIENCE = 3600.0

_NAMES = ("Fatima", "Youssef", "Khadija", "Ahmed", "Meryem")
_PREFIXES = ("610", "611", "612", "613", "650", "654", "661", "662", "666", "667", "670", "677")


class Watch:
    """Samples memory while something runs."""

    def __init__(self, made: World) -> None:
        """Nothing is sampled yet."""
        self._made = made
        self._stop = threading.Event()
        self.samples: list[tuple[float, dict[str, float]]] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Sample every second until the end of the block."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_PERIOD):
            pids = self._made.pids()
            children = [_memory.rss(pid) for pid in self._made.children("worker")]
            sample = {
                "largest child": max(children, default=0.0),
                "all workers": _memory.pss(
                    pid for name in ("worker", "control") for pid in pids.get(name, [])
                ),
                "PostgreSQL": _memory.pss(pids["postgres"]),
                "Valkey": _memory.pss(pids["valkey"]),
            }
            self.samples.append((time.time(), sample))


def measure(wished: _frame.Wishes) -> tuple[_frame.Result, list[_chart.Panel]]:
    """Tell everybody."""
    count = wished.count or (_CUSTOMERS if wished.full else _SHORT)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mails = stack.enter_context(sink("smtp", folder / "mails"))
        messages = stack.enter_context(sink("sms", folder / "messages"))
        settings = {**mail_settings(mails.port), **sms_settings(messages.port)}
        made = stack.enter_context(world(settings))
        imported = _timed(lambda: _imported(made, folder / "customers.csv", count))
        made.start()
        watch = Watch(made)
        with watch.watching():
            campaign = made.approved("sms,email")
            launched = made.launch(campaign)
            planned = _planned(made, campaign)
            course = made.course(campaign, launched, _PATIENCE)
        completed = time.time()
        arrived = {"mails": mails.arrivals(), "SMS": messages.arrivals()}
        checks = _checked(course, count, [mails, messages])
    begun = min(one.first for one in arrived.values())
    stages = {
        "import": imported,
        "plan": planned - launched,
        "plan to first message": begun - planned,
        "send and record": course.ended - begun,
        "close": completed - course.ended,
    }
    return _result(wished, count, course, stages, arrived, watch, checks), _panels(
        course, planned, arrived, watch
    )


def _result(
    wished: _frame.Wishes,
    count: int,
    course: Course,
    stages: dict[str, float],
    arrived: dict[str, Arrivals],
    watch: Watch,
    checks: dict[str, int],
) -> _frame.Result:
    child = [sample["largest child"] for _, sample in watch.samples] or [0.0]
    # Growth counts once both channels have been used for a while: what is built once is no growth.
    begun = max(one.first for one in arrived.values())
    busy = [sample["largest child"] for at, sample in watch.samples if at > begun] or child
    quarter = busy[len(busy) // 4]
    peaks: list[dict[str, _frame.Figure]] = [
        {"peak memory of": name, "MiB": round(max(s[name] for _, s in watch.samples), 1)}
        for name in (watch.samples[0][1] if watch.samples else {})
    ]
    return _frame.Result(
        name=_NAME,
        title=f"{count:,} customers, by mail and SMS",
        full=wished.full or count >= _CUSTOMERS,
        ratios=[
            _frame.Ratio(
                name="lost or told twice",
                value=float(
                    abs(checks["targeted"] - checks["expected"])
                    + checks["told twice"]
                    + abs(checks["received"] - checks["accepted"])
                ),
                at_most=0,
            ),
            _frame.Ratio(
                name="planning", value=stages["plan"], at_most=10 * 2 * count / 1e6 + 2, unit=" s"
            ),
            _frame.Ratio(name="largest worker child", value=max(child), at_most=110, unit=" MiB"),
            _frame.Ratio(
                name="growth of a child after the first quarter",
                value=max(child) - quarter,
                at_most=5,
                unit=" MiB",
            ),
        ],
        figures=[
            {name: round(seconds, 2) for name, seconds in stages.items()},
            {
                "messages": course.sent,
                "from launch to last record, s": round(course.seconds, 1),
                "a second": round(course.sent / course.seconds),
            },
            {**{f"status {name}": number for name, number in course.statuses.items()}, **checks},
            *peaks,
        ],
        sizes={"customers": count, "children": CHILDREN},
        series={name: _rates(one, course.launched) for name, one in arrived.items()},
    )


def _timed(work: Callable[[], None]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _imported(made: World, path: Path, count: int) -> None:
    """Write a file of customers, and import it as an operator does."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["number", "name", "locales", "phone", "email"])
        for index in range(1, count + 1):
            rows.writerow(_row(index))
    with people.importer(made.runtime.settings, made.runtime.definitions.catalogue()).open(
        path
    ) as reading:
        records = (row.record for row in reading if row.record is not None)
        saved = made.runtime.customers.save(records)
    assert saved.inserted == count, saved


def _row(index: int) -> list[str]:
    name = f"{_NAMES[index % len(_NAMES)]} Bennani"
    prefix = _PREFIXES[index // 1_000_000 % len(_PREFIXES)]
    phone = f"+212{prefix}{index % 1_000_000:06d}"
    locales = ("ar-MA fr-MA", "fr-MA", "ar-MA", "fr-MA ar-MA", "en")[index % 5]
    mail = f"client.{index:08d}@courrier.test"
    return [f"B{index:08d}", name, locales, phone, mail]


def _planned(made: World, campaign: int) -> float:
    """Wait for the plan's commit; when it was."""
    while made.status(campaign) == "launched":
        time.sleep(0.02)
    return time.time()


def _checked(course: Course, count: int, sinks: list[Sink]) -> dict[str, int]:
    received = [word for one in sinks for word in one.recorded()]
    return {
        "targeted": sum(course.statuses.values()),
        "expected": 2 * count,
        "accepted": course.sent,
        "received": len(received),
        "told twice": len(received) - len(set(received)),
    }


def _rates(arrivals: Arrivals, launched: float) -> list[list[float]]:
    """Give arrivals a second by seconds since the launch."""
    if not arrivals.count:
        return [[0.0, 0.0]]
    seconds = range(int(arrivals.last - launched) + 2)
    return [[float(at), float(arrivals.within(launched + at, launched + at + 1))] for at in seconds]


def _panels(
    course: Course, planned: float, arrived: dict[str, Arrivals], watch: Watch
) -> list[_chart.Panel]:
    names = list(watch.samples[0][1]) if watch.samples else []
    end = course.ended - course.launched + 1
    marks = [
        (planned - course.launched, "planned"),
        (min(one.first for one in arrived.values()) - course.launched, "first message"),
        (course.ended - course.launched, "last record"),
    ]
    return [
        _chart.Panel(
            title="messages a second at the sinks",
            series={name: _rates(one, course.launched) for name, one in arrived.items()},
            marks=marks,
            until=end,
        ),
        _chart.Panel(
            title="memory, MiB",
            series={
                name: [
                    [at - course.launched, sample[name]]
                    for at, sample in watch.samples
                    if at >= course.launched
                ]
                for name in names
            },
            marks=marks,
            until=end,
        ),
    ]


def main() -> None:
    """Measure, print, keep."""
    wished = _frame.wishes(__doc__)
    if not (wished.full or wished.count):
        print("One million customers are told in the full form alone: --full, or --count 50000.")
        return
    result, panels = measure(wished)
    if _frame.publish(result, wished):
        note = "by seconds since the launch; two worker children and everything else on one machine"
        _chart.lines(result.title, note, panels, _frame.PICTURES / "million.svg")


if __name__ == "__main__":
    main()
