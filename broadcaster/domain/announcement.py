"""Announcing on public channels: what is told, what came of it, and when it is tried again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class AnnouncementStatus(StrEnum):
    """Where an announcement stands."""

    WAITING = "waiting"
    #: It is leaving; for as long as nothing more is known it may have left.
    CLAIMED = "claimed"
    SENT = "sent"
    REFUSED = "refused"
    DOUBT = "doubt"
    #: It was no longer current before it left.
    DROPPED = "dropped"


class Outcome(StrEnum):
    """What came of an announcement, by what is known of its request."""

    SENT = "sent"
    #: It did not leave, or was turned away for now: the same may go through later.
    LATER = "later"
    #: It was turned away, and would be again.
    REFUSED = "refused"
    #: It may have been taken; never sent again on a guess.
    DOUBT = "doubt"

    @property
    def ended(self) -> AnnouncementStatus:
        """How an announcement ends with it, when it is not tried again."""
        if self is Outcome.LATER:
            return AnnouncementStatus.REFUSED
        return AnnouncementStatus(self.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came of it, and why in a word."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """An announcement that is to leave now, and the how-manieth attempt it is, from 1."""

    advisory: int
    sink: str
    attempt: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """What is told on a public channel."""

    title: str = field(repr=False)
    body: str = field(repr=False)


#: How often it is tried, and how long is waited at first and at most.
ATTEMPTS = 10
_FIRST, _LONGEST = timedelta(seconds=30), timedelta(hours=1)


def again(attempt: int, now: datetime) -> datetime | None:
    """Say when to try again after that many attempts; None when enough was tried."""
    if attempt >= ATTEMPTS:
        return None
    return now + min(_LONGEST, _FIRST * (1 << (attempt - 1)))
