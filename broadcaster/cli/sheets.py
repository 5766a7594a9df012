"""Writing preview sheets: how kinds and campaigns read, as a page or as a picture."""

import json as json_
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broadcaster.cli.private import streamed
from broadcaster.errors import InvalidInputError, NotFoundError

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)
if TYPE_CHECKING:
    from broadcaster.render.sheets.cells import Group
    from broadcaster.render.sheets.page import Look
    from broadcaster.settings import Settings

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


def tags(text: str) -> list[str]:
    """Give the locales of an option."""
    return [tag.strip() for tag in text.split(",") if tag.strip()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What kind of sheet is wanted, and where."""

    output: Path
    picture: bool
    looks: Sequence["Look"]
    words: str
    json: bool

    @classmethod
    def of(cls, output: Path, *, dark: bool, both: bool, words: str, json: bool) -> "Wish":
        """Read the options; InvalidInputError for a file of another kind."""
        from broadcaster.render.sheets.page import Look

        ending = output.suffix.lower()
        if ending not in {".html", ".htm", ".png"}:
            problem = f"{output.name[:80]!r} says neither page nor picture"
            raise InvalidInputError("--output", problem, "Name a file that ends in .html or .png.")
        looks = tuple(Look) if both else (Look.DARK if dark else Look.LIGHT,)
        return cls(output=output, picture=ending == ".png", looks=looks, words=words, json=json)


def publish(
    settings: "Settings", wish: Wish, groups: Sequence["Group"], campaign: str = ""
) -> None:
    """Write a sheet and say what is in it.

    NotFoundError for the language of its words, ConfigurationError when a picture has no browser,
    InvalidInputError for the file; then the file stays as it was.
    """
    from broadcaster import bootstrap
    from broadcaster.render.sheets import browser

    camera = browser.find(settings.browser) if wish.picture else None
    try:
        writer = bootstrap.sheet_writer(settings, wish.words)
    except NotFoundError as error:
        raise NotFoundError("--words", error.problem, error.remedy) from error
    html = writer.page(groups, wish.looks, campaign=campaign)
    content = _photograph(html, camera) if camera else html.encode()
    _write(wish.output, content)
    _tell(wish, groups)
    if wish.picture:
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


def _tell(wish: Wish, groups: Sequence["Group"]) -> None:
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
