"""`broadcaster kinds sheet` and `campaigns preview`: how they read, as a page or a picture."""

import json as json_
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broadcaster.cli.private import streamed
from broadcaster.cli.steering import Which, running
from broadcaster.errors import InvalidInputError, NotFoundError

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)
if TYPE_CHECKING:
    from broadcaster.render.sheets.cells import Group
    from broadcaster.render.sheets.page import Look, SheetWriter

Output = Annotated[
    Path,
    typer.Option(help="The file: .html, or .png, for which Chromium or Chrome has to be there."),
]
Locales = Annotated[
    str, typer.Option(help="Languages, such as ar,fr,en; none: those in which it is offered.")
]
Dark = Annotated[bool, typer.Option("--dark", help="As on a dark screen.")]
Both = Annotated[bool, typer.Option("--both", help="Light, and dark below.")]
Words = Annotated[str, typer.Option(help="The language of the sheet's own words: en, fr, ar.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def sheet(
    kinds: Annotated[list[str] | None, typer.Argument(help="All without.", metavar="KIND")] = None,
    *,
    output: Output,
    locale: Locales = "",
    facts: Annotated[
        Path | None, typer.Option(help="Facts of one kind, a JSON or TOML file; none: its samples.")
    ] = None,
    dark: Dark = False,
    both: Both = False,
    words: Words = "en",
    json: Json = False,
) -> None:
    """Show kinds by locale and channel as one page or picture, with samples or facts of a file."""
    from broadcaster import bootstrap
    from broadcaster.render.check import sample_advisory
    from broadcaster.render.factfile import read_facts
    from broadcaster.settings import load

    names = list(dict.fromkeys(kinds or []))
    if facts is not None and len(names) != 1:
        raise InvalidInputError(
            "--facts", "are those of one kind", "Name the kind whose facts they are."
        )
    wish = _wish(output, words, dark=dark, both=both, json=json)
    shown = bootstrap.sheets(load())
    if facts is None:
        _publish(wish, shown.sheet(names, _tags(locale)))
        return
    kind = shown.renderer.library.kind(names[0])
    advisory = sample_advisory(kind, kind.resolve(read_facts(facts)))
    _publish(wish, [shown.advisory(advisory, _tags(locale))])


def preview(
    campaign: Which,
    *,
    output: Output,
    locale: Locales = "",
    dark: Dark = False,
    both: Both = False,
    words: Words = "en",
    json: Json = False,
) -> None:
    """Show a campaign's messages by locale and channel as one page or picture, as they read now."""
    from broadcaster import bootstrap

    wish = _wish(output, words, dark=dark, both=both, json=json)
    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        group = bootstrap.campaign_sheet(runtime, found, _tags(locale))
    _publish(wish, [group], found.name)


def _tags(text: str) -> list[str]:
    return [tag.strip() for tag in text.split(",") if tag.strip()]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wish:
    """What is wanted, and all that it needs: `camera` is the browser where it is a picture."""

    output: Path
    looks: Sequence["Look"]
    writer: "SheetWriter"
    camera: Path | None
    json: bool


def _wish(output: Path, words: str, *, dark: bool, both: bool, json: bool) -> _Wish:
    """Read the options before anything is done.

    InvalidInputError for a file of another kind, NotFoundError for the language of the words,
    ConfigurationError when a picture has no browser.
    """
    from broadcaster import bootstrap
    from broadcaster.render.sheets import browser
    from broadcaster.render.sheets.page import Look
    from broadcaster.settings import load

    ending = output.suffix.lower()
    if ending not in {".html", ".htm", ".png"}:
        problem = f"{output.name[:80]!r} says neither page nor picture"
        raise InvalidInputError("--output", problem, "Name a file that ends in .html or .png.")
    settings = load()
    camera = browser.find(settings.browser) if ending == ".png" else None
    try:
        writer = bootstrap.sheet_writer(settings, words)
    except NotFoundError as error:
        raise NotFoundError("--words", error.problem, error.remedy) from error
    looks = tuple(Look) if both else (Look.DARK if dark else Look.LIGHT,)
    return _Wish(output=output, looks=looks, writer=writer, camera=camera, json=json)


def _publish(wish: _Wish, groups: Sequence["Group"], campaign: str = "") -> None:
    """Write a preview sheet and say what is in it.

    ConfigurationError when the browser fails, InvalidInputError for the file; then it stays as it
    was.
    """
    html = wish.writer.page(groups, wish.looks, campaign=campaign)
    content = _photograph(html, wish.camera) if wish.camera else html.encode()
    _write(wish.output, content)
    _tell(wish, groups)
    if wish.camera:
        _say_what_is_boxed(groups)


def _photograph(html: str, camera: Path) -> bytes:
    from broadcaster.cli.progress import later
    from broadcaster.render.sheets import browser

    whole = 0

    def moved(done: int, rows: int) -> None:
        nonlocal whole
        whole = rows
        move(done)

    with later(lambda: whole, "rows of pixels") as move:
        return browser.picture(html, camera, moved)


def _tell(wish: _Wish, groups: Sequence["Group"]) -> None:
    cells = [cell for group in groups for row in group.rows for cell in row.cells.values()]
    locales = sorted({row.locale.tag for group in groups for row in group.rows})
    faults = sum(bool(group.fault) for group in groups) + sum(bool(cell.fault) for cell in cells)
    if wish.json:
        figures = {
            "output": str(wish.output),
            "kinds": [group.kind for group in groups],
            "locales": locales,
            "looks": [look.value for look in wish.looks],
            "messages": len(cells),
            "faults": faults,
        }
        typer.echo(json_.dumps(figures, ensure_ascii=False))
    else:
        kinds = f"{len(groups)} kind{'s' * (len(groups) != 1)}"
        where = ", ".join(locales) or "no locale"
        typer.echo(f"{wish.output}: {len(cells):,} messages of {kinds}, in {where}.")
    if faults:
        typer.echo(f"{faults} cannot be shown; the sheet says why in their place.", err=True)


def _say_what_is_boxed(groups: Sequence["Group"]) -> None:
    """Tell of scripts of which this machine has no letters: their texts are boxes in a picture."""
    from broadcaster.render.sheets import browser

    names = dict.fromkeys(row.locale.autonym for group in groups for row in group.rows)
    boxed = [name for name in names if browser.without_letters(name[:1])]
    if boxed:
        typer.echo(
            f"This machine has no letters for {', '.join(boxed)}: they are boxes in the picture. "
            "Install a font that has them (Debian: apt install fonts-noto-core).",
            err=True,
        )


def _write(output: Path, content: bytes) -> None:
    """Put a file in its place when it is whole; a device is written to. InvalidInputError."""
    draft = output if streamed(output) else output.with_name(f".{output.name}.draft")
    try:
        draft.write_bytes(content)
        if draft != output:
            draft.replace(output)
    except OSError as error:
        remedy = "Name a file in a folder that can be written."
        raise InvalidInputError("--output", f"{output}: {error.strerror}", remedy) from error
    finally:
        if draft != output:
            draft.unlink(missing_ok=True)
