"""What somebody who approves a campaign should know before, each with its figure; pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel
from broadcaster.domain.saying import Figure, Listed, Part, Saying, Term, said, said_n
from broadcaster.planning.foreseen import Forecast

#: The part of customers left out for one reason from which on it looks like a mistake.
_SUSPICIOUS = 0.5
#: How many pieces of advice there are at most.
_MOST = 50

#: What comes first whatever it saves: what is most likely wrong.
_WRONG, _SAVING, _NOTE = range(3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """One piece of advice: what it is about, its figure and what that counts, and a sentence."""

    what: str
    figure: int
    unit: str
    text: str
    locale: str | None = None
    weight: int = _NOTE

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        return {name: value for name, value in asdict(self).items() if name != "weight"}


def ordered(found: Iterable[Advice]) -> Sequence[Advice]:
    """Put what may be a mistake first, then what saves most; fifty at most."""
    return sorted(found, key=lambda one: (one.weight, -one.figure, one.text))[:_MOST]


def wording(
    what: str,
    locale: str,
    saved: int,
    *,
    characters: Sequence[str],
    instead: Sequence[str],
    count: int,
    at_least: bool,
    whence: str = "",
) -> Advice:
    """Advise on the wording of an SMS, from what a change of it saves.

    `whence` names where its characters stand, such as a fact; else it is the text.
    """
    segments = said_n("%(count)s segment", "%(count)s segments", saved)
    return Advice(
        what=f"sms_{what}",
        figure=saved,
        unit="segments",
        locale=locale,
        text=said(
            "%(how)s %(where)s saves %(amount)s.",
            how=_how(what, characters, instead, count),
            where=whence or said("the %(locale)s text", locale=Term("locale", locale)),
            amount=said("at least %(amount)s", amount=segments) if at_least else segments,
        ),
        weight=_SAVING,
    )


def _how(what: str, characters: Sequence[str], instead: Sequence[str], count: int) -> Saying:
    if what == "shorten":
        return said_n(
            "Taking %(number)s character out of",
            "Taking %(number)s characters out of",
            count,
            number=count,
        )
    if what == "names":
        return said("Leaving names that GSM-7 can not write out of")
    pairs = Listed(
        said("%(old)s by %(new)s", old=_shown(old), new=_shown(new) if new else said("nothing"))
        for old, new in zip(characters, instead, strict=True)
    )
    if what == "replace":
        return said("Replacing %(pairs)s in", pairs=pairs)
    return said("Replacing all of %(pairs)s in", pairs=pairs)


def _shown(text: str) -> str:
    """Show a character, or its code where it can not be seen."""
    if text.isprintable() and not text.isspace():
        return text
    return "+".join(f"U+{ord(one):04X}" for one in text) if text != " " else said("a blank")


def left_out(forecast: Forecast) -> Sequence[Advice]:
    """Advise on who is left out: whole channels that reach hardly anybody, and shared addresses."""
    found = []
    for channel, counts in forecast.left_out.items():
        told = forecast.channels.get(channel, 0)
        everybody = told + sum(counts.values())
        for reason, count in counts.items():
            if reason is Reason.DUPLICATE_ADDRESS:
                text = said_n(
                    "%(count)s customers share their address for %(channel)s with another one "
                    "who is told: the household reads it once.",
                    "%(count)s customers share their address for %(channel)s with another one "
                    "who is told: the household reads it once.",
                    count,
                    channel=Term("channel", channel.value),
                )
                found.append(Advice(what="duplicates", figure=count, unit="customers", text=text))
            elif reason is Reason.NOT_TOLD:
                # So it is meant, of what follows another message.
                continue
            elif count >= _SUSPICIOUS * everybody and not forecast.plan.one_each:
                found.append(
                    Advice(
                        what="left_out",
                        figure=count,
                        unit="customers",
                        text=_nothing_by(channel, reason, count, everybody),
                        weight=_WRONG if not told else _NOTE,
                    )
                )
    if forecast.customers and not forecast.reached:
        text = said_n(
            "None of %(count)s customers is told anything. Is the segment right?",
            "None of %(count)s customers is told anything. Is the segment right?",
            forecast.customers,
        )
        found.append(
            Advice(
                what="nobody", figure=forecast.customers, unit="customers", text=text, weight=_WRONG
            )
        )
    return found


def _nothing_by(channel: Channel, reason: Reason, count: int, everybody: int) -> Saying:
    values = {"channel": Term("channel", channel.value), "reason": Term("reason", reason.value)}
    if count == everybody:
        return said_n(
            "All %(count)s customers get nothing by %(channel)s: %(reason)s. "
            "Is it the right segment?",
            "All %(count)s customers get nothing by %(channel)s: %(reason)s. "
            "Is it the right segment?",
            everybody,
            **values,
        )
    return said_n(
        "%(part)s of %(count)s customers get nothing by %(channel)s: %(reason)s. "
        "Is it the right segment?",
        "%(part)s of %(count)s customers get nothing by %(channel)s: %(reason)s. "
        "Is it the right segment?",
        everybody,
        part=Part(count / everybody),
        **values,
    )


def languages(forecast: Forecast) -> Sequence[Advice]:
    """Advise on people who read another language than they asked for first."""
    people: Counter[tuple[str, str]] = Counter()
    for preferred, chosen, count in forecast.preferences:
        if not preferred:
            people["", chosen or ""] += count
        elif chosen is None or _language(preferred[0]) != _language(chosen):
            people[preferred[0], chosen or ""] += count
    return [
        Advice(
            what="locale",
            figure=count,
            unit="customers",
            locale=chosen or None,
            text=_other_language(preferred, chosen, count),
            weight=_NOTE if chosen else _WRONG,
        )
        for (preferred, chosen), count in people.items()
    ]


def _other_language(preferred: str, chosen: str, count: int) -> Saying:
    if preferred:
        who = said_n(
            "%(count)s customers who prefer %(locale)s",
            "%(count)s customers who prefer %(locale)s",
            count,
            locale=Term("locale", preferred),
        )
    else:
        who = said_n(
            "%(count)s customers of whom no language is known",
            "%(count)s customers of whom no language is known",
            count,
        )
    if not chosen:
        return said(
            "%(who)s are told nothing: the kind is offered in no language of theirs.", who=who
        )
    return said("%(who)s are told in %(locale)s.", who=who, locale=Term("locale", chosen))


def _language(tag: str) -> str:
    return tag.partition("-")[0].lower()


def lateness(channel: str, unsent: int, limit: str | None, minutes: int) -> Advice:
    """Advise on a channel that may not end before the advisory expires."""
    values = {
        "unsent": Figure(unsent),
        "channel": Term("channel", channel),
        "minutes": Figure(minutes),
    }
    text = said(
        "About %(unsent)s messages by %(channel)s may not leave before the advisory expires: it "
        "takes %(minutes)s minutes longer.",
        **values,
    )
    if limit:
        text = said(
            "About %(unsent)s messages by %(channel)s may not leave before the advisory expires: "
            "it takes %(minutes)s minutes longer; %(limit)s is what holds it up.",
            **values,
            limit=limit,
        )
    return Advice(what="late", figure=unsent, unit="messages", weight=_WRONG, text=text)


def unpriced(units: Mapping[str, int]) -> Sequence[Advice]:
    """Advise on what nobody has told the price of."""
    return [
        Advice(
            what="tariff",
            figure=count,
            unit="units",
            text=said(
                "The price of %(count)s units by %(name)s is unknown; 'tariffs set' tells it.",
                count=Figure(count),
                name=name,
            ),
        )
        for name, count in units.items()
    ]


def faulty(faults: Mapping[str, int]) -> Sequence[Advice]:
    """Advise on messages that have no way to leave as things are set."""
    return [
        Advice(
            what="way",
            figure=count,
            unit="messages",
            weight=_WRONG,
            text=said(
                "%(count)s messages have no way to leave: %(fault)s",
                count=Figure(count),
                # What the settings say of themselves is English.
                fault=fault if isinstance(fault, Saying) else Saying(fault),
            ),
        )
        for fault, count in faults.items()
    ]
