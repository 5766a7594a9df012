"""Reading what is posted to us, within bounds of size and time."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

#: How long a body may take to come, seconds.
_PATIENCE = 10.0


async def read(request: Request, most: int) -> bytes:
    """Read the body; 413 when it is longer than `most` octets, 408 when it takes too long."""
    announced = request.headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()) or int(announced[:20]) > most:
        raise HTTPException(413)
    pieces: list[bytes] = []
    length = 0
    try:
        async with asyncio.timeout(_PATIENCE):
            async for piece in request.stream():
                length += len(piece)
                if length > most:
                    raise HTTPException(413)
                pieces.append(piece)
    except TimeoutError as error:
        raise HTTPException(408) from error
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    return b"".join(pieces)
