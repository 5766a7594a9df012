"""`broadcaster publish`: what everybody may read, written, checked and copied."""

import json as json_
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)
if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime

app = typer.Typer(add_completion=False)

_SHOWN = 20


@app.command()
def publish(
    to: Annotated[
        Path | None,
        typer.Option(help="Write the whole site there too, for any web server or bucket."),
    ] = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing, say what is wrong; exit code 1.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Try again at once what could not be published.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Publish what is due, and bring the public folder into step.

    Workers do so by themselves. It may be called at any time, and twice is as good as once.
    """
    from broadcaster.bootstrap import running
    from broadcaster.settings import load

    with running(load()) as runtime:
        if check:
            figures = _examined(runtime)
            _print(figures, json=json)
            if not figures["fine"]:
                raise typer.Exit(1)
            return
        if again:
            runtime.publications.try_again()
        runtime.publisher.publish()
        done = runtime.publisher.rewrite() if to is None else runtime.publisher.write(to)
        where = str(to or runtime.publisher.folder.site)
        faults = runtime.publications.faults()
        if json:
            _print({**asdict(done), "folder": where, "faults": faults}, json=True)
        else:
            typer.echo(
                f"{where}: {done.written:,} files written, {done.kept:,} were so already, "
                f"{done.removed:,} taken away."
            )
            _faults(faults)
        if faults:
            raise typer.Exit(1)


def _examined(runtime: "Runtime") -> dict[str, Any]:
    """Look at everything: what is behind, what differs, alerts with faults, what is in doubt."""
    from broadcaster.publication.capcheck import Gravity
    from broadcaster.publication.capcheck import check as check_alert

    now = runtime.clock.now()
    folder = runtime.public_folder
    entries, _ = folder.entries()
    alerts = {}
    for number in sorted(entries):
        record = folder.record(number)
        # Where it is not here whole, its files differ.
        texts = [text for text in (record.cap, record.calling_off) if text] if record else []
        found = [one for text in texts for one in check_alert(text.encode())]
        wrong = [f"{one.place} {one.problem}" for one in found if one.gravity is Gravity.ERROR]
        if wrong:
            alerts[number] = wrong[:_SHOWN]
    announced = runtime.announcements.list()
    troubled = [one for one in announced if one["status"] in {"doubt", "refused"}]
    figures = {
        "publications": len(entries),
        "behind": runtime.publisher.pending(),
        "faults": runtime.publications.faults(),
        "differing": runtime.publisher.differing(),
        "alerts": alerts,
        "announcements": troubled,
        "checked_at": now.isoformat(),
    }
    told = ("behind", "faults", "differing", "alerts")
    return {"fine": not any(figures[name] for name in told), **figures}


def _print(figures: dict[str, Any], *, json: bool) -> None:
    if json:
        typer.echo(json_.dumps(figures, ensure_ascii=False))
        return
    typer.echo(f"{figures['publications']:,} publications.")
    if figures["behind"]:
        typer.echo("The folder is behind. Workers bring it into step, or 'broadcaster publish'.")
    _faults(figures["faults"])
    if figures["differing"]:
        shown = ", ".join(figures["differing"][:_SHOWN])
        typer.echo(f"{len(figures['differing']):,} files are not what they should be: {shown}.")
        typer.echo("'broadcaster publish' makes them anew.")
    for number, wrong in figures["alerts"].items():
        typer.echo(f"Advisory {number}: the alert {'; '.join(wrong)}.")
    for one in figures["announcements"]:
        typer.echo(
            f"Advisory {one['advisory']}: announcing on {one['sink']} is {one['status']} "
            f"({one['reason']}). Look there; it is not sent again."
        )


def _faults(faults: Any) -> None:  # noqa: ANN401  (by advisory, why)
    for number, fault in faults.items():
        typer.echo(f"Advisory {number} could not be published: {fault}", err=True)
