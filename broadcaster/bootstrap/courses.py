"""Imports that the console runs beside its pages: one at a time, in a thread of the process.

What is uploaded lies in a folder of its own for the service's account alone, until its import is
over. Where the process ends half way nothing was stored, and the file is sent again.
"""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from broadcaster.errors import BroadcasterError, ConflictError

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from collections.abc import Sequence

    from broadcaster.audience.store import Saved
    from broadcaster.audience.suggesting import Suggested
    from broadcaster.audience.tally import Tally
    from broadcaster.bootstrap.runtime import Runtime


class Stage(StrEnum):
    """How far an import is."""

    CHECKING = "checking"
    #: It was checked, and waits for a person.
    CHECKED = "checked"
    STORING = "storing"
    DONE = "done"
    #: It can't be read, or was refused.
    FAILED = "failed"


@dataclass(kw_only=True, slots=True, repr=False)
class Course:
    """One import. `position` of `size` was read; `fault` is why it failed."""

    file: Path
    by: str
    mapping: str
    as_of: datetime | None
    snapshot: bool
    stage: Stage = Stage.CHECKING
    position: int = 0
    size: int = 0
    tally: "Tally | None" = None
    saved: "Saved | None" = None
    fault: BroadcasterError | None = None
    columns: "Sequence[Suggested]" = ()
    report: Path | None = field(default=None)

    @property
    def running(self) -> bool:
        """Whether a thread is at it."""
        return self.stage in {Stage.CHECKING, Stage.STORING}


class Courses:
    """The import that is under way, if there is one."""

    def __init__(self, runtime: "Runtime") -> None:
        """What an earlier process left is taken away when the first file comes."""
        self._runtime = runtime
        self._folder = runtime.settings.home / "imports"
        self._lock = threading.Lock()
        self._course: Course | None = None

    def now(self) -> Course | None:
        """Give it."""
        return self._course

    def begin(
        self,
        place: Callable[[Path], None],
        name: str,
        *,
        by: str,
        mapping: str,
        as_of: datetime | None,
        snapshot: bool,
    ) -> None:
        """Keep a file, which `place` writes, and check it; ConflictError while another runs."""
        with self._lock:
            self._require_idle()
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(mode=0o700)
            file = self._folder / "file" / name
            file.parent.mkdir(mode=0o700)
            place(file)
            course = Course(file=file, by=by, mapping=mapping, as_of=as_of, snapshot=snapshot)
            self._start(course, dry_run=True)

    def check(self, mapping: str) -> None:
        """Check again, by another mapping; ConflictError when there is nothing to check."""
        with self._lock:
            self._require_idle()
            course = self._waiting(Stage.CHECKED, Stage.FAILED)
            course.mapping = mapping
            self._start(course, dry_run=True)

    def store(self) -> None:
        """Store what was checked; ConflictError when nothing waits for it."""
        with self._lock:
            self._require_idle()
            self._start(self._waiting(Stage.CHECKED), dry_run=False)

    def discard(self) -> None:
        """Forget it, and the file; ConflictError while it runs."""
        with self._lock:
            self._require_idle()
            shutil.rmtree(self._folder, ignore_errors=True)
            self._course = None

    def _require_idle(self) -> None:
        if self._course is not None and self._course.running:
            message = "Another import is under way. Wait until it has finished."
            raise ConflictError(message)

    def _waiting(self, *stages: Stage) -> Course:
        if self._course is None or self._course.stage not in stages:
            message = "There is no file that waits for it. Send one."
            raise ConflictError(message)
        return self._course

    def _start(self, course: Course, *, dry_run: bool) -> None:
        course.stage = Stage.CHECKING if dry_run else Stage.STORING
        course.position, course.fault, course.saved = 0, None, None
        self._course = course
        work = threading.Thread(
            target=self._run,
            args=(course,),
            kwargs={"dry_run": dry_run},
            name="import",
            daemon=True,
        )
        work.start()

    def _run(self, course: Course, *, dry_run: bool) -> None:
        try:
            self._go(course, dry_run=dry_run)
        except BroadcasterError as error:
            course.fault = error
            course.stage = Stage.FAILED
        except Exception:
            course.stage = Stage.FAILED
            raise
        if course.stage is Stage.DONE:
            # The report is kept until the next file comes; the file itself is not needed any more.
            shutil.rmtree(course.file.parent, ignore_errors=True)

    def _go(self, course: Course, *, dry_run: bool) -> None:
        from broadcaster.audience.leaving import Snapshot
        from broadcaster.audience.report import report_file
        from broadcaster.audience.sheets.sheet import Wanted
        from broadcaster.audience.sheets.source import from_path
        from broadcaster.audience.tally import Tally
        from broadcaster.bootstrap.import_steps import nothing, open_reading, store, suggested

        if dry_run:
            course.columns = suggested(self._runtime, from_path(course.file))
        tally = Tally()
        course.tally = tally
        snapshot: Snapshot | None = Snapshot() if course.snapshot else None
        report = self._folder / "report.csv"
        source = from_path(course.file)
        source.name = course.file.name
        with (
            open_reading(self._runtime, source, mapping=course.mapping, wanted=Wanted()) as reading,
            report_file(report, None) as write,
        ):
            tally.write = write
            course.size = reading.size

            def moved(position: int) -> None:
                course.position = position

            course.saved = store(
                self._runtime,
                reading,
                tally,
                proof=course.file.name,
                as_of=course.as_of,
                snapshot=snapshot,
                dry_run=dry_run,
                moved=moved,
            )
        course.report = report
        if not tally.good:
            raise nothing(tally, course.file.name)
        if course.saved.objection:
            raise course.saved.objection
        if not dry_run:
            figures: dict[str, object] = {
                "file": course.file.name,
                "inserted": course.saved.inserted,
                "updated": course.saved.updated,
                "left": course.saved.left,
            }
            self._runtime.accesses.record(
                course.by, "import_customers", "customers", "import", figures
            )
        course.stage = Stage.CHECKED if dry_run else Stage.DONE
