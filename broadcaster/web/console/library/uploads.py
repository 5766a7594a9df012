"""Forms with files, read within bounds: `multipart/form-data` (RFC 7578)."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from broadcaster.domain.access import Action
from broadcaster.web import bodies
from broadcaster.web.console.desk import Desk, Visit
from broadcaster.web.console.fields import Fields

#: The most fields beside files, and how long one is, octets.
_FIELDS, _LONGEST = 50, 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """A file as a browser sends it; nothing of its name is believed."""

    field: str
    name: str
    content: bytes


async def uploaded(
    desk: Desk, request: Request, action: Action, *, most: int, files: int
) -> tuple[Visit, Fields, Sequence[Uploaded]]:
    """Take a form with files of somebody who may do it; errors as `Desk.submitted`.

    `most` octets in all, and `files` of them at most: 413 and 400 for more.
    """
    visit = await desk.enter(request, action)
    body = await bodies.read(request, most)

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers, stream(), max_files=files, max_fields=_FIELDS, max_part_size=_LONGEST
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise HTTPException(400) from error
    fields, found = Fields(), []
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                content = await value.read()
                if value.filename or content:
                    found.append(Uploaded(field=name, name=value.filename or "", content=content))
            else:
                fields.setdefault(name, []).append(value.replace("\0", ""))
    finally:
        await form.close()
    desk.require_wish(request, visit, fields.text("csrf"))
    return visit, fields, found
