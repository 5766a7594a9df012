"""Announcing what was published on public channels: claim, send, record."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from broadcaster.domain.announcement import (
    Announcement,
    AnnouncementStatus,
    Answer,
    Claimed,
    Outcome,
    again,
)
from broadcaster.domain.publication import Entry
from broadcaster.ports import Clock, Publications, PublicPages
from broadcaster.publication import records

_log = logging.getLogger(__name__)

#: So many in one go, and for so long; the rest comes with the next, after what waits in its queue.
_MOST, _WHILE = 20, timedelta(seconds=10)


class Sink(Protocol):
    """A public channel."""

    @property
    def locale(self) -> str:
        """The locale in which it is told."""
        ...

    def send(self, announcement: Announcement) -> Answer:
        """Tell it, and what came of that; never raises."""
        ...


class Book(Protocol):
    """Keeps what is to be announced."""

    def claim(self, now: datetime, sinks: Sequence[str]) -> Claimed | None:
        """Take the next that is due, committed."""
        ...

    def record(
        self,
        claimed: Claimed,
        status: AnnouncementStatus,
        reason: str,
        now: datetime,
        due: datetime | None = None,
    ) -> None:
        """Note what became of it."""
        ...


class Announcer:
    """Tells each sink of each publication once."""

    def __init__(
        self,
        *,
        book: Book,
        publications: Publications,
        sinks: Mapping[str, Sink],
        pages: PublicPages,
        public_url: str,
        clock: Clock,
        stopping: Callable[[], bool],
    ) -> None:
        """Tell `sinks`, by name."""
        self._book = book
        self._publications = publications
        self._sinks = sinks
        self._pages = pages
        self._public_url = public_url
        self._clock = clock
        self._stopping = stopping

    def announce(self) -> int:
        """Send what is due, for a while; how many were tried. What is in doubt is not sent anew."""
        end = self._clock.now() + _WHILE
        for tried in range(_MOST):
            claimed = None
            if not self._stopping() and self._clock.now() < end:
                claimed = self._book.claim(self._clock.now(), list(self._sinks))
            if claimed is None:
                return tried
            self._tell(claimed)
        return _MOST

    def _tell(self, claimed: Claimed) -> None:
        sink = self._sinks[claimed.sink]
        announcement = self._announcement(claimed.advisory, sink.locale)
        if announcement is None:
            answer = Answer(outcome=Outcome.REFUSED, reason="has no text in a fitting locale")
        else:
            answer = sink.send(announcement)
        now = self._clock.now()
        due = again(claimed.attempt, now) if answer.outcome is Outcome.LATER else None
        status = AnnouncementStatus.WAITING if due else answer.outcome.ended
        self._book.record(claimed, status, answer.reason, now, due)
        extra = {
            "action": "announce",
            "advisory": claimed.advisory,
            "sink": claimed.sink,
            "status": status.value,
        }
        _log.info("announced", extra=extra)

    def _announcement(self, advisory: int, locale: str) -> Announcement | None:
        for record in self._publications.read([advisory]):
            frozen = records.read(record.frozen)
            entry = records.entry(frozen, record.cancelled_at, record.frozen)
            return self._text(entry, locale)
        return None

    def _text(self, entry: Entry, locale: str) -> Announcement | None:
        spoken = self._pages.choose([locale], sorted(entry.headings))
        if spoken is None:
            return None
        heading = entry.headings[spoken]
        url = f"{self._public_url}/advisories/{entry.advisory}/{spoken}"
        return Announcement(title=heading.headline, body=f"{heading.summary}\n{url}")
