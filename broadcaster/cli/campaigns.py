"""`broadcaster campaigns`: from the first draft to the report."""

import json as json_
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from broadcaster.cli import evidencing, following, sheets, steering, wording
from broadcaster.cli.steering import By, Which, running

app = typer.Typer(add_completion=False, no_args_is_help=True)
app.add_typer(wording.app, name="wording", help="Show, set and clear the texts of one campaign.")

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def _group() -> None:
    """Create, word, forecast, check, approve, launch, watch and report campaigns."""


@app.command()
def create(  # noqa: PLR0913  (each is a choice that a campaign is made of)
    name: Annotated[str, typer.Argument(help="A name, unique among campaigns.")],
    *,
    kind: Annotated[str, typer.Option(help="The kind of advisory; 'kinds list' shows them.")],
    segment: Annotated[str, typer.Option(help="Who is told: the name of a saved segment.")],
    channels: Annotated[
        str, typer.Option(help="sms, email, push; with commas, in the order of the plan.")
    ] = "",
    plan: Annotated[
        str,
        typer.Option(
            help="all: every channel. first_reachable: one for each customer. escalate: one, and "
            "the next when nothing confirmed that it arrived. In the order push, email, sms when "
            "--channels gives none."
        ),
    ] = "all",
    escalate_after: Annotated[
        str, typer.Option(help="Minutes before each further channel, as 10,30; or one for all.")
    ] = "",
    facts: Annotated[Path | None, typer.Option(help="Facts, a JSON or TOML file.")] = None,
    effective: Annotated[
        str, typer.Option(help="Valid from; ISO 8601 with offset, or now.")
    ] = "now",
    expires: Annotated[
        str, typer.Option(help="Nothing leaves after it; ISO 8601 with offset, or +48h, +7d.")
    ] = "+72h",
    scheduled: Annotated[str, typer.Option(help="Starts then; ISO 8601 with offset.")] = "",
    message_class: Annotated[
        str, typer.Option("--class", help="service, promotional, safety.")
    ] = "",
    lane: Annotated[str, typer.Option(help="routine or urgent.")] = "routine",
    one_per: Annotated[
        str,
        typer.Option(
            help="customer: everybody. address: of those who share one, the first. household: one "
            "for each household key."
        ),
    ] = "customer",
    drill: Annotated[bool, typer.Option(help="Marks it as an exercise.")] = False,
    by: By = "operator",
    json: Json = False,
) -> None:
    """Make a draft; nothing is sent before it is approved and launched."""
    from broadcaster.bootstrap.drafting import Form, draft
    from broadcaster.cli.drafts import as_options
    from broadcaster.render.factfile import read_facts

    form = Form(
        name=name,
        kind=kind,
        segment=segment,
        channels=channels,
        plan=plan,
        escalate_after=escalate_after,
        facts=read_facts(facts) if facts else {},
        effective=effective,
        expires=expires,
        scheduled=scheduled,
        message_class=message_class,
        lane=lane,
        drill=drill,
        by=by,
        one_per=one_per,
    )
    with running() as runtime, as_options():
        campaign = draft(runtime, form)
    if json:
        typer.echo(json_.dumps({"id": campaign, "name": name}, ensure_ascii=False))
    else:
        typer.echo(f"Campaign {campaign}, {name!r}, is a draft. Next: forecast, approve, launch.")


@app.command()
def forecast(
    campaign: Which,
    picture: Annotated[Path | None, typer.Option(help="Draw it too, as SVG.")] = None,
    json: Json = False,
) -> None:
    """Say who would be told, what it costs, how long it takes, who is left out and why."""
    from broadcaster import bootstrap
    from broadcaster.cli.forecasts import show_forecast, write_picture
    from broadcaster.cli.progress import later
    from broadcaster.reports.picture import picture as draw

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        with later(lambda: runtime.customers.count(found.expression), "messages") as move:
            figures = bootstrap.foresee(runtime, found, move)
        _print(figures, json, show_forecast)
        if picture is not None:
            write_picture(draw(figures), picture)


@app.command()
def check(campaign: Which, json: Json = False) -> None:
    """Say what would keep it from being launched; exit code 1 when something does."""
    from broadcaster import bootstrap

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        concerns = bootstrap.concerns(runtime, found)
    blocking = sum(one.blocks for one in concerns)
    if json:
        listed = [one.as_dict() for one in concerns]
        typer.echo(json_.dumps({"launchable": not blocking, "concerns": listed}))
    else:
        wording.show_concerns(concerns)
        notes = len(concerns) - blocking
        blocks = f"{blocking} block{'s' * (blocking == 1)}" if blocking else "nothing blocks"
        typer.echo(f"Campaign {found.id}: {blocks} it; {notes} to note.")
    if blocking:
        raise typer.Exit(1)


