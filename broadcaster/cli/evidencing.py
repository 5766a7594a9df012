"""`broadcaster campaigns evidence`: what is handed over after a campaign."""

import json as json_
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from broadcaster.cli.steering import By, Which, running
from broadcaster.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime
    from broadcaster.domain.campaign import Campaign
    from broadcaster.web.dossier import Documents
    from broadcaster.web.languages import Language

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_FORMATS = ("html", "pdf", "zip")


def evidence(
    campaign: Which,
    *,
    output: Annotated[Path, typer.Option(help="The folder for the files.")],
    formats: Annotated[
        str, typer.Option("--format", help="html, pdf, zip; several with commas.")
    ] = "zip",
    language: Annotated[str, typer.Option(help="The language of the document: en, fr, ar.")] = "en",
    people: Annotated[
        bool, typer.Option("--people/--without-people", help="Who was not reached, by number.")
    ] = True,
    purpose: Annotated[str, typer.Option(help="Why, for the audit.")] = "not given",
    by: By = "operator",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a campaign's evidence: texts, approvals, times, reach, reasons, and the unreached.

    The archive (zip) has everything, with the SHA-256 of each file; 'evidence verify' checks it.
    Customers are in it by their numbers; who did it is noted.
    """
    wanted = _wanted(formats)
    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        from broadcaster.render.sheets import browser
        from broadcaster.web.papers import documents, own_pages

        # Before anything is counted.
        printer = browser.find(runtime.settings.browser) if "pdf" in wanted else None
        pages = own_pages(runtime.settings, runtime.renderer.locales)
        known = [one.locale.tag for one in pages.languages.offered()]
        spoken = pages.languages.get(language)
        # A language that is not there is not taken for another one in silence.
        if spoken is None or language.partition("-")[0] not in known:
            offered = ", ".join(known)
            problem = f"{language[:40]!r} is none of the console's"
            raise NotFoundError("--language", problem, f"Use one of {offered}.")
        papers = documents(runtime.settings, pages, runtime.renderer.locales)
        told: list[dict[str, Any]] = []
        stem = f"evidence-{found.id}"
        if printer is not None or "html" in wanted:
            html = _document(runtime, found, (papers, spoken), by, purpose, people=people)
            if "html" in wanted:
                told.append(_write(output / f"{stem}-{spoken.locale.tag}.html", html.encode()))
            if printer is not None:
                printed = browser.pdf(html, printer)
                told.append(_write(output / f"{stem}-{spoken.locale.tag}.pdf", printed))
        if "zip" in wanted:
            told.append(
                _archive(
                    runtime,
                    found,
                    output / f"{stem}.zip",
                    by,
                    purpose=purpose,
                    people=people,
                    make=lambda known: papers.document(known, spoken),
                )
            )
    if json:
        typer.echo(json_.dumps(told, ensure_ascii=False, indent=2))
    else:
        for one in told:
            typer.echo(f"{one['file']}: SHA-256 {one['sha256']}")


def _wanted(formats: str) -> list[str]:
    found = [word.strip().lower() for word in formats.split(",") if word.strip()]
    unknown = [word for word in found if word not in _FORMATS]
    if unknown or not found:
        problem = f"{unknown[0][:40]!r} is unknown" if unknown else "is empty"
        raise InvalidInputError("--format", problem, f"Use {', '.join(_FORMATS)}.")
    return found


def _document(
    runtime: "Runtime",
    found: "Campaign",
    paper: "tuple[Documents, Language]",
    by: str,
    purpose: str,
    *,
    people: bool,
) -> str:
    from broadcaster import bootstrap

    papers, spoken = paper
    if not people:
        return papers.document(bootstrap.dossier(runtime, found), spoken)
    known, named = bootstrap.dossier_with_people(runtime, found)
    numbers = [one["customer"] for one in named]
    runtime.accesses.seen(numbers, by, "evidence_list", purpose)
    return papers.document(known, spoken, named)


def _archive(
    runtime: "Runtime",
    found: "Campaign",
    target: Path,
    by: str,
    *,
    purpose: str,
    people: bool,
    make: Callable[[Any], str],
) -> dict[str, Any]:
    from broadcaster import bootstrap

    done: dict[str, Any] = {}

    def fill(stream: IO[bytes]) -> None:
        sealed = bootstrap.export_evidence(
            runtime,
            found,
            stream,
            by,
            purpose=purpose,
            people=people,
            documents={"evidence.html": make},
        )
        done.update(sha256=sealed.sha256, whole=sealed.whole)

    _place(target, fill)
    return {"file": str(target), **done}


def _write(target: Path, content: bytes) -> dict[str, Any]:
    import hashlib

    def fill(stream: IO[bytes]) -> None:
        stream.write(content)

    _place(target, fill)
    return {"file": str(target), "sha256": hashlib.sha256(content).hexdigest()}


def _place(target: Path, fill: Callable[[IO[bytes]], None]) -> None:
    """Put a file in its place when it is whole, for its owner alone; InvalidInputError."""
    try:
        descriptor, name = tempfile.mkstemp(".draft", f".{target.name}.", target.parent)
        try:
            with os.fdopen(descriptor, "w+b") as stream:
                fill(stream)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        remedy = "Name a folder that is there and can be written."
        raise InvalidInputError("--output", f"{target}: {error.strerror}", remedy) from error
