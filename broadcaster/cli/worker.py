"""`broadcaster worker`: plans, sends and records."""

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.command()
def worker(
    queues: Annotated[
        str, typer.Option(help="What it works on, the most urgent first.")
    ] = "control,urgent,routine",
    concurrency: Annotated[
        int, typer.Option(min=0, max=256, help="Child processes; 0: as set.")
    ] = 0,
    name: Annotated[str, typer.Option(help="Its name, unique on this machine.")] = "worker",
) -> None:
    """Run a worker that plans, sends and records, until it is told to stop (SIGTERM)."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    settings = load()
    with bootstrap.running(settings):
        from broadcaster.tasks.process import work

        work(name, queues.split(","), concurrency or settings.concurrency)
