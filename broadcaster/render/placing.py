"""Putting a kind into the organisation's own folder, whole or not at all, and taking it out."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from broadcaster.domain.nearest import close
from broadcaster.domain.saying import said
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.render.check import KindChecker
from broadcaster.render.exchanging import exchange
from broadcaster.render.factlist import NAME
from broadcaster.render.findings import Finding, Gravity
from broadcaster.render.upload import Upload

#: Folders whose names begin with a point are no kinds.
_ASIDE = ".kind-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """What came of adding a kind: what was found, errors first, and whether it is in place."""

    name: str
    findings: Sequence[Finding]
    placed: bool
    replaced: bool


def add(upload: Upload, own: Path, check: Callable[[Path], KindChecker], *, replace: bool) -> Added:
    """Check a kind in a folder aside and move it to its place when nothing is wrong.

    `check` gives what checks kinds with one more folder before all others. ConflictError when a
    kind of this name is there and is not to be replaced.
    """
    target = own / upload.name
    if target.exists() and not replace:
        message = said(
            "%(upload)s is in %(own)s already. Say --replace, or take another name.",
            upload=upload.name,
            own=own,
        )
        raise ConflictError(message)
    found = [_finding(upload.name, path, *fault) for path, fault in upload.faults.items()]
    if "" in upload.faults or "kind.toml" in upload.faults:
        return Added(name=upload.name, findings=found, placed=False, replaced=False)
    with _aside(own) as staging:
        # What cannot be read is told beside what is wrong with the rest.
        sound = {path: text for path, text in upload.files.items() if path not in upload.faults}
        _write(staging / upload.name, sound)
        checked = check(staging).check(upload.name)
        findings = found + [
            one
            for one in checked
            if one.kind == upload.name and not (found and (one.locale or one.part in upload.faults))
        ]
        if any(one.gravity is Gravity.ERROR for one in findings):
            return Added(name=upload.name, findings=findings, placed=False, replaced=False)
        replaced = _move(staging / upload.name, target, staging / "former")
    return Added(name=upload.name, findings=findings, placed=True, replaced=replaced)


def remove(name: str, own: Path) -> None:
    """Take a kind out of the organisation's folder; NotFoundError."""
    target = own / name
    if not NAME.fullmatch(name) or not target.is_dir() or target.is_symlink():
        problem = said("%(name)s is not in %(own)s", name=repr(name[:60]), own=own)
        names = [one.name for one in own.iterdir() if NAME.fullmatch(one.name) and one.is_dir()]
        meant = close(name, names)
        remedy = meant or "Only what was added there can be removed."
        raise NotFoundError("kind", problem, remedy)
    with _aside(own) as staging:
        try:
            target.rename(staging / name)
        except OSError as error:
            raise _unwritable(own, error) from error


@contextmanager
def _aside(own: Path) -> Iterator[Path]:
    """Give a new folder on the same disk, which no renderer reads; it goes in the end."""
    try:
        staging = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=own))
    except OSError as error:
        raise _unwritable(own, error) from error
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        file = folder / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise _unwritable(folder.parent.parent, error) from error


def _move(new: Path, target: Path, former: Path) -> bool:
    """Move a folder to its place and the former one out of it; whether there was one.

    In one step where the system can, so that whoever reads finds one of them at any moment. Else in
    two; should the second fail, the former one is put back.
    """
    try:
        replaced = target.exists()
        if replaced and not target.is_symlink() and exchange(new, target):
            return True
        if replaced:
            target.rename(former)
        try:
            # Fails where somebody else put a folder with files meanwhile.
            new.rename(target)
        except OSError:
            if replaced:
                former.rename(target)
            raise
    except OSError as error:
        raise _unwritable(target.parent, error) from error
    return replaced


def _unwritable(folder: Path, error: OSError) -> InvalidInputError:
    problem = said(
        "%(folder)s cannot be changed (%(strerror)s)", folder=folder, strerror=error.strerror
    )
    return InvalidInputError(
        "BROADCASTER_TEMPLATES", problem, said("Name a folder that can be written.")
    )


def _finding(kind: str, path: str, problem: str, remedy: str) -> Finding:
    return Finding(
        gravity=Gravity.ERROR,
        kind=kind,
        part=path,
        locale="",
        place="",
        problem=problem,
        remedy=remedy,
    )
