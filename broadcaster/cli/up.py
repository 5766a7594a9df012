"""`broadcaster up`: all services on this machine, in the foreground."""

import typer

app = typer.Typer(add_completion=False)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.command()
def up(
    sandbox: bool = typer.Option(
        False, help="Run the simulated networks too, and point what is not set up at them."
    ),
) -> None:
    """Run the servers that are not your own, the page, the workers and beat, until Ctrl+C."""
    from rich.console import Console

    from broadcaster import bootstrap
    from broadcaster.cli.demo.scene import furnish
    from broadcaster.cli.services import services, stay
    from broadcaster.embedded.supervisor import Supervisor
    from broadcaster.settings import load

    console = Console(stderr=True)
    settings = load()
    if sandbox:
        furnish(settings.home)
        settings = load()
        bootstrap.sandbox_account(settings)
    with (
        bootstrap.running(settings) as runtime,
        Supervisor(settings.home, services(runtime, sandbox=sandbox)) as supervisor,
    ):
        runtime.throttle.check()
        supervisor.start()
        console.print(f"Everything is up; the page is at {settings.public_url}. Ctrl+C ends it.")
        stay(supervisor, console)
