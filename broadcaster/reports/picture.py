"""A forecast as a picture: who is told, who is left out and why, and what became of it; SVG.

It reads without colours and without eyes: every bar has its name and its figure beside it, and the
description says them all in words.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _LEFT, _ROOM, _ROW, _TOP = 760, 176, 430, 26, 66
#: How many rows each part has at most; the rest is added up.
_MOST = 12

_STYLE = (
    ".card { fill: #f6f8fa } .title { fill: #16232d; font-weight: 650; font-size: 16px } "
    ".head { fill: #16232d; font-weight: 600 } .word { fill: #33424d } "
    ".note { fill: #55636e; font-size: 12px } "
    ".told { fill: #00629b } .out { fill: #c2571a } .was { fill: #7b4fa3 } "
    "@media (prefers-color-scheme: dark) { .card { fill: #161d23 } .title { fill: #eef3f6 } "
    ".head { fill: #eef3f6 } .word { fill: #cdd8df } .note { fill: #9fb0bb } "
    ".told { fill: #5db3e8 } .out { fill: #f0955a } .was { fill: #b996dc } }"
)

#: A bar: its name, its figure, and its style.
_Bar = tuple[str, int, str]
_Part = tuple[str, Sequence[_Bar]]


def picture(forecast: Mapping[str, Any], comparison: Mapping[str, Any] | None = None) -> str:
    """Draw a forecast, and beside it what became of it where that is known."""
    parts = [_told(forecast), _left_out(forecast)]
    if comparison is not None:
        parts.append(_actual(comparison))
    parts = [part for part in parts if part[1]]
    title = (
        # Isolated, so that a name in Arabic does not take the figures along.
        f"\u2068{forecast['campaign']}\u2069: {forecast['reached']:,} of "
        f"{forecast['customers']:,} customers"
    )
    return _draw(title, _notes(forecast), parts)


def _told(forecast: Mapping[str, Any]) -> _Part:
    rows = [
        (f"{channel}, {locale}", count, "told")
        for channel, counts in forecast["by_channel_and_locale"].items()
        for locale, count in sorted(counts.items(), key=lambda pair: -pair[1])
    ]
    return "Told, by channel and language", _cut(rows)


def _left_out(forecast: Mapping[str, Any]) -> _Part:
    rows = [
        (f"{channel}, {reason.replace('_', ' ')}", count, "out")
        for channel, counts in forecast["left_out"].items()
        for reason, count in sorted(counts.items(), key=lambda pair: -pair[1])
    ]
    return "Left out, and why", _cut(rows)


def _actual(comparison: Mapping[str, Any]) -> _Part:
    pairs = {
        "customers told": comparison["reached"],
        **{f"told by {name}": pair for name, pair in comparison["channels"].items()},
        "SMS segments": comparison["segments"],
    }
    rows: list[_Bar] = []
    for name, pair in pairs.items():
        rows.append((f"{name}, forecast", pair["forecast"], "told"))
        rows.append((f"{name}, actual", pair["actual"], "was"))
    return "Forecast against actual", rows


def _cut(rows: Sequence[_Bar]) -> Sequence[_Bar]:
    if len(rows) <= _MOST:
        return rows
    rest = rows[_MOST - 1 :]
    return [*rows[: _MOST - 1], (f"{len(rest)} others", sum(row[1] for row in rest), rest[0][2])]


def _notes(forecast: Mapping[str, Any]) -> str:
    words = [f"{forecast['segments']:,} SMS segments"]
    words += [f"{amount} {currency}" for currency, amount in forecast["cost"]["total"].items()]
    if forecast["cost"]["unknown"]:
        words.append(f"{forecast['cost']['unknown']:,} units of unknown price")
    least, most = forecast["time"]["seconds"]
    if forecast["time"]["known"]:
        spans = dict.fromkeys(f"{max(1, round(one / 60)):,}" for one in (least, most))
        words.append(f"{' to '.join(spans)} min")
    return " · ".join(words)


def _draw(title: str, notes: str, parts: Sequence[_Part]) -> str:
    pieces, said, y = [], [], _TOP
    for head, rows in parts:
        pieces.append(f'<text class="head" x="24" y="{y + 14}">{escape(head)}</text>')
        y += _ROW
        highest = max(count for _, count, _ in rows) or 1
        for name, count, style in rows:
            pieces.append(_bar(name, count, style, y, count / highest))
            y += _ROW
        said.append(f"{head}: " + "; ".join(f"{name} {count:,}" for name, count, _ in rows))
        y += _ROW // 2
    height = y + 8
    described = escape(f"{notes}. {'. '.join(said)}.")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-labelledby="title description" '
        "font-family=\"system-ui, 'Segoe UI', 'Noto Sans', sans-serif\" font-size=\"13\">"
        f'<title id="title">{escape(title)}</title><desc id="description">{described}</desc>'
        f"<style>{_STYLE}</style>"
        f'<rect class="card" width="{_WIDTH}" height="{height}" rx="10"/>'
        f'<text class="title" x="24" y="30">{escape(title)}</text>'
        f'<text class="note" x="24" y="50">{escape(notes)}</text>' + "\n" + "\n".join(pieces)
    ) + "</svg>\n"


def _bar(name: str, count: int, style: str, y: int, part: float) -> str:
    length = max(part * _ROOM, 1.0)
    return (
        f'<text class="word" x="{_LEFT + 34}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
        f'<rect class="{style}" x="{_LEFT + 42}" y="{y + 1}" width="{length:.1f}" height="18" '
        'rx="3"/>'
        f'<text class="word" x="{_LEFT + 50 + length:.1f}" y="{y + 14}">{count:,}</text>'
    )
