"""Evidence in one archive whose files prove by their hashes that nobody changed them.

`manifest.json` comes last and lists every other file: its name, octets, SHA-256 and, where it has
any, rows. `whole` is the SHA-256 of the lines `<sha256>  <name>` of them all, in their order. The
SHA-256 of the archive itself is told to who makes it, and kept in the audit trail.
"""

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from broadcaster.errors import InvalidInputError

FORMAT = "broadcaster-evidence/1"
MANIFEST = "manifest.json"
#: Bounds of an archive that is verified: its files, its manifest, and each of the others; octets.
_FILES, _LARGEST_MANIFEST, _LARGEST = 50, 1_000_000, 20_000_000_000
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")
_PIECE = 1 << 18
#: The same evidence gives the same octets: no moment of writing, no owner.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_FIELD = "FILE"

#: Writes a file, and says how many rows it has; None where it has none.
Write = Callable[[IO[str]], int | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One file of an archive."""

    name: str
    octets: int
    sha256: str
    rows: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """An archive: its own SHA-256, `whole`, its files, and what else its manifest says."""

    sha256: str
    whole: str
    parts: Sequence[Part]
    about: Mapping[str, Any]


def bundle(target: IO[bytes], parts: Mapping[str, Write], about: Mapping[str, Any]) -> Sealed:
    """Write an archive into an empty file that can be read again, in bounded memory.

    `parts` are the files in their order, each written by what it names; `about` is said in the
    manifest.
    """
    written: list[Part] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, write in parts.items():
            written.append(_add(archive, name, write))
        whole = _whole(written)
        manifest = {"format": FORMAT, **about, "files": [*map(_row, written)], "whole": whole}
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        _add(archive, MANIFEST, lambda stream: _say(stream, text))
    target.seek(0)
    sha256 = hashlib.file_digest(target, "sha256").hexdigest()  # type: ignore[arg-type]  # (a file)
    target.seek(0)
    return Sealed(sha256=sha256, whole=whole, parts=written, about=about)


def verify(file: Path) -> Sealed:
    """Read an archive again; InvalidInputError naming the first file that is not as it was."""
    try:
        with file.open("rb") as raw:
            sha256 = hashlib.file_digest(raw, "sha256").hexdigest()
            raw.seek(0)
            with zipfile.ZipFile(raw) as archive:
                return _verified(archive, sha256)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _changed(file.name, "is no archive that can be read whole") from error
    except OSError as error:
        remedy = "Name an archive that 'campaigns evidence' wrote."
        raise InvalidInputError(_FIELD, f"{file}: {error.strerror}", remedy) from error


def _verified(archive: zipfile.ZipFile, sha256: str) -> Sealed:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if MANIFEST not in names or len(names) > _FILES:
        raise _changed(MANIFEST, "is missing, or there are too many files")
    manifest = _manifest(archive)
    parts = [Part(**_checked(row)) for row in manifest.pop("files")]
    listed = [*(part.name for part in parts), MANIFEST]
    if sorted(names) != sorted(listed) or len(set(listed)) != len(listed):
        raise _changed(MANIFEST, "lists other files than there are")
    for part in parts:
        octets, found = _hashed(archive, part)
        if (octets, found) != (part.octets, part.sha256):
            raise _changed(part.name, "is not as it was written: its SHA-256 is another one")
    whole = str(manifest.pop("whole"))
    if whole != _whole(parts):
        raise _changed(MANIFEST, "is not as it was written: 'whole' is another one")
    return Sealed(sha256=sha256, whole=whole, parts=parts, about=manifest)


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    with archive.open(MANIFEST) as stream:
        text = stream.read(_LARGEST_MANIFEST + 1)
    try:
        found = json.loads(text) if len(text) <= _LARGEST_MANIFEST else None
    except (ValueError, RecursionError) as error:
        raise _changed(MANIFEST, "cannot be read") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise _changed(MANIFEST, f"is none of {FORMAT}")
    if not isinstance(found.get("files"), list) or "whole" not in found:
        raise _changed(MANIFEST, "lists no files")
    return found


def _checked(row: object) -> dict[str, Any]:
    if not isinstance(row, dict) or not set(row) <= {"name", "octets", "sha256", "rows"}:
        raise _changed(MANIFEST, "has a line that is none of a file")
    name, octets = row.get("name"), row.get("octets")
    sound = (
        isinstance(name, str)
        and _NAME.fullmatch(name) is not None
        and isinstance(octets, int)
        and 0 <= octets <= _LARGEST
        and isinstance(row.get("sha256"), str)
    )
    if not sound:
        raise _changed(MANIFEST, "has a line that is none of a file")
    return row


def _hashed(archive: zipfile.ZipFile, part: Part) -> tuple[int, str]:
    """Hash a file, and read no more of it than the manifest says that there is."""
    digest, octets = hashlib.sha256(), 0
    with archive.open(part.name) as stream:
        while octets <= part.octets and (piece := stream.read(_PIECE)):
            octets += len(piece)
            digest.update(piece)
    return octets, digest.hexdigest()


def _changed(name: str, problem: str) -> InvalidInputError:
    remedy = "Do not rely on it; compare with another copy, or export the evidence again."
    return InvalidInputError(_FIELD, f"{name[:60]}: {problem}", remedy)


class _Hashing(io.RawIOBase):
    """Passes octets on, counts and hashes them."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self.digest = hashlib.sha256()
        self.octets = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:  # noqa: ANN401  (whatever has octets)
        octets = bytes(piece)
        self.digest.update(octets)
        self.octets += len(octets)
        self._target.write(octets)
        return len(octets)


def _add(archive: zipfile.ZipFile, name: str, write: Write) -> Part:
    info = zipfile.ZipInfo(name, _MOMENT)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    with archive.open(info, "w", force_zip64=True) as packed:
        hashing = _Hashing(packed)
        buffered = io.BufferedWriter(hashing, _PIECE)
        with io.TextIOWrapper(buffered, encoding="utf-8", newline="") as stream:
            rows = write(stream)
    return Part(name=name, octets=hashing.octets, sha256=hashing.digest.hexdigest(), rows=rows)


def _row(part: Part) -> dict[str, object]:
    return {name: value for name, value in asdict(part).items() if value is not None}


def _say(stream: IO[str], text: str) -> None:
    stream.write(text)


def _whole(parts: Sequence[Part]) -> str:
    lines = "".join(f"{part.sha256}  {part.name}\n" for part in parts)
    return hashlib.sha256(lines.encode()).hexdigest()
