"""How a campaign's figures look on a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from broadcaster.cli.live import terminal
from broadcaster.cli.waiting import held_lines, passed_lines
from broadcaster.domain.english import number_of

Figures = Mapping[str, Any]

#: The order in which statuses are shown, and their colour.
_STATUSES = {
    "planned": "",
    "submitting": "",
    "deferred": "yellow",
    "accepted": "cyan",
    "delivered": "green",
    "undelivered": "red",
    "rejected": "red",
    "expired": "red",
    "cancelled": "red",
    "dead": "red",
    "unknown": "yellow",
    "suppressed": "dim",
}


def show_campaigns(rows: Sequence[Figures], console: Console | None = None) -> None:
    """List campaigns."""
    columns = ("id", "name", "status", "lane", "segment", "channels", "expires")
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        shown = {**row, "status": f"{_standing(row)}{_planning(row)}"}
        table.add_row(*(_text(shown[column]) for column in columns))
    _console(console).print(table if rows else "No campaigns yet. 'campaigns create' makes one.")


def show_summary(figures: Figures, console: Console | None = None) -> None:
    """Show where a campaign stands, by channel."""
    out = _console(console)
    hold = f", on hold: {figures['hold_reason']}" if figures.get("hold_reason") else ""
    out.print(
        f"[bold]{figures['campaign']}[/] · {_standing(figures)}{_planning(figures)}{hold} · "
        f"{figures['customers']:,} customers · {figures['seconds']:,.0f} s"
    )
    out.print(_channels(figures["channels"]))
    homes = figures.get("unreached_households", 0)
    if homes:
        out.print(
            f"[red]{homes:,}[/] household{'' if homes == 1 else 's'} not reached: whoever was "
            "chosen did not get it. 'campaigns export' tells who.",
            soft_wrap=True,
        )
    for line in (
        *([str(figures["hold_remedy"])] if figures.get("hold_remedy") else []),
        *_alone_lines(figures),
        *_thread_lines(figures),
        *held_lines(figures),
        *passed_lines(figures),
    ):
        out.print(escape(line), soft_wrap=True, highlight=False)


def _standing(row: Figures) -> str:
    """Say where a campaign stands; one that another took the place of was not simply cancelled."""
    by = row.get("superseded_by")
    if by is None:
        return str(row["status"])
    state = "superseded" if row["status"] == "cancelled" else row["status"]
    return f"{state}, followed by {by}"


def _alone_lines(figures: Figures) -> list[str]:
    """Say that nobody else looked through it."""
    found = figures.get("bypass")
    if not found:
        return []
    return [f"Approved by {found['by']} without a second person: {found['reason']}"]


def _thread_lines(figures: Figures) -> list[str]:
    """Say what it follows, and that it is not true any more."""
    lines = []
    if figures.get("follows"):
        word = figures["message_type"].replace("_", " ")
        lines.append(f"It is in a thread: {word}, follows campaign {figures['follows']}.")
    if figures.get("lapsed_at"):
        lines.append(
            f"A time that it foretells has passed ({figures['lapsed_at']:%Y-%m-%d %H:%M} UTC): "
            "give a new one with 'campaigns update', or say that it is over."
        )
    return lines


def _planning(row: Figures) -> str:
    """Say since when it is being planned, in UTC, and at what stage."""
    since, stage = row.get("planning_since"), row.get("planning_stage")
    if since is None:
        return ""
    return f", planning since {since:%H:%M:%S}{f' ({stage})' if stage else ''}"


def show_report(figures: Figures, console: Console | None = None) -> None:
    """Say who was reached, who was not, and why."""
    out = _console(console)
    show_summary(figures, out)
    customers = figures["customers"] or 1
    out.print(
        f"\nReached on at least one channel: [green]{figures['reached']:,}[/] of "
        f"{figures['customers']:,} customers ({figures['reached'] / customers:.1%}). "
        f"Not reached: [red]{figures['unreached']:,}[/]."
    )
    out.print(
        pair(
            ("By locale", figures["locales"]),
            ("Left out, and why", figures["suppressed"]),
            ("Failed, or in doubt", figures["failures"]),
        )
    )
    if figures.get("comparison"):
        out.print(_compared(figures["comparison"]))
    if figures.get("archive"):
        out.print(f"Archived: {escape(figures['archive']['file'])}", soft_wrap=True)
        out.print(f"SHA-256 {figures['archive']['sha256']}", soft_wrap=True)
    for step in figures.get("steps", ()):
        out.print(_step(step))
    if figures["in_doubt"]:
        out.print(f"[yellow]In doubt: {figures['in_doubt']:,}.[/] They are listed, not resent.")
        for row in figures["in_doubt_list"][:_SHOWN]:
            out.print(f"  {row['delivery']}  customer {row['customer']}  {row['channel']}")
        if figures["in_doubt"] > _SHOWN:
            out.print("  … 'campaigns report --json' lists all.")


def _compared(figures: Figures) -> str:
    """Say in a line whether it became what was forecast."""
    if figures["agrees"]:
        return "[green]It became what was forecast[/], by counts and segments."
    ways = number_of(len(figures["differences"]), "way")
    return f"It differs from its forecast in {ways}; 'campaigns compare' tells more."


def _step(step: Figures) -> str:
    """Say in a line what a step of an escalation came to."""
    head = f"Step {step['step']}, {step['channel']}: "
    if step["done_at"]:
        return f"{head}{step['targeted']:,} told, {step['confirmed']:,} confirmed"
    return head + (f"due at {step['due_at']}" if step["due_at"] else "after the step before")


#: How many deliveries in doubt are listed on a terminal.
_SHOWN = 20


def _channels(channels: Figures) -> Table:
    used = [status for status in _STATUSES if any(row.get(status) for row in channels.values())]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("channel")
    for status in used:
        table.add_column(status, justify="right")
    table.add_column("units", justify="right")
    for channel, row in channels.items():
        cells = [_coloured(row.get(status, 0), _STATUSES[status]) for status in used]
        table.add_row(f"[bold]{channel}[/]", *cells, f"{row.get('units', 0):,}")
    return table


def _coloured(count: int, colour: str) -> str:
    return f"[{colour}]{count:,}[/]" if colour and count else f"{count:,}"


def pair(*lists: tuple[str, Mapping[str, int]]) -> Table:
    """Set lists of counts side by side."""
    table = Table(box=None, pad_edge=False, padding=(1, 4, 0, 0), show_header=False)
    cells = [_counts(title, counts) for title, counts in lists if counts]
    if cells:
        table.add_row(*cells)
    return table


def _counts(title: str, counts: Mapping[str, int]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(title, no_wrap=True)
    table.add_column(justify="right")
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        table.add_row(name.replace("_", " "), f"{count:,}")
    return table


def _text(value: object) -> str:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(str(part) for part in value)
    return str(value)


def _console(console: Console | None) -> Console:
    return console or terminal(stderr=False)
