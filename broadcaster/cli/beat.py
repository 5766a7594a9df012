"""`broadcaster beat`: the clock that finds what is due."""

import typer

app = typer.Typer(add_completion=False)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.command()
def beat() -> None:
    """Send a tick each second; run one of these. What is due is never lost while it is away."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.running(load()):
        from broadcaster.tasks.process import application

        application().Beat(loglevel="INFO", quiet=True).run()
