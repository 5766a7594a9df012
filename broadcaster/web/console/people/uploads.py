"""Forms with a file: taken in within bounds, and kept in a private file that nobody else can read.

The file is never in memory as a whole, and is gone when its form has been dealt with.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from broadcaster.domain.access import Action
from broadcaster.errors import InvalidInputError
from broadcaster.web.console.desk import Desk, Visit
from broadcaster.web.console.fields import Fields

_Result = TypeVar("_Result")

#: What comes beside the file: how many fields, and how many octets of each.
_FIELDS, _FIELD = 60, 64 * 1024
#: What the marks between the parts may take beside the file, octets.
_AROUND = 256 * 1024
#: The slowest that a file may come, octets a second, and what is given besides, seconds.
_SLOWEST, _PATIENCE = 64 * 1024, 30.0
_BLOCK = 1024 * 1024
_LONGEST_NAME, _LONGEST_ENDING, _OCTETS = 100, 10, 250


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that was sent; `name` is what its sender calls it, without folders."""

    name: str
    path: Path
    size: int

    def read(self, work: Callable[[Path], _Result]) -> _Result:
        """Do something with it; a fault names the file as its sender does."""
        try:
            return work(self.path)
        except InvalidInputError as error:
            field = error.field.replace(str(self.path), self.name)
            problem = error.problem.replace(str(self.path), self.name)
            raise InvalidInputError(field, problem, error.remedy) from error


@asynccontextmanager
async def submitted(
    desk: Desk, request: Request, action: Action, most: int
) -> AsyncIterator[tuple[Visit, Fields, Upload | None]]:
    """Take a form of somebody who may do it, with at most one file of `most` octets.

    Errors as `Desk.submitted`; 413 for what is too large, 408 for what comes too slowly.
    """
    visit = await desk.enter(request, action)
    announced = request.headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()) or int(announced[:20]) > most + _AROUND:
        raise HTTPException(413)
    bounded = Request(request.scope, _counted(request, most + _AROUND))
    try:
        async with asyncio.timeout(_PATIENCE + most / _SLOWEST):
            form = await bounded.form(max_files=1, max_fields=_FIELDS, max_part_size=_FIELD)
    except TimeoutError as error:
        raise HTTPException(408) from error
    except (MultiPartException, ClientDisconnect) as error:
        raise HTTPException(400) from error
    try:
        fields, given = Fields(), None
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                given = value
            else:
                fields.setdefault(name, []).append(value.replace("\0", ""))
        desk.require_wish(request, visit, fields.text("csrf"))
        if given is None or not given.filename:
            yield visit, fields, None
            return
        if (given.size or 0) > most:
            raise HTTPException(413)
        # A folder for its owner alone: the file keeps its name, which proofs and areas go by.
        with tempfile.TemporaryDirectory(prefix="broadcaster-") as folder:
            kept = Upload(name=_name(given), path=Path(folder, _name(given)), size=given.size or 0)
            await run_in_threadpool(_copy, given, kept.path)
            yield visit, fields, kept
    finally:
        await form.close()


def _counted(request: Request, most: int) -> Receive:
    length = 0

    async def receive() -> Message:
        nonlocal length
        message = await request.receive()
        length += len(message.get("body", b""))
        if length > most:
            raise HTTPException(413)
        return message

    return receive


def required(upload: Upload | None) -> Upload:
    """Refuse a form without a file; InvalidInputError."""
    if upload is None:
        raise InvalidInputError("file", "is missing", "Choose a file.")
    return upload


def _copy(given: UploadFile, path: Path) -> None:
    given.file.seek(0)
    with path.open("xb") as file:
        while block := given.file.read(_BLOCK):
            file.write(block)


def _name(given: UploadFile) -> str:
    """Tidy what the sender calls it: no folder, no sign that is not shown, no dot to begin with."""
    plain = (given.filename or "").replace("\\", "/").rpartition("/")[2]
    tidy = "".join(one if one.isprintable() else " " for one in plain)
    stem, dot, ending = " ".join(tidy.split()).lstrip(".").rpartition(".")
    name = f"{stem[:_LONGEST_NAME]}{dot}{ending[:_LONGEST_ENDING]}"
    return name if len(name.encode()) <= _OCTETS else f"file.{ending[:_LONGEST_ENDING]}"