@app.command()
def facts(
    campaign: Which,
    file: Annotated[Path, typer.Option(help="Facts, a JSON or TOML file; the others stay.")],
    by: By = "operator",
    json: Json = False,
) -> None:
    """Set facts anew; an approved campaign is a draft afterwards, one that was launched refuses.

    A fact that is null in a JSON file is left out.
    """
    from broadcaster import bootstrap
    from broadcaster.render.factfile import read_facts

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        again = bootstrap.refill(runtime, found, read_facts(file), by)
    if json:
        typer.echo(json_.dumps({"id": found.id, "approve_again": again}))
    else:
        more = " It is a draft again: approve it anew." if again else ""
        typer.echo(f"Campaign {found.id} has these facts.{more}")


@app.command("left-out")
def left_out(
    campaign: Which,
    csv: Annotated[bool, typer.Option("--csv", help="Write all of them as CSV.")] = False,
    output: Annotated[Path | None, typer.Option(help="A file for the CSV.")] = None,
    purpose: Annotated[str, typer.Option(help="Why, for the audit.")] = "not given",
    by: By = "operator",
) -> None:
    """List who is left out on which channel, and why; who looked is noted.

    Customers are in it by their numbers, without names and addresses.
    """
    from contextlib import closing

    from broadcaster.cli.forecasts import show_left_out, write_left_out
    from broadcaster.cli.private import streamed

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        runtime.accesses.record(by, "left_out", f"campaign {found.id}", purpose, {})
        with closing(runtime.left_out.rows(found.id, runtime.clock.now())) as rows:
            if not csv and output is None:
                show_left_out(rows)
                return
            count = write_left_out(rows, output)
        if output is not None:
            typer.echo(f"{count:,} rows are in {output}.", err=streamed(output))


@app.command()
def compare(
    campaign: Which,
    picture: Annotated[Path | None, typer.Option(help="Draw it too, as SVG.")] = None,
    json: Json = False,
) -> None:
    """Set what was forecast at the approval beside what became of it, and say why it differs."""
    from broadcaster import bootstrap
    from broadcaster.cli.forecasts import show_comparison, write_picture
    from broadcaster.reports.picture import picture as draw

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        figures = bootstrap.comparison(runtime, found)
        _print(figures, json, show_comparison)
        if picture is not None:
            write_picture(draw(runtime.campaigns.forecast(found.id), figures), picture)


for command in (
    steering.approve,
    steering.launch,
    steering.pause,
    steering.resume,
    steering.hold,
    steering.release,
    steering.cancel,
    steering.replay,
    sheets.preview,
    evidencing.evidence,
    following.thread,
    following.update,
    following.correct,
    following.withdraw,
):
    app.command()(command)
app.command("all-clear")(following.all_clear)


@app.command()
def status(
    campaign: Annotated[str, typer.Argument(help="Number or name; none lists all.")] = "",
    watch: Annotated[bool, typer.Option(help="Stay and show it live.")] = False,
    json: Json = False,
) -> None:
    """Show where a campaign stands, or list all."""
    from broadcaster import bootstrap
    from broadcaster.cli.tables import show_campaigns, show_summary

    with running() as runtime:
        if not campaign:
            _print(bootstrap.listing(runtime), json, show_campaigns)
            return
        found = runtime.campaigns.get(campaign)
        if watch and not json:
            from broadcaster.cli.live import follow

            follow(runtime, found.id)
        _print(bootstrap.summary(runtime, found.id), json, show_summary)


@app.command()
def report(campaign: Which, json: Json = False) -> None:
    """Say who was reached, who was not, and why."""
    from broadcaster import bootstrap
    from broadcaster.cli.tables import show_report

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        _print(bootstrap.report(runtime, found.id), json, show_report)


@app.command()
def export(
    campaign: Which,
    output: Annotated[Path | None, typer.Option(help="A file; none: standard output.")] = None,
    purpose: Annotated[str, typer.Option(help="Why, for the audit.")] = "not given",
    by: By = "operator",
) -> None:
    """Write every delivery as CSV, safe to open in a spreadsheet; who did it is noted.

    Customers are in it by their numbers, without names and addresses.
    """
    from broadcaster.cli.private import private_file

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        runtime.accesses.record(by, "export", f"campaign {found.id}", purpose, {})
        with private_file(output) as stream:
            runtime.reports.export(found.id, stream)


@app.command()
def archive(
    campaign: Which,
    to: Annotated[Path, typer.Option(help="A new file for its deliveries: CSV, gzip.")],
    days: Annotated[int, typer.Option(min=60, help="Only what ended so many days ago.")] = 90,
    by: By = "operator",
) -> None:
    """Write an ended campaign's deliveries to a file and drop them; its report stays.

    Links in its messages, such as to unsubscribe, end with it: so not before 60 days.
    """
    from broadcaster import bootstrap

    with running() as runtime:
        found = runtime.campaigns.get(campaign)
        kept = bootstrap.archive(runtime, found, to, days, by)
        typer.echo(f"Campaign {found.id}: {kept.rows:,} deliveries are in {kept.file}.")
        typer.echo(f"SHA-256 {kept.sha256}")


def _print(value: Any, json: bool, show: Any) -> None:  # noqa: ANN401  (JSON, and what shows it)
    if json:
        typer.echo(json_.dumps(value, ensure_ascii=False, default=_plain))
    else:
        show(value)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
