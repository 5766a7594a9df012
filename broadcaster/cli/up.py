"""`broadcaster up`: all services on this machine, in the foreground."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from broadcaster.bootstrap import Runtime

app = typer.Typer(add_completion=False)

#: Who is there on a machine to try things out.
_FIRST = "The duty officer"

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
        console.print(
            f"Everything is up; the console is at {settings.console_url}. Ctrl+C ends it."
        )
        if all(one.invited for one in runtime.operators.list()):
            _welcome(runtime, console, sandbox=sandbox)
        stay(supervisor, console)


def _welcome(runtime: "Runtime", console: "Console", *, sandbox: bool) -> None:
    """Say how the first operator enters; on a machine to try things out there is one already."""
    from broadcaster.domain.access import Role

    if not sandbox:
        console.print(
            "Nobody may enter it yet. In another terminal: broadcaster operators add NAME "
            "--role administrator",
            highlight=False,
        )
        return
    if not runtime.operators.any():
        roles = (Role.ADMINISTRATOR, Role.DUTY_OFFICER)
        runtime.operators.add(_FIRST, roles, "broadcaster", runtime.clock.now())
    name = runtime.operators.list()[0].operator.name
    link = runtime.invitation(name, "broadcaster")
    console.print(
        f"{name} sets a password here, once, within 24 hours:\n{link}",
        highlight=False,
        soft_wrap=True,
    )
