"""Kinds: the folders of templates, and what each says of itself in its `kind.toml`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from broadcaster.domain.advisory import Certainty, FactValue, Severity, Urgency
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.render.facts import Fact, FactType
from broadcaster.render.sources import parse_toml, read_folder, subfolders
from broadcaster.render.tables import Table

#: The parts that make each channel's message; all of them or none.
PARTS: Mapping[Channel, tuple[str, ...]] = {
    Channel.SMS: ("sms/body.txt",),
    Channel.EMAIL: ("email/subject.txt", "email/body.txt", "email/body.mjml"),
    Channel.PUSH: ("push/title.txt", "push/body.txt"),
    Channel.WEB: ("web/page.html",),
}
ALL_PARTS = tuple(part for parts in PARTS.values() for part in parts)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
#: Names that a mapping answers itself, so that a template could never reach the fact.
_TAKEN = frozenset(dir(dict))
_FACTS, _CHARACTERS, _NUMBER = 50, 500, 1e15


@dataclass(frozen=True, kw_only=True, slots=True)
class PartRule:
    """What one part must keep to.

    `contacts` must appear in it byte for byte. `optional` are facts that a translation of its
    wording may leave out, for want of room. `blocks` must be there and say something.
    """

    contacts: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    max_characters: int | None = None
    max_segments: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One sort of advisory.

    `locales` are those in which every message of it is whole and approved, best known after the
    catalogues were read. `texts` are the files of its folder, by path.
    """

    name: str
    labels: Mapping[str, str]
    message_class: MessageClass
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    channels: tuple[Channel, ...]
    link: str | None
    facts: Mapping[str, Fact]
    rules: Mapping[str, PartRule]
    texts: Mapping[str, str]
    locales: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that its channels need, whether or not they are there."""
        return tuple(part for channel in self.channels for part in PARTS[channel])

    def rule(self, part: str) -> PartRule:
        """What a part must keep to."""
        return self.rules.get(part, PartRule())

    def resolve(self, raw: Mapping[str, object]) -> Mapping[str, FactValue]:
        """Check facts from outside and fill in the defaults; what is given is what is kept.

        InvalidInputError naming the first fact that is unknown, missing or wrong.
        """
        for name in raw:
            if name not in self.facts:
                known = ", ".join(self.facts) or "none"
                raise InvalidInputError(
                    f"facts.{str(name)[:60]}", f"is no fact of {self.name}", f"Known are: {known}."
                )
        return {
            fact.name: fact.check(raw.get(fact.name, fact.default), self.locales)
            for fact in self.facts.values()
        }

    def sample(self) -> Mapping[str, FactValue]:
        """Give facts for previews and checks: the defaults, and samples where there are none."""
        values = {
            fact.name: fact.sample if fact.default is None else fact.default
            for fact in self.facts.values()
        }
        return {
            name: None if value is None else self.facts[name].check(value, ())
            for name, value in values.items()
        }

    def with_locales(self, locales: Sequence[str]) -> "Kind":
        """Say in which locales it is offered."""
        return replace(self, locales=tuple(locales))


def load_kinds(folders: Sequence[Path]) -> tuple[dict[str, Kind], dict[str, str]]:
    """Read the kinds of all folders, earlier folders winning whole kinds; and what is broken.

    The second mapping tells, by kind, why it cannot be used: one broken kind of an organisation
    must not stop the others.
    """
    kinds: dict[str, Kind] = {}
    faults: dict[str, str] = {}
    for name, places in sorted(subfolders(folders).items()):
        if name.startswith("_"):
            continue
        try:
            kinds[name] = _load(name, read_folder(places[0]))
        except (ConfigurationError, InvalidInputError) as error:
            faults[name] = str(error)
    return kinds, faults


def load_base(folders: Sequence[Path]) -> Mapping[str, str]:
    """Read the shared layout, `_base/…`, file by file, earlier folders winning."""
    texts: dict[str, str] = {}
    for place in reversed(subfolders(folders).get("_base", [])):
        texts |= {f"_base/{path}": text for path, text in read_folder(place).items()}
    return texts


def _load(name: str, texts: Mapping[str, str]) -> Kind:
    if not _NAME.fullmatch(name):
        message = f"{name}: is no name of a kind. Use small letters, digits and underscores."
        raise ConfigurationError(message)
    if "kind.toml" not in texts:
        message = f"{name}/kind.toml: is missing. Write it, as docs/adding-a-kind.md shows."
        raise ConfigurationError(message)
    table = Table(f"{name}/kind.toml", parse_toml(texts["kind.toml"], f"{name}/kind.toml"))
    facts = {fact.name: fact for fact in _facts(table.table("facts"))}
    kind = Kind(
        name=name,
        labels=table.labels("label", name),
        message_class=table.word("message_class", MessageClass, MessageClass.SERVICE),
        severity=table.word("severity", Severity, Severity.UNKNOWN),
        urgency=table.word("urgency", Urgency, Urgency.UNKNOWN),
        certainty=table.word("certainty", Certainty, Certainty.UNKNOWN),
        channels=tuple(Channel(word) for word in table.words("channels", tuple(Channel))),
        link=(table.words("link", tuple(facts)) or (None,))[0],
        facts=facts,
        rules=dict(_rules(table.table("parts"), facts)),
        texts=texts,
    )
    table.done()
    kind.sample()
    return kind


def _facts(table: Table) -> Iterator[Fact]:
    if len(table.values) > _FACTS:
        raise table.refuse("", f"has more than {_FACTS} facts", "Keep what the templates use.")
    for name in list(table.values):
        if not _NAME.fullmatch(name) or name in _TAKEN:
            raise table.refuse(name, "is no name of a fact", "Use small letters; not 'items'.")
        entry = table.table(name)
        kind = entry.word("type", FactType, FactType.TEXT)
        fact = Fact(
            name=name,
            type=kind,
            labels=entry.labels("label", name),
            contact=entry.flag("contact", default=False),
            required=entry.flag("required", default=True),
            default=None,
            sample=None,
            max_length=int(entry.number("max_length", _CHARACTERS, 1, 5000)),
            minimum=entry.number("minimum", -_NUMBER, -_NUMBER, _NUMBER),
            maximum=entry.number("maximum", _NUMBER, -_NUMBER, _NUMBER),
            choices=entry.words("choices", None),
        )
        default, sample = entry.values.pop("default", None), entry.values.pop("sample", None)
        if fact.required and default is None and sample is None:
            raise entry.refuse("", "has neither default nor sample", "Add a sample for previews.")
        yield replace(
            fact,
            default=None if default is None else fact.check(default, ()),
            sample=None if sample is None else fact.check(sample, ()),
        )
        entry.done()


def _rules(table: Table, facts: Mapping[str, Fact]) -> Iterator[tuple[str, PartRule]]:
    for part in list(table.values):
        if part not in ALL_PARTS:
            raise table.refuse(part, "is no part", f"Parts are {', '.join(ALL_PARTS)}.")
        entry = table.table(part)
        characters = int(entry.number("max_characters", 0, 1, 100_000))
        segments = entry.table("max_segments")
        yield (
            part,
            PartRule(
                contacts=entry.words("contacts", tuple(facts)),
                optional=entry.words("optional", tuple(facts)),
                blocks=entry.words("blocks", None),
                max_characters=characters or None,
                max_segments={
                    name: int(segments.number(name, 1, 1, 10)) for name in list(segments.values)
                }
                or None,
            ),
        )
        entry.done()
