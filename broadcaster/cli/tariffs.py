"""`broadcaster tariffs`: what networks ask for messages."""

import json as json_
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.domain.tariff import Tariff

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_COLUMNS = ("provider", "prefix", "price", "per", "currency", "valid_from")
#: Bounds of a file: its size, octets, and its rows.
_LARGEST, _ROWS = 5_000_000, 20_000
_REMEDY = f"Its first line is {','.join(_COLUMNS)}; commas, semicolons and tabs do."


@app.callback()
def _group() -> None:
    """Import, list and set what networks ask: for a segment, a mail or a push message."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help=f"A table with {', '.join(_COLUMNS)}.")],
    by: _By = "operator",
    json: _Json = False,
) -> None:
    """Read tariffs from CSV, TSV, XLSX or ODS; all or none, and again as often as wanted.

    A prefix is + and the first digits of numbers, or a country in two letters; empty for all.
    """
    entries = list(_read(file))
    with _runtime() as runtime:
        _require_known(runtime, entries)
        changed = runtime.tariffs.put(entries, by)
    if json:
        typer.echo(json_.dumps({"read": len(entries), "changed": changed}))
    else:
        typer.echo(f"{len(entries):,} tariffs are read; {changed:,} are new or changed.")


@app.command("set")
def set_(
    provider: Annotated[str, typer.Argument(help="twilio, smtp, fcm, webpush …")],
    prefix: Annotated[str, typer.Argument(help="+212, a country as MA, or all.")],
    price: Annotated[str, typer.Argument(help="With a point, such as 0.1234.")],
    currency: Annotated[str, typer.Argument(help="Three capitals, such as MAD.")],
    *,
    per: Annotated[str, typer.Option(help="The price is for 1 unit, or for 1000.")] = "1",
    valid_from: Annotated[str, typer.Option(help="A day, as 2020-03-20; none: always.")] = "",
    by: _By = "operator",
) -> None:
    """Write down one tariff: what a provider asks for messages to numbers that begin alike."""
    entry = _tariff([provider, "" if prefix == "all" else prefix, price, per, currency, valid_from])
    with _runtime() as runtime:
        _require_known(runtime, [entry])
        runtime.tariffs.put([entry], by)
    from broadcaster.domain.tariff import written

    typer.echo(
        f"{entry.provider} to {entry.prefix or 'all'}: {written(entry.price)} {entry.currency} "
        f"for {entry.per:,}, from {entry.valid_from} on."
    )


@app.command("list")
def list_(json: _Json = False) -> None:
    """List the tariffs that are known, those that no longer hold too."""
    from broadcaster.domain.tariff import written

    with _runtime() as runtime:
        entries = runtime.tariffs.list()
    rows = [
        {
            "provider": one.provider,
            "prefix": one.prefix,
            "price": written(one.price),
            "per": one.per,
            "currency": one.currency,
            "valid_from": one.valid_from.isoformat(),
        }
        for one in entries
    ]
    if json:
        typer.echo(json_.dumps(rows))
        return
    from rich.table import Table

    from broadcaster.cli.live import terminal

    table = Table(*_COLUMNS, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(row[name]) for name in _COLUMNS))
    empty = "No tariffs yet. 'tariffs set twilio MA 0.35 MAD' writes one down."
    terminal(stderr=False).print(table if rows else empty)


def _require_known(runtime: Any, entries: Sequence["Tariff"]) -> None:  # noqa: ANN401  (as above)
    """Refuse tariffs of providers that are not there: no forecast would ever use them."""
    known = list(runtime.providers)
    for entry in entries:
        if entry.provider not in known:
            problem = f"{entry.provider!r} is unknown"
            raise InvalidInputError("provider", problem, f"Use one of {', '.join(known)}.")


def _read(file: Path) -> Iterator["Tariff"]:
    """Read a file of tariffs, in any form that imports read; InvalidInputError names the line."""
    rows = _rows(file)
    head = [name.strip().lower() for name in rows[0][1]] if rows else []
    if sorted(head) != sorted(_COLUMNS):
        raise InvalidInputError("FILE", f"{file} has other columns", _REMEDY)
    for number, row in rows[1:]:
        if not any(map(str.strip, row)):
            continue
        if len(row) != len(head):
            problem = f"has {len(row)} values and not {len(head)}"
            raise InvalidInputError(f"FILE, line {number}", problem, _REMEDY)
        values = dict(zip(head, row, strict=True))
        try:
            yield _tariff([values[name] for name in _COLUMNS])
        except InvalidInputError as error:
            where = f"FILE, line {number}, {error.field}"
            raise InvalidInputError(where, error.problem, error.remedy) from error


def _rows(file: Path) -> list[tuple[int, Sequence[str]]]:
    from broadcaster.audience.sheets.choosing import refuse_left_out
    from broadcaster.audience.sheets.opening import open_sheet
    from broadcaster.audience.sheets.sheet import Wanted
    from broadcaster.audience.sheets.source import from_path

    source = from_path(file)
    if source.size > _LARGEST:
        source.close()
        raise InvalidInputError("FILE", f"{file} is larger than {_LARGEST:,} octets", _REMEDY)
    sheet = open_sheet(source, Wanted())
    try:
        rows = [(row.number, row.cells) for row in islice(sheet.rows(), _ROWS + 2)]
        refuse_left_out(sheet)
    finally:
        sheet.close()
    if len(rows) > _ROWS + 1:
        raise InvalidInputError("FILE", f"{file} has more than {_ROWS:,} rows", _REMEDY)
    return rows


def _tariff(words: Sequence[str]) -> "Tariff":
    from broadcaster.channels.phones import calling_code, country
    from broadcaster.domain.tariff import tariff

    provider, prefix, price, per, currency, valid_from = (word.strip() for word in words)
    if prefix.isalpha():
        code = calling_code(prefix)
        if country(code) != prefix.upper():
            problem = f"{prefix} shares {code} with other countries"
            raise InvalidInputError("prefix", problem, "Give + and its own first digits.")
        prefix = code
    return tariff(
        provider,
        prefix,
        price,
        per=per or "1",
        currency=currency,
        valid_from=valid_from or "1970-01-01",
    )


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())
