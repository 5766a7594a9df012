"""Addresses that must not be used."""

import re
import tempfile
from dataclasses import asdict
from pathlib import Path as FilePath
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from broadcaster.bootstrap.standing_figures import figures
from broadcaster.bootstrap.suppressing import take_list
from broadcaster.domain.access import Action
from broadcaster.domain.consent import Ground, Scope, Source
from broadcaster.domain.message import Channel
from broadcaster.errors import InvalidInputError
from broadcaster.ledger.consents import Said
from broadcaster.ledger.suppressions import Suppressed
from broadcaster.web.api import paging
from broadcaster.web.api.calls import (
    Calls,
    ChannelWord,
    Figures,
    Inside,
    Model,
    Note,
    Text,
    Who,
)
from broadcaster.web.api.given import address_of, given
from broadcaster.web.api.moments import moment_of
from broadcaster.web.api.octets import FILE, Octets
from broadcaster.web.api.paging import After, Limit, Page

calls = Calls("suppressions")

#: The most octets of a list.
_LIST = 4 * 2**20
_ScopeWord = Literal["promotional", "service", "everything"]
#: What a file may be called here: no folder, and nothing that hides it.
_NAME = re.compile(r"[^./\\\0][^/\\\0]*\Z")
_Ground = Literal["wish", "carrier", "order", "fitness"]


class SuppressionShown(BaseModel):
    """A barred address, masked."""

    address: int
    shown: str
    channel: str
    ground: str
    classes: list[str]
    reason: str
    by: str
    at: str


class SuppressionNew(Model):
    """An address that must not be used any more."""

    address: Text = Field(examples=["+212612345678"])
    scope: _ScopeWord
    source: Literal["operator", "order", "regulator", "stop", "complaint"] = "operator"
    proof: Note
    at: Text | None = None


class ListTakenShown(BaseModel):
    """What came of a list; `known` addresses were barred so already."""

    rows: int
    refused: int
    recorded: int
    known: int
    faults: list[Figures] = Field(description="The first 50: row, column, value, problem, remedy.")


class AddressGiven(Model):
    """Which address is meant."""

    address: Text = Field(examples=["+212612345678"])


class Lifting(AddressGiven):
    """Why an address may be used again."""

    reason: Note
    proof: Note
    ground: _Ground | None = Field(None, description="None: all grounds.")
    order: Note | None = Field(None, description="The order that lifts an order.")


class Lifted(BaseModel):
    """What was lifted, and how the address stands now."""

    lifted: dict[str, list[str]]
    standing: Figures


@calls.get("/suppressions", Action.SEE_PEOPLE, summary="List barred addresses")
def list_suppressions(
    inside: Inside,
    request: Request,
    response: Response,
    channel: Annotated[ChannelWord | None, Query()] = None,
    ground: Annotated[_Ground | None, Query()] = None,
    limit: Limit = 50,
    after: After = "",
) -> Page[SuppressionShown]:
    """List barred addresses, masked."""
    address, _, last = str(paging.begin(request, after) or "").partition(":")
    rows = inside.suppressions.list(
        channel=Channel(channel) if channel else None,
        ground=Ground(ground) if ground else None,
        # One may be barred on several grounds, of which a page showed some.
        after=int(address) - 1 if address else 0,
        limit=limit + 1 + len(Ground),
    )
    keys = [_key(row) for row in rows]
    begin = keys.index(f"{address}:{last}") + 1 if f"{address}:{last}" in keys else 0
    chosen = rows[begin : begin + limit + 1]
    return paging.page(request, response, chosen, limit, key=_key, show=_shown)


def _key(row: Suppressed) -> str:
    return f"{row.address}:{row.ground.value}"


@calls.post("/suppressions", Action.CHANGE_PEOPLE, 201, summary="Bar an address")
def create_suppression(inside: Inside, who: Who, body: SuppressionNew) -> Figures:
    """Bar an address, whoever has it; how it stands then."""
    wanted = address_of(inside, body.address)
    said = Said(
        channels=(wanted.scheme.channel,),
        scope=Scope(body.scope),
        granted=False,
        source=Source(body.source),
        proof=body.proof,
        by=who.operator.name,
        at=moment_of(inside, "at", body.at),
    )
    inside.consents.record_address(wanted, said, inside.clock.now())
    return figures(inside.consents.of_address(wanted))


@calls.post(
    "/suppressions/list",
    Action.CHANGE_PEOPLE,
    summary="Bar the addresses of a file",
    most=_LIST,
    file=FILE,
)
def take_suppressions(
    inside: Inside,
    who: Who,
    content: Octets,
    file: Annotated[str, Query(min_length=1, max_length=100, description="The file's name.")],
    scope: Annotated[_ScopeWord, Query()] = "service",
    dry_run: Annotated[bool, Query(description="Say what it has, and store nothing.")] = False,  # noqa: FBT002  (a query's switch)
) -> ListTakenShown:
    """Take a list (CSV, TSV, XLSX, ODS): good rows are stored, others told with the reason."""
    with tempfile.TemporaryDirectory(prefix="broadcaster-") as folder:
        path = FilePath(folder, _named(file))
        path.write_bytes(content)
        try:
            taken = take_list(
                inside,
                path,
                scope=Scope(scope),
                by=who.operator.name,
                now=inside.clock.now(),
                dry_run=dry_run,
            )
        except InvalidInputError as error:
            # Where the file lay with us helps nobody.
            problem = error.problem.replace(str(path), "the body")
            field = error.field.replace(str(path), "body")
            raise InvalidInputError(field, problem, error.remedy) from error
    return ListTakenShown(
        rows=taken.rows,
        refused=taken.refused,
        recorded=taken.recorded,
        known=taken.known,
        faults=[asdict(one) for one in taken.faults],
    )


@calls.post("/suppressions/show", Action.SEE_PEOPLE, summary="Show how an address stands")
def show_suppression(inside: Inside, body: AddressGiven) -> Figures:
    """Show what may go to an address, whoever has it, why, and the history."""
    with given():
        return figures(inside.consents.of_address(address_of(inside, body.address)))


@calls.post("/suppressions/lift", Action.CHANGE_PEOPLE, summary="Free an address")
def lift_suppression(inside: Inside, who: Who, body: Lifting) -> Lifted:
    """Free an address, on one ground or on all; an order is lifted by an order alone."""
    wanted = address_of(inside, body.address)
    with given():
        lifted = inside.suppressions.lift(
            wanted,
            reason=body.reason,
            proof=body.proof,
            ground=Ground(body.ground) if body.ground else None,
            order=body.order,
            by=who.operator.name,
            now=inside.clock.now(),
        )
        standing = figures(inside.consents.of_address(wanted))
    plain = {one.value: [each.value for each in classes] for one, classes in lifted.items()}
    return Lifted(lifted=plain, standing=standing)


def _shown(row: Suppressed) -> SuppressionShown:
    return SuppressionShown(
        address=row.address,
        shown=row.shown,
        channel=row.channel.value,
        ground=row.ground.value,
        classes=[one.value for one in row.classes],
        reason=row.reason,
        by=row.source,
        at=row.at.isoformat(),
    )


def _named(file: str) -> str:
    """Take what the sender calls a file, which its proofs go by; InvalidInputError."""
    if not _NAME.match(file) or not file.isprintable():
        raise InvalidInputError("file", "is no name of a file", "Name it as optouts.csv.")
    return file
