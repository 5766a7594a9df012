"""`broadcaster web`: callbacks, bounces, public pages and progress."""

import typer

app = typer.Typer(add_completion=False)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.command()
def web() -> None:
    """Serve callbacks, bounces, public pages and progress until told to stop (SIGTERM)."""
    import logging

    from broadcaster.settings import load
    from broadcaster.web.serving import serve

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("broadcaster").setLevel(logging.INFO)
    serve(load())
