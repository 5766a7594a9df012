"""A kind that was sent by a form, as one archive."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from broadcaster.errors import InvalidInputError
from broadcaster.render.factlist import NAME
from broadcaster.web.console.library.uploads import Uploaded


def archived(files: Sequence[Uploaded], name: str, folder: Path) -> Path:
    """Make one archive of what came, to be read as any other; InvalidInputError.

    Several files have the kind's folder before their names, or are of the kind called `name`.
    """
    given = [one for one in files if one.content or one.name]
    if not given:
        remedy = "Choose a .zip, or the files of one kind."
        raise InvalidInputError("files", "is empty", remedy)
    if len(given) == 1 and given[0].content[:4] == b"PK\x03\x04":
        stem = Path(given[0].name).stem
        stem = name or (stem if NAME.fullmatch(stem) else "kind")
        source = folder / f"{_safe(stem)}.zip"
        source.write_bytes(given[0].content)
        return source
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in given:
            # Names are judged when the archive is read, as those of every other.
            archive.writestr(one.name[:200] or "unnamed", one.content)
    source = folder / f"{_safe(name or 'kind')}.zip"
    source.write_bytes(packed.getvalue())
    return source


def _safe(name: str) -> str:
    if not NAME.fullmatch(name):
        problem = f"{name[:60]!r} is no name of a kind"
        remedy = "Use small letters, digits and underscores, as planned_outage."
        raise InvalidInputError("name", problem, remedy)
    return name
