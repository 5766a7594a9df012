"""The rules of fair use as people write them, and back; pure.

The form: `quiet`, a list of `{classes, channels, days, from, to}`; `holidays`, a list of dates;
`cap`, a list of `{class, channel, most, days}`. What may be left out means all of its sort.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from broadcaster.domain.fairness import Cap, Quiet, Rules
from broadcaster.domain.hours import DAY, WEEK, Day, Span
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel, MessageClass
from broadcaster.errors import InvalidInputError

_Word = TypeVar("_Word", bound=StrEnum)

#: The most of each that is kept.
MOST_QUIET, MOST_HOLIDAYS, MOST_CAPS = 50, 400, 20
#: The highest cap, and the longest period; a customer's deliveries are kept for so long.
MOST_MESSAGES, MOST_DAYS = 100, 90

_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_TOP = ("quiet", "holidays", "cap")
_QUIET = ("classes", "channels", "days", "from", "to")
_CAP = ("class", "channel", "most", "days")


def stored(row: Sequence[Any] | None) -> Rules:
    """Read rules as they are kept (version, rules); none: nothing was ever set."""
    return Rules() if row is None else read(row[1], row[0])


def read(raw: Mapping[str, object], version: int = 0) -> Rules:
    """Read rules; InvalidInputError names the field, as `quiet 2, from`, and the remedy."""
    _known("rules", raw, _TOP)
    quiet = tuple(
        _quiet(f"quiet {place}", one)
        for place, one in enumerate(_tables("quiet", raw.get("quiet", []), MOST_QUIET), 1)
    )
    caps = tuple(
        _cap(f"cap {place}", one)
        for place, one in enumerate(_tables("cap", raw.get("cap", []), MOST_CAPS), 1)
    )
    rules = Rules(
        version=version,
        quiet=quiet,
        holidays=_holidays(raw.get("holidays", [])),
        caps=tuple(dict.fromkeys(caps)),
    )
    _leave_time(rules)
    return rules


def written(rules: Rules) -> dict[str, object]:
    """Write rules in the same form, as JSON values; `read` gives them back."""
    return {
        "quiet": [
            {
                "classes": [one for one in MessageClass if one in rule.classes],
                "channels": [one for one in DELIVERY_CHANNELS if one in rule.channels],
                "days": [day for day in Day if day in rule.span.days],
                "from": _clock(rule.span.start),
                "to": _clock(rule.span.end),
            }
            for rule in rules.quiet
        ],
        "holidays": [day.isoformat() for day in sorted(rules.holidays)],
        "cap": [
            {
                "class": cap.message_class,
                **({"channel": cap.channel} if cap.channel else {}),
                "most": cap.most,
                "days": cap.days,
            }
            for cap in rules.caps
        ],
    }


def _quiet(field: str, raw: Mapping[str, object]) -> Quiet:
    _known(field, raw, _QUIET)
    start, end = (_minutes(f"{field}, {name}", raw.get(name)) for name in ("from", "to"))
    if start == DAY:
        raise InvalidInputError(f"{field}, from", "24:00 begins no day", "Write 00:00.")
    days = _words(f"{field}, days", raw.get("days", list(WEEK)), Day)
    return Quiet(
        classes=_words(f"{field}, classes", raw.get("classes", list(MessageClass)), MessageClass),
        channels=_channels(f"{field}, channels", raw.get("channels", list(DELIVERY_CHANNELS))),
        span=Span(days=days, start=start, end=end),
    )


def _cap(field: str, raw: Mapping[str, object]) -> Cap:
    _known(field, raw, _CAP)
    (class_,) = _words(f"{field}, class", [raw.get("class", "")], MessageClass)
    channel = None
    if "channel" in raw:
        (channel,) = _channels(f"{field}, channel", [raw["channel"]])
    return Cap(
        message_class=class_,
        channel=channel,
        most=_count(f"{field}, most", raw.get("most"), MOST_MESSAGES),
        days=_count(f"{field}, days", raw.get("days"), MOST_DAYS),
    )


def _known(field: str, raw: Mapping[str, object], names: Sequence[str]) -> None:
    for name in raw:
        if name not in names:
            problem = f"{str(name)[:40]!r} is unknown"
            raise InvalidInputError(field, problem, f"Use {', '.join(names)}.")


def _tables(field: str, raw: object, most: int) -> Sequence[Mapping[str, object]]:
    if not isinstance(raw, list) or not all(isinstance(one, Mapping) for one in raw):
        remedy = f"Write [[{field}]] and its fields below it."
        raise InvalidInputError(field, "is no list of tables", remedy)
    if len(raw) > most:
        raise InvalidInputError(field, f"has more than {most} entries", "Join some of them.")
    return raw


def _words(field: str, raw: object, kind: type[_Word]) -> frozenset[_Word]:
    remedy = f"Use one or more of {', '.join(kind)}."
    if not isinstance(raw, list) or not raw:
        raise InvalidInputError(field, "is no list, or has nothing in it", remedy)
    found = set()
    for word in raw:
        if word not in list(kind):
            raise InvalidInputError(field, f"{str(word)[:40]!r} is unknown", remedy)
        found.add(kind(word))
    return frozenset(found)


def _channels(field: str, raw: object) -> frozenset[Channel]:
    found = _words(field, raw, Channel)
    if Channel.WEB in found:
        remedy = f"Use {', '.join(DELIVERY_CHANNELS)}."
        raise InvalidInputError(field, "'web' is told to nobody", remedy)
    return found


def _minutes(field: str, raw: object) -> int:
    match = _TIME.fullmatch(raw) if isinstance(raw, str) else None
    minutes = int(match[1]) * 60 + int(match[2]) if match else DAY + 1
    if minutes > DAY:
        problem = "is missing" if raw is None else f"{str(raw)[:40]!r} is no time of the day"
        raise InvalidInputError(field, problem, 'Write "21:00"; to the end of a day, "24:00".')
    return minutes


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _count(field: str, raw: object, most: int) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or not 1 <= raw <= most:
        problem = "is missing" if raw is None else f"{str(raw)[:40]!r} is out of range"
        raise InvalidInputError(field, problem, f"Give a whole number from 1 to {most}.")
    return raw


def _holidays(raw: object) -> frozenset[date]:
    if not isinstance(raw, list):
        remedy = 'Write ["2026-11-18", "2027-01-11"].'
        raise InvalidInputError("holidays", "is no list of dates", remedy)
    if len(raw) > MOST_HOLIDAYS:
        problem = f"has more than {MOST_HOLIDAYS} dates"
        raise InvalidInputError("holidays", problem, "Leave out those that have passed.")
    return frozenset(_date(one) for one in raw)


def _date(raw: object) -> date:
    # TOML has dates, JSON has not. A moment is a date to Python, and none to us.
    if type(raw) is date:
        return raw
    try:
        return date.fromisoformat(raw if isinstance(raw, str) else "")
    except ValueError as error:
        problem = f"{str(raw)[:40]!r} is no date"
        raise InvalidInputError("holidays", problem, "Write 2026-11-18.") from error


def _leave_time(rules: Rules) -> None:
    """Refuse what never lets anybody be told: it would be found out when all has expired."""
    for class_ in MessageClass:
        for channel in DELIVERY_CHANNELS:
            free = [True] * (DAY * len(WEEK))
            for span in rules.hours(class_, channel).spans:
                for place, day in enumerate(WEEK):
                    if day in span.days:
                        for minute in range(span.start, span.start + span.minutes):
                            free[(place * DAY + minute) % len(free)] = False
            if not any(free):
                problem = f"leaves no time of the week for {class_.value} by {channel.value}"
                raise InvalidInputError("quiet", problem, "Make a range shorter.")
