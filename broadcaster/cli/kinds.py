"""`broadcaster kinds`: the kinds of advisory, their faults, and how they read."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from broadcaster.cli import grids, kindfacts, sheets
from broadcaster.cli.steering import By, running

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from broadcaster.domain.advisory import FactValue
    from broadcaster.domain.message import Channel
    from broadcaster.render.check import KindChecker
    from broadcaster.render.findings import Finding
    from broadcaster.render.kinds import Kind
    from broadcaster.render.locales import Locale

app = typer.Typer(add_completion=False, no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def _group() -> None:
    """List, check, preview, add and remove kinds of advisory."""


@app.command("list")
def list_(json_: Json = False) -> None:
    """List the kinds, and the locales in which each may go to customers."""
    library = _checker().renderer.library
    kinds = [library.kinds[name] for name in sorted(library.kinds)]
    if json_:
        _print_json([_describe(kind) for kind in kinds])
    else:
        grids.show(
            ("kind", "what it is", "class", "channels", "locales"),
            [
                (
                    kind.name,
                    kind.labels["en"],
                    kind.message_class.value,
                    ", ".join(kind.channels),
                    ", ".join(kind.locales),
                )
                for kind in kinds
            ],
            whole=(0,),
        )
    for tag, problem in library.damaged.items():
        typer.echo(f"{tag} is left out: {problem}", err=True)
    for name, fault in sorted(library.faults.items()):
        typer.echo(f"{name} is broken: {fault}", err=True)


@app.command()
def check(
    kind: Annotated[str | None, typer.Argument(help="One kind; all without.")] = None,
    json_: Json = False,
) -> None:
    """Check every part of a kind in every locale; exit code 1 when something must be mended."""
    from broadcaster.render.findings import Gravity

    checker = _checker()
    findings = checker.check(kind)
    if json_:
        _print_json([_finding(finding) for finding in findings])
    else:
        _show_findings(findings)
    errors = sum(finding.gravity is Gravity.ERROR for finding in findings)
    if not json_:
        names = [kind] if kind else sorted(checker.renderer.kinds)
        typer.echo(f"Checked {', '.join(names)}: {errors or 'no'} error{'s' * (errors != 1)}.")
    if errors:
        raise typer.Exit(1)


@app.command()
def preview(
    kind: str,
    locale: Annotated[str, typer.Option(help="The language, such as ar or fr.")],
    channel: Annotated[str, typer.Option(help="sms, email, push or web.")],
    facts: Annotated[Path | None, typer.Option(help="A JSON or TOML file of facts.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Mail as HTML, not as text.")] = False,
    json_: Json = False,
) -> None:
    """Show how a kind reads, with its own facts or those of a file."""
    from broadcaster.render.check import parts_of, sample_advisory, sample_reader
    from broadcaster.render.factfile import read_facts

    way = _channel(channel)
    checker = _checker()
    library = checker.renderer.library
    found, spoken = library.kind(kind), library.locale(locale)
    resolved = found.sample() if facts is None else found.resolve(read_facts(facts))
    advisory = sample_advisory(found, resolved)
    content = checker.renderer.preview(advisory, way, spoken.tag, sample_reader(spoken))
    parts = parts_of(content)
    why_not = None if spoken.tag in found.locales else library.why_not(kind, spoken)
    shown: dict[str, Any] = {
        "kind": kind,
        "locale": spoken.tag,
        "channel": way.value,
        "parts": parts,
        "refused": why_not,
    }
    if "sms/body.txt" in parts:
        size = checker.measure(parts["sms/body.txt"])
        shown["sms"] = {
            "encoding": size.encoding,
            "units": size.units,
            "segments": size.segments,
        }
        letters = _letters(found, resolved, spoken, parts["sms/body.txt"])
        if letters and size.encoding == "UCS-2":
            shown["sms"] = {**shown["sms"], "letters": letters}
    if json_:
        _print_json(shown)
        return
    _show_parts(parts, html=html)
    if "sms" in shown:
        typer.echo(f"{size.encoding}, {size.units} units, segments: {size.segments}", err=True)
        for letter, place in letters.items():
            typer.echo(f"{letter} is not in GSM-7; it comes from {place}.", err=True)
    if why_not:
        typer.echo(f"Not sent to customers in {spoken.tag}: {why_not}.", err=True)


def _letters(
    kind: "Kind", facts: "Mapping[str, FactValue]", locale: "Locale", text: str
) -> dict[str, str]:
    """Say of each letter that makes an SMS in Latin script UCS-2 where it comes from."""
    from broadcaster.channels.sms import offending
    from broadcaster.render.letters import whence

    if locale.script != "Latn":
        return {}
    return {
        one.character: whence(kind, facts, locale, one.character, one.count)
        for one in offending(text)
    }


app.command()(sheets.sheet)
app.command()(kindfacts.facts)


@app.command()
def add(
    source: Annotated[Path, typer.Argument(help="A folder, or a .zip of one.")],
    *,
    replace: Annotated[
        bool, typer.Option(help="Put it in the place of one of yours with this name.")
    ] = False,
    by: By = "operator",
    json_: Json = False,
) -> None:
    """Check a kind and put it into your own folder; exit code 1 when something must be mended.

    Workers and web use it when they are started again. Who did it is noted.
    """
    from broadcaster import bootstrap

    with running() as runtime:
        added = bootstrap.add_kind(runtime, source, by, replace=replace)
    if json_:
        found = [_finding(finding) for finding in added.findings]
        _print_json(
            {
                "kind": added.name,
                "placed": added.placed,
                "replaced": added.replaced,
                "findings": found,
            }
        )
    else:
        _show_findings(added.findings)
        done = "has taken the place of the former one" if added.replaced else "is added"
        restart = "Start workers and web again to use it"
        told = f"{done}. {restart}" if added.placed else "is refused, and nothing is changed"
        typer.echo(f"{added.name} {told}.")
    if not added.placed:
        raise typer.Exit(1)


@app.command()
def remove(
    kind: Annotated[str, typer.Argument(help="One that was added.")], by: By = "operator"
) -> None:
    """Take a kind out of your own folder; not while campaigns that have not ended need it."""
    from broadcaster import bootstrap

    with running() as runtime:
        stays = bootstrap.remove_kind(runtime, kind, by)
    after = " The shipped kind of that name is in force." if stays else ""
    typer.echo(f"{kind} is removed.{after} Start workers and web again.")


@app.command()
def extract(
    templates: Annotated[Path, typer.Option(help="A folder of kinds.")] = Path("templates"),
    locales: Annotated[Path, typer.Option(help="A folder of locales.")] = Path("locales"),
) -> None:
    """Bring advisories.pot and every catalogue into step, as 'i18n update --domain advisories'."""
    from broadcaster.cli.i18n import update

    update(templates, locales, domain="advisories")


def _checker() -> "KindChecker":
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.kind_checker(load())


def _channel(name: str) -> "Channel":
    from broadcaster.domain.message import Channel
    from broadcaster.errors import NotFoundError

    try:
        return Channel(name)
    except ValueError as error:
        known = ", ".join(Channel)
        problem = f"{name[:60]!r} is unknown"
        raise NotFoundError("channel", problem, f"Use one of {known}.") from error


def _show_parts(parts: "Mapping[str, str]", *, html: bool) -> None:
    """Print parts below their names; of a mail the text that people read, or its HTML."""
    hidden = set()
    if "email/body.mjml" in parts:
        hidden = {"email/body.txt"} if html else {"email/body.mjml"}
    shown = {part: text for part, text in parts.items() if part not in hidden}
    for part, text in shown.items():
        # What stands alone is the text itself, for a file or another command.
        if len(shown) > 1:
            typer.echo(typer.style(part, bold=True))
        typer.echo(text)


def _describe(kind: "Kind") -> dict[str, object]:
    return {
        "kind": kind.name,
        "labels": dict(kind.labels),
        "class": kind.message_class.value,
        "severity": kind.severity.value,
        "urgency": kind.urgency.value,
        "certainty": kind.certainty.value,
        "channels": list(kind.channels),
        "locales": list(kind.locales),
        "facts": {
            fact.name: {
                "type": fact.type.value,
                "labels": dict(fact.labels),
                "choices": {one: dict(fact.choice_labels.get(one, {})) for one in fact.choices},
                "required": fact.required,
                "default": fact.default,
                "lapses": fact.lapses,
            }
            for fact in kind.facts.values()
        },
    }


def _finding(finding: "Finding") -> dict[str, str]:
    return {
        "severity": finding.gravity.value,
        "kind": finding.kind,
        "part": finding.part,
        "locale": finding.locale,
        "place": finding.place,
        "problem": finding.problem,
        "remedy": finding.remedy,
    }


def _show_findings(findings: "Sequence[Finding]") -> None:
    if findings:
        grids.show(
            ("", "where", "what is wrong", "what to do"),
            [_row(finding) for finding in findings],
            whole=(0,),
        )


def _row(finding: "Finding") -> tuple[str, ...]:
    place = f"{finding.place}: " if finding.place else ""
    # One below the other: beside each other they leave no room for what is wrong.
    where = "\n".join(filter(None, (finding.kind, finding.part, finding.locale)))
    return (finding.gravity.value, where, place + finding.problem, finding.remedy)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
