"""How a forecast, its list of who is left out and its comparison look on a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from broadcaster.cli.live import terminal
from broadcaster.cli.private import private_file
from broadcaster.cli.tables import pair
from broadcaster.cli.waiting import fairness_lines
from broadcaster.errors import InvalidInputError
from broadcaster.planning.left_out import LeftOut, write

Figures = Mapping[str, Any]

#: How many rows of a list are shown on a terminal.
_SHOWN = 20
_MINUTE, _HOUR = 60, 3600


def show_forecast(figures: Figures, console: Console | None = None) -> None:
    """Say who would be told, who is left out and why, what it costs and how long it takes."""
    out = console or terminal(stderr=False)
    out.print(
        f"[bold]{escape(figures['campaign'])}[/] would tell [green]{figures['reached']:,}[/] of "
        f"{figures['customers']:,} customers, with {sum(figures['channels'].values()):,} messages"
        f"{' at the start' if figures['steps'] else ''}."
    )
    for step in figures["steps"][1:]:
        counts = ", ".join(f"{count:,} by {name}" for name, count in step["at_most"].items())
        out.print(
            f"Step {step['step']}, {step['after_minutes']} minutes after the one before: "
            f"at most {counts or 'nobody'}."
        )
    out.print(
        pair(
            ("By channel", figures["channels"]),
            ("By locale", figures["locales"]),
            ("Left out, and why", figures["suppressed"]),
        )
    )
    for reason, numbers in figures["samples"].items():
        out.print(
            f"  {reason.replace('_', ' ')}, such as {escape(', '.join(numbers))}", style="dim"
        )
    _show_sms(figures, out)
    _show_cost(figures["cost"], out)
    _show_time(figures["time"], out)
    for line in fairness_lines(figures.get("fairness", {})):
        out.print(escape(line), soft_wrap=True, highlight=False)
    _show_advice(figures["advice"], out)


def _show_sms(figures: Figures, out: Console) -> None:
    sms = figures["sms"]
    if not sms["messages"]:
        return
    out.print(f"\nSMS segments: [bold]{sms['segments']:,}[/] for {sms['messages']:,} messages.")
    if sms["each"]:
        out.print("Every message was rendered: the texts look at what differs between readers.")
    for locale, row in sms["locales"].items():
        encodings = ", ".join(f"{count:,} in {name}" for name, count in row["encodings"].items())
        units = " to ".join(f"{one:,}" for one in dict.fromkeys(row["units"]))
        out.print(f"  {locale}: {row['segments']:,} segments; {encodings}; {units} units each")


def _show_cost(cost: Figures, out: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(1, 3, 0, 0))
    for name in ("channel", "network", "to", "messages", "units", "price", "cost"):
        table.add_column(name, justify="left" if name in {"channel", "network", "to"} else "right")
    table.padding = (0, 3, 0, 0)
    for row in cost["rows"]:
        price = "unknown" if row["price"] is None else _price(row)
        spent = "unknown" if row["cost"] is None else f"{row['cost']} {row['currency']}"
        to = " ".join(part for part in (row["prefix"], row["country"]) if part)
        cells = (row["channel"], row["provider"] or "no network", to)
        counts = (f"{row['messages']:,}", f"{row['units']:,}")
        table.add_row(*map(escape, cells), *counts, price, spent)
    if cost["rows"]:
        out.print()
        out.print(table)
    total = ", ".join(f"{amount} {currency}" for currency, amount in cost["total"].items())
    missing = f"; the price of {cost['unknown']:,} units is unknown" if cost["unknown"] else ""
    out.print(f"Cost: [bold]{total or 'unknown'}[/]{missing}.")


def _price(row: Figures) -> str:
    per = "" if row["per"] == 1 else f" for {row['per']:,}"
    return f"{row['price']} {row['currency']}{per}"


def _show_time(time: Figures, out: Console) -> None:
    out.print()
    for channel, span in time["channels"].items():
        least, most = span["seconds"]
        if not span["known"]:
            out.print(
                f"Time by {channel}: not known; nothing limits it, and nothing was sent lately."
            )
            continue
        length = _long(least) if _long(least) == _long(most) else f"{_long(least)} to {_long(most)}"
        why = f", limited by {span['limited_by']}" if span["limited_by"] else ""
        rate = f" ({span['rate']:g} units a second)" if span["rate"] else ""
        late = {"yes": " [red]Later than it expires.[/]", "maybe": " [yellow]May expire before.[/]"}
        out.print(f"Time by {channel}: {length}{why}{rate}.{late.get(span['late'], '')}")
    if time["others"]:
        out.print(
            f"Other campaigns share the limits: {escape(', '.join(time['others'][:_SHOWN]))}."
        )


def _long(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{int(seconds // _HOUR)} h {int(seconds % _HOUR // _MINUTE):02} min"


def _show_advice(advice: Sequence[Figures], out: Console) -> None:
    if advice:
        out.print("\n[bold]Advice[/]")
    for one in advice[:_SHOWN]:
        out.print(f"  • {escape(one['text'])}")
    if len(advice) > _SHOWN:
        out.print("  … 'campaigns forecast --json' has all.")


def show_comparison(figures: Figures, console: Console | None = None) -> None:
    """Set each figure of the forecast beside what became of it."""
    out = console or terminal(stderr=False)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("")
    for name in ("forecast", "actual", "difference"):
        table.add_column(name, justify="right")
    rows = {"customers": figures["customers"], "customers told": figures["reached"]}
    rows |= {f"told by {name}": row for name, row in figures["channels"].items()}
    rows |= {
        f"left out, {name.replace('_', ' ')}": row for name, row in figures["left_out"].items()
    }
    rows["SMS segments"] = figures["segments"]
    for name, row in rows.items():
        counts = (f"{row['forecast']:,}", f"{row['actual']:,}", f"{row['difference']:+,}")
        table.add_row(name, *counts, style="yellow" if row["difference"] else "")
    for currency, row in figures["cost"]["total"].items():
        table.add_row(f"cost, {currency}", row["forecast"], row["actual"], "")
    least, most = figures["seconds"]["forecast"]
    span = f"{_long(least)} to {_long(most)}"
    table.add_row("time", span, _long(figures["seconds"]["actual"]), "")
    out.print(table)
    if figures["agrees"]:
        out.print("[green]It became what was forecast.[/]")
    for one in figures["differences"][:_SHOWN]:
        out.print(f"  • {escape(one['why'])}")


def show_left_out(rows: Iterable[LeftOut], console: Console | None = None) -> None:
    """Show the first of who is left out."""
    out = console or terminal(stderr=False)
    table = Table("customer", "channel", "why", box=None, pad_edge=False)
    first = list(islice(rows, _SHOWN + 1))
    for row in first[:_SHOWN]:
        table.add_row(escape(row.customer), row.channel.value, row.reason.value.replace("_", " "))
    out.print(table if first else "Nobody is left out.")
    if len(first) > _SHOWN:
        out.print("… --csv writes all of them.")


def write_left_out(rows: Iterable[LeftOut], output: Path | None) -> int:
    """Write who is left out as CSV, as it comes; how many rows. InvalidInputError for the file."""
    with private_file(output) as stream:
        return write(rows, stream)


def write_picture(text: str, output: Path) -> None:
    """Write a picture whole or not at all; InvalidInputError for the file."""
    draft = output.with_name(f".{output.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(output)
    except OSError as error:
        remedy = "Name a file in a folder that can be written."
        raise InvalidInputError("--picture", f"{output}: {error.strerror}", remedy) from error
    finally:
        draft.unlink(missing_ok=True)
