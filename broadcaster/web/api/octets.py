"""Calls that take a file as it is, and those that answer with one."""

import base64
from collections.abc import Iterator
from typing import IO, Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, StreamingResponse

#: How much is sent at once, octets.
_BLOCK = 1 << 18
#: How a call that takes a file is described.
FILE: dict[str, Any] = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


async def _whole(request: Request) -> bytes:
    """Give the body, which the door has read within the bounds of its call."""
    return await request.body()


#: The file that was sent.
Octets = Annotated[bytes, Depends(_whole)]


class Zip(StreamingResponse):
    """An archive."""

    media_type = "application/zip"


class Csv(StreamingResponse):
    """A table, which is what it is whatever a browser thinks."""

    media_type = "text/csv"


class Catalogue(HTMLResponse):
    """The texts of a language, as translators work on them."""

    media_type = "text/x-gettext-translation"


class Page(HTMLResponse):
    """A document."""


def digest(sha256: bytes) -> str:
    """Write a SHA-256 as the header `Content-Digest` has it (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Give a file piece by piece, and close it."""
    with file:
        while block := file.read(_BLOCK):
            yield block
