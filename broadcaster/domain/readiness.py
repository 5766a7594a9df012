"""What keeps a campaign from being launched, or should be known before; pure.

Each concern names a place and a remedy. Those that block refuse approval and launch; the others are
written down with the approval.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from broadcaster.domain.advisory import Advisory, Urgency
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.message import Lane, MessageClass
from broadcaster.domain.saying import Instant, Listed, Saying, said, said_n


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
    #: A follow-up that says nothing else than what it follows.
    SAME = "same"
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
    zone: tzinfo = UTC,
) -> Iterator[Concern]:
    """Compare the validity and the facts with when the messages leave.

    `start` is when the first can leave, `finishes` when the last has, at the latest; None where
    nobody knows. Times are written as they are in `zone`.
    """
    ends = _time(advisory.expires, zone)
    if advisory.expires <= start:
        yield Concern(
            check=Check.VALIDITY,
            blocks=True,
            place="expires",
            problem=said("the validity ends at %(ends)s, before anything can leave", ends=ends),
            remedy=said("Make a new campaign with a later end."),
        )
        return
    for moment in moments:
        if moment.lapses:
            yield from _lapsed(moment, start, finishes, zone)
    yield from _validity(advisory, [one for one in moments if not one.lapses], start, zone)
    yield from _over(advisory, moments, start, zone)


def _lapsed(
    moment: Moment, start: datetime, finishes: datetime | None, zone: tzinfo
) -> Iterator[Concern]:
    at = _time(moment.at, zone)
    if moment.at <= start:
        yield Concern(
            check=Check.LAPSED,
            blocks=True,
            place=f"facts.{moment.fact}",
            problem=said("%(at)s has passed when the first message leaves", at=at),
            remedy=said("Make a new campaign with the time that is expected now."),
        )
    elif finishes is not None and moment.at <= finishes:
        yield Concern(
            check=Check.LAPSED,
            blocks=False,
            place=f"facts.{moment.fact}",
            problem=said(
                "%(at)s may have passed when the last message leaves (%(finishes)s)",
                at=at,
                finishes=_time(finishes, zone),
            ),
            remedy=said("Have a later time ready, or tell fewer people."),
        )


def _validity(
    advisory: Advisory, moments: Sequence[Moment], start: datetime, zone: tzinfo
) -> Iterator[Concern]:
    for moment in moments:
        place, at = f"facts.{moment.fact}", _time(moment.at, zone)
        if advisory.urgency is Urgency.PAST and moment.at > start:
            yield Concern(
                check=Check.VALIDITY,
                blocks=False,
                place=place,
                problem=said(
                    "it tells of something past, and %(at)s is still to come when it is sent", at=at
                ),
                remedy=said("Launch it later, or correct the time."),
            )
        elif advisory.urgency is not Urgency.PAST and moment.at > advisory.expires:
            ends = _time(advisory.expires, zone)
            yield Concern(
                check=Check.VALIDITY,
                blocks=False,
                place=place,
                problem=said(
                    "the validity ends at %(ends)s, before %(at)s that it tells of",
                    ends=ends,
                    at=at,
                ),
                remedy=said("Make it valid until then, or see that nobody needs it for so long."),
            )


def _over(
    advisory: Advisory, moments: Sequence[Moment], start: datetime, zone: tzinfo
) -> Iterator[Concern]:
    """Say that the latest of all times is past; one that lapses blocks, which says enough."""
    latest = max(moments, key=lambda one: one.at, default=None)
    if latest is None or latest.lapses or advisory.urgency is Urgency.PAST:
        return
    if latest.at <= start:
        at = _time(latest.at, zone)
        yield Concern(
            check=Check.VALIDITY,
            blocks=False,
            place=f"facts.{latest.fact}",
            problem=said("all that it tells of is over by %(at)s, before anything leaves", at=at),
            remedy=said("See whether it still needs to be told, and correct the times."),
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
        yield Concern(
            check=Check.LOCALE,
            blocks=not in_a_hurry and (one.reviewed or one.told_in is None),
            locale=one.locale,
            problem=_told_otherwise(one),
            remedy=said(
                "Complete its catalogue ('broadcaster kinds check'), or write the facts in it."
            ),
        )


def _told_otherwise(one: Wanted) -> Saying:
    named = {"locale": one.locale, "why": one.why}
    if one.told_in is None:
        return said_n(
            "%(count)s customer who reads %(locale)s gets nothing: %(why)s",
            "%(count)s customers who read %(locale)s get nothing: %(why)s",
            one.customers,
            **named,
        )
    return said_n(
        "%(count)s customer who reads %(locale)s is told in %(other)s: %(why)s",
        "%(count)s customers who read %(locale)s are told in %(other)s: %(why)s",
        one.customers,
        other=one.told_in,
        **named,
    )


def worded_in_part(
    wording: Iterable[tuple[str, str]],
    needed: Mapping[str, int],
    messages: Mapping[str, Mapping[str, int]],
) -> Iterator[Concern]:
    """Say in which needed locales a part that is worded in others keeps the kind's own text.

    `wording` has part and locale of each text, `needed` how many customers are told in each locale,
    and `messages` how many messages go by each channel in each. What goes by a channel later, and
    what is only a public page, has no count.
    """
    by_part: dict[str, set[str]] = {}
    for part, locale in wording:
        by_part.setdefault(part, set()).add(locale)
    for part, locales in sorted(by_part.items()):
        worded = Listed(sorted(locales))
        counts = messages.get(part.partition("/")[0], {})
        known = any(counts.values())
        for locale in sorted(needed):
            count = counts.get(locale, 0)
            if (count if known else needed[locale]) and locale not in locales:
                yield Concern(
                    check=Check.WORDING,
                    blocks=False,
                    part=part,
                    locale=locale,
                    problem=_in_part(worded, count if known else None),
                    remedy=said("Word it in this locale too, if it has to say the same."),
                )


def _in_part(worded: Listed, messages: int | None) -> Saying:
    if messages is None:
        return said(
            "is worded in %(locales)s alone, and others say the kind's own text", locales=worded
        )
    return said_n(
        "is worded in %(locales)s alone, and %(count)s message says the kind's own text",
        "is worded in %(locales)s alone, and %(count)s messages say the kind's own text",
        messages,
        locales=worded,
    )


def _time(moment: datetime, zone: tzinfo) -> Instant:
    return Instant(moment.astimezone(zone))
