"""Which templates and catalogues a command for translators works on, and what checks them."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.render.check import KindChecker
    from broadcaster.render.translated import TranslationChecker
    from broadcaster.render.upkeep import Domain
    from broadcaster.settings import Settings

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

Templates = Annotated[Path, typer.Option(help="The folder of kinds.")]
Locales = Annotated[Path, typer.Option(help="The folder of locales.")]
OneDomain = Annotated[
    str | None, typer.Option("--domain", help="advisories or console; both without.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def domains_of(templates: Path, locales: Path, name: str | None = None) -> "list[Domain]":
    """Read the domains of which a folder of locales has catalogues; one only, if it is named.

    The list of our own pages' texts is the product's: it is kept where it is, and a copy in a
    folder of an organisation would outlive an upgrade.
    """
    from broadcaster import bootstrap
    from broadcaster.render import upkeep
    from broadcaster.render.merging import template
    from broadcaster.web.extraction import console_uses

    upkeep.require(locales)
    known = (upkeep.ADVISORIES, upkeep.CONSOLE)
    if name is not None and name not in known:
        problem = f"{name[:60]!r} is unknown"
        raise InvalidInputError("--domain", problem, f"Use one of {', '.join(known)}.")
    found = []
    if name != upkeep.CONSOLE:
        shipped = bootstrap.shipped("templates")
        own = templates.resolve() != shipped.resolve()
        found.append(upkeep.advisories(templates, shipped if own else None))
    if name != upkeep.ADVISORIES:
        listed = (locales / f"{upkeep.CONSOLE}.pot").is_file()
        texts = template(console_uses())
        console = upkeep.Domain(name=upkeep.CONSOLE, texts=texts, listed=listed)
        found += [console] if listed or name or console.catalogues(locales) else []
    return found


def beginnings(templates: Path | None, locales: Path | None) -> tuple[Path, Path]:
    """Give the folder of kinds whose texts a new locale has, and the folder of locales for it.

    It is the organisation's own where one is set; InvalidInputError where several are.
    """
    from broadcaster import bootstrap
    from broadcaster.settings import load

    beside = Path("templates")
    kinds = templates or (beside if beside.is_dir() else bootstrap.shipped("templates"))
    if locales is not None:
        return kinds, locales
    own = load().locales
    if len(own) > 1:
        listed = ", ".join(map(str, own))
        problem = f"is not given, and BROADCASTER_LOCALES names several ({listed})"
        raise InvalidInputError("--locales", problem, "Say which is to have it.")
    return kinds, own[0] if own else Path("locales")


def in_force(templates: Path, locales: Path) -> "KindChecker":
    """Make the renderer and the measure of what is in force, these folders before all others."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.kind_checker(overlaid(load(), templates, locales))


def overlaid(settings: "Settings", templates: Path, locales: Path) -> "Settings":
    """Put folders before those of the settings, unless they are among what is read anyway."""
    from broadcaster import bootstrap

    return replace(
        settings,
        templates=_before(templates, settings.templates, bootstrap.shipped("templates")),
        locales=_before(locales, settings.locales, bootstrap.shipped("locales")),
    )


def _before(folder: Path, others: tuple[Path, ...], shipped: Path) -> tuple[Path, ...]:
    known = {path.resolve() for path in (*others, shipped)}
    return others if folder.resolve() in known else (folder, *others)


def kinds_in(templates: Path, known: "KindChecker") -> list[str]:
    """Name the kinds that a folder of templates holds, and that can be used."""
    return [name for name in sorted(known.renderer.kinds) if (templates / name).is_dir()]


def translation_checker(templates: Path, locales: Path) -> "TranslationChecker":
    """Make what checks a folder of locales."""
    from broadcaster import bootstrap
    from broadcaster.render.translated import TranslationChecker
    from broadcaster.settings import load

    domains = domains_of(templates, locales)
    settings = overlaid(load(), templates, locales)
    checker = bootstrap.kind_checker(settings)
    folders = (locales, *settings.locales, bootstrap.shipped("locales"))
    return TranslationChecker(
        renderer=checker.renderer,
        domains=domains,
        locales=locales,
        folders=tuple(dict.fromkeys(path.resolve() for path in folders)),
        kinds=kinds_in(templates, checker),
    )
