"""Imports that the console runs beside its pages; how far one is stands in the register of all.

What is uploaded lies in a folder of its own for the service's account alone, until its import is
over. Where the process ends half way the file is still there: it is begun again from it, or gone on
with where it is stored in parts.
"""

import secrets
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from broadcaster.bootstrap.importing import Order, begin, beside, refused
from broadcaster.domain.saying import said, unpacked
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.audience.imports import Import
    from broadcaster.audience.report import Tell
    from broadcaster.audience.suggesting import Suggested
    from broadcaster.bootstrap.runtime import Runtime

_USUAL = 5.0


class Stage(StrEnum):
    """How far an import is."""

    CHECKING = "checking"
    #: It was checked, and waits for a person.
    CHECKED = "checked"
    STORING = "storing"
    DONE = "done"
    #: It can't be read, or was refused.
    FAILED = "failed"
    #: Its process ended before it did, and nothing is stored.
    ENDED = "ended"
    #: The same, and a part of it is stored.
    HALF = "half"
    #: It was ended half way, and is not to be gone on with.
    FORGOTTEN = "forgotten"


def stage(one: "Import") -> Stage:
    """Say how far an import is, whoever runs it."""
    match one.status:
        case "running":
            return Stage.CHECKING if one.dry_run else Stage.STORING
        case "done":
            return Stage.CHECKED if one.dry_run else Stage.DONE
        case "refused":
            return Stage.FAILED
        case "forgotten":
            return Stage.FORGOTTEN
        case _:
            return Stage.HALF if one.unfinished else Stage.ENDED


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Course:
    """The import of the file that the console keeps, as the register has it.

    `file` and `report` are None where they are not kept any more, or lie on another machine.
    """

    found: "Import"
    file: Path | None
    report: Path | None

    @property
    def stage(self) -> Stage:
        """How far it is."""
        return stage(self.found)

    @property
    def running(self) -> bool:
        """Whether a process is at it."""
        return self.found.status == "running"

    @property
    def snapshot(self) -> bool:
        """Whether the file has all customers."""
        return bool(self.found.options.get("snapshot"))

    @property
    def sorts(self) -> Sequence[dict[str, Any]]:
        """What was found, by what is wrong; the texts can be told in any language."""
        return [
            {**one, "problem": unpacked(one["problem"]), "remedy": unpacked(one["remedy"])}
            for one in (self.found.told or {}).get("sorts", ())
        ]

    @property
    def fault(self) -> Sequence[str]:
        """Why it was refused, in sentences."""
        return [unpacked(one) for one in (self.found.told or {}).get("fault", ())]


