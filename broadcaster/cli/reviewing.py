"""`broadcaster i18n review`: who stands for the texts of a kind in a locale."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broadcaster.cli import grids
from broadcaster.cli.folders import Json, Locales, Templates, in_force, kinds_in

if TYPE_CHECKING:
    from broadcaster.render.library import Library
    from broadcaster.render.locales import Locale

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_Kind = Annotated[str | None, typer.Option(help="One kind; all without.")]
_Locale = Annotated[str | None, typer.Option(help="One locale; all without.")]


@app.callback()
def _group() -> None:
    """Show and record who stands for the texts of a kind in a locale.

    adopted: used by the organisation's own decision, read by no native speaker. reviewed: read by
    a native speaker. lapsed: a text has changed since. drafted: on nobody's record.
    """


@app.command()
def show(
    kind: _Kind = None,
    locale: _Locale = None,
    templates: Templates = Path("templates"),
    locales: Locales = Path("locales"),
    json_: Json = False,
) -> None:
    """Show where the texts of each kind stand, since when, by whom, and whether they are sent."""
    from broadcaster.render.coverage import counted

    checker = in_force(templates, locales)
    library = checker.renderer.library
    kinds = kinds_in(templates, checker) if kind is None else [library.kind(kind).name]
    chosen = counted(checker.renderer) if locale is None else [_real(library, locale)]
    records = [_record(library, name, one) for one in chosen for name in kinds]
    if json_:
        typer.echo(json.dumps(records, ensure_ascii=False, indent=2))
        return
    _table(records)


@app.command()
def approve(
    kind: Annotated[str, typer.Option(help="The kind whose texts were read.")],
    locale: Annotated[str, typer.Option(help="The locale in which they were read.")],
    by: Annotated[str, typer.Option(help="Who answers for them.")],
    native: Annotated[
        bool, typer.Option("--native", help="A native speaker has read them and found them right.")
    ] = False,
    templates: Templates = Path("templates"),
    locales: Locales = Path("locales"),
    json_: Json = False,
) -> None:
    """Record that somebody answers for the texts of a kind in a locale as they are now.

    Say --native only for a native speaker who has read them; without it they are recorded as
    adopted: used by decision. A later change of any of the texts lets the approval lapse.
    """
    from broadcaster import bootstrap
    from broadcaster.render import upkeep

    checker = in_force(templates, upkeep.require(locales))
    name, tag, made, path = bootstrap.approve_texts(
        checker.renderer.library,
        locales,
        kind,
        locale,
        by,
        datetime.now(UTC),
        native=native,
    )
    if json_:
        record = {"kind": name, "locale": tag, "state": made.standing, "by": made.by}
        record |= {"at": made.at.isoformat(), "texts": made.texts, "file": str(path)}
        typer.echo(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"{name} in {tag} is {made.standing}, by {made.by}; see {path}.")


def _real(library: "Library", tag: str) -> "Locale":
    from broadcaster.bootstrap.own_texts import real_locale

    return real_locale(library, tag)


def _record(library: "Library", kind: str, locale: "Locale") -> dict[str, object]:
    held = library.reviews[locale.tag]
    approval = held.approvals.get(kind)
    return {
        "kind": kind,
        "locale": locale.tag,
        "state": library.state(kind, locale).value,
        "by": approval.by if approval else None,
        "at": approval.at.isoformat() if approval else None,
        "drafted_by": held.drafted_by or None,
        "gate": locale.review.value,
        "refused": library.why_not(kind, locale),
    }


def _table(records: "list[dict[str, object]]") -> None:
    rows = []
    for one in records:
        who = one["by"] or (one["drafted_by"] and f"written by {one['drafted_by']}") or ""
        sent = "no: " + str(one["refused"]) if one["refused"] else f"yes ({one['gate']})"
        cells = (one["locale"], one["kind"], one["state"], who, one["at"] or "", sent)
        rows.append([str(cell) for cell in cells])
    grids.show(("locale", "kind", "state", "by", "at", "sent to customers"), rows, whole=(0, 1))
