"""What became of a campaign, in figures, and what was said in its thread."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from broadcaster import bootstrap
from broadcaster.domain.access import Action
from broadcaster.web.api.calls import Calls, Figures, Inside, Number
from broadcaster.web.api.campaign import found

calls = Calls("campaigns")


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
