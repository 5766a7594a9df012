"""Pictures of sheets: taken piece by piece by a browser, and joined without a seam."""

import stat
import struct
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.render.sheets import browser, png

#: Stands in for a browser: tells the height that is asked of it, and paints each row in the
#: colour that its place in the sheet gives, as PNG with each row after the kind of the first.
_BROWSER = """\
#!{python}
import pathlib, re, struct, sys, urllib.parse, zlib
words = sys.argv[1:]
page = pathlib.Path(urllib.parse.unquote(words[-1].removeprefix("file://"))).read_text()
if "--dump-dom" in words:
    assert "script-src 'sha256-" in page
    print('<html lang="en" data-high="{high}"><head></head></html>')
    sys.exit({code})
assert "<script" not in page
top = int(re.search(r"margin-top:-(\\d+)px", page)[1])
low = int(re.search(r"--window-size=\\d+,(\\d+)", " ".join(words))[1])
rows = b"".join(b"\\0" + bytes((top + y >> 8, top + y & 255, 7)) for y in range(low))
def chunk(name, content):
    packed = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + packed
target = next(w for w in words if w.startswith("--screenshot=")).partition("=")[2]
header = struct.pack(">IIBBBBB", 1, low, 8, 2, 0, 0, 0)
pathlib.Path(target).write_bytes(
    b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
    + chunk(b"IEND", b"")
)
"""
_SHEET = (
    '<html><head><meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
    "</head><body></body></html>"
)


def _made(folder: Path, high: int, code: int = 0) -> Path:
    made = folder / "browser"
    made.write_text(_BROWSER.format(python=sys.executable, high=high, code=code))
    made.chmod(made.stat().st_mode | stat.S_IXUSR)
    return made


