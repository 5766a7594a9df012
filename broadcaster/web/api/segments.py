"""Segments: named expressions that say whom something is for."""

from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BaseModel, Field

from broadcaster.audience.expression import canonical
from broadcaster.audience.form import to_form
from broadcaster.audience.segments import Segment
from broadcaster.domain.access import Action
from broadcaster.errors import ForbiddenError, InvalidInputError
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Expression, Inside, Model, Name, Note, Who
from broadcaster.web.api.given import given
from broadcaster.web.api.paging import After, Limit, Page

calls = Calls("segments")

_EXAMPLE = 'services has "water" and district = "Anfa"'


class SegmentShown(BaseModel):
    """A saved segment."""

    name: str
    expression: str


class SegmentWhole(SegmentShown):
    """A segment with its parts, as forms build them."""

    form: Any = Field(description="The expression as a tree; see docs/segments.md.")


class SegmentNew(Model):
    """A segment to be saved."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["water-anfa"])]
    expression: Expression = Field(examples=[_EXAMPLE])


class SegmentChange(Model):
    """What a segment is to be from now on."""

    expression: Expression = Field(examples=[_EXAMPLE])


class Asked(Model):
    """A saved segment or an expression."""

    segment: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    expression: Expression | None = Field(None, examples=["all"])


class SampleAsked(Asked):
    """Whom to show some of; `names` shows whole names, and notes it of each."""

    most: int = Field(10, ge=1, le=200)
    names: bool = False
    purpose: Note = "not given"


class Counted(BaseModel):
    """How many customers an expression selects."""

    expression: str
    customers: int


class Checked(BaseModel):
    """An expression in its one form."""

    expression: str
    form: Any


class PersonShown(BaseModel):
    """A customer in a sample; of the name only its beginning unless it is to be whole."""

    number: str
    name: str
    locales: list[str]
    attributes: dict[str, Any]


class Sample(BaseModel):
    """Some of those whom an expression selects, the first by number."""

    expression: str
    items: list[PersonShown]


class Deleted(BaseModel):
    """What was taken away."""

    deleted: str


def _segment(one: Segment) -> SegmentShown:
    return SegmentShown(name=one.name, expression=one.expression)


def _segment_name(one: Segment) -> str:
    return one.name


@calls.get("/segments", Action.LOOK, summary="List the segments")
def list_segments(
    inside: Inside, request: Request, response: Response, limit: Limit = 50, after: After = ""
) -> Page[SegmentShown]:
    """List saved segments by name."""
    begin = paging.begin(request, after)
    rows = paging.cut(inside.segments.list(), begin, limit, _segment_name)
    return paging.page(request, response, rows, limit, key=_segment_name, show=_segment)


@calls.post("/segments", Action.EDIT_AUDIENCE, 201, summary="Save a segment")
def create_segment(inside: Inside, who: Who, body: SegmentNew) -> SegmentShown:
    """Save a new segment; 409 where there is one of that name, which PUT changes."""
    with given():
        saved = inside.segments.save(body.name, body.expression, new=True, by=who.operator.name)
    return _segment(saved)


@calls.post("/segments/check", Action.LOOK, summary="Check an expression")
def check_segment(inside: Inside, body: Asked) -> Checked:
    """Check an expression; nothing is saved."""
    text = _expression(inside, body)
    return Checked(expression=text, form=to_form(inside.audience.knowledge(text).parse(text)))


@calls.post("/segments/count", Action.LOOK, summary="Count customers")
def count_segment(inside: Inside, who: Who, body: Asked) -> Counted:
    """Count whom a segment or an expression selects.

    An expression is counted for who may see people or make segments: of one that names a customer
    the count tells what they are.
    """
    mine = (Action.SEE_PEOPLE, Action.EDIT_AUDIENCE)
    if body.expression and not any(who.operator.may(one) for one in mine):
        message = f"To count an expression the key needs the scope {' or '.join(mine)}."
        raise ForbiddenError(message)
    text = _expression(inside, body)
    return Counted(expression=text, customers=inside.customers.count(text))


@calls.post("/segments/sample", Action.SEE_PEOPLE, summary="Show some customers")
def sample_segment(inside: Inside, who: Who, body: SampleAsked) -> Sample:
    """Show the first of those whom a segment or an expression selects."""
    text = _expression(inside, body)
    people = inside.customers.people(text, body.most)
    if body.names:
        numbers = [one.number for one in people]
        inside.accesses.seen(numbers, who.operator.name, "sample", body.purpose)
    items = [
        PersonShown(
            number=one.number,
            name=one.name if body.names else f"{one.name[:1]}…",
            locales=list(one.locales),
            attributes=dict(one.attributes),
        )
        for one in people
    ]
    return Sample(expression=text, items=items)


@calls.get("/segments/{name:path}", Action.LOOK, summary="Show a segment")
def show_segment(inside: Inside, name: Name) -> SegmentWhole:
    """Show one, also as the tree that forms build."""
    found = inside.segments.get(name)
    tree = inside.audience.knowledge().parse(found.expression)
    return SegmentWhole(name=found.name, expression=found.expression, form=to_form(tree))


@calls.put("/segments/{name:path}", Action.EDIT_AUDIENCE, summary="Change a segment")
def change_segment(inside: Inside, who: Who, name: Name, body: SegmentChange) -> SegmentShown:
    """Save or change the one of that name; campaigns made before keep theirs."""
    with given():
        return _segment(inside.segments.save(name, body.expression, by=who.operator.name))


@calls.delete("/segments/{name:path}", Action.EDIT_AUDIENCE, summary="Delete a segment")
def delete_segment(inside: Inside, who: Who, name: Name) -> Deleted:
    """Delete one that stands in no other."""
    inside.segments.delete(name, who.operator.name)
    return Deleted(deleted=name)


def _expression(inside: Inside, body: Asked) -> str:
    if bool(body.segment) == bool(body.expression):
        problem = "or expression is wanted, and not both"
        raise InvalidInputError("segment", problem, "Give one of the two.")
    with given():
        known = inside.audience.knowledge()
        text = body.expression or inside.segments.get(body.segment or "").expression
        tree = known.parse(text)
        known.condition(tree)
        return canonical(tree)
