"""`broadcaster web`: callbacks, bounces, public pages and progress."""

import typer

app = typer.Typer(add_completion=False)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.command()
def web() -> None:
    """Serve callbacks, bounces, public pages and progress until told to stop (SIGTERM)."""
    from broadcaster.bootstrap import logs
    from broadcaster.settings import load
    from broadcaster.web.serving import serve

    logs.set_up()
    serve(load())
