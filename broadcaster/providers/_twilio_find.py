"""Which of Twilio's messages is the one that we are in doubt about; pure.

The list says neither our delivery nor the address that it calls back: another campaign may have
sent the same words to the same number. So a match must be ours by its time, and where two could
be, none is given: what stays in doubt is listed for people, a wrong answer is not noticed.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcaster.ports import Question

#: How far the clocks of two of our machines may be apart, and that Twilio tells times in whole
#: seconds; how far its clock is from ours is known from its answers.
CLOCKS = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A message as the list shows it; `created` by our clock."""

    sid: str
    status: str
    code: str
    body: str
    sender: str | None
    service: str | None
    created: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What to look for: words and sender, created between two moments, of which `since` is ours."""

    body_sha256: str
    sender: Mapping[str, str]
    since: datetime
    until: datetime

    def is_older(self, record: Record) -> bool:
        """Tell whether a record, and all that follow it in the list, came before ours."""
        return record.created is not None and record.created < self.since - CLOCKS

    def fits(self, record: Record) -> bool:
        """Tell whether a record may be ours."""
        if record.created is None or not self.since - CLOCKS <= record.created <= self.until:
            return False
        ours = {"from_": record.sender, "messaging_service_sid": record.service}
        return hashlib.sha256(record.body.encode()).hexdigest() == self.body_sha256 and all(
            ours[name] == value for name, value in self.sender.items()
        )


def search(question: Question, sender: Mapping[str, str], longest: timedelta) -> Search | None:
    """Say what to look for; None when the words are not known.

    `longest` is how long after its claim a message may leave and be taken.
    """
    if question.body_sha256 is None:
        return None
    return Search(
        body_sha256=question.body_sha256,
        sender=sender,
        since=question.since,
        until=question.since + longest + CLOCKS,
    )


def ours(wanted: Search, fitting: Iterable[Record]) -> Record | None:
    """Choose the record that was created closest to our claim; None when another is as close."""
    near = sorted(
        ((abs(one.created - wanted.since), one) for one in fitting if one.created is not None),
        key=lambda pair: pair[0],
    )
    if not near or (len(near) > 1 and near[1][0] - near[0][0] <= CLOCKS):
        return None
    return near[0][1]
