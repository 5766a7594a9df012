"""The organisation's own translations: who answers for them, and catalogues that are brought in."""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from broadcaster.bootstrap.texts import kind_checker, shipped
from broadcaster.domain.english import number_of
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.render.findings import Finding
    from broadcaster.render.library import Library
    from broadcaster.render.locales import Locale
    from broadcaster.render.reviews import Approval
    from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415

#: The largest catalogue that is taken, octets; the largest of ours has a tenth of it.
LARGEST_CATALOGUE = 2_000_000
_FIELD = "catalogue"


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """What came of a catalogue: whether it is in place, how many texts it has, what was found."""

    placed: bool
    texts: int
    findings: Sequence["Finding"]


def approve_texts(
    library: "Library",
    folder: Path,
    kind: str,
    tag: str,
    by: str,
    at: datetime,
    *,
    native: bool,
) -> "tuple[str, str, Approval, Path]":
    """Record who answers for the texts of a kind in a locale as they are now.

    Gives kind, locale, record, and the file in `folder` that has it. ConflictError where a text is
    missing or fuzzy; InvalidInputError for a name that cannot stand in a record.
    """
    from broadcaster.render import reviews, upkeep
    from broadcaster.render.sources import read_text

    name, spoken = library.kind(kind).name, real_locale(library, tag)
    lacking = library.missing(library.uses(name), spoken)
    if lacking:
        some = number_of(len(lacking), "text is", "texts are")
        problem = f"{name}: {some} not translated in {spoken.tag}, or fuzzy."
        raise ConflictError(f"{problem} Translate them before somebody approves them.")
    texts = library.text_fingerprint(name, spoken)
    made = reviews.approval(by, at, texts, native=native)
    path = folder / spoken.tag / reviews.FILE
    where = upkeep.shown(path, folder)
    held = reviews.read_reviews(read_text(path), where) if path.is_file() else reviews.Reviews()
    upkeep.save({path: reviews.write_reviews(held.approved(name, made))})
    return name, spoken.tag, made, path


def real_locale(library: "Library", tag: str) -> "Locale":
    """Give a locale that customers read; InvalidInputError for one that is made up for tests."""
    found = library.locale(tag)
    if found.pseudo:
        remedy = "Name one that customers read."
        raise InvalidInputError("--locale", f"{found.tag} is made up, for tests", remedy)
    return found


def own_locales(settings: "Settings") -> Path:
    """Give the folder of the organisation's own translations: the first that the setting names."""
    if not settings.locales:
        problem = "names no folder for translations of your own"
        remedy = "Make a folder and set BROADCASTER_LOCALES to it."
        raise InvalidInputError("BROADCASTER_LOCALES", problem, remedy)
    return settings.locales[0]


def catalogue_text(settings: "Settings", locale: "Locale") -> str | None:
    """Give the file of a locale's advisories that translators go on with; None where none is."""
    for folder in (*settings.locales, shipped("locales")):
        path = _catalogue(folder, locale.tag)
        if path.is_file():
            return path.read_text("utf-8")
    return None


def place_catalogue(runtime: "Runtime", locale: "Locale", content: bytes, by: str) -> Placed:
    """Check a catalogue aside, and put it into the organisation's folder when nothing is wrong.

    Who did it is written down with its hash. InvalidInputError for what is no catalogue at all.
    """
    from broadcaster.render import poreader
    from broadcaster.render.findings import Gravity

    settings = runtime.settings
    own, text = own_locales(settings), _text(content)
    try:
        count = len(list(poreader.read(text, "catalogue").used()))
    except BroadcasterError as error:
        remedy = "Save it as PO, in UTF-8, from the editor that made it."
        raise InvalidInputError(_FIELD, str(error).rstrip("."), remedy) from error
    with runtime.trail.noting(by, "place_catalogue", f"locale {locale.tag}") as details:
        with tempfile.TemporaryDirectory(prefix="broadcaster-") as aside:
            _write(Path(aside), locale.tag, text)
            checker = kind_checker(replace(settings, locales=(Path(aside), *settings.locales)))
            findings = checker.check_language(locale.tag)
        sound = not any(one.gravity is Gravity.ERROR for one in findings)
        if sound:
            _write(own, locale.tag, text)
        sha256 = hashlib.sha256(content).hexdigest()
        details |= {"done": sound, "texts": count, "sha256": sha256}
    return Placed(placed=sound, texts=count, findings=findings)


def _text(content: bytes) -> str:
    if len(content) > LARGEST_CATALOGUE:
        problem = f"is larger than {LARGEST_CATALOGUE:,} octets"
        raise InvalidInputError(_FIELD, problem, "Bring in the texts of advisories alone.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 at octet {error.start}"
        raise InvalidInputError(_FIELD, problem, "Save it as UTF-8.") from error


def _catalogue(folder: Path, tag: str) -> Path:
    return folder / tag / "LC_MESSAGES" / "advisories.po"


def _write(folder: Path, tag: str, text: str) -> None:
    """Write the file whole or not at all; InvalidInputError where the folder cannot be written."""
    from broadcaster.render import upkeep

    try:
        upkeep.save({_catalogue(folder, tag): text})
    except OSError as error:
        problem = f"{folder} cannot be changed ({error.strerror})"
        remedy = "Name a folder that can be written."
        raise InvalidInputError("BROADCASTER_LOCALES", problem, remedy) from error
