"""What keeps a campaign from being launched, or should be known before; pure.

Each concern names a place and a remedy. Those that block refuse approval and launch; the others are
written down with the approval.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from broadcaster.domain.advisory import Advisory, Urgency
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.message import Lane, MessageClass


class Check(StrEnum):
    """What was looked at."""

    #: A channel that the kind has not.
    CHANNEL = "channel"
    #: A locale in which somebody wants to read, and the kind is not whole.
    LOCALE = "locale"
    #: Required blocks and contacts, lengths, brackets, and how right-to-left text is shown.
    TEXT = "text"
    #: Characters that show nothing, or change the direction of others.
    HIDDEN = "hidden"
    #: Links and mailboxes that are not the organisation's.
    LINK = "link"
    #: A time that has to lie ahead, and has passed.
    LAPSED = "lapsed"
    #: The validity of the advisory, beside its facts.
    VALIDITY = "validity"
    #: The campaign's own wording.
    WORDING = "wording"


@dataclass(frozen=True, kw_only=True, slots=True)
class Concern:
    """One thing found: whether it blocks, where it is, what is wrong, and what to do.

    `place` is a fact, a block or a setting; `part` and `locale` are empty where it belongs to none.
    """

    check: Check
    blocks: bool
    part: str = ""
    locale: str = ""
    place: str = ""
    problem: str
    remedy: str

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        return {**asdict(self), "check": self.check.value}

    def as_note(self) -> dict[str, str]:
        """Give what an audit keeps of it: no piece of any text."""
        named = {"check": self.check.value, "part": self.part, "locale": self.locale}
        return {name: value for name, value in {**named, "place": self.place}.items() if value}

    def __str__(self) -> str:
        """Give it as a line for people."""
        where = [one for one in (self.part, self.locale and f"({self.locale})", self.place) if one]
        return f"{' '.join(where)}{': ' if where else ''}{self.problem}. {self.remedy}"


def ordered(concerns: Iterable[Concern]) -> Sequence[Concern]:
    """Put what blocks first, each once."""
    return sorted(dict.fromkeys(concerns), key=lambda one: not one.blocks)


def hurried(campaign: Campaign, advisory: Advisory) -> bool:
    """Tell whether a campaign is urgent, protects life or follows what may still be going out.

    Then waiting is worse than what one might find.
    """
    return (
        campaign.lane is Lane.URGENT
        or advisory.message_class is MessageClass.SAFETY
        or advisory.follows is not None
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A moment that an advisory tells of, by the name of its fact; `lapses` as the kind says."""

    fact: str
    at: datetime
    lapses: bool = False


def in_time(
    advisory: Advisory,
    moments: Sequence[Moment],
    start: datetime,
    finishes: datetime | None = None,
) -> Iterator[Concern]:
    """Compare the validity and the facts with when the messages leave.

    `start` is when the first can leave, `finishes` when the last has, at the latest; None where
    nobody knows.
    """
    if advisory.expires <= start:
        yield Concern(
            check=Check.VALIDITY,
            blocks=True,
            place="expires",
            problem=f"the validity ends at {_time(advisory.expires)}, before anything can leave",
            remedy="Make a new campaign with a later end.",
        )
        return
    for moment in moments:
        if moment.lapses:
            yield from _lapsed(moment, start, finishes)
    yield from _validity(advisory, [one for one in moments if not one.lapses], start)


def _lapsed(moment: Moment, start: datetime, finishes: datetime | None) -> Iterator[Concern]:
    at = _time(moment.at)
    if moment.at <= start:
        yield Concern(
            check=Check.LAPSED,
            blocks=True,
            place=f"facts.{moment.fact}",
            problem=f"{at} has passed when the first message leaves",
            remedy="Make a new campaign with the time that is expected now.",
        )
    elif finishes is not None and moment.at <= finishes:
        yield Concern(
            check=Check.LAPSED,
            blocks=False,
            place=f"facts.{moment.fact}",
            problem=f"{at} may have passed when the last message leaves ({_time(finishes)})",
            remedy="Have a later time ready, or tell fewer people.",
        )


def _validity(advisory: Advisory, moments: Sequence[Moment], start: datetime) -> Iterator[Concern]:
    for moment in moments:
        place, at = f"facts.{moment.fact}", _time(moment.at)
        if advisory.urgency is Urgency.PAST and moment.at > start:
            yield Concern(
                check=Check.VALIDITY,
                blocks=False,
                place=place,
                problem=f"it tells of something past, and {at} is still to come when it is sent",
                remedy="Launch it later, or correct the time.",
            )
        elif advisory.urgency is not Urgency.PAST and moment.at > advisory.expires:
            ends = _time(advisory.expires)
            yield Concern(
                check=Check.VALIDITY,
                blocks=False,
                place=place,
                problem=f"the validity ends at {ends}, before {at} that it tells of",
                remedy="Make it valid until then, or see that nobody needs it for so long.",
            )
    if moments and advisory.urgency is not Urgency.PAST and all(one.at <= start for one in moments):
        latest = max(moments, key=lambda one: one.at)
        yield Concern(
            check=Check.VALIDITY,
            blocks=False,
            place=f"facts.{latest.fact}",
            problem=f"all that it tells of is over by {_time(latest.at)}, before anything leaves",
            remedy="See whether it still needs to be told, and correct the times.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """How many customers prefer a locale that the kind is not offered in, and what they get.

    `told_in` is None for those who would get nothing. `reviewed` says whether the locale as such
    may go to customers; `why` what the kind lacks in it.
    """

    locale: str
    customers: int
    told_in: str | None
    reviewed: bool
    why: str


def languages(wanted: Sequence[Wanted], *, in_a_hurry: bool) -> Iterator[Concern]:
    """Say who wants to read in a locale in which the kind is not whole.

    That blocks what can wait. What is urgent is told in another language rather than not at all,
    and nobody waits for a language that has yet to be reviewed.
    """
    for one in wanted:
        told = f"are told in {one.told_in}" if one.told_in else "get nothing"
        yield Concern(
            check=Check.LOCALE,
            blocks=not in_a_hurry and (one.reviewed or one.told_in is None),
            locale=one.locale,
            problem=f"{one.customers:,} customers who read {one.locale} {told}: {one.why}",
            remedy="Complete its catalogue ('broadcaster kinds check'), or write the facts in it.",
        )


def worded_in_part(
    wording: Iterable[tuple[str, str]], needed: Mapping[str, int]
) -> Iterator[Concern]:
    """Say in which needed locales a part that is worded in others keeps the kind's own text.

    `wording` has part and locale of each text, `needed` how many messages go in each locale.
    """
    by_part: dict[str, set[str]] = {}
    for part, locale in wording:
        by_part.setdefault(part, set()).add(locale)
    for part, locales in sorted(by_part.items()):
        for locale, count in sorted(needed.items()):
            if count and locale not in locales:
                yield Concern(
                    check=Check.WORDING,
                    blocks=False,
                    part=part,
                    locale=locale,
                    problem=f"is worded in {', '.join(sorted(locales))} alone, and {count:,} "
                    "messages say the kind's own text",
                    remedy="Word it in this locale too, if it has to say the same.",
                )


def _time(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="minutes")
