"""`make chaos`: a campaign is sent while everything dies around it, and the sums must be right.

python -m tests.chaos --seed 7 --customers 25000 --events 300
"""

import json
import shutil
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from tests.chaos import kept, picture, summary
from tests.chaos.book import Book
from tests.chaos.run import Outcome, Run
from tests.chaos.scene import staged
from tests.chaos.wishes import Wishes


def chaos(  # noqa: PLR0913, PLR0917  (each is a switch of the command)
    seed: Annotated[int, typer.Option(min=1, help="Chooses customers, events, trouble.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="How many runs, each with the next seed.")] = 1,
    customers: Annotated[int, typer.Option(min=20, help="How many to tell.")] = 30_000,
    events: Annotated[int, typer.Option(min=0, help="How many things are done to it.")] = 300,
    trouble: Annotated[
        float, typer.Option(min=0, max=1, help="Share of requests that the networks spoil.")
    ] = 0.15,
    sending: Annotated[
        float, typer.Option(min=1, help="Seconds that sending would take undisturbed.")
    ] = 180,
    patience: Annotated[float, typer.Option(min=10, help="Longest run, seconds.")] = 2400,
    records: Annotated[Path, typer.Option("--kept", help="Where the records are kept.")] = Path(
        ".broadcaster/chaos"
    ),
    quiet: Annotated[bool, typer.Option(help="Print the summary only.")] = False,  # noqa: FBT002  (a switch)
) -> None:
    """Send a campaign while everything dies around it; exit code 1 when the sums are wrong."""
    wishes = Wishes(
        seed=seed,
        customers=customers,
        events=events,
        trouble=trouble,
        sending=sending,
        patience=patience,
        kept=records.absolute(),
    )
    # Told to end, it ends what it started; a shell may have had it ignore the other one.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(130))
    outcomes = [play(replace(wishes, seed=one), quiet=quiet) for one in range(seed, seed + seeds)]
    good = sum(outcome.good for outcome in outcomes)
    typer.echo(f"{good} of {seeds} runs are as they must be. The records are in {wishes.kept}.")
    sys.exit(0 if good == seeds else 1)


def play(wishes: Wishes, *, quiet: bool = False) -> Outcome:
    """Play one run, print its summary, and keep its record."""
    folder = wishes.kept / f"seed-{wishes.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with (
        (folder / "events.jsonl").open("w", encoding="utf-8") as file,
        staged(wishes) as scene,
    ):
        book = Book(file, echo=not quiet)
        book.note("wishes", **{**asdict(wishes), "limits": wishes.limits()})
        outcome = Run(scene=scene, wishes=wishes, book=book).play()
        text = summary.text(wishes, outcome, book.lines)
        (folder / "summary.txt").write_text(text, encoding="utf-8")
        (folder / "verdict.json").write_text(
            json.dumps(asdict(outcome), indent=1, default=str), encoding="utf-8"
        )
        picture.draw(kept.read(folder), folder / "picture.svg")
        if not outcome.good:
            # What the findings rest on: made-up addresses of made-up people.
            shutil.copytree(scene.record, folder / "networks", dirs_exist_ok=True)
            shutil.copytree(scene.home / "logs", folder / "logs", dirs_exist_ok=True)
            summary.keep_rows(scene.urls.database, folder / "ledger.csv")
    typer.echo(text)
    return outcome


if __name__ == "__main__":
    typer.run(chaos)
