"""What somebody who approves a campaign should know before, each with its figure; pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from broadcaster.domain.delivery import Reason
from broadcaster.domain.english import number_of
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
    how = _how(what, characters, instead, count)
    segments = number_of(saved, "segment")
    amount = f"at least {segments}" if at_least else segments
    return Advice(
        what=f"sms_{what}",
        figure=saved,
        unit="segments",
        locale=locale,
        text=f"{how} {whence or f'the {locale} text'} saves {amount}.",
        weight=_SAVING,
    )


def _how(what: str, characters: Sequence[str], instead: Sequence[str], count: int) -> str:
    if what == "shorten":
        letters = "character" if count == 1 else "characters"
        return f"Taking {count} {letters} out of"
    if what == "names":
        return "Leaving names that GSM-7 can not write out of"
    pairs = [
        f"{_shown(old)} by {_shown(new)}" if new else f"{_shown(old)} by nothing"
        for old, new in zip(characters, instead, strict=True)
    ]
    listed = ", ".join(pairs)
    return f"Replacing {listed} in" if what == "replace" else f"Replacing all of {listed} in"


def _shown(text: str) -> str:
    """Show a character, or its code where it can not be seen."""
    if text.isprintable() and not text.isspace():
        return text
    return "+".join(f"U+{ord(one):04X}" for one in text) if text != " " else "a blank"


def left_out(forecast: Forecast) -> Sequence[Advice]:
    """Advise on who is left out: whole channels that reach hardly anybody, and shared addresses."""
    found = []
    for channel, counts in forecast.left_out.items():
        told = forecast.channels.get(channel, 0)
        everybody = told + sum(counts.values())
        for reason, count in counts.items():
            name = reason.value.replace("_", " ")
            if reason is Reason.DUPLICATE_ADDRESS:
                text = (
                    f"{count:,} customers share their address for {channel.value} with another one "
                    "who is told: the household reads it once."
                )
                found.append(Advice(what="duplicates", figure=count, unit="customers", text=text))
            elif reason is Reason.NOT_TOLD:
                # So it is meant, of what follows another message.
                continue
            elif count >= _SUSPICIOUS * everybody and not forecast.plan.one_each:
                part = "All" if count == everybody else f"{count / everybody:.0%} of"
                text = (
                    f"{part} {everybody:,} customers get nothing by {channel.value}: {name}. "
                    "Is it the right segment?"
                )
                found.append(
                    Advice(
                        what="left_out",
                        figure=count,
                        unit="customers",
                        text=text,
                        weight=_WRONG if not told else _NOTE,
                    )
                )
    if forecast.customers and not forecast.reached:
        text = f"None of {forecast.customers:,} customers is told anything. Is the segment right?"
        found.append(
            Advice(
                what="nobody", figure=forecast.customers, unit="customers", text=text, weight=_WRONG
            )
        )
    return found


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


def _other_language(preferred: str, chosen: str, count: int) -> str:
    who = (
        f"{count:,} customers who prefer {preferred}"
        if preferred
        else (f"{count:,} customers of whom no language is known")
    )
    if not chosen:
        return f"{who} are told nothing: the kind is offered in no language of theirs."
    return f"{who} are told in {chosen}."


def _language(tag: str) -> str:
    return tag.partition("-")[0].lower()


def lateness(channel: str, unsent: int, limit: str | None, minutes: int) -> Advice:
    """Advise on a channel that may not end before the advisory expires."""
    why = f"; {limit} is what holds it up" if limit else ""
    return Advice(
        what="late",
        figure=unsent,
        unit="messages",
        weight=_WRONG,
        text=(
            f"About {unsent:,} messages by {channel} may not leave before the advisory expires: it "
            f"takes {minutes:,} minutes longer{why}."
        ),
    )


def unpriced(units: Mapping[str, int]) -> Sequence[Advice]:
    """Advise on what nobody has told the price of."""
    return [
        Advice(
            what="tariff",
            figure=count,
            unit="units",
            text=f"The price of {count:,} units by {name} is unknown; 'tariffs set' tells it.",
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
            text=f"{count:,} messages have no way to leave: {fault}",
        )
        for fault, count in faults.items()
    ]
