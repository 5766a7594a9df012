"""Lists as files: written to the disk first, so that a slow reader holds nothing else up."""

import tempfile
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from typing import IO

from starlette.responses import Response, StreamingResponse

#: How many octets of a file are kept in memory, and sent at once.
_SPOOLED, _PIECE = 1 << 20, 1 << 16
#: How many files are written at once, by each sort of list.
FILES = 2


def spooled(write: Callable[[IO[str]], object]) -> IO[bytes]:
    """Have a list written, and give it from its beginning; closed when that fails."""
    stream = tempfile.SpooledTemporaryFile(max_size=_SPOOLED)  # noqa: SIM115  (closed when sent)
    text = TextIOWrapper(stream, "utf-8", newline="", write_through=True)
    try:
        write(text)
    except BaseException:
        stream.close()
        raise
    text.detach()
    stream.seek(0)
    return stream


def csv_file(stream: IO[bytes], name: str) -> Response:
    """Answer with such a list as CSV."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_pieces(stream), media_type="text/csv; charset=utf-8", headers=headers)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    with stream:
        while piece := stream.read(_PIECE):
            yield piece
