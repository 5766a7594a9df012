"""The pages of segments: listed in words, built as text or by a form, counted while one writes."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from broadcaster.audience.form import LONGEST_JSON
from broadcaster.audience.segments import Segment
from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError, NotFoundError
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.people import builder, told, words
from broadcaster.web.console.people.counting import Counting
from broadcaster.web.console.people.told import Fault, Told
from broadcaster.web.console.people.ways import named, way
from broadcaster.web.languages import Language

_ROOT = "/segments"
#: A form's octets: an expression, or its JSON, in letters of three octets that are escaped.
_MOST = 4 * LONGEST_JSON
#: Segments on one page, and how long their counting may take, seconds.
_PAGE, _PATIENCE = 50, 0.4
_REFUSED = 422


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A segment in the list; `words` is None where it can't be used any more."""

    name: str
    path: str
    expression: str
    words: str | None
    count: int | None


class SegmentPages:
    """Lists, shows and changes segments."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Use everything that is inside."""
        self._runtime = runtime
        self._desk = desk
        self._counting = Counting(self._count)

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route(_ROOT, self.all),
            Route(f"{_ROOT}/new", self.one),
            Route(f"{_ROOT}/new", self.change, methods=["POST"]),
            Route(f"{_ROOT}/new/check", self.check, methods=["POST"]),
            Route(f"{_ROOT}/{{name:path}}", self.one),
            Route(f"{_ROOT}/{{name:path}}", self.change, methods=["POST"]),
        ]

    async def all(self, request: Request) -> Response:
        """List the segments with their counts."""
        visit = await self._desk.enter(request, Action.LOOK)
        sought = " ".join(request.query_params.get("find", "").split())[:100]
        after = request.query_params.get("after", "")
        listed, more = await run_in_threadpool(self._listed, sought, after, visit.language)
        values = {"listed": listed, "more": more, "find": sought}
        return self._desk.page(visit, "console/people/segments.html", values)

    def _count(self, expression: str) -> int:
        return self._runtime.customers.count(expression)

    def _listed(self, sought: str, after: str, language: Language) -> tuple[list[Listed], str]:
        fits = [
            one
            for one in self._runtime.segments.list()
            if one.name > after and sought.casefold() in one.name.casefold()
        ]
        shown = fits[:_PAGE]
        known = self._runtime.audience.knowledge()
        counts = self._counting.within((one.expression for one in shown), _PATIENCE)
        listed = []
        for one in shown:
            try:
                said = told.words(known.parse(one.expression), known, language)
            except InvalidInputError:
                said = None
            listed.append(
                Listed(
                    name=one.name,
                    path=way(_ROOT, one.name),
                    expression=one.expression,
                    words=said,
                    count=counts.get(one.expression),
                )
            )
        return listed, shown[-1].name if len(fits) > _PAGE else ""

    async def one(self, request: Request) -> Response:
        """Show a segment, or an empty form for a new one."""
        name = named(request)
        visit = await self._desk.enter(request, Action.LOOK if name else Action.EDIT_AUDIENCE)
        segment = await run_in_threadpool(self._runtime.segments.get, name) if name else None
        plan = bool(request.query_params.get("plan"))
        return await run_in_threadpool(self._page, visit, segment, {"plan": plan})

    async def check(self, request: Request) -> Response:
        """Say as JSON what an expression or a form selects, or what is wrong with it."""
        visit, fields = await self._desk.submitted(request, Action.EDIT_AUDIENCE, _MOST)
        try:
            found = await run_in_threadpool(self._tell, visit, fields)
        except InvalidInputError as error:
            fault = told.fault_of(error)
            # As the page tells it, so that the script shows it without words of its own.
            said = self._desk.pages.telling(visit.language).told(fault.problem, fault.remedy)
            return JSONResponse({"fault": {**fault.figures(), "told": str(said)}}, _REFUSED)
        return JSONResponse(found.figures())

    async def change(self, request: Request) -> Response:
        """Save, check, rename or delete a segment."""
        visit, fields = await self._desk.submitted(request, Action.EDIT_AUDIENCE, _MOST)
        return await run_in_threadpool(self._change, visit, fields)

    def _change(self, visit: Visit, fields: Fields) -> Response:
        was, act, by = fields.text("was"), fields.text("act"), visit.operator.name
        segments = self._runtime.segments
        try:
            if act == "delete" and was:
                segments.delete(was, by)
                return see_other(_ROOT)
            if act == "rename" and was:
                return see_other(way(_ROOT, segments.rename(was, fields.text("to"), by).name))
            if act == "save":
                return see_other(way(_ROOT, self._save(was, fields, by).name))
        except (InvalidInputError, ConflictError) as error:
            return self._refused(visit, fields, error)
        return self._refused(visit, fields, None)

    def _save(self, was: str, fields: Fields, by: str) -> Segment:
        name, text = was or fields.text("name"), fields.text("expression")
        return self._runtime.segments.save(name, text, new=not was, by=by)

    def _refused(self, visit: Visit, fields: Fields, error: BroadcasterError | None) -> Response:
        """Show the form again, with what was refused; or, without an error, as it was checked."""
        was = fields.text("was")
        segment = None
        if was:
            try:
                segment = self._runtime.segments.get(was)
            except NotFoundError as missing:
                error = error or missing
        values: dict[str, object] = {
            "expression": fields.text("expression") or (segment.expression if segment else ""),
            "name": was or fields.text("name"),
            "error": error if isinstance(error, InvalidInputError) else None,
            "conflict": str(error) if isinstance(error, ConflictError) else "",
            "checked": True,
        }
        return self._page(visit, segment, values, status=_REFUSED if error else 200)

    def _page(
        self,
        visit: Visit,
        segment: Segment | None,
        values: Mapping[str, object],
        status: int = 200,
    ) -> Response:
        text = str(values.get("expression") or (segment.expression if segment else ""))
        found: Told | None = None
        fault: Fault | None = None
        plan = None
        if text:
            try:
                found = self._told(visit, text)
                plan = self._runtime.customers.plan(text) if values.get("plan") else None
            except InvalidInputError as error:
                fault = told.fault_of(error)
        used = self._runtime.segments.used(segment.name) if segment else None
        own = {
            "segment": segment,
            "path": way(_ROOT, segment.name) if segment else f"{_ROOT}/new",
            "name": segment.name if segment else "",
            "expression": text,
            "outcome": found,
            "fault": fault,
            "plan": plan,
            "used": used,
            "within": [(one, way(_ROOT, one)) for one in used.segments] if used else [],
            "offer": self._offer(visit) if visit.operator.may(Action.EDIT_AUDIENCE) else None,
            "error": None,
            "conflict": "",
            "checked": False,
            "words": words,
        }
        shown = {**own, **values, "plan": plan}
        return self._desk.page(visit, "console/people/segment.html", shown, status=status)

    def _told(self, visit: Visit, text: str) -> Told:
        return told.tell(
            self._runtime, visit.language, expression=text, sample=visit.may(Action.SEE_PEOPLE)
        )

    def _tell(self, visit: Visit, fields: Fields) -> Told:
        return told.tell(
            self._runtime,
            visit.language,
            expression=fields.text("expression"),
            form=fields.text("form"),
            sample=visit.may(Action.SEE_PEOPLE),
        )

    def _offer(self, visit: Visit) -> Mapping[str, object]:
        names = [one.name for one in self._runtime.areas.list()]
        return builder.offered(self._runtime.audience.knowledge(), names, visit.language)
