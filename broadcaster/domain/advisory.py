"""The advisory: what the public is told, before any channel or language is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from broadcaster.domain.message import MessageClass


class Severity(StrEnum):
    """How bad it is (CAP 1.2, `severity`)."""

    EXTREME = "extreme"
    SEVERE = "severe"
    MODERATE = "moderate"
    MINOR = "minor"
    UNKNOWN = "unknown"


class Urgency(StrEnum):
    """How soon people should act (CAP 1.2, `urgency`)."""

    IMMEDIATE = "immediate"
    EXPECTED = "expected"
    FUTURE = "future"
    PAST = "past"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """How sure we are (CAP 1.2, `certainty`)."""

    OBSERVED = "observed"
    LIKELY = "likely"
    POSSIBLE = "possible"
    UNLIKELY = "unlikely"
    UNKNOWN = "unknown"


class MessageType(StrEnum):
    """What a message is to those who got the former ones of its thread."""

    #: The first of its thread.
    ALERT = "alert"
    #: What is new since: it takes the place of the former message.
    UPDATE = "update"
    #: The former message was wrong: this one takes its place.
    CORRECTION = "correction"
    #: The former message no longer applies: it is withdrawn.
    CANCEL = "cancel"
    #: What the former message told of is over.
    ALL_CLEAR = "all_clear"

    @property
    def replaces(self) -> bool:
        """Whether it says all that the former message said, so that who missed that needs this."""
        return self in {MessageType.UPDATE, MessageType.CORRECTION}

    @property
    def ends(self) -> bool:
        """Whether nothing follows it in its thread."""
        return self in {MessageType.CANCEL, MessageType.ALL_CLEAR}


#: A fact as it is stored and hashed: JSON values only.
FactValue = (
    str | int | float | bool | list[str] | list[str | dict[str, str]] | dict[str, str] | None
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Advisory:
    """One version of what the public is told.

    `facts` are the raw values that the team filled in, already checked against the kind.
    `effective` and `expires` are aware and in this order; nothing is sent outside them.
    `follows` is the id of the advisory that it refers to, and `thread` that of the one that began
    the thread; both are None in the one that begins it. From `lapses` on a time that it foretells
    has passed, such as an estimated restoration: it is not true any more. `wording`
    are the texts of parts that stand in the place of the kind's own in its campaign, by part and
    locale, as `sms/body.txt/fr`.
    """

    id: int
    kind: str
    version: int
    facts: Mapping[str, FactValue]
    message_class: MessageClass
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    effective: datetime
    expires: datetime
    message_type: MessageType = MessageType.ALERT
    thread: int | None = None
    follows: int | None = None
    lapses: datetime | None = None
    wording: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse naive or reversed times: a late night is no time to guess a zone."""
        require_aware("effective", self.effective)
        require_aware("expires", self.expires)
        if self.expires <= self.effective:
            message = "expires: must be later than effective"
            raise ValueError(message)

    @property
    def first(self) -> int:
        """The id of the advisory that began the thread: its own, where it did."""
        return self.id if self.thread is None else self.thread

    @property
    def until(self) -> datetime:
        """When nothing of it may leave any more: it expires, or lapses before."""
        return self.expires if self.lapses is None else min(self.expires, self.lapses)


def require_aware(name: str, moment: datetime) -> None:
    """Raise ValueError when `moment` does not say its offset from UTC."""
    if moment.utcoffset() is None:
        message = f"{name}: has no time zone"
        raise ValueError(message)
