"""What facts a kind takes: told in words, and as a file of samples to begin with."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from broadcaster.domain.advisory import FactValue
from broadcaster.render.facts import Fact
from broadcaster.render.facttypes import ANY, FactType
from broadcaster.render.kinds import Kind

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_BY_LANGUAGE = frozenset({FactType.LOCALIZED, FactType.NAME})


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One fact as a person is told of it: `example` is TOML, `default` stands when it is left out.

    `shared` marks what many kinds tell alike, such as the number of the call centre.
    """

    fact: Fact
    label: str
    example: str
    default: str
    shared: bool

    @property
    def needed(self) -> bool:
        """Whether somebody has to give it."""
        return self.fact.required and self.fact.default is None


def asked(kind: Kind, shared: Collection[str]) -> tuple[Asked, ...]:
    """List the facts that a kind takes; `shared` names those of all kinds."""
    return tuple(
        Asked(
            fact=fact,
            label=fact.labels["en"],
            example=as_toml(_example(fact, kind.locales)),
            default="" if fact.default is None else as_toml(fact.default),
            shared=fact.name in shared,
        )
        for fact in kind.facts.values()
    )


def sample_file(kind: Kind, facts: Sequence[Asked], now: datetime) -> str:
    """Write a TOML file that a campaign of the kind can be made with as it stands.

    Facts that may be left out stand in it as comments. Where one must lie ahead, all times are
    moved by the same days.
    """
    moved = timedelta(days=_days_to_move(facts, now))
    lines = [
        f"# Facts of {kind.name}: {kind.labels['en']}.",
        "# These are samples: put what is true in their place. A line after # is left out.",
    ]
    for one in facts:
        fact = one.fact
        value = as_toml(_moved(fact, _example(fact, kind.locales), moved))
        lines += ["", *_notes(one)]
        lines.append(f"{fact.name} = {value}" if one.needed else f"# {fact.name} = {value}")
    return "\n".join(lines) + "\n"


def as_toml(value: FactValue) -> str:
    """Write a value in one line of TOML."""
    if isinstance(value, Mapping):
        pairs = (f"{_key(name)} = {as_toml(part)}" for name, part in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(as_toml(part) for part in value)}]"
    # A text, a number: TOML writes them as JSON does.
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _notes(one: Asked) -> Iterator[str]:
    fact = one.fact
    why = "needed" if one.needed else "may be left out"
    if fact.default is not None:
        why = "has a value for all kinds" if one.shared else "has a value already"
    yield f"# {one.label} ({fact.type.value}, {why})"
    if fact.choices:
        said = (f'"{one}" ({fact.choice_label(one, "en")})' for one in fact.choices)
        yield f"# One of {', '.join(said)}."
    if fact.lapses:
        yield "# It must lie ahead: once it has passed, nothing that tells it leaves."


def _example(fact: Fact, locales: Sequence[str]) -> FactValue:
    """Give the sample, with a text for every language that is asked for."""
    value = fact.sample if fact.default is None else fact.default
    if value is None:
        value = _BARE_EXAMPLES.get(fact.type, "…")
        value = fact.choices[0] if fact.type is FactType.CHOICE and fact.choices else value
    if fact.type not in _BY_LANGUAGE or not isinstance(value, dict):
        return value
    first = value.get("en") or value.get(ANY) or next(iter(value.values()))
    if fact.type is FactType.NAME and ANY in value:
        return value
    return {**value, **{tag: first for tag in locales if tag not in value}}


#: For a fact that may be left out and has no sample.
_BARE_EXAMPLES: Mapping[FactType, FactValue] = {
    FactType.LOCALIZED: {"en": "…"},
    FactType.NAME: {ANY: "…"},
    FactType.PHONE: {"e164": "+212522312020", "display": "0522312020"},
    FactType.EMAIL: "name@example.org",
    FactType.URL: "https://example.org",
    FactType.DATETIME: "2026-05-01T08:00:00+01:00",
    FactType.DATE: "2026-05-01",
    FactType.NUMBER: 12,
    FactType.LIST: ["…"],
    FactType.MONEY: {"amount": "120.50", "currency": "MAD"},
    FactType.PLACES: ["…"],
}


def _days_to_move(facts: Sequence[Asked], now: datetime) -> int:
    """Say by how many days samples must move for all that lapse to lie ahead, two days at least."""
    times = [
        datetime.fromisoformat(str(one.fact.sample or one.fact.default))
        for one in facts
        if one.fact.lapses and (one.fact.sample or one.fact.default)
    ]
    return max(0, (now - min(times)).days + 3) if times else 0


def _moved(fact: Fact, value: FactValue, by: timedelta) -> FactValue:
    if fact.type is FactType.DATETIME:
        return (datetime.fromisoformat(str(value)) + by).isoformat()
    if fact.type is FactType.DATE:
        return (date.fromisoformat(str(value)) + by).isoformat()
    return value
