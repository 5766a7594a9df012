"""What became of a campaign, in figures, and what was said in its thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from broadcaster import bootstrap
from broadcaster.domain.access import Action
from broadcaster.domain.saying import said
from broadcaster.web.api.calls import Calls, Figures, Inside, Number
from broadcaster.web.api.campaign import found
from broadcaster.web.api.problems import ProblemError

calls = Calls("campaigns")

#: The attribute that says where somebody lives, and how many of its values are told.
ATTRIBUTE, _DISTRICTS = "district", 1000
#: Who waits for another count does so for so long, seconds.
_PATIENCE = 10.0
_turn = threading.BoundedSemaphore(1)


class MemberShown(BaseModel):
    """A message of a thread."""

    campaign: int
    name: str
    version: int
    message_type: str
    status: str
    planned_at: datetime | None
    superseded_by: int | None = Field(description="The later one that took its place.")


class Thread(BaseModel):
    """The messages of a thread, as they follow one another."""

    items: list[MemberShown]


class DistrictShown(BaseModel):
    """A district, and how many of a campaign's customers live there."""

    district: str | None = Field(description="null: not known of these.")
    targeted: int
    reached: int


class Districts(BaseModel):
    """The districts that have most; at most 1000."""

    items: list[DistrictShown]


@calls.get("/campaigns/{campaign}/status", Action.LOOK, summary="Show where a campaign stands")
def show_status(inside: Inside, campaign: Number) -> Figures:
    """Give its figures: targeted, reached, left out and why, by channel and language."""
    return _figures(bootstrap.summary(inside, found(inside, campaign).id))


@calls.get("/campaigns/{campaign}/funnel", Action.LOOK, summary="Count a campaign's deliveries")
def show_funnel(inside: Inside, campaign: Number) -> Figures:
    """Count by channel and status, language, and reason."""
    counted = inside.reports.funnel(found(inside, campaign).id)
    return _figures(
        {
            "targeted": counted.targeted,
            "channels": counted.channels,
            "units": counted.units,
            "locales": counted.locales,
            "left_out": counted.reasons,
            "failures": counted.failures,
        }
    )


@calls.get("/campaigns/{campaign}/report", Action.LOOK, summary="Report a campaign")
def report_campaign(inside: Inside, campaign: Number) -> Figures:
    """Say who was reached, who was not, and why; the forecast beside it."""
    told = bootstrap.report(inside, found(inside, campaign).id)
    # Whose delivery is in doubt is for those who may see people: `doubts` lists them.
    return _figures({name: value for name, value in told.items() if name != "in_doubt_list"})


@calls.get("/campaigns/{campaign}/comparison", Action.LOOK, summary="Compare with the forecast")
def compare_campaign(inside: Inside, campaign: Number) -> Figures:
    """Set what was forecast at the approval beside what became of it."""
    return _figures(bootstrap.comparison(inside, found(inside, campaign)))


@calls.get("/campaigns/{campaign}/thread", Action.LOOK, summary="Show a campaign's thread")
def show_thread(inside: Inside, campaign: Number) -> Thread:
    """List the messages of its thread as they follow one another."""
    rows = bootstrap.thread(inside, found(inside, campaign))
    return Thread(items=[MemberShown.model_validate(plain(row)) for row in rows])


@calls.get("/campaigns/{campaign}/districts", Action.LOOK, summary="Count by district")
def list_districts(inside: Inside, campaign: Number) -> Districts:
    """Say how many were targeted and reached by district, most first; seconds for a million."""
    one = found(inside, campaign)
    if ATTRIBUTE not in inside.definitions.catalogue().current:
        return Districts(items=[])
    with _counting():
        rows = inside.courses.districts(one.id, ATTRIBUTE)
    return Districts(
        items=[
            DistrictShown(district=row.name, targeted=row.customers, reached=row.reached)
            for row in rows[:_DISTRICTS]
        ]
    )


@contextmanager
def _counting() -> Iterator[None]:
    """Count one campaign at a time: it reads all deliveries; 503 for who would wait for long."""
    if not _turn.acquire(timeout=_PATIENCE):
        raise ProblemError(
            503, said("Another campaign is counted now."), headers={"Retry-After": "5"}
        )
    try:
        yield
    finally:
        _turn.release()


def _figures(value: Any) -> Figures:  # noqa: ANN401  (figures of several sorts)
    made: Figures = plain(value)
    return made


def plain(value: Any) -> Any:  # noqa: ANN401  (what JSON can hold, once words and times are texts)
    """Make JSON values of words and times, at any depth."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(plain(name)): plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value
