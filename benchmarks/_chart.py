"""Pictures as SVG, written by hand: bars and lines that can be read on a light and a dark page."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from benchmarks._frame import Result

_WIDTH = 760
_LEFT, _RIGHT, _TOP = 70, 24, 62
_COLOURS = 5

_STYLE = """
.card { fill: #f6f8fa } .title { fill: #16232d; font-weight: 650; font-size: 16px }
.word { fill: #33424d } .note { fill: #55636e; font-size: 12px } .grid { stroke: #d5dde3 }
.c0 { fill: #00629b; stroke: #00629b } .c1 { fill: #c2571a; stroke: #c2571a }
.c2 { fill: #00796b; stroke: #00796b } .c3 { fill: #7b4fa3; stroke: #7b4fa3 }
.c4 { fill: #7a6a00; stroke: #7a6a00 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
@media (prefers-color-scheme: dark) {
.card { fill: #161d23 } .title { fill: #eef3f6 } .word { fill: #cdd8df } .note { fill: #9fb0bb }
.grid { stroke: #34424c }
.c0 { fill: #5db3e8; stroke: #5db3e8 } .c1 { fill: #f0955a; stroke: #f0955a }
.c2 { fill: #4fc3b2; stroke: #4fc3b2 } .c3 { fill: #b996dc; stroke: #b996dc }
.c4 { fill: #d8c24a; stroke: #d8c24a }
.line { fill: none } }
""".replace("\n", " ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """A chart of lines: series of points (x, y) by name, on one scale."""

    title: str
    series: Mapping[str, Sequence[Sequence[float]]]
    unit_x: str = "s"
    #: Moments (x, what happened) that are marked.
    marks: Sequence[tuple[float, str]] = ()
    log_x: bool = False
    #: The end of the scale; else the last point.
    until: float = 0.0


def bars(title: str, note: str, values: Mapping[str, float], path: Path) -> None:
    """Draw horizontal bars, in the order given."""
    highest = max(values.values(), default=0) or 1
    room = _WIDTH - 210 - 110
    rows = []
    for index, (name, value) in enumerate(values.items()):
        y = _TOP + index * 34
        length = scaled(value, 0, highest, room)
        rows.append(
            f'<text class="word" x="200" y="{y + 17}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="c{0 if name.startswith("ours") else 1}" x="210" y="{y + 3}" '
            f'width="{max(length, 1):.1f}" height="20" rx="3" stroke="none"/>'
            f'<text class="word" x="{218 + length:.1f}" y="{y + 18}">{number(value)}</text>'
        )
    height = _TOP + len(values) * 34 + 16
    _write(path, height, title, note, rows)


def lines(title: str, note: str, panels: Sequence[Panel], path: Path) -> None:
    """Draw charts of lines, one below the other."""
    rows: list[str] = []
    top = _TOP + 12
    for panel in panels:
        rows += _panel(panel, top)
        top += 218
    _write(path, top + 4, title, note, rows)


def course(
    title: str,
    note: str,
    panel: Panel,
    happened: Mapping[str, Sequence[tuple[float, float, str]]],
    path: Path,
) -> None:
    """Draw a chart of lines, and below it when what happened: (from, until, what) by its kind."""
    top = _TOP + 12
    rows = _panel(panel, top)
    top += 208
    room = _WIDTH - _LEFT - _RIGHT
    for kind, spans in happened.items():
        rows.append(
            f'<text class="note" style="font-size:11px" x="{_LEFT - 6}" y="{top + 10}" '
            f'text-anchor="end">{escape(kind)}</text>'
            f'<text class="note" x="{_WIDTH - 4}" y="{top + 10}" text-anchor="end">'
            f"{len(spans)}</text>"
            f'<path class="grid" d="M{_LEFT} {top + 6.5}h{room}"/>'
        )
        for begin, end, what in spans:
            x = _LEFT + scaled(begin, 0, panel.until, room)
            length = max(scaled(end - begin, 0, panel.until, room), 2)
            rows.append(
                f'<rect class="c1" x="{x:.1f}" y="{top + 1}" width="{length:.1f}" height="11" '
                f'fill-opacity="0.7" stroke="none"><title>{escape(what)}</title></rect>'
            )
        top += 18
    _write(path, top + 12, title, note, rows)


def rates(result: Result, path: Path) -> None:
    """Draw the rates of a race."""
    about = result.figures
    values = {str(row["way"]): float(row["a second"] or 0) for row in about if "way" in row}
    rounds = about[0].get("rounds", 1) if about else 1
    bars(result.title, f"median of {rounds}, side by side on one machine", values, path)


def scaled(value: float, low: float, high: float, room: float) -> float:
    """Map a value between two bounds onto a length."""
    return room * (value - low) / (high - low) if high > low else 0.0


def ticks(high: float, wanted: int = 4) -> list[float]:
    """Give round values from 0 that reach `high`."""
    if high <= 0:
        return [0.0, 1.0]
    rough = high / wanted
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * times for times in (1, 2, 5, 10) if unit * times >= rough * (1 - 1e-9))
    return [step * index for index in range(math.ceil(high / step - 1e-9) + 1)]


def number(value: float) -> str:
    """Write a number for a picture."""
    if abs(value) >= 100:  # noqa: PLR2004
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _panel(panel: Panel, top: int) -> list[str]:
    points = [point for series in panel.series.values() for point in series]
    xs, ys = [point[0] for point in points] or [0, 1], [point[1] for point in points] or [0]
    scale = ticks(max(ys))
    room, height, base = _WIDTH - _LEFT - _RIGHT, 140, top + 164
    shift: Callable[[float], float] = math.log10 if panel.log_x else float
    low, high = (shift(min(xs)) if panel.log_x else 0.0), shift(max(*xs, panel.until))

    def place(x: float) -> float:
        return _LEFT + scaled(shift(x), low, high, room)

    rows = [f'<text class="word" x="{_LEFT}" y="{top + 6}">{escape(panel.title)}</text>']
    for tick in scale:
        y = base - scaled(tick, 0, scale[-1], height)
        rows.append(f'<path class="grid" d="M{_LEFT} {y:.1f}h{room}"/>')
        rows.append(
            f'<text class="note" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
            f"{number(tick)}</text>"
        )
    shown = sorted(set(xs)) if panel.log_x else [x for x in ticks(high, 8) if x <= high]
    rows += [
        f'<text class="note" x="{place(x):.1f}" y="{base + 18}" text-anchor="middle">'
        f"{number(x)}{panel.unit_x if index == len(shown) - 1 else ''}</text>"
        for index, x in enumerate(shown)
    ]
    for index, (x, what) in enumerate(panel.marks):
        rows += _mark(place(x), base, height, what, index % 3 * 13)
    right = _WIDTH - _RIGHT
    for index, (name, series) in reversed(list(enumerate(panel.series.items()))):
        way = "L".join(
            f"{place(x):.1f} {base - scaled(y, 0, scale[-1], height):.1f}" for x, y in series
        )
        colour = f"c{index % _COLOURS}"
        rows.append(f'<path class="{colour} line" style="fill:none" d="M{way}"/>')
        rows.append(
            f'<text class="{colour} note" stroke="none" style="stroke:none" x="{right}" '
            f'y="{top + 6}" text-anchor="end">{escape(name)}</text>'
        )
        right -= 12 + 7 * len(name)
    return rows


def _mark(x: float, base: int, height: int, what: str, down: int) -> list[str]:
    """Draw a moment, with its word on the side where there is room."""
    near_end = x > _WIDTH - _RIGHT - 90
    anchor, beside = ("end", x - 4) if near_end else ("start", x + 4)
    line = f'<path class="c4" stroke-dasharray="3 3" d="M{x:.1f} {base}V{base - height}"/>'
    y = base - height + 10 + down
    word = (
        f'<text class="note" x="{beside:.1f}" y="{y}" text-anchor="{anchor}">{escape(what)}</text>'
    )
    return [line, word]


def _write(path: Path, height: int, title: str, note: str, rows: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        "font-family=\"system-ui, 'Segoe UI', 'Noto Sans', sans-serif\" font-size=\"13\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f'<rect class="card" width="{_WIDTH}" height="{height}" rx="10"/>'
        f'<text class="title" x="24" y="28">{escape(title)}</text>'
        f'<text class="note" x="24" y="46">{escape(note)}</text>'
    )
    path.write_text("\n".join([head, *rows, "</svg>", ""]), encoding="utf-8")
