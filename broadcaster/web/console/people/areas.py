"""The pages of areas: listed, brought in from files, drawn as circles, and shown on a map."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.audience.areas import geojson
from broadcaster.audience.areas.circle import checked
from broadcaster.audience.areas.drawn import Drawn, drawn, framed
from broadcaster.audience.areas.preparing import Ready
from broadcaster.audience.areas.rows import name_of
from broadcaster.audience.areas.shape import square_km, vertices
from broadcaster.audience.areas.version import Circle, Sort, Version, circle_text, digest
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.areas import extent, import_lists, read_shapes
from broadcaster.domain.access import Action
from broadcaster.domain.saying import said
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError
from broadcaster.web.console.area_maps import AreaMaps
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.people import uploads, words
from broadcaster.web.console.people.uploads import Upload, required
from broadcaster.web.console.people.ways import named, way

_ROOT = "/areas"
#: How many areas are listed, and how many of a file are drawn and told.
_PAGE, _TOLD = 200, 50
_REFUSED = 422


class AreaPages:
    """Lists, shows, makes and deletes areas."""

    def __init__(self, runtime: Runtime, desk: Desk, maps: AreaMaps) -> None:
        """`maps` are shared with those who compose."""
        self._runtime = runtime
        self._desk = desk
        self._maps = maps

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route(_ROOT, self.all),
            Route(f"{_ROOT}/new", self.new),
            Route(f"{_ROOT}/new", self.make, methods=["POST"]),
            Route(f"{_ROOT}/{{name:path}}", self.one),
            Route(f"{_ROOT}/{{name:path}}", self.delete, methods=["POST"]),
        ]

    async def all(self, request: Request) -> Response:
        """List the areas."""
        visit = await self._desk.enter(request, Action.LOOK)
        after = request.query_params.get("after", "")
        versions = await run_in_threadpool(self._runtime.areas.list)
        fits = [one for one in versions if one.name > after]
        values = {
            "areas": [(one, way(_ROOT, one.name)) for one in fits[:_PAGE]],
            "more": fits[_PAGE - 1].name if len(fits) > _PAGE else "",
            "words": words,
        }
        return self._desk.page(visit, "console/people/areas.html", values)

    async def new(self, request: Request) -> Response:
        """Show the forms that make areas."""
        if named(request):
            return await self.one(request)
        visit = await self._desk.enter(request, Action.EDIT_AUDIENCE)
        return self._forms(visit, Fields(), {})

    def _forms(
        self, visit: Visit, fields: Fields, values: Mapping[str, object], status: int = 200
    ) -> Response:
        own: dict[str, object] = {
            "given": fields,
            "act": "",
            "error": None,
            "ready": [],
            "lists": [],
            "attribute": "",
            "map": None,
            "title": "",
            "stored": False,
            "encodings": words.FILE_ENCODINGS,
            "largest": geojson.LARGEST // 2**20,
            "way": lambda name: way(_ROOT, name),
            "words": words,
        }
        shown = {**own, **values}
        return self._desk.page(visit, "console/people/area_new.html", shown, status=status)

    async def make(self, request: Request) -> Response:
        """Store areas of a file or a circle, or show what they would be."""
        taken = uploads.submitted(self._desk, request, Action.EDIT_AUDIENCE, geojson.LARGEST)
        async with taken as (visit, fields, upload):
            return await run_in_threadpool(self._make, visit, fields, upload)

    def _make(self, visit: Visit, fields: Fields, upload: Upload | None) -> Response:
        act = fields.text("act")
        try:
            if act == "circle":
                return self._circle(visit, fields)
            if act == "list":
                return self._lists(visit, fields, required(upload))
            return self._shapes(visit, fields, required(upload))
        except (InvalidInputError, ConflictError) as error:
            return self._forms(visit, fields, {"error": error, "act": act}, _REFUSED)

    def _shapes(self, visit: Visit, fields: Fields, upload: Upload) -> Response:
        def read(path: Path) -> Sequence[Ready]:
            return read_shapes(
                self._runtime.settings,
                path,
                source=Path(upload.name),
                name=" ".join(fields.text("name").split()),
                name_property=fields.text("name_property").strip(),
                repair=fields.ticked("repair"),
            )

        ready = upload.read(read)
        if not fields.ticked("dry_run"):
            shapes = [(one.name, one.shape) for one in ready]
            saved = self._runtime.areas.save_shapes(shapes, upload.name, visit.operator.name)
            if len(saved) == 1 and not ready[0].notes:
                return see_other(way(_ROOT, saved[0].version.name))
        values = {
            "ready": [(one, vertices(one.shape), square_km(one.shape)) for one in ready[:_TOLD]],
            "count": len(ready),
            "map": self._preview([_unsaved(one) for one in ready[:_TOLD]]),
            "title": ready[0].name,
            "stored": not fields.ticked("dry_run"),
            "act": "geojson",
        }
        return self._forms(visit, fields, values)

    def _lists(self, visit: Visit, fields: Fields, upload: Upload) -> Response:
        encoding = fields.text("encoding")
        attribute, told = upload.read(
            lambda path: import_lists(
                self._runtime,
                path,
                name=" ".join(fields.text("name").split()),
                source=upload.name,
                encoding=encoding if encoding in words.FILE_ENCODINGS else "auto",
                by=visit.operator.name,
            )
        )
        values = {"lists": told[:_TOLD], "attribute": attribute, "stored": True, "act": "list"}
        return self._forms(visit, fields, values)

    def _circle(self, visit: Visit, fields: Fields) -> Response:
        name = name_of(fields.text("name"))
        latitude, longitude, metres = (
            _number(fields, field) for field in ("latitude", "longitude", "radius")
        )
        x, y = checked(longitude, latitude, metres)
        if not fields.ticked("preview"):
            by = visit.operator.name
            saved = self._runtime.areas.save_circle(name, longitude, latitude, metres, by)
            return see_other(way(_ROOT, saved.version.name))
        kilometres = math.pi * (metres / 1000) ** 2
        geometry = circle_text(Circle(x=x, y=y, metres=metres))
        version = _version(name, Sort.CIRCLE, geometry, 0, kilometres)
        values = {"map": self._preview([version]), "title": name, "act": "circle"}
        return self._forms(visit, fields, values)

    def _preview(self, versions: Sequence[Version]) -> Drawn | None:
        """Draw what is not stored yet: the first, and the others of the file around it."""
        shown = extent(self._runtime, versions[0])
        others = [*versions[1:], *self._runtime.areas.list()]
        return None if shown is None else drawn(versions[0], framed(shown), (), others)

    async def one(self, request: Request) -> Response:
        """Show an area on a map."""
        visit = await self._desk.enter(request, Action.LOOK)
        return await run_in_threadpool(self._page, visit, named(request), None)

    def _page(
        self, visit: Visit, name: str, error: BroadcasterError | None, status: int = 200
    ) -> Response:
        version = self._runtime.areas.get(name)
        seen = self._maps.of(version)
        values = {
            "version": version,
            "path": way(_ROOT, version.name),
            "used": [(one, way("/segments", one)) for one in self._runtime.areas.used(name)],
            "values": version.listed.values[:_PAGE] if version.sort is Sort.LIST else (),
            "conflict": str(error) if error else "",
            "words": words,
            "counts": seen.counts,
            "map": seen.map,
        }
        return self._desk.page(visit, "console/people/area.html", values, status=status)

    async def delete(self, request: Request) -> Response:
        """Delete an area that no segment asks about."""
        visit, fields = await self._desk.submitted(request, Action.EDIT_AUDIENCE)
        name = fields.text("name") or named(request)

        def work() -> Response:
            try:
                self._runtime.areas.delete(name, visit.operator.name)
            except ConflictError as error:
                return self._page(visit, name, error, _REFUSED)
            return see_other(_ROOT)

        return await run_in_threadpool(work)


def _unsaved(one: Ready) -> Version:
    geometry = geojson.written(one.shape)
    return _version(one.name, Sort.POLYGON, geometry, vertices(one.shape), square_km(one.shape))


def _version(name: str, sort: Sort, geometry: str, corners: int, surface: float) -> Version:
    return Version(
        id=0,
        name=name,
        sort=sort,
        hash=digest(sort, geometry),
        geometry=geometry,
        source="",
        vertices=corners,
        square_km=surface,
        created_at="",
    )


def _number(fields: Fields, name: str) -> float:
    try:
        found = float(fields.text(name).strip().replace(",", "."))
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InvalidInputError(
            name, said("is no number"), said("Write it with digits, such as 33.59.")
        )
    return found
