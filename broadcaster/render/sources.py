"""Reading folders of templates and locales into memory, once, within bounds.

What is rendered and what is hashed are the same bytes: a file that changes under a running
worker changes neither. Links that lead out of a folder are refused.
"""

import hashlib
import os
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from broadcaster.errors import ConfigurationError, DamagedError

_SUFFIXES = frozenset({".txt", ".mjml", ".html", ".toml", ".po"})
_FILES, _BYTES = 500, 2_000_000
_DOTS = 300
#: How often a folder is read that is replaced meanwhile.
_AGAIN = 20


def read_folder(folder: Path, only: Collection[str] = ()) -> Mapping[str, str]:
    """Read the texts below `folder`, by their path in it with forward slashes.

    `only` names those that are wanted; all without.

    A folder that is replaced meanwhile is read anew, so that all are of one. ConfigurationError
    naming the file when there are too many, one is too large, leads out of the folder, or is not
    UTF-8.
    """
    for _ in range(_AGAIN):
        # Held open, so that no other folder gets its number while it is read.
        with _held(folder) as number:
            try:
                texts = _read_folder(folder, only)
            except ConfigurationError:
                if number == _number(folder):
                    raise
                continue
            if number == _number(folder):
                return texts
    message = f"{folder}: is replaced all the time. Try again when that is over."
    raise ConfigurationError(message)


@contextmanager
def _held(folder: Path) -> Iterator[int | None]:
    """Keep a folder open, and give its number; None where there is none."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield None
        return
    try:
        yield os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def _number(folder: Path) -> int | None:
    """Give the number of the folder that is there now."""
    try:
        return folder.stat().st_ino
    except OSError:
        return None


def _read_folder(folder: Path, only: Collection[str]) -> Mapping[str, str]:
    root = folder.resolve()
    texts: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix not in _SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        name = path.relative_to(folder).as_posix()
        if only and name not in only:
            continue
        if not path.resolve().is_relative_to(root):
            message = f"{path}: leads out of its folder. Put the file itself there."
            raise ConfigurationError(message)
        texts[name] = read_text(path)
        if len(texts) > _FILES:
            message = f"{folder}: has more than {_FILES} files. Keep only what is used."
            raise ConfigurationError(message)
    return texts


def read_text(path: Path) -> str:
    """Read one file of people's texts; DamagedError naming it."""
    try:
        if path.stat().st_size > _BYTES:
            message = f"{path}: is larger than {_BYTES} octets. Shorten it."
            raise DamagedError(message)
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"{path}: is not UTF-8 at octet {error.start}. Save it as UTF-8."
        raise DamagedError(message) from error
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}). Check its permissions."
        raise DamagedError(message) from error


def subfolders(folders: Iterable[Path]) -> Mapping[str, list[Path]]:
    """Group the folders one level down by name, in the order of `folders`."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        try:
            children = sorted(child for child in folder.iterdir() if child.is_dir())
        except OSError as error:
            message = f"{folder}: cannot be read ({error.strerror}). Name a readable folder."
            raise ConfigurationError(message) from error
        for child in children:
            if not child.name.startswith("."):
                found.setdefault(child.name, []).append(child)
    return found


def parse_toml(text: str, where: str) -> dict[str, object]:
    """Read TOML; ConfigurationError naming the file and the line."""
    try:
        return load_toml(text)
    except ValueError as error:
        message = f"{where}: is not TOML ({error}). Mend the line."
        raise ConfigurationError(message) from error


def load_toml(text: str) -> dict[str, object]:
    """Read TOML that somebody else may have written; ValueError, soon, whatever it is."""
    # Names of many parts take the square of their number: 90,000 would take minutes.
    if any(line.count(".") > _DOTS for line in text.split("\n")):
        message = f"a line has more than {_DOTS} dots"
        raise ValueError(message)
    try:
        return tomllib.loads(text)
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None


def digest(pieces: Iterable[str]) -> str:
    """Hash texts in order, each with its length, so that no two sequences look alike."""
    total = hashlib.sha256()
    for piece in pieces:
        data = piece.encode()
        total.update(b"%d:" % len(data))
        total.update(data)
    return total.hexdigest()
