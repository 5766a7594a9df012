"""Kinds of advisory: what each is told, how far its translations are, how it reads, who changed it.

A kind that is brought in is checked aside and put in its place whole, or not at all.
"""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError, NotFoundError
from broadcaster.render.factlist import NAME
from broadcaster.render.factsheet import asked
from broadcaster.render.findings import Finding
from broadcaster.render.locales import Locale
from broadcaster.render.placing import Added
from broadcaster.render.sheets.page import Look
from broadcaster.render.upload import LARGEST_ALL, MOST_FILES
from broadcaster.web import library_labels
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.library.archived import archived
from broadcaster.web.console.library.readings import Readings, name_of
from broadcaster.web.console.library.shelf import Read, Shelf
from broadcaster.web.console.library.uploads import Uploaded, uploaded
from broadcaster.web.languages import by_locale
from broadcaster.web.security import FRAMING_PAGES

#: What a form with a kind is at most, octets.
_MOST = LARGEST_ALL + 500_000
#: How many findings are shown on a page.
_FINDINGS = 300


class Kinds:
    """Shows kinds, and takes and removes them."""

    def __init__(self, runtime: Runtime, desk: Desk, shelf: Shelf) -> None:
        """Take the whole inside; `shelf` is shared with the pages of translations."""
        self._runtime = runtime
        self._desk = desk
        self._shelf = shelf
        self._readings = Readings(runtime, desk, shelf)

    def routes(self) -> list[Route]:
        """List what is answered; what has a dash is no name of a kind."""
        return [
            Route("/kinds", self.kinds),
            Route("/kinds/bring-in", self.bring_in, methods=["GET"]),
            Route("/kinds/bring-in", self.take, methods=["POST"]),
            Route("/kinds/all-findings", self.findings),
            Route("/kinds/read-again", self.read_again, methods=["POST"]),
            Route("/kinds/{kind}", self.kind),
            Route("/kinds/{kind}/sheet", self._readings.sheet),
            Route("/kinds/{kind}/review", self.review, methods=["POST"]),
            Route("/kinds/{kind}/remove", self.remove, methods=["POST"]),
        ]

    async def kinds(self, request: Request) -> Response:
        """List the kinds, and how far each is in every language."""
        visit = await self._desk.enter(request, Action.LOOK)
        read = self._shelf.now()
        coverage = await run_in_threadpool(lambda: read.coverage)
        library = read.checker.renderer.library
        rows = [
            {
                "name": name,
                "kind": library.kinds.get(name),
                "label": self._label(read, name, visit),
                "fault": library.faults.get(name, ""),
                "own": bootstrap.is_own(self._runtime.settings, name),
                "in_force": self._shelf.in_force(name),
                "coverage": {tag: coverage.get((name, tag)) for tag in _tags(read)},
            }
            for name in read.kinds
        ]
        values = {
            "words": library_labels,
            "rows": rows,
            "tongues": read.locales,
            "damaged": library.damaged,
            "done": request.query_params.get("done", ""),
        }
        return self._desk.page(visit, "console/kinds.html", values)

    async def findings(self, request: Request) -> Response:
        """Show what the check of all kinds has found, and how far it is."""
        visit = await self._desk.enter(request, Action.LOOK)
        checking = self._shelf.now().checking
        checking.begin()
        course = checking.course()
        counts = Counter(one.gravity.value for one in course.findings)
        values = {
            "course": course,
            "findings": course.findings[:_FINDINGS],
            "more": max(0, len(course.findings) - _FINDINGS),
            "counts": counts,
            "words": library_labels,
        }
        return self._desk.page(visit, "console/kinds_findings.html", values)

    async def read_again(self, request: Request) -> Response:
        """Read the folders again, such as after a command changed them."""
        visit, _ = await self._desk.submitted(request, Action.EDIT_KINDS)
        try:
            await run_in_threadpool(self._shelf.read_again)
        except BroadcasterError as error:
            wrong = InvalidInputError("files", str(error).rstrip("."), "Mend it in its folder.")
            return self._form(visit, error=wrong, status=422)
        return see_other("/kinds?done=read")

    async def kind(self, request: Request) -> Response:
        """Show one kind."""
        visit = await self._desk.enter(request, Action.LOOK)
        return await self._kind(visit, name_of(request))

    async def _kind(
        self,
        visit: Visit,
        name: str,
        *,
        error: InvalidInputError | None = None,
        conflict: str = "",
        status: int = 200,
    ) -> Response:
        read = self._shelf.now()
        library = read.checker.renderer.library
        if name not in read.kinds:
            raise NotFoundError("kind", "is unknown", "Look at the list of kinds.")
        found = await run_in_threadpool(read.checking.of, name)
        kind = library.kinds.get(name)
        coverage = await run_in_threadpool(lambda: read.coverage)
        using = await run_in_threadpool(self._runtime.campaigns.using, name)
        values = {
            "words": library_labels,
            "name": name,
            "kind": kind,
            "label": self._label(read, name, visit),
            "fault": library.faults.get(name, ""),
            "facts": asked(kind, library.shared) if kind else (),
            "fact_label": lambda fact: by_locale(fact.labels, visit.language),
            "choice_label": lambda fact, choice: fact.choice_label(
                choice, visit.language.locale.language
            ),
            "standings": [self._standing(read, name, one) for one in read.locales if kind],
            "coverage": {tag: coverage.get((name, tag)) for tag in _tags(read)},
            "findings": found[:_FINDINGS],
            "own": bootstrap.is_own(self._runtime.settings, name),
            "overlay": bool(self._runtime.settings.templates),
            "overlay_locales": bool(self._runtime.settings.locales),
            "in_force": self._shelf.in_force(name),
            "using": using[:20],
            "looks": list(Look),
            "asked_tongue": visit.request.query_params.get("in", ""),
            "asked_look": visit.request.query_params.get("look", Look.LIGHT.value),
            "done": visit.request.query_params.get("done", ""),
            "error": error,
            "conflict": conflict,
        }
        answer = self._desk.page(visit, "console/kind.html", values, status=status)
        answer.headers["Content-Security-Policy"] = FRAMING_PAGES
        return answer

    def _standing(self, read: Read, name: str, locale: Locale) -> dict[str, object]:
        library = read.checker.renderer.library
        held = library.reviews.get(locale.tag)
        return {
            "locale": locale,
            "state": library.state(name, locale).value,
            "approval": held.approvals.get(name) if held else None,
            "drafted_by": held.drafted_by if held else "",
            "refused": library.why_not(name, locale),
            "offered": name in library.kinds and locale.tag in library.kinds[name].locales,
            "whole": not library.missing(library.uses(name), locale),
        }

    async def review(self, request: Request) -> Response:
        """Record that somebody answers for the texts of a kind in a language as they are now."""
        visit, fields = await self._desk.submitted(request, Action.EDIT_KINDS)
        name = name_of(request)
        try:
            await run_in_threadpool(self._approve, visit, name, fields)
        except InvalidInputError as error:
            return await self._kind(visit, name, error=error, status=422)
        except ConflictError as error:
            return await self._kind(visit, name, conflict=str(error), status=409)
        return see_other(f"/kinds/{name}?done=reviewed#translations")

    def _approve(self, visit: Visit, name: str, fields: Fields) -> None:
        tag = fields.text("locale")[:40]
        by = fields.text("by").strip()
        native = fields.ticked("native")
        library = self._shelf.now().checker.renderer.library
        folder = bootstrap.own_locales(self._runtime.settings)
        trail = self._runtime.trail.noting(visit.operator.name, "approve_texts", f"kind {name}")
        with trail as details:
            now = self._runtime.clock.now()
            _, real, made, _ = bootstrap.approve_texts(
                library, folder, name, tag, by, now, native=native
            )
            # Whose word it is stands in the file; here is who brought it, and for which texts.
            details |= {"locale": real, "state": made.standing.value, "texts": made.texts}
        self._shelf.read_again()

    async def bring_in(self, request: Request) -> Response:
        """Show the form by which a kind is brought in."""
        visit = await self._desk.enter(request, Action.EDIT_KINDS)
        replace = request.query_params.get("replace", "")[:40]
        return self._form(visit, replace=replace if NAME.fullmatch(replace) else "")

    async def take(self, request: Request) -> Response:
        """Check a kind aside, and put it in its place when nothing is wrong."""
        visit, fields, files = await uploaded(
            self._desk, request, Action.EDIT_KINDS, most=_MOST, files=MOST_FILES + 1
        )
        try:
            added = await run_in_threadpool(self._take, visit, fields, files)
        except InvalidInputError as error:
            return self._form(visit, error=error, status=422)
        except ConflictError:
            return self._form(visit, taken=True, status=409)
        if not added.placed:
            return self._form(visit, added=added, findings=added.findings, status=422)
        await run_in_threadpool(self._shelf.read_again)
        return see_other(f"/kinds/{added.name}?done=placed")

    def _take(self, visit: Visit, fields: Fields, files: Sequence[Uploaded]) -> Added:
        with tempfile.TemporaryDirectory(prefix="broadcaster-") as folder:
            source = archived(files, fields.text("name").strip(), Path(folder))
            by, replace = visit.operator.name, fields.ticked("replace")
            return bootstrap.add_kind(self._runtime, source, by, replace=replace)

    def _form(
        self,
        visit: Visit,
        *,
        error: InvalidInputError | None = None,
        added: Added | None = None,
        findings: Sequence[Finding] = (),
        replace: str = "",
        taken: bool = False,
        status: int = 200,
    ) -> Response:
        values: Mapping[str, object] = {
            "words": library_labels,
            "error": error,
            "added": added,
            "findings": findings[:_FINDINGS],
            "overlay": bool(self._runtime.settings.templates),
            "replace": replace,
            "taken": taken,
        }
        return self._desk.page(visit, "console/kinds_bring_in.html", values, status=status)

    async def remove(self, request: Request) -> Response:
        """Take one of the organisation's own kinds out."""
        visit, fields = await self._desk.submitted(request, Action.EDIT_KINDS)
        name = name_of(request)
        if fields.text("confirm").strip() != name:
            error = InvalidInputError("confirm", "is not the kind's name", "Type it as it is.")
            return await self._kind(visit, name, error=error, status=422)
        remove = partial(bootstrap.remove_kind, self._runtime, name, visit.operator.name)
        try:
            stays = await run_in_threadpool(remove)
        except ConflictError as error:
            return await self._kind(visit, name, conflict=str(error), status=409)
        except InvalidInputError as error:
            return await self._kind(visit, name, error=error, status=422)
        await run_in_threadpool(self._shelf.read_again)
        return see_other(f"/kinds/{name}?done=shipped" if stays else "/kinds?done=removed")

    def _label(self, read: Read, name: str, visit: Visit) -> str:
        kind = read.checker.renderer.kinds.get(name)
        return by_locale(kind.labels, visit.language) if kind else name


def _tags(read: Read) -> list[str]:
    return [one.tag for one in read.locales]
