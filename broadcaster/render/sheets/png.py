"""Putting pictures one below the other, without decoding them; PNG, W3C recommendation; pure."""

import struct
import zlib
from collections.abc import Iterable, Iterator

_MAGIC = b"\x89PNG\r\n\x1a\n"
#: Octets of a pixel of 8 bits a sample, by colour type: grey, RGB, grey and alpha, RGBA.
_PIXEL = {0: 1, 2: 3, 4: 2, 6: 4}
_NONE, _SUB, _UP, _AVERAGE = 0, 1, 2, 3


def stack(pictures: Iterable[bytes], high: int) -> bytes:
    """Join pictures of one width and form, from the top down; one of them is held at a time.

    ValueError for what is no PNG of 8 bits without interlacing, for another form than the first's,
    and when all together are not `high` pixels; `zlib.error` for one that is damaged.
    """
    packer, body, total, form = zlib.compressobj(6), b"", 0, b""
    for picture in pictures:
        header, data = _read(picture)
        (height,), own = struct.unpack(">I", header[4:8]), header[:4] + header[8:]
        if form not in {b"", own}:
            message = "the pictures differ in width or form"
            raise ValueError(message)
        rows = bytearray(zlib.decompress(data))
        if form:
            _stand_alone(rows, len(rows) // height, _PIXEL[header[9]])
        form, total = own, total + height
        body += packer.compress(rows)
    if not form or total != high:
        message = f"{total} rows of pixels are not {high}"
        raise ValueError(message)
    header = form[:4] + struct.pack(">I", total) + form[4:]
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", body + packer.flush()), _chunk(b"IEND", b""))
    return _MAGIC + b"".join(chunks)


def _read(picture: bytes) -> tuple[bytes, bytes]:
    """Give the header and the packed rows."""
    if not picture.startswith(_MAGIC):
        message = "this is no PNG"
        raise ValueError(message)
    header, data = b"", b""
    for name, content in _chunks(picture):
        header = content if name == b"IHDR" else header
        data += content if name == b"IDAT" else b""
    if len(header) != 13 or header[8] != 8 or header[9] not in _PIXEL or header[12]:  # noqa: PLR2004  (the recommendation's)
        message = "this is no PNG of 8 bits without interlacing"
        raise ValueError(message)
    return header, data


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_MAGIC)
    while place + 8 <= len(picture):
        (length,) = struct.unpack(">I", picture[place : place + 4])
        yield picture[place + 4 : place + 8], picture[place + 8 : place + 8 + length]
        place += length + 12


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def _stand_alone(rows: bytearray, stride: int, pixel: int) -> None:
    """Write the first row so that it no longer counts on nothing being above it."""
    kind = rows[0]
    if kind == _AVERAGE:
        for place in range(1 + pixel, stride):
            rows[place] = (rows[place] + rows[place - pixel] // 2) % 256
    # With nothing above, "up" is the value itself, and Paeth's choice is the one to the left.
    rows[0] = _NONE if kind in {_NONE, _UP, _AVERAGE} else _SUB
