"""`broadcaster customers preview`: how a file would be read, before anything is stored."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from broadcaster import bootstrap
from broadcaster.audience.draft import Row
from broadcaster.audience.filereading import Reading
from broadcaster.audience.places import as_place, written_place
from broadcaster.audience.sheets.sheet import letters
from broadcaster.cli import importing
from broadcaster.cli.importing import Wishes, opened
from broadcaster.domain.customer import CustomerRecord
from broadcaster.settings import load

_WIDE = 40


def show(wishes: Wishes, count: int, *, whole: bool) -> None:
    """Show what was found out, the columns and the first rows; with `whole` what would be stored.

    InvalidInputError when the file is no table or lacks a needed column.
    """
    with ExitStack() as stack:
        runtime = stack.enter_context(bootstrap.running(load()))
        reading = stack.enter_context(opened(runtime, wishes))
        about = dict(reading.about())
        used = _columns(reading)
        rows = list(islice(reading, count))
        if wishes.json:
            figures = {**about, "columns": used, "rows": [_row(row) for row in rows]}
            sys.stdout.write(json.dumps(figures, ensure_ascii=True) + "\n")
        else:
            _print(about, used, rows)
    if whole:
        importing.run(wishes)


def _columns(reading: Reading) -> list[dict[str, str]]:
    names = {place: name for name, place in reading.header.places.items()}
    advice = {finding.column: finding.remedy for finding in reading.header_findings()}
    unknown = {place: name for name, place in reading.header.unknown.items()}
    return [
        {
            "place": letters(place),
            "heading": cell,
            "read_as": names.get(place, ""),
            "advice": advice.get(unknown.get(place, ""), ""),
        }
        for place, cell in enumerate(reading.heads)
        if cell.strip()
    ]


def _row(row: Row) -> dict[str, Any]:
    return {
        "row": row.number,
        "stored": _stored(row.record) if row.record else None,
        "findings": [
            {
                "column": one.column,
                "outcome": one.outcome,
                "problem": one.problem,
                "remedy": one.remedy,
            }
            for one in row.findings
        ],
    }


def _stored(record: CustomerRecord) -> dict[str, Any]:
    return {
        "number": record.number,
        "name": record.name,
        "name_latin": record.name_latin,
        "locales": list(record.locales),
        "time_zone": record.time_zone,
        "addresses": [one.value for one in record.addresses],
        "broken": [f"{one.raw} ({one.fault})" for one in record.broken],
        "opted_out": [f"{channel.value}:{kind.value}" for channel, kind in record.opted_out],
        "consented": [f"{channel.value}:{kind.value}" for channel, kind in record.consented],
        "household": record.household,
        "place": written_place(record.location) if record.location else None,
        **{name: _value(value) for name, value in record.attributes.items()},
    }


def _value(value: object) -> object:
    place = as_place(value)
    return written_place(place) if place else value


def _print(
    about: Mapping[str, str], used: Sequence[Mapping[str, str]], rows: Sequence[Row]
) -> None:
    console = Console()
    for name, value in about.items():
        console.print(Text(f"{name}: {value}"))
    table = Table("", "column of the file", "is read as", "", box=None, pad_edge=False)
    for one in used:
        heading = Text(_short(one["heading"]))
        read_as = Text(one["read_as"] or "left out", style="" if one["read_as"] else "yellow")
        table.add_row(one["place"], heading, read_as, Text(one["advice"]))
    console.print()
    console.print(table)
    for row in rows:
        console.print()
        console.print(Text(f"Row {row.number}" + ("" if row.record else ": refused"), style="bold"))
        for name, value in (_stored(row.record) if row.record else {}).items():
            if value not in (None, [], ""):
                shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
                console.print(Text(f"  {name}: {_short(str(shown))}"))
        for finding in row.findings:
            words = f"  {finding.column}: {finding.problem} ({finding.outcome}). {finding.remedy}"
            console.print(Text(words, style="red" if finding.refused else "yellow"))


def _short(value: str) -> str:
    plain = "".join(character if character.isprintable() else " " for character in value)
    return plain if len(plain) <= _WIDE else f"{plain[: _WIDE - 1]}…"
