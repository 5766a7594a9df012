"""Areas: polygons, circles and lists that segments ask about."""

import json
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import Request, Response
from pydantic import BaseModel, Field

from broadcaster.audience.areas import geojson
from broadcaster.audience.areas.preparing import prepared
from broadcaster.audience.areas.rows import name_of
from broadcaster.audience.areas.version import Listed, Sort, Version
from broadcaster.audience.areas.writing import Saved
from broadcaster.domain.access import Action
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Figures, Inside, Model, Name, Text, Who
from broadcaster.web.api.given import given
from broadcaster.web.api.paging import After, Limit, Page
from broadcaster.web.api.segments import Deleted

calls = Calls("areas")

#: The most octets of a body with an area.
_AREA = 8 * 2**20


class AreaShown(BaseModel):
    """An area, in its latest version."""

    name: str
    kind: Literal["polygon", "circle", "list"]
    version: str = Field(description="The name by which this version alone is meant.")
    square_km: float
    vertices: int
    source: str
    created_at: str


class AreaWhole(AreaShown):
    """An area with what it is."""

    geometry: Any = Field(description="GeoJSON of polygons; a circle, or a list, as JSON.")


class AreaStored(AreaShown):
    """An area that was stored."""

    outcome: Literal["new", "changed", "unchanged"]


class AreasStored(BaseModel):
    """The areas of a request."""

    items: list[AreaStored]


class AreaCounted(BaseModel):
    """How many customers are in an area."""

    area: str
    inside: int
    customers: int
    without_place: int


_AreaName = Annotated[str, Field(min_length=1, max_length=100, examples=["Old town"])]


class CircleNew(Model):
    """A place and everything around it."""

    name: _AreaName
    longitude: float = Field(ge=-180, le=180, examples=[-7.62])
    latitude: float = Field(ge=-90, le=90, examples=[33.59])
    metres: float = Field(ge=1, le=100_000, examples=[800])


class PolygonsNew(Model):
    """Polygons of GeoJSON (RFC 7946); all of it is one area."""

    name: _AreaName
    geojson: Figures = Field(description="A Feature, FeatureCollection, Polygon or MultiPolygon.")
    repair: bool = Field(default=False, description="Mend borders that cross themselves.")


class ListNew(Model):
    """Everybody who has one of these values."""

    name: _AreaName
    attribute: Text = Field(examples=["number"])
    values: list[Text] = Field(min_length=1, max_length=10_000)


class AreaAsked(Model):
    """Which area is meant."""

    area: Annotated[str, Field(min_length=1, max_length=120)]


@calls.get("/areas", Action.LOOK, summary="List the areas")
def list_areas(
    inside: Inside, request: Request, response: Response, limit: Limit = 50, after: After = ""
) -> Page[AreaShown]:
    """List areas by name."""
    begin = paging.begin(request, after)
    rows = paging.cut(inside.areas.list(), begin, limit, _area_name)
    return paging.page(request, response, rows, limit, key=_area_name, show=_area)


@calls.post("/areas/circles", Action.EDIT_AUDIENCE, 201, summary="Store a circle")
def create_circle(inside: Inside, who: Who, body: CircleNew) -> AreaStored:
    """Store everything within a distance of a place; one of that name is changed."""
    by, place = who.operator.name, (body.longitude, body.latitude)
    return _stored(inside.areas.save_circle(body.name, *place, body.metres, by))


@calls.post("/areas/polygons", Action.EDIT_AUDIENCE, 201, summary="Store polygons", most=_AREA)
def create_polygons(inside: Inside, who: Who, body: PolygonsNew) -> AreasStored:
    """Store polygons as one area; one of that name is changed."""
    octets = json.dumps(body.geojson).encode()
    ready = prepared(
        geojson.read(octets, "geojson", close=body.repair),
        FilePath("geojson"),
        name=body.name,
        repair=body.repair,
        region=inside.settings.region,
    )
    shapes = ((one.name, one.shape) for one in ready)
    saved = inside.areas.save_shapes(shapes, "api", who.operator.name)
    return AreasStored(items=[_stored(one) for one in saved])


@calls.post("/areas/lists", Action.EDIT_AUDIENCE, 201, summary="Store a list", most=_AREA)
def create_list(inside: Inside, who: Who, body: ListNew) -> AreaStored:
    """Store an area that is a list of values of an attribute; one of that name is changed."""
    name = name_of(body.name)
    with given():
        if body.attribute != "number":
            inside.definitions.get(body.attribute)
        listed = Listed(attribute=body.attribute, values=body.values)
        return _stored(inside.areas.save_lists({name: listed}, "api", who.operator.name)[0])


@calls.post("/areas/count", Action.LOOK, summary="Count customers in an area")
def count_area(inside: Inside, body: AreaAsked) -> AreaCounted:
    """Count the customers of an area, all there are, and those whose place is not known."""
    with given():
        version = inside.areas.get(body.area)
    found = inside.area_questions.count(version)
    return AreaCounted(area=version.name, **found)


@calls.get("/areas/{name:path}", Action.LOOK, summary="Show an area")
def show_area(inside: Inside, who: Who, name: Name) -> AreaWhole:
    """Show what an area is; of a name with its hash, that version.

    What a list holds is for who may see people: it may be customers' numbers. Else it is null.
    """
    version = inside.areas.get(name)
    hidden = version.sort is Sort.LIST and not who.operator.may(Action.SEE_PEOPLE)
    geometry = None if hidden else json.loads(version.geometry)
    return AreaWhole(**_area(version).model_dump(), geometry=geometry)


@calls.delete("/areas/{name:path}", Action.EDIT_AUDIENCE, summary="Delete an area")
def delete_area(inside: Inside, who: Who, name: Name) -> Deleted:
    """Delete one that no saved segment asks about."""
    inside.areas.delete(name, who.operator.name)
    return Deleted(deleted=name)


def _area_name(version: Version) -> str:
    return version.name


def _area(version: Version) -> AreaShown:
    return AreaShown(
        name=version.name,
        kind=_SORTS[version.sort],
        version=version.reference,
        square_km=version.square_km,
        vertices=version.vertices,
        source=version.source,
        created_at=version.created_at,
    )


_SORTS: dict[Sort, Literal["polygon", "circle", "list"]] = {
    Sort.POLYGON: "polygon",
    Sort.CIRCLE: "circle",
    Sort.LIST: "list",
}


def _stored(saved: Saved) -> AreaStored:
    return AreaStored.model_validate({**_area(saved.version).model_dump(), "outcome": saved.became})
