"""Whether a recipient costs the same in a small campaign and in a large one, in time and memory.

SMS and mail in turn at growing sizes; time from the first record to the last for each recipient,
and the resident memory of the worker children after each size.
"""

from contextlib import ExitStack

from benchmarks import _chart, _frame, _memory
from benchmarks._sinks import sink
from benchmarks._world import CHILDREN, World, sms_settings, world

_NAME = "flatness"
_SHORT = (10_000, 50_000, 100_000)
_FULL = (10_000, 100_000, 300_000, 1_000_000)
#: A size is left out when it would take longer than this, by what the one before took, seconds.
_PATIENCE = {False: 15.0, True: 900.0}
#: What the largest is compared with, by the contract.
_BASE = 100_000
_USED = "processor, µs each"
#: How much more a recipient may cost, and a child grow, MiB.
_FLAT, _CHILD, _GROWN = 1.10, 110, 5


def measure(wished: _frame.Wishes) -> _frame.Result:
    """Send campaigns of growing size."""
    every = _FULL if wished.full else _SHORT
    sizes = tuple(size for size in every if not wished.count or size <= wished.count)
    rows: list[dict[str, _frame.Figure]] = []
    notes = []
    with ExitStack() as stack:
        target = stack.enter_context(sink("sms"))
        made = stack.enter_context(world(sms_settings(target.port)))
        made.people(2000)
        made.start()
        made.run("sms", 2000)
        each = 0.0
        for size in sizes or (wished.count,):
            if each * size > _PATIENCE[wished.full] and rows:
                notes.append(f"{size:,} recipients were left out: that would take too long here.")
                continue
            made.people(size)
            rounds = wished.rounds() if size <= _FULL[1] else 1
            row = _row(made, size, rounds)
            rows.append(row)
            each = float(row["µs a recipient"] or 0) / 1e6
    first, last, middle = rows[0], rows[-1], _middle(rows)
    if first is last:
        return _single(wished, last, notes)
    return _frame.Result(
        name=_NAME,
        title="Cost of a recipient by the size of the campaign (SMS)",
        full=wished.full,
        ratios=[
            _frame.Ratio(
                name=f"time a recipient, {last['recipients']:,} / {middle['recipients']:,}",
                value=_cost(last) / _cost(middle),
                at_most=_FLAT,
            ),
            _frame.Ratio(
                name="processor time a recipient, likewise",
                value=float(last[_USED] or 0) / float(middle[_USED] or 0),
                at_most=_FLAT,
            ),
            _frame.Ratio(
                name="largest worker child", value=_child(last), at_most=_CHILD, unit=" MiB"
            ),
            _frame.Ratio(
                name="its growth from the first size to the last",
                value=_child(last) - _child(first),
                at_most=_GROWN,
                unit=" MiB",
            ),
        ],
        figures=rows,
        sizes={"children": CHILDREN},
        notes=notes,
    )


def _single(
    wished: _frame.Wishes, row: dict[str, _frame.Figure], notes: list[str]
) -> _frame.Result:
    """Say nothing of flatness where one size alone was measured."""
    return _frame.Result(
        name=_NAME,
        title="Cost of a recipient (SMS): one size alone, which says nothing about growth",
        full=wished.full,
        ratios=[
            _frame.Ratio(
                name="largest worker child", value=_child(row), at_most=_CHILD, unit=" MiB"
            )
        ],
        figures=[row],
        sizes={"children": CHILDREN},
        notes=notes,
    )


def _row(made: World, size: int, rounds: int) -> dict[str, _frame.Figure]:
    seconds, planning, used = [], [], []
    for _ in range(rounds):
        before = sum(made.processor().values())
        course = made.run("sms", size, seconds=3600)
        assert course.sent == size, course.statuses
        used.append((sum(made.processor().values()) - before) / size)
        seconds.append(course.seconds)
        planning.append(course.planned - course.launched)
    children = [_memory.rss(pid) for pid in made.children("worker")]
    took = _frame.median(seconds)
    return {
        "recipients": size,
        "s": round(took, 2),
        "µs a recipient": round(took / size * 1e6, 2),
        _USED: round(_frame.median(used) * 1e6, 1),
        "launch to plan begun, s": round(_frame.median(planning), 2),
        "largest child, MiB": round(max(children), 1),
        "rounds": rounds,
    }


def _middle(rows: list[dict[str, _frame.Figure]]) -> dict[str, _frame.Figure]:
    """Choose what the largest is compared with: 100,000, or the smallest where that is largest."""
    smaller = [row for row in rows[:-1] if row["recipients"] == _BASE]
    return smaller[0] if smaller else rows[0]


def _cost(row: dict[str, _frame.Figure]) -> float:
    return float(row["µs a recipient"] or 0)


def _child(row: dict[str, _frame.Figure]) -> float:
    return float(row["largest child, MiB"] or 0)


def main() -> None:
    """Measure, print, keep."""
    wished = _frame.wishes(__doc__)
    result = measure(wished)
    if _frame.publish(result, wished):
        points = result.figures
        panels = [
            _chart.Panel(
                title=name,
                series={name: [[float(r["recipients"] or 0), float(r[name] or 0)] for r in points]},
                unit_x=" recipients",
                log_x=True,
            )
            for name in ("µs a recipient", "largest child, MiB")
        ]
        note = "from launch to last record, by the size of the campaign"
        _chart.lines(result.title, note, panels, _frame.PICTURES / f"bench-{_NAME}.svg")


if __name__ == "__main__":
    main()
