"""Reading a kind that somebody hands over, a folder or a zip archive, within bounds.

Nothing of it is trusted: names, links, sizes and what an archive says of itself. Everything that is
wrong is told at once; only then it is checked as a kind.
"""

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from broadcaster.errors import InvalidInputError
from broadcaster.render.factlist import NAME
from broadcaster.render.wording import Fault

#: The most files, the largest one, all together, and an archive as it is packed; octets.
MOST_FILES, LARGEST, LARGEST_ALL, LARGEST_ARCHIVE = 100, 200_000, 2_000_000, 2_000_000
#: The most entries of an archive or a folder, those that are left out included.
_MOST_ENTRIES = 500
_DEEPEST = 3
_SUFFIXES = (".txt", ".mjml", ".html", ".toml", ".po")
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}")
#: What other programs put into folders and archives without being asked.
_LITTER = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})
_FIELD = "kind"


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A kind as it was handed over: its name, its files by path, and what is wrong with them."""

    name: str
    files: Mapping[str, bytes]
    faults: Mapping[str, Fault]


def read_upload(source: Path) -> Upload:
    """Read a folder or a zip archive; InvalidInputError where it is neither, or has no name."""
    try:
        mode = source.stat().st_mode
    except OSError as error:
        problem = f"{source} cannot be read ({error.strerror})"
        raise InvalidInputError(_FIELD, problem, "Name a folder or a .zip.") from error
    if stat.S_ISDIR(mode):
        return _named(source.resolve().name, _Reading().folder(source))
    if not stat.S_ISREG(mode):
        raise InvalidInputError(_FIELD, f"{source} is no folder and no file", "Name one of these.")
    return _archive(source)


def _archive(source: Path) -> Upload:
    if source.stat().st_size > LARGEST_ARCHIVE:
        problem = f"{source} is larger than {LARGEST_ARCHIVE:,} octets"
        raise InvalidInputError(_FIELD, problem, "Pack the files of one kind alone.")
    try:
        with zipfile.ZipFile(source) as archive:
            reading = _Reading().archive(archive)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        problem = f"{source} is no zip archive that can be read"
        raise InvalidInputError(_FIELD, problem, "Pack it again, without a password.") from error
    tops = {path.partition("/")[0] for path in reading.files}
    if len(tops) == 1 and "kind.toml" not in reading.files:
        # The folder itself was packed.
        top = tops.pop()
        cut = len(top) + 1
        reading.files = {path[cut:]: data for path, data in reading.files.items()}
        return _named(top, reading)
    return _named(source.stem, reading)


def _named(name: str, reading: "_Reading") -> Upload:
    if not NAME.fullmatch(name):
        problem = f"{name[:60]!r} is no name of a kind"
        remedy = "Name the folder in small letters, digits and underscores, as planned_outage."
        raise InvalidInputError(_FIELD, problem, remedy)
    if "kind.toml" not in reading.files and not reading.faults:
        remedy = "Write it, as docs/adding-a-kind.md shows, beside the folders of its parts."
        reading.faults["kind.toml"] = Fault("is missing", remedy)
    return Upload(name=name, files=reading.files, faults=reading.faults)


class _Reading:
    """Collects files and faults, and stops when there is too much of anything."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, Fault] = {}
        self._size = 0
        self._entries = 0
        self._known: set[str] = set()

    def folder(self, source: Path) -> "_Reading":
        """Read a folder; links and what is no file are refused, not followed or opened."""
        for path, entry in _walk(source, ""):
            if self._full():
                break
            if entry.is_symlink() or not entry.is_file(follow_symlinks=False):
                self.faults[path] = Fault("is a link, or no file", "Put the file itself there.")
            elif self._fits(path, entry.stat(follow_symlinks=False).st_size):
                self._keep(path, _read_file(Path(entry.path)))
        return self

    def archive(self, archive: zipfile.ZipFile) -> "_Reading":
        """Read an archive; what it says of sizes is believed only where it is too much."""
        for info in archive.infolist():
            if self._full():
                break
            path = info.filename
            if info.is_dir() or _LITTER.intersection(PurePosixPath(path).parts):
                continue
            mode = info.external_attr >> 16
            if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
                self.faults[_short(path)] = Fault("is a link, or no file", "Pack the file itself.")
            elif info.flag_bits & 1:
                self.faults[_short(path)] = Fault("is encrypted", "Pack it without a password.")
            elif self._fits(path, info.file_size):
                self._keep(path, _unpacked(archive, info))
        return self

    def _full(self) -> bool:
        self._entries += 1
        if self._entries > _MOST_ENTRIES or len(self.files) >= MOST_FILES:
            problem = f"there are more than {MOST_FILES} files"
            self.faults[""] = Fault(problem, "Keep those of one kind alone.")
            return True
        return "" in self.faults

    def _fits(self, path: str, size: int) -> bool:
        """Tell whether a file may be read by its name and size, noting why not."""
        fault = _name_fault(path)
        if fault is None and path.lower() in self._known:
            fault = Fault("is there twice", "Keep one; capitals make no other name.")
        if fault is None and size > LARGEST:
            fault = Fault(f"is larger than {LARGEST:,} octets", "Shorten it.")
        self._known.add(path.lower())
        if fault is not None:
            self.faults[_short(path)] = fault
        return fault is None

    def _keep(self, path: str, data: bytes | None) -> None:
        if data is None:
            self.faults[path] = Fault("cannot be read", "Check its permissions, or pack it again.")
            return
        self._size += len(data)
        if len(data) > LARGEST:
            self.faults[path] = Fault(f"is larger than {LARGEST:,} octets", "Shorten it.")
        elif self._size > LARGEST_ALL:
            problem = f"all files together are larger than {LARGEST_ALL:,} octets"
            self.faults[""] = Fault(problem, "Keep those of one kind alone.")
        else:
            self.files[path] = data
            try:
                data.decode("utf-8")
            except UnicodeDecodeError as error:
                problem = f"is not UTF-8 at octet {error.start}"
                self.faults[path] = Fault(problem, "Save it as UTF-8.")


def _name_fault(path: str) -> Fault | None:
    parts = path.split("/")
    # An archive may have the kind's folder around everything.
    if len(parts) > _DEEPEST + 1 or not all(_SEGMENT.fullmatch(part) for part in parts):
        return Fault(
            "has a name that no file of a kind has",
            "Use letters, digits, dots, dashes and underscores, in folders of the kind.",
        )
    if not path.endswith(_SUFFIXES):
        return Fault("is no file of a kind", f"Keep files that end with {', '.join(_SUFFIXES)}.")
    return None


def _walk(folder: Path, below: str) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """Give what is in a folder and its folders, in order; links to folders are not followed."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = f"{below}{entry.name}"
        if entry.name in _LITTER:
            continue
        if entry.is_dir(follow_symlinks=False) and path.count("/") < _DEEPEST:
            yield from _walk(Path(entry.path), f"{path}/")
        else:
            yield path, entry


def _read_file(path: Path) -> bytes | None:
    """Read a file that is no link, and no pipe that somebody put there meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            return file.read(LARGEST + 1) if regular else None
    except OSError:
        return None


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | None:
    """Unpack a file, and no more of it than one may have; its checksum has to be right."""
    try:
        with archive.open(info) as file:
            return file.read(LARGEST + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError):
        return None


def _short(path: str) -> str:
    plain = "".join(one if one.isprintable() else "?" for one in path)
    return plain if len(plain) <= 80 else f"{plain[:79]}…"  # noqa: PLR2004  (fits a line)