class Courses:
    """The import of the file that the console keeps, if there is one."""

    def __init__(self, runtime: "Runtime") -> None:
        """What an earlier file left is taken away when the next one comes."""
        self._runtime = runtime
        self._folder = runtime.settings.home / "imports"
        self._lock = threading.Lock()
        self._suggested = lru_cache(1)(self._suggest)

    def now(self) -> Course | None:
        """Give it."""
        found = self._runtime.imports.kept()
        if found is None:
            return None
        folder = self._folder / str(found.id)
        file, report = folder / "file" / found.file, folder / "report.csv"
        return Course(
            found=found,
            file=file if file.is_file() else None,
            report=report if report.is_file() and found.status != "running" else None,
        )

    def columns(self, course: Course) -> "Sequence[Suggested]":
        """Say of each column of its file what it probably is; nothing of what is no table."""
        return self._suggested(course.file) if course.file else ()

    def begin(
        self,
        place: Callable[[Path], None],
        name: str,
        *,
        by: str,
        mapping: str,
        as_of: datetime | None,
        snapshot: bool,
        in_parts: bool = False,
        tell: "Tell | None" = None,
    ) -> None:
        """Keep a file, which `place` writes, and check it; ConflictError while another runs."""
        order = Order(
            name=name,
            by=by,
            via="console",
            mapping=mapping,
            as_of=as_of,
            most=_USUAL if snapshot else None,
            in_parts=in_parts,
            dry_run=True,
            kept=True,
        )
        with self._lock:
            self._require_idle()
            folder = self._folder / secrets.token_hex(8)
            file = folder / "file" / name
            file.parent.mkdir(mode=0o700, parents=True)
            try:
                place(file)
                self._check(order, file, tell)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise

    def check(self, mapping: str, *, by: str, tell: "Tell | None" = None) -> None:
        """Check again, by another mapping; ConflictError when there is nothing to check."""
        with self._lock:
            self._require_idle()
            course, file = self._waiting(Stage.CHECKED, Stage.FAILED, Stage.ENDED)
            order = replace(_again(course.found, by), mapping=mapping, dry_run=True)
            self._check(order, file, tell)

    def store(self, *, by: str, anew: bool = False, tell: "Tell | None" = None) -> None:
        """Store what was checked, or go on with it; ConflictError when nothing waits for it."""
        from broadcaster.audience.sheets.source import from_path

        with self._lock:
            self._require_idle()
            course, file = self._waiting(Stage.CHECKED, Stage.ENDED, Stage.HALF)
            if course.stage is Stage.ENDED and course.found.dry_run:
                raise _nothing()
            order = replace(_again(course.found, by), anew=anew)
            source = from_path(file)
            source.name = order.name
            begun = begin(self._runtime, order, source)
            folder = self._take_over(file, begun.run.id)
            report = _report(folder / "report.csv", tell)
            # The report is kept until the next file comes; the file is not needed any more.
            gone = folder / "file"
            beside(self._runtime, begun, report, lambda: shutil.rmtree(gone, ignore_errors=True))

    def discard(self) -> None:
        """Forget it, and the file; ConflictError while it runs."""
        with self._lock:
            self._require_idle()
            shutil.rmtree(self._folder, ignore_errors=True)
            self._runtime.imports.keep_none()

    def _check(self, order: Order, file: Path, tell: "Tell | None") -> None:
        from broadcaster.audience.sheets.source import from_path

        size = file.stat().st_size
        try:
            source = from_path(file)
            source.name = order.name
            begun = begin(self._runtime, order, source)
        except InvalidInputError as error:
            # It is kept all the same: perhaps only its columns have to be said.
            self._take_over(file, refused(self._runtime, order, size, error))
            return
        folder = self._take_over(file, begun.run.id)
        beside(self._runtime, begun, _report(folder / "report.csv", tell))

    def _take_over(self, file: Path, which: int) -> Path:
        """Have the file's folder be that of an import, and the only one."""
        folder = file.parent.parent
        taken = self._folder / str(which)
        if folder != taken:
            folder.rename(taken)
        for other in self._folder.iterdir():
            if other != taken:
                shutil.rmtree(other, ignore_errors=True)
        return taken

    def _require_idle(self) -> None:
        found = self._runtime.imports.kept()
        if found is not None and found.status == "running":
            message = said("Another import is under way. Wait until it has finished.")
            raise ConflictError(message)

    def _waiting(self, *stages: Stage) -> tuple[Course, Path]:
        course = self.now()
        if course is None or course.file is None or course.stage not in stages:
            raise _nothing()
        return course, course.file

    def _suggest(self, file: Path) -> "Sequence[Suggested]":
        from broadcaster.audience.sheets.source import from_path
        from broadcaster.bootstrap.import_steps import suggested

        try:
            return suggested(self._runtime, from_path(file))
        except BroadcasterError:
            return ()


def _again(found: "Import", by: str) -> Order:
    """Give the order of an import once more, to be stored."""
    options = found.options
    moment, most = options.get("as_of"), options.get("snapshot")
    return Order(
        name=found.file,
        by=by,
        via="console",
        mapping=found.mapping,
        as_of=datetime.fromisoformat(moment) if moment else None,
        most=float(most) if most else None,
        in_parts=found.in_parts,
        kept=True,
    )


def _report(path: Path, tell: "Tell | None") -> Any:  # noqa: ANN401  (a context manager)
    from broadcaster.audience.report import report_file

    return report_file(path, None, tell)


def _nothing() -> ConflictError:
    return ConflictError(said("There is no file that waits for it. Send one."))
