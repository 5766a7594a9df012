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
from broadcaster.domain.english import number_of
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
            problem=f"the validity ends at {ends}, before anything can leave",
            remedy="Make a new campaign with a later end.",
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
            problem=f"{at} has passed when the first message leaves",
            remedy="Make a new campaign with the time that is expected now.",
        )
    elif finishes is not None and moment.at <= finishes:
        yield Concern(
            check=Check.LAPSED,
            blocks=False,
            place=f"facts.{moment.fact}",
            problem=f"{at} may have passed when the last message leaves ({_time(finishes, zone)})",
            remedy="Have a later time ready, or tell fewer people.",
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
                problem=f"it tells of something past, and {at} is still to come when it is sent",
                remedy="Launch it later, or correct the time.",
            )
        elif advisory.urgency is not Urgency.PAST and moment.at > advisory.expires:
            ends = _time(advisory.expires, zone)
            yield Concern(
                check=Check.VALIDITY,
                blocks=False,
                place=place,
                problem=f"the validity ends at {ends}, before {at} that it tells of",
                remedy="Make it valid until then, or see that nobody needs it for so long.",
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
            problem=f"all that it tells of is over by {at}, before anything leaves",
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
        alone = one.customers == 1
        verbs = ("is", "gets") if alone else ("are", "get")
        told = f"{verbs[0]} told in {one.told_in}" if one.told_in else f"{verbs[1]} nothing"
        who = f"{number_of(one.customers, 'customer')} who read{'s' * alone} {one.locale}"
        yield Concern(
            check=Check.LOCALE,
            blocks=not in_a_hurry and (one.reviewed or one.told_in is None),
            locale=one.locale,
            problem=f"{who} {told}: {one.why}",
            remedy="Complete its catalogue ('broadcaster kinds check'), or write the facts in it.",
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
        alone = f"is worded in {', '.join(sorted(locales))} alone"
        counts = messages.get(part.partition("/")[0], {})
        known = any(counts.values())
        for locale in sorted(needed):
            count = counts.get(locale, 0)
            if (count if known else needed[locale]) and locale not in locales:
                say = f"{number_of(count, 'message')} say{'s' * (count == 1)}"
                what = f"{say if known else 'others say'} the kind's own text"
                yield Concern(
                    check=Check.WORDING,
                    blocks=False,
                    part=part,
                    locale=locale,
                    problem=f"{alone}, and {what}",
                    remedy="Word it in this locale too, if it has to say the same.",
                )


def _time(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="minutes")
