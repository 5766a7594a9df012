"""The organisation's own kinds: added from a folder or an archive, and removed."""

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


def add_kind(settings: Settings, source: Path, *, replace: bool) -> "Added":
    """Check a kind as those that are shipped are, and put it in place when nothing is wrong.

    InvalidInputError for what cannot be read at all, ConflictError for one that is there already.
    """
    from broadcaster.render import placing
    from broadcaster.render.upload import read_upload

    return placing.add(
        read_upload(source),
        _own(settings),
        lambda staging: kind_checker(settings, staging),
        replace=replace,
    )


def remove_kind(runtime: "Runtime", name: str) -> bool:
    """Take out one of the organisation's own kinds; whether a shipped one of its name stands then.

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
    placing.remove(name, _own(runtime.settings))
    return stays


def _is_shipped(name: str, folder: Path) -> bool:
    return any(child.name == name and child.is_dir() for child in folder.iterdir())


def _own(settings: Settings) -> Path:
    """Give the folder of the organisation's own kinds: the first that the setting names."""
    if not settings.templates:
        problem = "names no folder for kinds of your own"
        remedy = "Make a folder and set BROADCASTER_TEMPLATES to it."
        raise InvalidInputError("BROADCASTER_TEMPLATES", problem, remedy)
    return settings.templates[0]
