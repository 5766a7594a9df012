"""`broadcaster web`: callbacks, bounces, public pages and progress."""

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.command()
def web(
    *,
    public: Annotated[
        bool,
        typer.Option("--public", help="Serve the public folder alone; needs no other server."),
    ] = False,
) -> None:
    """Serve callbacks, bounces, public pages and progress until told to stop (SIGTERM)."""
    from broadcaster.bootstrap import logs
    from broadcaster.settings import load
    from broadcaster.web.serving import serve, serve_public

    settings = load()
    logs.set_up(form=settings.watching.log_format)
    (serve_public if public else serve)(settings)
