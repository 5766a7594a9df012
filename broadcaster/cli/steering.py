"""`broadcaster campaigns approve` to `replay`: the steps of a campaign, each with who takes it."""

from typing import Annotated, Any

import typer

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

Which = Annotated[str, typer.Argument(help="The campaign's number or name.", metavar="CAMPAIGN")]
By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]


def approve(
    campaign: Which,
    bypass: Annotated[
        str,
        typer.Option(
            help="In an emergency: why it is approved by who wrote it. Recorded and shown.",
            metavar="REASON",
        ),
    ] = "",
    by: By = "operator",
) -> None:
    """Pin what will be sent, as a second pair of eyes; whatever changes needs a new approval.

    Whoever wrote some of it does not approve it.
    """
    from broadcaster import bootstrap
    from broadcaster.cli.waiting import fairness_lines

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        pinned = bootstrap.approve(runtime, found, by, bypass=bypass)
        messages = sum(pinned["channels"].values())
        sums = [f"{amount} {currency}" for currency, amount in pinned["cost"]["total"].items()]
        typer.echo(
            f"Campaign {found.id} is approved by {by}; content {pinned['content_hash'][:12]}, "
            f"{pinned['reached']:,} customers, {messages:,} messages, "
            f"{pinned['segments']:,} SMS segments, {', '.join(sums) or 'at an unknown price'}."
        )
        if bypass:
            typer.echo("Without a second person; the reason is recorded and shown.")
        for line in fairness_lines(pinned["fairness"]):
            typer.echo(line)
        for one in pinned["concerns"]:
            where = " ".join(one[name] for name in ("part", "locale", "place") if one[name])
            typer.echo(f"Note, {where}: {one['problem']}. {one['remedy']}")


def launch(campaign: Which, by: By = "operator") -> None:
    """Start it, now or at its scheduled time; refused when it is no longer what was approved."""
    from broadcaster import bootstrap

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        bootstrap.launch(runtime, found, by)
        typer.echo(f"Campaign {found.id} is launched.")


def pause(campaign: Which, by: By = "operator") -> None:
    """Hold it: nothing more leaves, nothing is lost."""
    _step(campaign, "pause", by, "is paused")


def resume(campaign: Which, by: By = "operator") -> None:
    """Let a paused one go on."""
    _step(campaign, "resume", by, "goes on")


def hold(
    campaign: Which,
    *,
    until: Annotated[
        str, typer.Option(help="ISO 8601 with offset, or +2h; none: until it is released.")
    ] = "",
    channel: Annotated[str, typer.Option(help="That channel alone.")] = "",
    zone: Annotated[str, typer.Option(help="Customers of that time zone alone.")] = "",
    segment: Annotated[
        str, typer.Option(help="Customers of a saved segment alone, of what is planned already.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "",
    by: By = "operator",
) -> None:
    """Hold a campaign or a part of it: nothing of that leaves, the rest goes on."""
    from broadcaster import bootstrap
    from broadcaster.cli import holding
    from broadcaster.cli.drafts import as_options

    with as_options():
        part = bootstrap.scope(channel, zone, segment)
    with running() as runtime:
        typer.echo(holding.hold(runtime, campaign, part, until, by, reason))


def release(
    campaign: Which,
    *,
    channel: Annotated[str, typer.Option(help="That channel alone.")] = "",
    zone: Annotated[str, typer.Option(help="Customers of that time zone alone.")] = "",
    segment: Annotated[str, typer.Option(help="A held segment alone.")] = "",
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "",
    by: By = "operator",
) -> None:
    """Let go what is held, now; also what waits for the end of quiet hours."""
    from broadcaster import bootstrap
    from broadcaster.cli import holding
    from broadcaster.cli.drafts import as_options

    with as_options():
        part = bootstrap.scope(channel, zone, segment)
    with running() as runtime:
        typer.echo(holding.release(runtime, campaign, part, by, reason))


def cancel(campaign: Which, by: By = "operator") -> None:
    """Stop it for good: what has not left never will."""
    _step(campaign, "cancel", by, "is cancelled")


def replay(campaign: Which, by: By = "operator") -> None:
    """Send again what was given up, while its advisory is valid; never what is in doubt."""
    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        again = runtime.doubts.replay(found.id, by, runtime.clock.now())
        typer.echo(f"Campaign {found.id}: {again:,} deliveries are sent again.")


def running() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    """Give a runtime for the length of a command."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())


def _step(campaign: str, step: str, by: str, done: str) -> None:
    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        getattr(runtime.campaigns, step)(found.id, by, runtime.clock.now())
        typer.echo(f"Campaign {found.id} {done}.")
