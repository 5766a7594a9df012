"""`broadcaster i18n`: the work of translators: texts, catalogues, terms and approvals."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broadcaster.cli import grids, reviewing
from broadcaster.cli.folders import (
    Json,
    Locales,
    OneDomain,
    Templates,
    beginnings,
    domains_of,
    in_force,
    kinds_in,
    translation_checker,
)
from broadcaster.domain.english import number_of
from broadcaster.errors import DamagedError

if TYPE_CHECKING:
    from broadcaster.render.coverage import Coverage
    from broadcaster.render.findings import Finding

app = typer.Typer(add_completion=False, no_args_is_help=True)
app.add_typer(reviewing.app, name="review")

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_TEMPLATES, _LOCALES = Path("templates"), Path("locales")


@app.callback()
def _group() -> None:
    """Keep the texts of kinds and pages translated, certain and answered for."""


@app.command()
def extract(
    templates: Templates = _TEMPLATES,
    locales: Locales = _LOCALES,
    domain: OneDomain = None,
    json_: Json = False,
) -> None:
    """Write the lists of texts, advisories.pot and console.pot, and touch no translation."""
    from broadcaster.render import upkeep

    files: dict[Path, str] = {}
    for one in domains_of(templates, locales, domain):
        files |= upkeep.extracted(one, locales)
    _tell_changed(upkeep.save(files), json_=json_)


@app.command()
def update(
    templates: Templates = _TEMPLATES,
    locales: Locales = _LOCALES,
    domain: OneDomain = None,
    suggest: Annotated[
        bool, typer.Option(help="Give a changed text its former translation, marked fuzzy.")
    ] = True,
    keep: Annotated[
        bool, typer.Option("--keep/--drop-obsolete", help="Keep what nothing asks for any more.")
    ] = True,
    json_: Json = False,
) -> None:
    """Write the lists of texts, and bring every catalogue into step with them.

    New texts come empty, or with the translation of the text that they replace, marked fuzzy: it
    is never sent until somebody has checked it. What is gone is kept at the end of the file.
    """
    from broadcaster.render import upkeep

    files: dict[Path, str] = {}
    for one in domains_of(templates, locales, domain):
        broken = upkeep.damaged(one, locales)
        _tell_left_out(broken)
        files |= upkeep.extracted(one, locales)
        files |= upkeep.updated(one, locales, suggest=suggest, keep=keep, without=broken)
    _tell_changed(upkeep.save(files), json_=json_)


@app.command()
def check(
    templates: Templates = _TEMPLATES, locales: Locales = _LOCALES, json_: Json = False
) -> None:
    """Check that catalogues are in step, certain and in the words of the glossary.

    Exit code 1 when something must be mended. 'kinds check' looks at what they say when rendered.
    """
    from broadcaster.render.findings import Gravity

    findings = translation_checker(templates, locales).check()
    if json_:
        _print_json([_finding(finding) for finding in findings])
    else:
        rows = [
            (one.gravity.value, one.locale, one.kind, f"{one.place}: {one.problem}", one.remedy)
            for one in findings
        ]
        if rows:
            grids.show(("", "locale", "of", "what is wrong", "what to do"), rows, whole=(0, 1))
    errors = sum(finding.gravity is Gravity.ERROR for finding in findings)
    if not json_:
        typer.echo(f"Checked {locales}: {errors or 'no'} error{'s' * (errors != 1)}.")
    if errors:
        raise typer.Exit(1)


@app.command()
def stats(
    templates: Templates = _TEMPLATES,
    locales: Locales = _LOCALES,
    locale: Annotated[str | None, typer.Option(help="One locale; all without.")] = None,
    kinds: Annotated[bool, typer.Option("--kinds", help="A line for each kind instead.")] = False,
    json_: Json = False,
) -> None:
    """Count texts by locale and domain; with --kinds by kind, and measure its longest SMS.

    JSON has both.
    """
    lines = _coverage(templates, locales, locale, kinds=kinds or json_)
    if json_:
        _print_json([_line(one) for one in lines])
    elif kinds:
        headings = ("locale", "kind", "done", "texts", "fuzzy", "longest SMS", "state")
        rows = [_kind_cells(one) for one in lines if one.kind]
        grids.show(headings, rows, whole=(0, 1), right=(2, 3, 4))
    else:
        counted = ("locale", "domain", "translated", "of", "fuzzy", "missing")
        grids.show(counted, [_cells(one) for one in lines], whole=(0, 1), right=(2, 3, 4, 5))


@app.command("compile")
def compile_(
    locales: Locales = _LOCALES,
    out: Annotated[Path, typer.Option(help="Where to write them.")] = Path("build/locales"),
    json_: Json = False,
) -> None:
    """Write .mo files for programs that read GNU gettext's; Broadcaster reads .po and needs none.

    Nothing fuzzy and no half plural is in them.
    """
    from broadcaster.render import mofile, upkeep

    written = []
    for path in sorted(upkeep.require(locales).glob("*/LC_MESSAGES/*.po")):
        try:
            po = upkeep.read_catalogue_file(path, locales)
        except DamagedError as error:
            _tell_left_out({path.parent.parent.name: str(error)})
            continue
        target = (out / path.relative_to(locales)).with_suffix(".mo")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(mofile.compiled(po))
        written.append({"file": str(target), "texts": mofile.count(po)})
    if json_:
        _print_json(written)
    else:
        for one in written:
            typer.echo(f"{one['file']}: {number_of(int(str(one['texts'])), 'text')}.")


@app.command()
def new(
    tag: Annotated[str, typer.Argument(help="The locale as BCP 47 names it, such as de or pt-BR.")],
    templates: Annotated[
        Path | None, typer.Option(help="The folder of kinds; none: ./templates, or those shipped.")
    ] = None,
    locales: Annotated[
        Path | None,
        typer.Option(
            help="The folder of locales; none: that of BROADCASTER_LOCALES, or ./locales."
        ),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            help="The CLDR locale of dates and numbers, such as es_ES; none: that of the region "
            "where most people speak it."
        ),
    ] = None,
    plural_forms: Annotated[
        str | None, typer.Option(help="The gettext plural header, where Babel knows none.")
    ] = None,
    json_: Json = False,
) -> None:
    """Begin a locale: its locale.toml, refused until reviewed, and catalogues with no translation.

    Files that are there already stay as they are.
    """
    from broadcaster.render import upkeep
    from broadcaster.render.beginning import begin

    kinds, place = beginnings(templates, locales)
    domains = domains_of(kinds, place)
    files = begin(tag, place, domains, formats=formats, plural_forms=plural_forms)
    changed = upkeep.save(files)
    _tell_changed(changed, json_=json_)
    if not changed and not json_:
        held = sorted(path for path in (place / tag).rglob("*") if path.is_file())
        names = ", ".join(upkeep.shown(path, place) for path in held)
        typer.echo(f"Nothing is changed: {place} has {names}.")


def _coverage(templates: Path, locales: Path, tag: str | None, *, kinds: bool) -> "list[Coverage]":
    from broadcaster.render import upkeep
    from broadcaster.render.coverage import KindCoverage, counted, of_file

    domains = domains_of(templates, locales)
    checker = in_force(templates, locales)
    library = checker.renderer.library
    chosen = counted(checker.renderer) if tag is None else [library.locale(tag)]
    counting = KindCoverage(renderer=checker.renderer, measure=checker.measure)
    lines = []
    broken = {domain.name: upkeep.damaged(domain, locales) for domain in domains}
    for found in broken.values():
        _tell_left_out(found)
    for locale in chosen:
        for domain in domains:
            path = domain.catalogue(locales, locale.tag)
            whole = path.is_file() and locale.tag not in broken[domain.name]
            po = upkeep.read_catalogue_file(path, locales) if whole else None
            lines.append(of_file(locale, domain.name, domain.texts, po))
        lines += counting.of([locale], kinds_in(templates, checker)) if kinds else []
    return lines


def _line(one: "Coverage") -> dict[str, object]:
    sms = one.sms
    return {
        "locale": one.locale,
        "domain": one.domain,
        "kind": one.kind or None,
        "texts": one.texts,
        "translated": one.translated,
        "fuzzy": one.fuzzy,
        "missing": one.missing,
        "state": one.state or None,
        "longest_sms": sms
        and {"encoding": sms.encoding, "units": sms.units, "segments": sms.segments},
    }


def _cells(one: "Coverage") -> tuple[str, ...]:
    counts = (one.translated, one.texts, one.fuzzy, one.missing)
    return (one.locale, one.domain, *map(str, counts))


def _kind_cells(one: "Coverage") -> tuple[str, ...]:
    sms = one.sms and f"{one.sms.segments} × {one.sms.encoding} ({one.sms.units})"
    counts = (one.translated, one.texts, one.fuzzy)
    return (one.locale, one.kind, *map(str, counts), sms or "", one.state)


def _finding(finding: "Finding") -> dict[str, str]:
    return {
        "severity": finding.gravity.value,
        "of": finding.kind,
        "locale": finding.locale,
        "place": finding.place,
        "problem": finding.problem,
        "remedy": finding.remedy,
    }


def _tell_left_out(damaged: Mapping[str, str]) -> None:
    for tag, problem in damaged.items():
        typer.echo(f"{tag} is left out: {problem}", err=True)


def _tell_changed(paths: Iterable[Path], *, json_: bool) -> None:
    if json_:
        _print_json({"changed": [str(path) for path in paths]})
        return
    for path in paths:
        typer.echo(f"{path} is changed.")


def _print_json(value: Mapping[str, object] | Sequence[object]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
