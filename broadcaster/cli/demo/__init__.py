"""`broadcaster demo`: the founding notice, to fictional customers, over simulated networks."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.command()
def demo(
    customers: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many to tell.")] = 5000,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Repeats a run.")] = 1,
    trouble: Annotated[
        float, typer.Option(min=0, max=1, help="Share of requests that go wrong, 0 to 1.")
    ] = 0.02,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
    dump: Annotated[
        Path | None, typer.Option(help="Write what the networks received to this folder.")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Leave the page and the servers up.")] = False,
    fresh: Annotated[bool, typer.Option(help="Forget an interrupted run.")] = False,
) -> None:
    """Send the founding notice to fictional customers and report who was reached.

    A run that was interrupted goes on where it was. Nothing leaves this machine.
    """
    from broadcaster.cli.demo.run import Wishes, run

    run(
        Wishes(
            customers=customers,
            seed=seed,
            trouble=trouble,
            json=json,
            dump=dump,
            keep=keep,
            fresh=fresh,
        )
    )
