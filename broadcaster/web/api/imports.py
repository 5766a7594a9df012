"""Imports of files, and the mappings that say which of their columns is what."""

import asyncio
import io
import json
import tempfile
from datetime import datetime
from typing import Annotated, Any, BinaryIO

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from broadcaster.audience.columns import known_columns
from broadcaster.audience.imports import Import
from broadcaster.audience.leaving import USUAL
from broadcaster.audience.mapping import read_mapping, write_mapping
from broadcaster.audience.sheets.sheet import Wanted
from broadcaster.audience.sheets.source import Source, from_stream
from broadcaster.audience.suggesting import as_mapping
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.import_steps import suggested
from broadcaster.bootstrap.importing import Order, begin, beside, forgotten
from broadcaster.domain.access import Action
from broadcaster.domain.proofs import checked_moment
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Figures, Inside, Model, Name, Number, Who
from broadcaster.web.api.given import given
from broadcaster.web.api.moments import moment_of
from broadcaster.web.api.octets import FILE, Octets
from broadcaster.web.api.paging import After, Limit, Page
from broadcaster.web.api.segments import Deleted

calls = Calls("imports")

#: The most octets of a file, and how long it, and the next piece of it, may take to come, seconds.
_MOST, _WHOLE, _PIECE = 256 * 2**20, 900.0, 30.0
#: How much of a file is held in memory.
_HELD = 2**20
#: The most octets of a file of which the columns are looked at.
_LOOKED_AT = 4 * 2**20

_FILE = {**FILE, "description": "CSV, TSV, XLSX or ODS."}
_FileName = Annotated[
    str, Query(min_length=1, max_length=200, description="The file's name, for the audit.")
]


class ImportShown(BaseModel):
    """An import: how far it is, and what came of it."""

    id: int
    file: str
    mapping: str
    dry_run: bool
    made_by: str
    via: str = Field(description="What runs it: api, console or command.")
    status: str = Field(
        description="running, done, refused, lost (its process ended: nothing was stored, or what "
        "stored says), or forgotten."
    )
    progress: float = Field(description="How much is read, from 0 to 1.")
    rows: int
    in_parts: bool
    stored: int = Field(
        description="Customers in parts that are stored, whatever becomes of the rest."
    )
    stored_to_row: int = Field(description="The row of the file where those end.")
    unfinished: bool = Field(
        description="Whether the same file, sent again in_parts, goes on from there."
    )
    started_at: datetime
    ended_at: datetime | None
    figures: Figures | None = Field(description="Counts until now; findings when it has ended.")


class MappingNames(BaseModel):
    """The names of the saved mappings."""

    items: list[str]


class MappingGiven(Model):
    """A mapping, as `mappings suggest` writes it; see docs/customers.md."""

    mapping: Figures


class ColumnShown(BaseModel):
    """A column of a file, and what it probably is."""

    place: int
    heading: str
    column: str = Field(description="What it probably is; empty where that is unknown.")
    why: str


class Suggestion(BaseModel):
    """What the columns of a file probably are."""

    mapping: Figures = Field(description="As `PUT /mappings/{name}` takes it.")
    columns: list[ColumnShown]


@calls.post(
    "/imports", Action.CHANGE_PEOPLE, 202, summary="Import a file of customers", most=0, file=_FILE
)
async def create_import(  # noqa: PLR0913, PLR0917  (each is a way to read it)
    inside: Inside,
    who: Who,
    request: Request,
    response: Response,
    file: _FileName,
    mapping: Annotated[str, Query(max_length=100, description="A saved mapping's name.")] = "",
    dry_run: Annotated[bool, Query(description="Say what would be, and store nothing.")] = False,  # noqa: FBT002  (a query's switch)
    snapshot: Annotated[  # noqa: FBT002  (as above)
        bool, Query(description="These are all customers there are: others have left.")
    ] = False,
    as_of: Annotated[
        str, Query(max_length=60, description="When what it says of consent was true.")
    ] = "",
    in_parts: Annotated[  # noqa: FBT002  (as above)
        bool,
        Query(description="Keep what is stored when it is ended; sent again, it goes on there."),
    ] = False,
    anew: Annotated[  # noqa: FBT002  (as above)
        bool, Query(description="Begin one in parts anew that was ended half way.")
    ] = False,
) -> ImportShown:
    """Take a file and begin to import it; `GET /imports/{import}` says how far it is.

    What is no table, or lacks a column that is needed, is refused at once. All good rows are stored
    in one transaction: should this server end meanwhile, nothing is, and it can be sent again. With
    `in_parts` what is stored by then stays, and the same file sent again goes on after it; if it is
    not the same, or is to be read otherwise, it is refused unless it is begun `anew`. A snapshot by
    which too many would leave, or with rows that cannot be read, is refused.
    """
    moment = moment_of(inside, "as_of", as_of)
    true_at = checked_moment("as_of", moment, inside.clock.now()) if moment else None
    spooled: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  (closed by the import)
    try:
        size = await _spooled(request, spooled)
        order = Order(
            name=file,
            by=who.operator.name,
            via="api",
            mapping=mapping,
            dry_run=dry_run,
            as_of=true_at,
            most=USUAL if snapshot else None,
            in_parts=in_parts,
            anew=anew,
        )
        spooled.seek(0)
        begun = await run_in_threadpool(_begin, inside, order, Source(file, spooled, size))
    except BaseException:
        spooled.close()
        raise
    response.headers["Location"] = f"/api/v1/imports/{begun.id}"
    return _shown(begun)


