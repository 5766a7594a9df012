"""The page of imports: a file is sent, checked, looked at, and then stored, with its progress."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from broadcaster.audience.columns import known_columns
from broadcaster.audience.days import read_moment
from broadcaster.audience.report import Tell
from broadcaster.audience.sheets.sheet import Wanted
from broadcaster.audience.suggesting import as_mapping
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.courses import Course, Courses, stage
from broadcaster.bootstrap.importing import forgotten
from broadcaster.domain.access import Action
from broadcaster.domain.proofs import checked_moment
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.people import uploads, words
from broadcaster.web.console.people.uploads import Upload, required
from broadcaster.web.telling import Telling

_ROOT = "/customers/import"
_REFUSED = 422
#: How many imports are listed, and the longest number of one.
_LISTED, _LONGEST = 10, 9


class ImportPages:
    """Takes files of customers in."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Use everything that is inside."""
        self._runtime = runtime
        self._desk = desk
        self._courses = Courses(runtime)
        # The largest file that is taken, MiB; it lies on the disk while it is read.
        options = runtime.settings.options("web")
        self._most = options.integer("UPLOAD_MIB", 512, 1, 2048)

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route(_ROOT, self.show),
            Route(_ROOT, self.send, methods=["POST"]),
            Route(f"{_ROOT}/go", self.go, methods=["POST"]),
            Route(f"{_ROOT}/report", self.report),
        ]

    async def show(self, request: Request) -> Response:
        """Show the import that is under way, and the form for a file."""
        visit = await self._desk.enter(request, Action.CHANGE_PEOPLE)
        return await run_in_threadpool(self._page, visit, {})

    def _page(self, visit: Visit, values: Mapping[str, object], status: int = 200) -> Response:
        catalogue = self._runtime.definitions.catalogue()
        course = self._courses.now()
        own: dict[str, object] = {
            "course": course,
            "suggested": self._courses.columns(course) if course and not course.running else (),
            "mappings": self._runtime.mappings.list(),
            "columns": known_columns(catalogue),
            "largest": self._most,
            "others": self._runtime.imports.page(None, _LISTED),
            "stage": stage,
            "error": None,
            "words": words,
        }
        return self._desk.page(
            visit, "console/people/import.html", {**own, **values}, status=status
        )

    def _tell(self, visit: Visit) -> Tell:
        """Tell findings in the language of whoever has them written down."""
        return Telling(visit.language, ZoneInfo(self._runtime.settings.time_zone)).plain

    async def send(self, request: Request) -> Response:
        """Take a file in, and check it."""
        most = self._most * 2**20
        taken = uploads.submitted(self._desk, request, Action.CHANGE_PEOPLE, most)
        async with taken as (visit, fields, upload):
            return await run_in_threadpool(self._send, visit, fields, upload)

    def _send(self, visit: Visit, fields: Fields, upload: Upload | None) -> Response:
        try:
            given = required(upload)

            def place(path: Path) -> None:
                shutil.move(given.path, path)

            self._courses.begin(
                place,
                given.name,
                by=visit.operator.name,
                mapping=self._mapping(fields),
                as_of=self._moment(fields.text("as_of")),
                snapshot=fields.ticked("snapshot"),
                in_parts=fields.ticked("in_parts"),
                tell=self._tell(visit),
            )
        except (InvalidInputError, ConflictError) as error:
            return self._refused(visit, error)
        return see_other(_ROOT)

    def _mapping(self, fields: Fields) -> str:
        name = fields.text("mapping")
        return name if name in self._runtime.mappings.list() else ""

    def _moment(self, text: str) -> datetime | None:
        if not text.strip():
            return None
        try:
            zone = ZoneInfo(self._runtime.settings.time_zone)
            found = read_moment(text.strip().replace("T", " "), zone)
        except ValueError as error:
            raise InvalidInputError("as_of", "is no day", "Write 2020-03-20.") from error
        return checked_moment("as_of", found, self._runtime.clock.now())

    def _refused(self, visit: Visit, error: BroadcasterError) -> Response:
        return self._page(visit, {"error": error}, _REFUSED)

    async def go(self, request: Request) -> Response:
        """Store what was checked, go on with it, check it again, or forget it."""
        visit, fields = await self._desk.submitted(request, Action.CHANGE_PEOPLE)
        return await run_in_threadpool(self._go, visit, fields)

    def _go(self, visit: Visit, fields: Fields) -> Response:
        act = fields.text("act")
        try:
            if act in {"store", "anew"}:
                by, tell = visit.operator.name, self._tell(visit)
                self._courses.store(by=by, anew=act == "anew", tell=tell)
            elif act == "discard":
                self._courses.discard()
            elif act == "forget":
                forgotten(self._runtime, self._number(fields), visit.operator.name)
            elif act in {"map", "check"}:
                self._check(visit, fields)
        except (InvalidInputError, ConflictError) as error:
            return self._refused(visit, error)
        return see_other(_ROOT)

    def _check(self, visit: Visit, fields: Fields) -> None:
        course = self._courses.now()
        known = course.found.mapping if course else ""
        mapping = self._saved_mapping(fields) if fields.text("act") == "map" else known
        self._courses.check(mapping, by=visit.operator.name, tell=self._tell(visit))

    @staticmethod
    def _number(fields: Fields) -> int:
        text = fields.text("import")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else 0

    def _saved_mapping(self, fields: Fields) -> str:
        """Save what was said of the columns, and give the mapping's name."""
        course = self._courses.now()
        name = " ".join(fields.text("name").split())
        given = dict(zip(fields.every("place"), fields.every("column"), strict=False))
        suggested = [
            replace(one, use=replace(one.use, column=given.get(str(one.place), one.use.column)))
            for one in (self._courses.columns(course) if course else ())
        ]
        if not suggested:
            raise InvalidInputError("file", "has no columns that are known", "Send another.")
        known = self._runtime.mappings
        if name in known.list():
            raise ConflictError(f"There is a mapping {name!r} already. Give another name.")
        known.save(name, as_mapping(suggested, Wanted()))
        return name

    async def report(self, request: Request) -> Response:
        """Give the report of every refused and repaired value; it holds what people are."""
        visit = await self._desk.enter(request, Action.CHANGE_PEOPLE)
        course = self._courses.now()
        if course is None or course.running or course.report is None:
            raise HTTPException(404)
        await run_in_threadpool(self._noted, visit, course)
        headers = {"Content-Disposition": 'attachment; filename="import-report.csv"'}
        return FileResponse(course.report, media_type="text/csv", headers=headers)

    def _noted(self, visit: Visit, course: Course) -> None:
        by = visit.operator.name
        rows: dict[str, object] = {"rows": course.found.rows}
        self._runtime.accesses.record(by, "import_report", "customers", "import", rows)