def _chunk(name: bytes, content: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + crc


def _encode(rows: list[bytes], kinds: list[int], pixel: int) -> bytes:
    """Write a PNG with a given filter for each row (PNG, section 9)."""
    out, above = b"", bytes(len(rows[0]))
    for row, kind in zip(rows, kinds, strict=True):
        left = bytes(pixel) + row[:-pixel]
        corner = bytes(pixel) + above[:-pixel]
        guess = [
            [0, a, b, (a + b) // 2, _paeth(a, b, c)][kind]
            for a, b, c in zip(left, above, corner, strict=True)
        ]
        out += bytes([kind]) + bytes((x - g) % 256 for x, g in zip(row, guess, strict=True))
        above = row
    colour = {1: 0, 3: 2, 4: 6}[pixel]
    header = struct.pack(">IIBBBBB", len(rows[0]) // pixel, len(rows), 8, colour, 0, 0, 0)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(out)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _paeth(a: int, b: int, c: int) -> int:
    far = [abs(b - c), abs(a - c), abs(a + b - 2 * c)]
    return (a, b, c)[far.index(min(far))]


def _decode(picture: bytes) -> tuple[int, list[bytes]]:
    """Read a PNG as the recommendation says, its checksums included."""
    place, header, data = 8, b"", b""
    while place < len(picture):
        (length,) = struct.unpack(">I", picture[place : place + 4])
        name, content = picture[place + 4 : place + 8], picture[place + 8 : place + 8 + length]
        (crc,) = struct.unpack(">I", picture[place + 8 + length : place + 12 + length])
        assert crc == zlib.crc32(name + content)
        header = content if name == b"IHDR" else header
        data += content if name == b"IDAT" else b""
        place += length + 12
    width, high, _, colour = struct.unpack(">IIBB", header[:10])
    pixel = {0: 1, 2: 3, 6: 4}[colour]
    packed, stride = zlib.decompress(data), width * pixel + 1
    assert len(packed) == stride * high
    rows: list[bytes] = []
    for start in range(0, len(packed), stride):
        kind, row = packed[start], bytearray(packed[start + 1 : start + stride])
        above = rows[-1] if rows else bytes(stride - 1)
        for x in range(len(row)):
            a, b = (row[x - pixel] if x >= pixel else 0), above[x]
            c = above[x - pixel] if x >= pixel else 0
            row[x] = (row[x] + [0, a, b, (a + b) // 2, _paeth(a, b, c)][kind]) % 256
        rows.append(bytes(row))
    return high, rows


@st.composite
def _bands(draw: st.DrawFn) -> tuple[int, list[tuple[list[bytes], list[int]]]]:
    pixel, width = draw(st.sampled_from([1, 3, 4])), draw(st.integers(1, 5))
    octets = st.binary(min_size=pixel * width, max_size=pixel * width)
    row = st.tuples(octets, st.integers(0, 4))
    bands = draw(st.lists(st.lists(row, min_size=1, max_size=3), min_size=1, max_size=4))
    return pixel, [([one for one, _ in band], [kind for _, kind in band]) for band in bands]


@given(_bands())
def test_joined_pictures_are_one_below_the_other(
    drawn: tuple[int, list[tuple[list[bytes], list[int]]]],
) -> None:
    """Whatever filters the parts begin with, every pixel is as it was."""
    pixel, bands = drawn
    expected = [row for rows, _ in bands for row in rows]
    pictures = (_encode(rows, kinds, pixel) for rows, kinds in bands)
    joined = png.stack(pictures, len(expected))
    assert _decode(joined) == (len(expected), expected)


@pytest.mark.parametrize(
    "pictures", [[], [b"GIF89a"], [b"\x89PNG\r\n\x1a\n"], [_encode([b"abc"], [0], 1)]]
)
def test_what_is_no_picture_is_not_joined(pictures: list[bytes]) -> None:
    """Nothing and garbage are told, not written."""
    with pytest.raises(ValueError, match=r"no PNG|are not 3"):
        png.stack(pictures, 3)


def test_pictures_of_different_widths_are_not_joined() -> None:
    """They would make a picture that no program opens."""
    with pytest.raises(ValueError, match="differ"):
        png.stack([_encode([b"abc"], [0], 1), _encode([b"abcd"], [0], 1)], 2)


def test_a_high_sheet_is_taken_piece_by_piece(tmp_path: Path) -> None:
    """A browser paints only so much at once; no row is lost or doubled where pieces meet."""
    told: list[tuple[int, int]] = []
    taken = browser.picture(
        _SHEET, _made(tmp_path, 6003), lambda done, whole: told.append((done, whole))
    )
    assert told == [(6000, 6003), (6003, 6003)]
    high, rows = _decode(taken)
    assert high == 6003
    assert rows == [bytes((y >> 8, y & 255, 7)) for y in range(6003)]


def test_a_sheet_that_is_too_high_is_refused(tmp_path: Path) -> None:
    """A picture has an end, and HTML has none."""
    with pytest.raises(InvalidInputError, match=r"60001 pixels high.*write HTML"):
        browser.picture(_SHEET, _made(tmp_path, 60_001))


def test_a_browser_that_fails_is_named(tmp_path: Path) -> None:
    """What went wrong, with whom, and what to do instead."""
    with pytest.raises(ConfigurationError, match=r"browser: ended with 3.*--output sheet\.html"):
        browser.picture(_SHEET, _made(tmp_path, 10, code=3))
    with pytest.raises(ConfigurationError, match="did not open the sheet"):
        browser.picture(_SHEET, Path("/bin/true"))


def test_a_browser_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is what it started; nobody waits for ever, and nothing is left behind."""
    made = tmp_path / "browser"
    made.write_text(f"#!/bin/sh\nsleep 600 &\necho $! >{tmp_path}/started\nwait\n")
    made.chmod(0o700)
    monkeypatch.setattr(browser, "_SECONDS", 1)
    with pytest.raises(ConfigurationError, match="was not ready within"):
        browser.picture(_SHEET, made)
    started = int((tmp_path / "started").read_text())
    status = Path(f"/proc/{started}/stat")
    assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_browser_is_found_or_its_lack_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting wins over the path; without any the remedy is told."""
    made = _made(tmp_path, 10)
    made.rename(tmp_path / "chromium")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser.find("") == tmp_path / "chromium"
    assert browser.find("/bin/true") == Path("/bin/true")
    with pytest.raises(ConfigurationError, match="BROADCASTER_BROWSER: 'chrome-of-old'"):
        browser.find("chrome-of-old")
    (tmp_path / "chromium").unlink()
    with pytest.raises(ConfigurationError, match="none was found"):
        browser.find("")