@calls.get("/imports", Action.CHANGE_PEOPLE, summary="List the imports")
def list_imports(
    inside: Inside, request: Request, response: Response, limit: Limit = 50, after: After = ""
) -> Page[ImportShown]:
    """List imports by the API, the console and the command, the newest first."""
    before = paging.begin(request, after)
    rows = inside.imports.page(int(before) if before is not None else None, limit + 1)
    return paging.page(request, response, rows, limit, key=lambda one: one.id, show=_shown)


@calls.get("/imports/{import_id}", Action.CHANGE_PEOPLE, summary="Show an import")
def show_import(inside: Inside, import_id: Number) -> ImportShown:
    """Show how far it is, and what came of it."""
    return _shown(inside.imports.get(import_id))


@calls.delete("/imports/{import_id}", Action.CHANGE_PEOPLE, summary="Forget an import")
def forget_import(inside: Inside, who: Who, import_id: Number) -> ImportShown:
    """Forget one in parts that was ended half way, and is not to be gone on with.

    What it stored stays; it stays in the list.
    """
    forgotten(inside, import_id, who.operator.name)
    return _shown(inside.imports.get(import_id))


@calls.get("/mappings", Action.LOOK, summary="List the mappings")
def list_mappings(inside: Inside) -> MappingNames:
    """List the names of saved mappings."""
    return MappingNames(items=list(inside.mappings.list()))


@calls.get("/mappings/{name:path}", Action.LOOK, summary="Show a mapping")
def show_mapping(inside: Inside, name: Name) -> Figures:
    """Show one."""
    found: Figures = json.loads(write_mapping(inside.mappings.get(name)))
    return found


@calls.post(
    "/mappings/suggest",
    Action.CHANGE_PEOPLE,
    summary="Suggest a mapping",
    most=_LOOKED_AT,
    file=FILE,
)
def suggest_mapping(inside: Inside, content: Octets, file: _FileName) -> Suggestion:
    """Look at a file's columns and say what each probably is, as a mapping to be saved.

    The beginning of a large CSV file is enough.
    """
    with given():
        found = suggested(inside, from_stream(io.BytesIO(content), file))
    mapping: Figures = json.loads(write_mapping(as_mapping(found, Wanted())))
    return Suggestion(
        mapping=mapping,
        columns=[
            ColumnShown(place=one.place, heading=one.heading, column=one.use.column, why=one.why)
            for one in found
        ],
    )


@calls.put("/mappings/{name:path}", Action.CHANGE_PEOPLE, summary="Save a mapping")
def set_mapping(inside: Inside, who: Who, name: Name, body: MappingGiven) -> Figures:
    """Save a mapping, or change the one of that name."""
    with given():
        columns = known_columns(inside.definitions.catalogue())
        wanted = read_mapping(json.dumps(body.mapping), columns)
        with inside.trail.noting(who.operator.name, "save_mapping", f"mapping {name}"):
            inside.mappings.save(name, wanted)
    found: Figures = json.loads(write_mapping(inside.mappings.get(name)))
    return found


@calls.delete("/mappings/{name:path}", Action.CHANGE_PEOPLE, summary="Delete a mapping")
def delete_mapping(inside: Inside, who: Who, name: Name) -> Deleted:
    """Delete one; what was imported with it stays."""
    with inside.trail.noting(who.operator.name, "delete_mapping", f"mapping {name}"):
        inside.mappings.delete(name)
    return Deleted(deleted=name)


async def _spooled(request: Request, file: BinaryIO) -> int:
    """Keep the body on disk, within bounds of size and time; 413, 408, 400."""
    size, pieces = 0, aiter(request.stream())
    try:
        async with asyncio.timeout(_WHOLE):
            while True:
                async with asyncio.timeout(_PIECE):
                    piece = await anext(pieces, None)
                if piece is None:
                    return size
                size += len(piece)
                if size > _MOST:
                    raise HTTPException(413)
                await run_in_threadpool(file.write, piece)
    except TimeoutError as error:
        raise HTTPException(408) from error
    except ClientDisconnect as error:
        raise HTTPException(400) from error


def _begin(inside: Runtime, order: Order, source: Source) -> Import:
    with given():
        begun = begin(inside, order, source)
    found = inside.imports.get(begun.run.id)
    beside(inside, begun)
    return found


def _shown(one: Import) -> ImportShown:
    figures: dict[str, Any] | None = dict(one.figures) if one.figures is not None else None
    return ImportShown(
        id=one.id,
        file=one.file,
        mapping=one.mapping,
        dry_run=one.dry_run,
        made_by=one.made_by,
        via=one.via,
        status=one.status,
        progress=one.part,
        rows=one.rows,
        in_parts=one.in_parts,
        stored=one.mark.records,
        stored_to_row=one.mark.row,
        unfinished=one.unfinished,
        started_at=one.started_at,
        ended_at=one.ended_at,
        figures=figures,
    )
