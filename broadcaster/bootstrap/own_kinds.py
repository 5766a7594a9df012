"""The organisation's own kinds: added from a folder or an archive, and removed."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from broadcaster.bootstrap.texts import kind_checker
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.settings import Settings

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.render.placing import Added

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415


#: How many campaigns are named.
_NAMED = 5


def add_kind(runtime: "Runtime", source: Path, by: str, *, replace: bool) -> "Added":
    """Check a kind as those that are shipped are, and put it in place when nothing is wrong.

    Who did it is written down, with a hash of the files. InvalidInputError for what cannot be read
    at all, ConflictError for one that is there already, UnavailableError without a database.
    """
    from broadcaster.render import placing
    from broadcaster.render.upload import read_upload

    settings = runtime.settings
    own, upload = _own(settings), read_upload(source)
    with runtime.trail.noting(by, "add_kind", f"kind {upload.name}") as details:
        added = placing.add(
            upload, own, lambda staging: kind_checker(settings, staging), replace=replace
        )
        details |= {
            "done": added.placed,
            "replaced": added.replaced,
            "files": len(upload.files),
            "sha256": _hash(upload.files),
        }
    return added


def remove_kind(runtime: "Runtime", name: str, by: str) -> bool:
    """Take out one of the organisation's own kinds; whether a shipped one of its name stands then.

    Who did it is written down.

    NotFoundError for one that is not there, ConflictError while campaigns that have not ended need
    it.
    """
    from broadcaster.bootstrap.texts import shipped
    from broadcaster.render import placing

    stays = _is_shipped(name, shipped("templates"))
    if stays and not any((folder / name).is_dir() for folder in runtime.settings.templates):
        problem = f"{name} is shipped with the product"
        remedy = "It stays; 'kinds add' puts one of yours with its name before it."
        raise NotFoundError("kind", problem, remedy)
    using = runtime.campaigns.using(name)
    if using and not stays:
        listed = ", ".join(repr(one) for one in using[:_NAMED])
        message = f"{name} is used by campaigns that have not ended: {listed}. End or cancel them."
        raise ConflictError(message)
    with runtime.trail.noting(by, "remove_kind", f"kind {name[:60]}") as details:
        placing.remove(name, _own(runtime.settings))
        details["shipped_stays"] = stays
    return stays


def is_own(settings: Settings, name: str) -> bool:
    """Tell whether a kind stands in the organisation's own folder, and can be removed."""
    return bool(settings.templates) and (settings.templates[0] / name).is_dir()


def _hash(files: Mapping[str, bytes]) -> str:
    """Hash the files of a kind, whatever their order."""
    digest = hashlib.sha256()
    for path, data in sorted(files.items()):
        digest.update(f"{hashlib.sha256(data).hexdigest()}  {path}\n".encode())
    return digest.hexdigest()


def _is_shipped(name: str, folder: Path) -> bool:
    return any(child.name == name and child.is_dir() for child in folder.iterdir())


def _own(settings: Settings) -> Path:
    """Give the folder of the organisation's own kinds: the first that the setting names."""
    if not settings.templates:
        problem = "names no folder for kinds of your own"
        remedy = "Make a folder and set BROADCASTER_TEMPLATES to it."
        raise InvalidInputError("BROADCASTER_TEMPLATES", problem, remedy)
    return settings.templates[0]
