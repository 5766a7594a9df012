"""`broadcaster consent`: who agreed to what, or refused it, and how that is proved."""

import json as json_
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from broadcaster.cli.standing import figures, show_standings
from broadcaster.domain.consent import Scope, Source
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel
from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.domain.message import Address
    from broadcaster.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
Region = Annotated[
    str, typer.Option(help="Where telephone numbers would be dialled; else the setting.")
]
At = Annotated[
    str, typer.Option("--address", help="About a number, mailbox or device, not a customer.")
]
#: How moments are read, as `moment` does.
ISO = "ISO 8601, in the utility's time zone where it names none"
Number = Annotated[
    str, typer.Argument(metavar="[NUMBER]", help="The utility's own customer number.")
]


@app.callback()
def _group() -> None:
    """Show and record who agreed to what, or refused it, with the proof."""


@app.command()
def show(number: Number = "", *, address: At = "", region: Region = "", json: Json = False) -> None:
    """Show what may go to a customer, or to an address, class by class, why, and the history."""
    _require_one(number, address)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    settings = load()
    read = read_address(settings, address, region) if address else None
    with bootstrap.running(settings) as runtime:
        if read is not None:
            found = [runtime.consents.of_address(read)]
        else:
            found = list(runtime.consents.of_customer(number))
    if json:
        typer.echo(json_.dumps([figures(one) for one in found], ensure_ascii=False))
    else:
        show_standings(found)


@app.command()
def record(  # noqa: PLR0913  (everything that must be known of a word)
    number: Number = "",
    *,
    address: At = "",
    channel: Annotated[
        list[str] | None, typer.Option("--channel", help="sms, email, push; all where left out.")
    ] = None,
    grant: Annotated[bool, typer.Option("--grant", help="They want it.")] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="They don't.")] = False,
    scope: Annotated[str, typer.Option(help="promotional, service or everything.")],
    proof: Annotated[
        str, typer.Option(help="What proves it: a letter, a call, an order. No address, no name.")
    ],
    source: Annotated[
        str, typer.Option(help="operator, order, regulator, stop or complaint.")
    ] = "operator",
    at: Annotated[str, typer.Option(help=f"When it was said, {ISO}; else now.")] = "",
    by: By = "operator",
    region: Region = "",
    json: Json = False,
) -> None:
    """Record that a customer, or somebody who decides about them, agreed or refused.

    Who refuses service messages refuses advertising as well, and still gets what protects life;
    who refuses everything gets nothing. Advertising needs a consent of its own. An order is lifted
    by an order alone: --grant --source order, with the order that lifts it as proof.
    """
    _require_one(number, address)
    if grant == refuse:
        raise InvalidInputError("--grant", "or --refuse is wanted", "Give one of the two.")
    from broadcaster import bootstrap
    from broadcaster.ledger.consents import Said
    from broadcaster.settings import load

    settings = load()
    read = read_address(settings, address, region) if address else None
    usual = DELIVERY_CHANNELS if read is None else (read.scheme.channel,)
    said = Said(
        channels=channels("--channel", channel) or usual,
        scope=Scope(known("--scope", scope, list(Scope))),
        granted=grant,
        source=Source(known("--source", source, list(Source))),
        proof=proof,
        by=by,
        at=moment("--at", at, settings),
    )
    with bootstrap.running(settings) as runtime:
        now = runtime.clock.now()
        if read is not None:
            ids = runtime.consents.record_address(read, said, now)
            found = [runtime.consents.of_address(read)]
        else:
            ids = runtime.consents.record_customer(number, said, now)
            found = list(runtime.consents.of_customer(number))
    if json:
        shown = {"records": list(ids), "standing": [figures(one) for one in found]}
        typer.echo(json_.dumps(shown, ensure_ascii=False))
    else:
        typer.echo(f"Recorded ({len(ids)}).")
        show_standings(found)


def read_address(settings: "Settings", text: str, region: str) -> "Address":
    """Read an address as it is typed; InvalidInputError, which does not repeat it."""
    from broadcaster.audience.cells import CellError
    from broadcaster.bootstrap.people import address_reader

    try:
        return address_reader(settings, region)(text)
    except CellError as error:
        raise InvalidInputError("address", error.problem, error.remedy) from error


def known(option: str, word: str, words: Sequence[str]) -> str:
    """Read one of some words; InvalidInputError."""
    if word not in words:
        raise InvalidInputError(option, f"{word[:40]!r} is unknown", f"Use {', '.join(words)}.")
    return word


def channels(option: str, given: Sequence[str] | None) -> list[Channel]:
    """Read channels on which something can be delivered; InvalidInputError."""
    words = [one.value for one in DELIVERY_CHANNELS]
    return [Channel(known(option, word, words)) for word in given or ()]


def moment(option: str, text: str, settings: "Settings") -> datetime | None:
    """Read a date or time, in the utility's zone where it says none; None where empty.

    InvalidInputError.
    """
    if not text:
        return None
    from zoneinfo import ZoneInfo

    from broadcaster.audience.days import read_moment

    try:
        return read_moment(text.strip(), ZoneInfo(settings.time_zone))
    except ValueError as error:
        remedy = "Write it as 2026-03-20, 20/03/2026 or 2026-03-20T12:00."
        raise InvalidInputError(option, f"{text[:40]!r} is no date", remedy) from error


def _require_one(number: str, address: str) -> None:
    if bool(number) == bool(address):
        remedy = "Give a customer's number, or --address."
        raise InvalidInputError("NUMBER", "and --address exclude each other", remedy)


def runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    """Open everything with the settings."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())
