"""What is published of an advisory: frozen when it is first shown, and what becomes of it later."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from broadcaster.domain.advisory import Certainty, MessageType, Severity, Urgency, require_aware


class PublicState(StrEnum):
    """How an advisory stands for those who read it."""

    #: It tells of what is still to come.
    PLANNED = "planned"
    ACTIVE = "active"
    #: Its time has passed.
    ENDED = "ended"
    #: An all clear followed it.
    OVER = "over"
    #: An update or a correction followed it.
    REPLACED = "replaced"
    #: It was taken back.
    WITHDRAWN = "withdrawn"

    @property
    def current(self) -> bool:
        """Whether somebody should still go by it."""
        return self in {PublicState.PLANNED, PublicState.ACTIVE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Edition:
    """An advisory in one locale, as it was published.

    `area` says in words where it holds, `places` are the names to look it up by.
    """

    locale: str
    lang: str
    direction: str
    event: str
    headline: str
    description: str
    instruction: str
    sender: str
    contact: str
    area: str
    places: tuple[str, ...]
    html: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """An earlier public message, as CAP 1.2 names one."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """One version of an advisory as it was published; it never changes.

    `identifier` and `sender` are CAP's: without spaces, commas, `<` and `&`. `categories` and
    `responses` are words as CAP spells them; `polygons` and `circles` are written as CAP does.
    `place_keys` tell places apart in every language, one for each of an edition's `places`.
    """

    advisory: int
    version: int
    kind: str
    message_type: MessageType
    follows: int | None
    drill: bool
    identifier: str
    sender: str
    sent: datetime
    effective: datetime
    onset: datetime | None
    expires: datetime
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    categories: tuple[str, ...]
    responses: tuple[str, ...]
    polygons: tuple[str, ...]
    circles: tuple[str, ...]
    place_keys: tuple[str, ...]
    references: tuple[Reference, ...]
    editions: tuple[Edition, ...]

    def __post_init__(self) -> None:
        """Refuse naive times."""
        for name in ("sent", "effective", "expires"):
            require_aware(name, getattr(self, name))

    @property
    def reference(self) -> Reference:
        """How later messages name it."""
        return Reference(sender=self.sender, identifier=self.identifier, sent=self.sent)


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """What a list says of an edition."""

    lang: str
    direction: str
    headline: str
    summary: str
    places: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What lists say of a publication; `digest` is the hash of what is frozen."""

    advisory: int
    kind: str
    message_type: MessageType
    follows: int | None
    drill: bool
    identifier: str
    sent: datetime
    onset: datetime | None
    expires: datetime
    cancelled_at: datetime | None
    place_keys: tuple[str, ...]
    headings: Mapping[str, Heading]
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a publication stands: its state, since when, and the newest one that followed it."""

    state: PublicState
    changed: datetime
    newest: int | None = None


_FOLLOWED = {
    MessageType.ALERT: PublicState.REPLACED,
    MessageType.UPDATE: PublicState.REPLACED,
    MessageType.CORRECTION: PublicState.REPLACED,
    MessageType.CANCEL: PublicState.WITHDRAWN,
    MessageType.ALL_CLEAR: PublicState.OVER,
}


def standings(entries: Iterable[Entry], now: datetime) -> Mapping[int, Standing]:
    """Say how each publication stands; the last that followed, at any remove, decides.

    What was itself called off before it told anything new still stands for what it replaced: a
    reader is led to it, and it says that it was withdrawn.
    """
    known = {entry.advisory: entry for entry in entries}
    last: dict[int, Entry] = {}
    for entry in sorted(known.values(), key=lambda one: one.advisory, reverse=True):
        if entry.follows in known and entry.follows < entry.advisory:
            end = last.get(entry.advisory, entry)
            held = last.get(entry.follows)
            if held is None or held.advisory < end.advisory:
                last[entry.follows] = end
    return {one: _standing(entry, last.get(one), now) for one, entry in known.items()}


def _standing(entry: Entry, last: Entry | None, now: datetime) -> Standing:
    if last is not None:
        state = _FOLLOWED[last.message_type]
        return Standing(state=state, changed=last.sent, newest=last.advisory)
    if entry.cancelled_at is not None:
        return Standing(state=PublicState.WITHDRAWN, changed=entry.cancelled_at)
    if now >= entry.expires:
        return Standing(state=PublicState.ENDED, changed=entry.expires)
    if entry.onset is not None and now < entry.onset:
        return Standing(state=PublicState.PLANNED, changed=entry.sent)
    return Standing(state=PublicState.ACTIVE, changed=entry.sent)


def next_change(entries: Iterable[Entry], now: datetime) -> datetime | None:
    """Say when time alone changes how one stands; None when it never will."""
    moments = (
        moment
        for entry in entries
        if entry.cancelled_at is None
        for moment in (entry.onset, entry.expires)
        if moment is not None and moment > now
    )
    return min(moments, default=None)
