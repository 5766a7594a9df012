"""`broadcaster sandbox`: the simulated networks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.sandbox.config import SandboxConfig
    from broadcaster.settings import Settings

app = typer.Typer(add_completion=False)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.command()
def sandbox(
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**31, help="Repeats a run: who meets trouble.")
    ] = None,
    trouble: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of requests that go wrong.")
    ] = None,
    pace: Annotated[
        float | None, typer.Option(min=0, max=1000, help="Multiplies all delays; 0: at once.")
    ] = None,
    rate: Annotated[
        list[str] | None, typer.Option(help="One kind of trouble by itself: carrier.busy=0.1.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Folder for what is received; 'sandbox' in the home.")
    ] = None,
) -> None:
    """Run a carrier, a mail host and push services that only pretend, until told to stop."""
    from dataclasses import replace

    from broadcaster.sandbox.process import run
    from broadcaster.settings import load

    config = configure(load())
    config = replace(
        config,
        seed=config.seed if seed is None else seed,
        trouble=config.trouble if trouble is None else trouble,
        pace=config.pace if pace is None else pace,
        folder=config.folder if record is None else record.absolute(),
        rates={**config.rates, **read_rates(rate or [])},
    )
    run(config, typer.echo)


def configure(settings: "Settings") -> "SandboxConfig":
    """Make the networks' configuration of the settings, their providers' accounts included."""
    from broadcaster.domain.options import Secret
    from broadcaster.sandbox.config import DEFAULT_ACCOUNT, DEFAULT_TOKEN, SandboxConfig

    twilio, own = settings.options("twilio"), settings.sandbox
    web = f"http://{settings.web_host}:{settings.web_port}"
    listed = [f"{kind}={rate}" for kind, rate in _rates(settings).items()]
    return SandboxConfig(
        folder=settings.home / "sandbox",
        seed=own.seed,
        carrier_port=own.carrier_port,
        smtp_port=own.smtp_port,
        push_port=own.push_port,
        trouble=own.trouble,
        rates=read_rates(listed),
        pace=own.pace,
        account_sid=twilio.text("ACCOUNT_SID", DEFAULT_ACCOUNT),
        auth_token=Secret(twilio.text("AUTH_TOKEN", DEFAULT_TOKEN)),
        callback_base="" if settings.public_url == web else web,
        bounce_host=settings.bounce_host,
        bounce_port=settings.bounce_port,
    )


def _rates(settings: "Settings") -> dict[str, str]:
    return settings.options("sandbox").pairs("RATES", "")


def read_rates(words: list[str]) -> dict[str, float]:
    """Read `kind=share` words; InvalidInputError for a share that is no number."""
    rates = {}
    for word in words:
        kind, _, share = word.partition("=")
        try:
            rates[kind.strip()] = float(share)
        except ValueError as error:
            remedy = "Write a kind of trouble and its share: carrier.busy=0.1."
            raise InvalidInputError("rate", f"{word!r} has no share", remedy) from error
    return rates
