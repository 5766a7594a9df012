"""`broadcaster beat`: the clock that finds what is due, and the watch over everything."""

import typer

app = typer.Typer(add_completion=False)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.command()
def beat() -> None:
    """Send a tick twice a second, and watch over everything; run one of these.

    What is due is never lost while it is away.
    """
    from broadcaster import bootstrap
    from broadcaster.bootstrap import telemetry
    from broadcaster.bootstrap.watching import Watchman, reachable_team, watched
    from broadcaster.settings import load
    from broadcaster.web.alerting import speaker

    settings = load()
    with bootstrap.running(settings) as runtime:
        from broadcaster.tasks.process import application

        watchman = Watchman(runtime, reachable_team(settings), speaker(settings).say)
        reads = telemetry.overview_reads(settings, lambda: watchman.last)
        telemetry.listen(settings, "beat", reads, lambda: runtime.pool)
        with watched(watchman):
            application().Beat(loglevel="INFO", quiet=True).run()
