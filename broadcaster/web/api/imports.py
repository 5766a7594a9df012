"""Imports of files, and the mappings that say which of their columns is what."""

import asyncio
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Annotated, Any, BinaryIO

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from broadcaster.audience.columns import known_columns
from broadcaster.audience.imports import Import
from broadcaster.audience.mapping import read_mapping, write_mapping
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.importing import Handed, bring_in, require_readable
from broadcaster.domain.access import Action
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Figures, Inside, Model, Name, Number, Who
from broadcaster.web.api.given import given
from broadcaster.web.api.paging import After, Limit, Page
from broadcaster.web.api.segments import Deleted

calls = Calls("imports")

#: The most octets of a file, and how long it, and the next piece of it, may take to come, seconds.
_MOST, _WHOLE, _PIECE = 256 * 2**20, 900.0, 30.0
#: How much of a file is held in memory.
_HELD = 2**20
#: One import runs at a time; the pool only keeps it off the threads that answer.
_RUNNING = ThreadPoolExecutor(1, "importing")

_FILE = {
    "required": True,
    "description": "CSV, TSV, XLSX or ODS.",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


class ImportShown(BaseModel):
    """An import: how far it is, and what came of it."""

    id: int
    file: str
    mapping: str
    dry_run: bool
    made_by: str
    status: str = Field(description="running, done, refused, or lost: then nothing was stored.")
    progress: float = Field(description="How much is read, from 0 to 1.")
    rows: int
    started_at: datetime
    ended_at: datetime | None
    figures: Figures | None = Field(description="Counts and findings, when it has ended.")


class MappingNames(BaseModel):
    """The names of the saved mappings."""

    items: list[str]


class MappingGiven(Model):
    """A mapping, as `mappings suggest` writes it; see docs/customers.md."""

    mapping: Figures


@calls.post(
    "/imports", Action.CHANGE_PEOPLE, 202, summary="Import a file of customers", most=0, file=_FILE
)
async def create_import(
    inside: Inside,
    who: Who,
    request: Request,
    response: Response,
    file: Annotated[
        str, Query(min_length=1, max_length=200, description="The file's name, for the audit.")
    ],
    mapping: Annotated[str, Query(max_length=100, description="A saved mapping's name.")] = "",
    dry_run: Annotated[bool, Query(description="Say what would be, and store nothing.")] = False,  # noqa: FBT002  (a query's switch)
) -> ImportShown:
    """Take a file and begin to import it; `GET /imports/{import}` says how far it is.

    What is no table, or lacks a column that is needed, is refused at once. All good rows are stored
    in one transaction: should this server end meanwhile, nothing is, and it can be sent again.
    """
    spooled: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  (closed by the import)
    try:
        size = await _spooled(request, spooled)
        begun = await run_in_threadpool(
            _begin, inside, who.operator.name, spooled, (file, mapping, size, dry_run)
        )
    except BaseException:
        spooled.close()
        raise
    response.headers["Location"] = f"/api/v1/imports/{begun.id}"
    return _shown(begun)


@calls.get("/imports", Action.CHANGE_PEOPLE, summary="List the imports")
def list_imports(
    inside: Inside, request: Request, response: Response, limit: Limit = 50, after: After = ""
) -> Page[ImportShown]:
    """List imports by the API, the newest first."""
    before = paging.begin(request, after)
    rows = inside.imports.page(int(before) if before is not None else None, limit + 1)
    return paging.page(request, response, rows, limit, key=lambda one: one.id, show=_shown)


@calls.get("/imports/{import_id}", Action.CHANGE_PEOPLE, summary="Show an import")
def show_import(inside: Inside, import_id: Number) -> ImportShown:
    """Show how far it is, and what came of it."""
    return _shown(inside.imports.get(import_id, inside.clock.now()))


@calls.get("/mappings", Action.LOOK, summary="List the mappings")
def list_mappings(inside: Inside) -> MappingNames:
    """List the names of saved mappings."""
    return MappingNames(items=list(inside.mappings.list()))


@calls.get("/mappings/{name:path}", Action.LOOK, summary="Show a mapping")
def show_mapping(inside: Inside, name: Name) -> Figures:
    """Show one."""
    found: Figures = json.loads(write_mapping(inside.mappings.get(name)))
    return found


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


def _begin(inside: Runtime, by: str, file: BinaryIO, how: tuple[str, str, int, bool]) -> Import:
    name, mapping, size, dry_run = how
    handed = Handed(which=0, name=name, file=file, size=size, mapping=mapping, dry_run=dry_run)
    with given():
        require_readable(inside, handed)
    now = inside.clock.now()
    begun = inside.imports.begin(name, mapping, by, size, now, dry_run=dry_run)
    with_number = Handed(
        which=begun.id, name=name, file=file, size=size, mapping=mapping, dry_run=dry_run
    )
    _RUNNING.submit(bring_in, inside, with_number)
    return begun


def _shown(one: Import) -> ImportShown:
    figures: dict[str, Any] | None = dict(one.figures) if one.figures is not None else None
    return ImportShown(
        id=one.id,
        file=one.file,
        mapping=one.mapping,
        dry_run=one.dry_run,
        made_by=one.made_by,
        status=one.status,
        progress=1.0 if one.status == "done" else min(1.0, one.position / max(1, one.size)),
        rows=one.rows,
        started_at=one.started_at,
        ended_at=one.ended_at,
        figures=figures,
    )
