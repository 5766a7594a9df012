"""`broadcaster customers find`, `disclose`, `erase`, `accesses`: one person's data, and who looked.

Each of them is written down with who did it and why.
"""

import json as json_
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.privacy.erasure import Erased

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The customer's number.")]
By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
Purpose = Annotated[str, typer.Option(help="Why, for the audit; without a name or an address.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def find(
    address: Annotated[str, typer.Option(help="A telephone number or a mailbox.")],
    purpose: Purpose,
    by: By = "operator",
    json: Json = False,
) -> None:
    """Find the numbers of the customers who have an address, by its exact value."""
    from broadcaster.bootstrap.disclosing import address_of

    with _runtime() as runtime:
        wanted = address_of(runtime.settings, address)
        numbers = runtime.accesses.owners(wanted, by, purpose)
    if json:
        typer.echo(json_.dumps({"customers": list(numbers)}, ensure_ascii=False))
    else:
        typer.echo("\n".join(numbers) or "No customer has this address.")


def disclose(
    number: Number,
    out: Annotated[Path, typer.Option(help="A new file, for JSON; only you can read it.")],
    purpose: Purpose,
    by: By = "operator",
) -> None:
    """Write everything that is held about a customer to a file, with what each part is.

    That is what they are told when they ask (law 09-08, article 7; GDPR, article 15).
    """
    from broadcaster.bootstrap.disclosing import disclosed, write_private

    if out.exists():
        raise InvalidInputError("--out", f"{out} is there already", "Name a new file.")
    with _runtime() as runtime:
        held = disclosed(runtime, number, by, purpose)
    write_private(out, json_.dumps(held, ensure_ascii=False, indent=2, default=_text) + "\n")
    counts = ", ".join(
        f"{len(held[part]):,} {part.replace('_', ' ')}"
        for part in ("addresses", "consents", "messages", "receipts", "accesses")
    )
    typer.echo(f"{out} holds what is known of {number}: {counts}.")
    for file in held["unread_files"]:
        typer.echo(f"Not there or damaged, and not read: {file}. Look in it by hand.")
    if held["unread_files"]:
        raise typer.Exit(1)


def erase(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why, for the audit; without a name.")],
    by: By = "operator",
    json: Json = False,
) -> None:
    """Erase a customer; figures stay as they are, and their addresses stay barred.

    Refused while a message to them is in the air, or an advisory that protects them is valid.
    """
    with _runtime() as runtime:
        done = runtime.erasure.erase(number, by, reason, runtime.clock.now())
    if json:
        names = type(done).__dataclass_fields__
        typer.echo(json_.dumps({name: getattr(done, name) for name in names}))
    else:
        _say_erased(done)
    if done.unread:
        raise typer.Exit(1)


def _say_erased(done: "Erased") -> None:
    if done.found:
        typer.echo(
            f"Erased: {done.addresses:,} addresses, and the link to {done.deliveries:,} "
            "deliveries, which stay counted."
        )
    else:
        typer.echo(
            "There is no customer of that number: look at it again, or it was erased already."
        )
    if done.kept:
        typer.echo(f"{done.kept:,} addresses are also those of other customers and stay theirs.")
    if done.traces:
        typer.echo(f"Taken out of {done.traces:,} segments, expressions and lists.")
    if done.files:
        typer.echo(f"Taken out of {done.files:,} files of archived campaigns.")
    for file in done.unread:
        typer.echo(
            f"Not there or damaged: {file}. Erase in it by hand, or put it back and call "
            "this again."
        )


def accesses(number: Number, json: Json = False) -> None:
    """Show who looked at a customer's data, and why."""
    with _runtime() as runtime:
        found = runtime.accesses.of(number)
    if json:
        listed = [
            {name: getattr(one, name) for name in type(one).__dataclass_fields__} for one in found
        ]
        typer.echo(json_.dumps(listed, ensure_ascii=False, default=_text))
        return
    for one in found:
        at = one.at.isoformat(sep=" ", timespec="minutes")
        typer.echo(f"{at}  {one.by}  {one.action}  {one.subject}  {one.purpose or ''}".rstrip())
    if not found:
        typer.echo("Nobody looked.")


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())
