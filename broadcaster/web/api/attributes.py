"""Attributes: what may be known of customers."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from broadcaster.audience.attributes import Attribute, Kind
from broadcaster.domain.access import Action
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Inside, Model, Name, Who
from broadcaster.web.api.paging import After, Limit, Page

calls = Calls("attributes")

_Labels = dict[
    Annotated[str, Field(min_length=2, max_length=20)],
    Annotated[str, Field(min_length=1, max_length=100)],
]
_KindWord = Literal["text", "number", "date", "choice", "set", "boolean", "location"]
_ChoiceName = Annotated[str, Field(min_length=1, max_length=60)]


class AttributeShown(BaseModel):
    """What may be known of a customer."""

    name: str
    kind: str
    labels: dict[str, str]
    choices: dict[str, dict[str, str]]
    retired: bool


class AttributeNew(Model):
    """An attribute to be added; it has labels in ar, fr and en."""

    name: Annotated[str, Field(min_length=1, max_length=60, examples=["meter_size"])]
    kind: _KindWord
    labels: _Labels = Field(max_length=50)
    choices: dict[_ChoiceName, _Labels] = Field(default_factory=dict, max_length=500)


class AttributeChange(Model):
    """What is to change; what is left out stays."""

    kind: _KindWord | None = None
    labels: _Labels = Field(default_factory=dict, max_length=50)
    choices: dict[_ChoiceName, _Labels] = Field(default_factory=dict, max_length=500)
    without_choices: list[_ChoiceName] = Field(default_factory=list, max_length=500)
    retired: bool | None = None


class AttributeRemoved(BaseModel):
    """An attribute that was removed, and from how many customers its value."""

    removed: str
    values: int


@calls.get("/attributes", Action.LOOK, summary="List the attributes")
def list_attributes(
    inside: Inside, request: Request, response: Response, limit: Limit = 50, after: After = ""
) -> Page[AttributeShown]:
    """List what may be known of customers, by name."""
    catalogue = inside.definitions.catalogue().attributes
    rows = [_attribute(name, catalogue[name]) for name in sorted(catalogue)]
    begin = paging.begin(request, after)
    return paging.page(
        request,
        response,
        paging.cut(rows, begin, limit, _attribute_name),
        limit,
        key=_attribute_name,
        show=lambda one: one,
    )


@calls.post("/attributes", Action.EDIT_AUDIENCE, 201, summary="Add an attribute")
def create_attribute(inside: Inside, who: Who, body: AttributeNew) -> AttributeShown:
    """Add one: from then on it is a column of imports and a name in segments."""
    made = Attribute(kind=Kind(body.kind), labels=body.labels, choices=body.choices)
    inside.definitions.add(body.name, made, who.operator.name)
    return _attribute(body.name, inside.definitions.get(body.name))


@calls.get("/attributes/{name}", Action.LOOK, summary="Show an attribute")
def show_attribute(inside: Inside, name: Name) -> AttributeShown:
    """Show one with its labels in every language."""
    return _attribute(name, inside.definitions.get(name))


@calls.patch("/attributes/{name}", Action.EDIT_AUDIENCE, summary="Change an attribute")
def change_attribute(inside: Inside, who: Who, name: Name, body: AttributeChange) -> AttributeShown:
    """Change labels, add or change choices, take away what nobody uses, or retire one."""
    gone = set(body.without_choices)

    def changed(before: Attribute) -> Attribute:
        kept = {one: said for one, said in before.choices.items() if one not in gone}
        return replace(
            before,
            kind=Kind(body.kind) if body.kind else before.kind,
            labels={**before.labels, **body.labels},
            choices={**kept, **body.choices},
            retired=before.retired if body.retired is None else body.retired,
        )

    return _attribute(name, inside.definitions.change(name, who.operator.name, changed))


@calls.delete("/attributes/{name}", Action.EDIT_AUDIENCE, summary="Remove an attribute")
def delete_attribute(
    inside: Inside,
    who: Who,
    name: Name,
    with_values: Annotated[  # noqa: FBT002  (a query's switch)
        bool, Query(description="Remove it from customers too; there is no way back.")
    ] = False,
) -> AttributeRemoved:
    """Remove one that no segment asks for."""
    gone = inside.definitions.remove(name, who.operator.name, with_values=with_values)
    return AttributeRemoved(removed=name, values=gone)


def _attribute_name(one: AttributeShown) -> str:
    return one.name


def _attribute(name: str, one: Attribute) -> AttributeShown:
    return AttributeShown(
        name=name,
        kind=one.kind.value,
        labels=dict(one.labels),
        choices={choice: dict(labels) for choice, labels in one.choices.items()},
        retired=one.retired,
    )
