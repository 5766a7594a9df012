"""`broadcaster web`: callbacks, bounces, public pages and progress."""

import typer

app = typer.Typer(add_completion=False)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.command()
def web() -> None:
    """Serve callbacks, bounces, public pages and progress until told to stop (SIGTERM)."""
    import logging

    from broadcaster import bootstrap
    from broadcaster.settings import load

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    with bootstrap.running(load()) as runtime:
        from broadcaster.web.serving import serve

        serve(runtime)
