"""Facts as fields of a form: what is asked for, what was typed, and what that means; pure.

Every fact has fields whose names begin with `fact.` and its name. A list has one entry on each
line; a name and places have a field for all languages and one for each, whose lines belong to the
lines of the first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from broadcaster.render.facts import Fact
from broadcaster.render.facttypes import ANY, FactType
from broadcaster.render.kinds import Kind

Typed = Mapping[str, Sequence[str]]

_PREFIX = "fact."
#: What is typed as text in each language, the first for all.
_NAMED = frozenset({FactType.NAME, FactType.PLACES})


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One fact of a form: its label, its fields, and an example of what to write.

    `field` is the name of its first field; `tags` are the languages of the others, by their fields;
    `choices` are what can be chosen, each with its words.
    """

    fact: Fact
    label: str
    choices: Sequence[tuple[str, str]]
    field: str
    tags: Mapping[str, str]
    example: str
    inherited: bool

    @property
    def type(self) -> str:
        """Its type, as templates tell it apart."""
        return self.fact.type.value


def asked(kind: Kind, language: str, zone: ZoneInfo) -> Sequence[Asked]:
    """List what a kind asks for, in the reader's language as far as labels have it."""
    return [
        Asked(
            fact=fact,
            label=fact.label(language),
            choices=tuple((one, fact.choice_label(one, language)) for one in fact.choices),
            field=_field(fact),
            tags={f"{_field(fact)}.{tag}": tag for tag in _tags(fact, kind)},
            example=_example(fact, language, zone),
            inherited=fact.default is not None,
        )
        for fact in kind.facts.values()
    ]


def labels(kind: Kind | None, language: str) -> Mapping[str, str]:
    """Name the facts of a kind for people; none where there is no kind."""
    return {name: fact.label(language) for name, fact in kind.facts.items()} if kind else {}


def raw(kind: Kind, typed: Typed, zone: ZoneInfo) -> dict[str, object]:
    """Give the facts that were typed, to be checked by the kind; what is empty is left out.

    Numbers and times that are none are given as they were typed, so that the check names them.
    """
    found: dict[str, object] = {}
    for fact in kind.facts.values():
        value = _read(fact, typed, _tags(fact, kind), zone)
        if value is not None:
            found[fact.name] = value
        elif fact.default is not None and not fact.required and f"{_field(fact)}" in typed:
            # Emptied on purpose: what is usual does not stand in its place.
            found[fact.name] = None
    return found


def fields(kind: Kind, facts: Mapping[str, object], zone: ZoneInfo) -> dict[str, list[str]]:
    """Give facts as they would have been typed; `raw` gives them back."""
    typed: dict[str, list[str]] = {}
    for fact in kind.facts.values():
        value = facts.get(fact.name)
        if value is not None:
            written = _write(fact, value, _tags(fact, kind), zone)
            typed |= {name: [text] for name, text in written.items()}
    return typed


def defaults(kind: Kind, zone: ZoneInfo) -> dict[str, list[str]]:
    """Give what stands in the fields of a new form: what all messages have in common."""
    return fields(kind, {fact.name: fact.default for fact in kind.facts.values()}, zone)


