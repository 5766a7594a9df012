"""`broadcaster campaigns wording`: the text of a part, for one campaign alone."""

import json as json_
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broadcaster.cli.steering import By, Which, running
from broadcaster.errors import InvalidInputError

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)
if TYPE_CHECKING:
    from broadcaster.bootstrap import Reworded
    from broadcaster.domain.readiness import Concern

app = typer.Typer(add_completion=False, no_args_is_help=True)

Part = Annotated[str, typer.Option(help="Such as sms/body.txt, email/subject.txt, email/body.txt.")]
Locale = Annotated[str, typer.Option(help="The language, such as ar or fr.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

#: The most octets that are read of a wording.
_BYTES = 200_000


@app.callback()
def _group() -> None:
    """Show, set and clear the texts of one campaign."""


@app.command()
def show(
    campaign: Which,
    part: Part = "",
    locale: Locale = "",
    *,
    own: Annotated[bool, typer.Option(help="The kind's own text, whatever was written.")] = False,
    json: Json = False,
) -> None:
    """List what is worded; with --part and --locale, the text, ready to be changed."""
    from broadcaster import bootstrap
    from broadcaster.domain.wording import key, place

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        advisory = runtime.ledger.advisory(found.advisory_id)
        if part or locale:
            if not (part and locale):
                problem = "is missing beside the other"
                raise InvalidInputError("--part, --locale", problem, "Give both, or none.")
            tag = runtime.renderer.library.locale(locale).tag
            kept = None if own else advisory.wording.get(key(part, tag))
            text, left = (
                bootstrap.own_text(runtime, found, part, tag) if kept is None else (kept, ())
            )
            if json:
                _print({"part": part, "locale": tag, "worded": kept is not None, "text": text})
            else:
                typer.echo(text)
                whose = "this campaign's wording" if kept is not None else "the kind's own text"
                typer.echo(f"{part} ({tag}): {whose}.", err=True)
                for name in left:
                    typer.echo(
                        f"facts.{name} stands in it as it is now, and does not change with the "
                        "fact.",
                        err=True,
                    )
            return
        rows = []
        for name, written in sorted(runtime.wordings.written(found.id).items()):
            where, tag = place(name)
            rows.append(
                {
                    "part": where,
                    "locale": tag,
                    "by": written.by,
                    "at": written.at.isoformat(timespec="seconds"),
                    "characters": len(advisory.wording.get(name, "")),
                }
            )
    if json:
        _print(rows)
        return
    for row in rows:
        typer.echo("{part} ({locale}): {characters} characters, by {by}, {at}".format(**row))
    if not rows:
        typer.echo("Nothing is worded: every part has the kind's own text.")


@app.command("set")
def set_(
    campaign: Which,
    part: Part,
    locale: Locale,
    *,
    file: Annotated[Path | None, typer.Option(help="A file, UTF-8; none: standard input.")] = None,
    try_: Annotated[
        bool, typer.Option("--try", help="Check and show it, and change nothing.")
    ] = False,
    by: By = "operator",
    json: Json = False,
) -> None:
    """Word a part in a locale; checks and previews are shown, and what they block is not kept.

    An approved campaign is a draft afterwards. Exit code 1 when something blocks it.
    """
    from broadcaster import bootstrap

    text = _read(file)
    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        done = bootstrap.reword(runtime, found, part, locale, text, by, keep=not try_)
    blocked = any(one.blocks for one in done.concerns)
    if json:
        _print(_described(done))
    else:
        _show(done, blocked=blocked, tried=try_)
    if blocked:
        raise typer.Exit(1)


@app.command()
def clear(campaign: Which, part: Part, locale: Locale, by: By = "operator") -> None:
    """Go back to the kind's own text; an approved campaign is a draft afterwards."""
    from broadcaster.domain.wording import key

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        tag = runtime.renderer.library.locale(locale).tag
        name = key(part, tag)
        if name not in runtime.ledger.advisory(found.advisory_id).wording:
            remedy = "'campaigns wording show' lists what is."
            raise InvalidInputError("--part", f"{part} is not worded in {tag}", remedy)
        again = runtime.wordings.clear(found.id, name, by)
    typer.echo(f"{part} ({tag}) has the kind's own text again.{_AGAIN if again else ''}")


_AGAIN = " The campaign is a draft again: approve it anew."


def show_concerns(concerns: "Sequence[Concern]") -> None:
    """Show what was found as a table: what blocks first."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not concerns:
        return
    table = Table("", "part", "locale", "what is wrong", "what to do", box=None, pad_edge=False)
    for column in table.columns:
        # Names of parts and addresses go on in the next line: cut, they would mislead.
        column.overflow = "fold"
    for one in concerns:
        place = f"{one.place}: " if one.place else ""
        state = Text("blocks" if one.blocks else "note", style="red" if one.blocks else "yellow")
        cells = (one.part, one.locale, place + one.problem, one.remedy)
        table.add_row(state, *map(Text, cells))
    Console().print(table)


def _show(done: "Reworded", *, blocked: bool, tried: bool) -> None:
    for part, text in done.previews.items():
        if part.endswith(".txt"):
            typer.echo(typer.style(part, bold=True), err=True)
            typer.echo(text.rstrip("\n"))
        else:
            typer.echo(f"{part} is made of it: {len(text):,} characters.", err=True)
    if done.size is not None:
        size = done.size
        typer.echo(f"{size.encoding}, {size.units} units, segments: {size.segments}", err=True)
    show_concerns(done.concerns)
    if blocked:
        typer.echo(f"{done.name} is not kept: mend what blocks it, and set it again.", err=True)
    elif tried:
        typer.echo(f"{done.name} can be set.", err=True)
    else:
        again = _AGAIN if done.approve_again else ""
        typer.echo(f"{done.name} is kept.{again}", err=True)


def _described(done: "Reworded") -> dict[str, object]:
    size = done.size
    return {
        "name": done.name,
        "kept": done.kept,
        "approve_again": done.approve_again,
        "concerns": [one.as_dict() for one in done.concerns],
        "previews": dict(done.previews),
        "sms": size and {"encoding": size.encoding, "units": size.units, "segments": size.segments},
    }


def _read(file: Path | None) -> str:
    """Read a text, within bounds; InvalidInputError."""
    field = "--file" if file else "standard input"
    try:
        if file is None:
            data = sys.stdin.buffer.read(_BYTES + 1)
        else:
            with file.open("rb") as stream:
                data = stream.read(_BYTES + 1)
    except OSError as error:
        problem = f"{file} cannot be read ({error.strerror})"
        raise InvalidInputError(field, problem, "Name a file that you may read.") from error
    if len(data) > _BYTES:
        raise InvalidInputError(field, f"is larger than {_BYTES:,} octets", "Give one text alone.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 at octet {error.start}"
        raise InvalidInputError(field, problem, "Save it as UTF-8.") from error


def _print(value: object) -> None:
    typer.echo(json_.dumps(value, ensure_ascii=False))
