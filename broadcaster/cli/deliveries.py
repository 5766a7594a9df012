"""`broadcaster deliveries`: what became of single messages, and sending again what was given up."""

import json as json_
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.ports import Selection
    from broadcaster.reports.deliveries import DeliveryCount, ListedDelivery

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

Which = Annotated[str, typer.Argument(help="The campaign's number or name.", metavar="CAMPAIGN")]
By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Statuses = Annotated[
    list[str] | None, typer.Option("--status", help="Only these: dead, unknown, deferred, ….")
]
Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Only these reasons.")]
Channels = Annotated[list[str] | None, typer.Option("--channel", help="Only these channels.")]
Providers = Annotated[list[str] | None, typer.Option("--provider", help="Only by these.")]
Locales = Annotated[list[str] | None, typer.Option("--locale", help="Only in these locales.")]

_Word = TypeVar("_Word", bound=StrEnum)


@app.callback()
def _group() -> None:
    """List single deliveries with reasons, and send again those that were given up."""


@app.command("list")
def list_(  # noqa: PLR0913  (each is a way to choose)
    campaign: Which,
    *,
    status: Statuses = None,
    reason: Reasons = None,
    channel: Channels = None,
    provider: Providers = None,
    locale: Locales = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 50,
    after: Annotated[int, typer.Option(help="Only those behind this number.", min=0)] = 0,
    json: Json = False,
) -> None:
    """Show deliveries: counted by reason first, then one by one."""
    selection = _selection(status, reason, channel, provider, locale)
    with _runtime() as runtime:
        found = runtime.campaigns.get(campaign)
        rows = runtime.reports.deliveries(found.id, selection, after=after, limit=limit)
        counted = runtime.reports.counts(found.id, selection)
    if json:
        figures = {
            "campaign": found.id,
            "counts": [_plain_count(one) for one in counted],
            "deliveries": [_plain(row) for row in rows],
        }
        typer.echo(json_.dumps(figures, ensure_ascii=False, default=_text))
    else:
        _show(rows, counted)


@app.command()
def replay(
    campaign: Which,
    *,
    reason: Reasons = None,
    channel: Channels = None,
    provider: Providers = None,
    locale: Locales = None,
    by: By = "operator",
    dry_run: Annotated[bool, typer.Option(help="Only say how many it would be.")] = False,
) -> None:
    """Send again what was given up, all or some, while its advisory is valid.

    Never what is in doubt: that may have arrived.
    """
    selection = _selection(["dead"], reason, channel, provider, locale)
    with _runtime() as runtime:
        found = runtime.campaigns.get(campaign)
        if dry_run:
            count = sum(one.count for one in runtime.reports.counts(found.id, selection))
            typer.echo(f"Campaign {found.id}: {count:,} deliveries would be sent again.")
            return
        again = runtime.doubts.replay(found.id, by, runtime.clock.now(), selection)
        typer.echo(f"Campaign {found.id}: {again:,} deliveries are sent again.")


@app.command()
def why(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="As listed: 12-345.")],
    *,
    json: Json = False,
) -> None:
    """Say on what basis a message was sent or left out, by what was known then, with the proof."""
    from broadcaster.domain.delivery import DeliveryId

    try:
        which = DeliveryId.parse(delivery)
    except ValueError as error:
        remedy = "Write it as it is listed, such as 12-345."
        raise InvalidInputError("DELIVERY", "is no delivery", remedy) from error
    with _runtime() as runtime:
        found = runtime.reports.basis(which)
    from broadcaster.cli.standing import basis_figures, show_basis

    if json:
        typer.echo(json_.dumps(basis_figures(found), ensure_ascii=False))
    else:
        show_basis(found)


def _selection(
    statuses: Sequence[str] | None,
    reasons: Sequence[str] | None,
    channels: Sequence[str] | None,
    providers: Sequence[str] | None,
    locales: Sequence[str] | None,
) -> "Selection":
    from broadcaster.domain.delivery import DeliveryStatus, Reason
    from broadcaster.domain.message import DELIVERY_CHANNELS, Channel
    from broadcaster.ports import Selection

    return Selection(
        statuses=_known("--status", statuses, DeliveryStatus, tuple(DeliveryStatus)),
        reasons=_known("--reason", reasons, Reason, tuple(Reason)),
        channels=_known("--channel", channels, Channel, DELIVERY_CHANNELS),
        providers=frozenset(providers or ()),
        locales=frozenset(locales or ()),
    )


def _known(
    option: str, given: Sequence[str] | None, kind: type[_Word], words: Sequence[_Word]
) -> frozenset[_Word]:
    for word in given or ():
        if word not in words:
            remedy = f"Use one of {', '.join(words)}."
            raise InvalidInputError(option, f"{word[:40]!r} is unknown", remedy)
    return frozenset(kind(word) for word in given or ())


def _show(rows: "Sequence[ListedDelivery]", counted: "Sequence[DeliveryCount]") -> None:
    from rich.table import Table

    from broadcaster.cli.live import terminal

    console = terminal(stderr=False)
    if not counted:
        console.print("No such deliveries.")
        return
    table = Table("status", "reason", "channel", "provider", box=None, pad_edge=False)
    table.add_column("deliveries", justify="right")
    for one in counted:
        table.add_row(
            one.status, one.reason or "", one.channel, one.provider or "", f"{one.count:,}"
        )
    console.print(table)
    console.print()
    names = ("delivery", "customer", "channel", "status", "reason", "code", "tries", "next")
    listed = Table(*names, box=None, pad_edge=False)
    for row in rows:
        listed.add_row(
            str(row.delivery),
            row.customer_number,
            row.channel,
            row.status,
            row.reason or "",
            row.code or "",
            str(row.attempts),
            row.due.isoformat(timespec="seconds") if row.due else "",
        )
    console.print(listed)
    total = sum(one.count for one in counted)
    if len(rows) < total:
        last = rows[-1].delivery.number if rows else 0
        console.print(f"{len(rows):,} of {total:,} shown; '--after {last}' goes on.")


def _plain(row: "ListedDelivery") -> dict[str, object]:
    names = type(row).__dataclass_fields__
    return {name: getattr(row, name) for name in names} | {"delivery": str(row.delivery)}


def _plain_count(one: "DeliveryCount") -> dict[str, object]:
    return {name: getattr(one, name) for name in type(one).__dataclass_fields__}


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())