def local(text: str, zone: ZoneInfo) -> str:
    """Read a time on the clock of a zone, and give it with its offset; else as it was typed."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return text.strip()
    placed = moment.replace(tzinfo=zone) if moment.utcoffset() is None else moment
    return placed.isoformat()


def on_clock(moment: datetime, zone: ZoneInfo) -> str:
    """Write a time as a field for it takes it."""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _field(fact: Fact) -> str:
    return f"{_PREFIX}{fact.name}"


def _tags(fact: Fact, kind: Kind) -> Sequence[str]:
    """Give the languages that a fact is written in beside its first field."""
    if fact.type is FactType.LOCALIZED:
        return kind.locales
    if fact.type not in _NAMED:
        return ()
    known = _keys(fact.default) | _keys(fact.sample)
    languages = dict.fromkeys(tag.partition("-")[0] for tag in kind.locales)
    # Those that usually have a form of their own come first.
    return sorted(languages, key=lambda tag: (tag not in known, list(languages).index(tag)))


def _keys(value: object) -> set[str]:
    if isinstance(value, Mapping):
        return {str(key) for key in value}
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


def _one(typed: Typed, name: str) -> str:
    return next(iter(typed.get(name, ())), "").strip()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace("\r\n", "\n").split("\n")]


def _read(fact: Fact, typed: Typed, tags: Sequence[str], zone: ZoneInfo) -> object:  # noqa: PLR0911  (one arm a type)
    name = _field(fact)
    text = _one(typed, name)
    match fact.type:
        case FactType.LOCALIZED:
            texts = {tag: _one(typed, f"{name}.{tag}") for tag in tags}
            return {tag: one for tag, one in texts.items() if one} or None
        case FactType.NAME:
            texts = {ANY: text, **{tag: _one(typed, f"{name}.{tag}") for tag in tags}}
            return {tag: one for tag, one in texts.items() if one} or None
        case FactType.PLACES:
            return _places(name, typed, tags) or None
        case FactType.LIST:
            return [line for line in _lines(text) if line] or None
        case FactType.PHONE:
            given = {"e164": text, "display": _one(typed, f"{name}.display") or text}
            return given if text else None
        case FactType.MONEY:
            given = {"amount": text, "currency": _one(typed, f"{name}.currency").upper()}
            return given if text else None
        case FactType.NUMBER:
            return _number(text) if text else None
        case FactType.DATETIME:
            return local(text, zone) if text else None
        case _:
            return text or None


def _number(text: str) -> object:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text.replace(",", "."))
        except ValueError:
            return text


def _places(name: str, typed: Typed, tags: Sequence[str]) -> list[object]:
    first = _lines(next(iter(typed.get(name, ())), ""))
    others = {tag: _lines(next(iter(typed.get(f"{name}.{tag}", ())), "")) for tag in tags}
    found: list[object] = []
    for number, line in enumerate(first):
        texts = {tag: lines[number] for tag, lines in others.items() if number < len(lines)}
        texts = {tag: text for tag, text in texts.items() if text}
        if texts:
            found.append({**({ANY: line} if line else {}), **texts})
        elif line:
            found.append(line)
    return found


def _write(  # noqa: PLR0911  (one arm a type)
    fact: Fact, value: object, tags: Sequence[str], zone: ZoneInfo
) -> dict[str, str]:
    name = _field(fact)
    match fact.type, value:
        case (FactType.LOCALIZED, Mapping()):
            # A text for all languages is asked for in none of them.
            return {f"{name}.{tag}": str(value[tag]) for tag in tags if tag in value} | {
                f"{name}.{tag}": str(value[tag.partition("-")[0]])
                for tag in tags
                if tag not in value and tag.partition("-")[0] in value
            }
        case (FactType.NAME, Mapping()):
            texts = {f"{name}.{tag}": str(value[tag]) for tag in tags if tag in value}
            return {name: str(value.get(ANY, "")), **texts}
        case (FactType.PLACES, list()):
            return _written_places(name, value, tags)
        case (FactType.LIST, list()):
            return {name: "\n".join(map(str, value))}
        case (FactType.PHONE, Mapping()):
            return {name: str(value["e164"]), f"{name}.display": str(value["display"])}
        case (FactType.MONEY, Mapping()):
            return {name: str(value["amount"]), f"{name}.currency": str(value["currency"])}
        case (FactType.DATETIME, str()):
            return {name: on_clock(datetime.fromisoformat(value), zone)}
        case _:
            return {name: str(value)}


def _written_places(name: str, value: list[object], tags: Sequence[str]) -> dict[str, str]:
    entries = [one if isinstance(one, Mapping) else {ANY: one} for one in value]
    columns = {name: [str(one.get(ANY, "")) for one in entries]}
    for tag in tags:
        column = [str(one.get(tag, "")) for one in entries]
        if any(column):
            columns[f"{name}.{tag}"] = column
    return {field: "\n".join(lines) for field, lines in columns.items()}


def _example(fact: Fact, language: str, zone: ZoneInfo) -> str:
    """Give the sample of a fact as one would type it."""
    value = fact.sample
    if value is None or fact.type is FactType.CHOICE:
        return ""
    return (
        "، ".join(_said(value, language, zone))
        if language == "ar"
        else ", ".join(_said(value, language, zone))
    )


def _said(value: object, language: str, zone: ZoneInfo) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _said(one, language, zone)
    elif isinstance(value, Mapping) and "e164" in value:
        yield str(value["e164"])
    elif isinstance(value, Mapping) and "amount" in value:
        yield f"{value['amount']} {value['currency']}"
    elif isinstance(value, Mapping):
        yield str(value.get(language) or value.get(ANY) or value.get("en") or "")
    else:
        text = str(value)
        try:
            moment = datetime.fromisoformat(text) if "T" in text else None
        except ValueError:
            moment = None
        yield text if moment is None else on_clock(moment, zone).replace("T", " ")
