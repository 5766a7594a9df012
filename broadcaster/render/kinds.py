"""Kinds: the folders of templates, and what each says of itself in its `kind.toml`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from broadcaster.domain.advisory import Certainty, FactValue, Severity, Urgency
from broadcaster.domain.cap import CapWords, Category, ResponseType
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.domain.nearest import close
from broadcaster.errors import (
    BroadcasterError,
    ConfigurationError,
    InvalidInputError,
    SeveralFaultsError,
)
from broadcaster.render.factlist import NAME, SHARED, read_facts, shared_tables
from broadcaster.render.facts import Fact
from broadcaster.render.facttypes import FactType
from broadcaster.render.sources import parse_toml, read_folder, subfolders
from broadcaster.render.tables import EntryError, Table

#: The parts that make each channel's message; all of them or none.
PARTS: Mapping[Channel, tuple[str, ...]] = {
    Channel.SMS: ("sms/body.txt",),
    Channel.EMAIL: ("email/subject.txt", "email/body.txt", "email/body.mjml"),
    Channel.PUSH: ("push/title.txt", "push/body.txt"),
    Channel.WEB: ("web/page.html",),
}
ALL_PARTS = tuple(part for parts in PARTS.values() for part in parts)

#: A file of a kind that is no part: macros with the words that its parts share.
WORDS = "words.txt"


#: How many faults of facts are told at once.
_FAULTS = 50
#: Translations that a kind brings along: `locales/ar.po`.
_CATALOGUE = re.compile(r"locales/([A-Za-z0-9-]{2,35})\.po")


def catalogue_tag(path: str) -> str | None:
    """Give the locale of a file with translations that a kind brings along; else None."""
    found = _CATALOGUE.fullmatch(path)
    return found[1] if found else None


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
    cap: CapWords = field(default_factory=CapWords)
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

        InvalidInputError naming the fact that is unknown, missing or wrong, SeveralFaultsError
        where these are several.
        """
        faults = [self._unknown(str(name)) for name in raw if name not in self.facts]
        values: dict[str, FactValue] = {}
        for fact in self.facts.values():
            try:
                values[fact.name] = fact.check(raw.get(fact.name, fact.default), self.locales)
            except InvalidInputError as error:
                faults.append(error)
        if len(faults) > 1:
            more = len(faults) - _FAULTS
            remedy = f"There are {more} more. " if more > 0 else ""
            raise SeveralFaultsError("facts", faults[:_FAULTS], f"{remedy}{self._sheet}")
        if faults:
            one = faults[0]
            raise InvalidInputError(one.field, one.problem, f"{one.remedy} {self._sheet}")
        return values

    def _unknown(self, name: str) -> InvalidInputError:
        known = close(name, self.facts) or f"Known are: {', '.join(self.facts) or 'none'}."
        return InvalidInputError(f"facts.{name[:60]}", f"is no fact of {self.name}", known)

    @property
    def _sheet(self) -> str:
        return f"'broadcaster kinds facts {self.name}' shows what it takes."

    def lapses(self, facts: Mapping[str, FactValue]) -> datetime | None:
        """Say when the first of resolved facts is no longer true; None where none foretells."""
        times = [facts.get(fact.name) for fact in self.facts.values() if fact.lapses]
        return min((datetime.fromisoformat(str(one)) for one in times if one), default=None)

    def require_ahead(self, facts: Mapping[str, FactValue], start: datetime) -> None:
        """Refuse a time that has to lie ahead of `start` and does not; InvalidInputError."""
        for fact in self.facts.values():
            at = facts.get(fact.name)
            if fact.lapses and at and datetime.fromisoformat(str(at)) <= start:
                problem = f"foretells a time that has passed, or is before the start: {at}"
                raise fact.refuse(problem, "Give the time that is expected now.")

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

    def scenes(self) -> Iterator[tuple[str, Mapping[str, FactValue]]]:
        """Give the sample, it with every other choice, and it without what may be left out.

        Each with words that tell it from the sample, none for the sample itself: what a template
        says in one case alone is to be looked at too.
        """
        sample = self.sample()
        yield "", sample
        for fact in self.facts.values():
            for choice in fact.choices if fact.type is FactType.CHOICE else ():
                if choice != sample[fact.name]:
                    yield f"{fact.name} {choice}", {**sample, fact.name: choice}
        optional = [fact.name for fact in self.facts.values() if not fact.required]
        if optional:
            yield f"without {', '.join(optional)}", {**sample, **dict.fromkeys(optional)}

    def telling(self, facts: Mapping[str, FactValue]) -> "Kind":
        """Give it as offered only in the locales in which these facts can be told."""
        told = tuple(
            tag
            for tag in self.locales
            if all(fact.speaks(facts.get(name), tag) for name, fact in self.facts.items())
        )
        return self if told == self.locales else self.with_locales(told)

    def with_locales(self, locales: Sequence[str]) -> "Kind":
        """Say in which locales it is offered."""
        return replace(self, locales=tuple(locales))


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A kind that cannot be used: all that is wrong with it, and its files by path."""

    faults: tuple[BroadcasterError, ...]
    texts: Mapping[str, str]

    def __str__(self) -> str:
        """Tell what is wrong."""
        return " ".join(dict.fromkeys(map(str, self.faults)))


def load_kinds(folders: Sequence[Path]) -> tuple[dict[str, Kind], dict[str, Broken]]:
    """Read the kinds of all folders, earlier folders winning whole kinds; and what is broken.

    The second mapping tells, by kind, why it cannot be used: one broken kind of an organisation
    must not stop the others.
    """
    kinds: dict[str, Kind] = {}
    broken: dict[str, Broken] = {}
    shared = load_base(folders).get(SHARED, "")
    for name, places in sorted(subfolders(folders).items()):
        if name.startswith("_"):
            continue
        texts: Mapping[str, str] = {}
        faults: list[EntryError] = []
        try:
            texts = read_folder(places[0])
            kind = _load(name, texts, shared, faults)
            if not faults:
                kind.sample()
                kinds[name] = kind
        except (ConfigurationError, InvalidInputError) as error:
            broken[name] = Broken(faults=(error,), texts=texts)
        if faults:
            broken[name] = Broken(faults=tuple(faults), texts=texts)
    return kinds, broken


def load_base(folders: Sequence[Path]) -> Mapping[str, str]:
    """Read what is no kind's own, file by file, earlier folders winning.

    `_base/…` is the layout of messages, `_site/…` what stands around public pages.
    """
    texts: dict[str, str] = {}
    for name in ("_base", "_site"):
        for place in reversed(subfolders(folders).get(name, [])):
            texts |= {f"{name}/{path}": text for path, text in read_folder(place).items()}
    return texts


def _load(name: str, texts: Mapping[str, str], shared: str, faults: list[EntryError]) -> Kind:
    """Read a kind, noting what is wrong with its `kind.toml`; ConfigurationError without one."""
    if not NAME.fullmatch(name):
        message = f"{name}: is no name of a kind. Use small letters, digits and underscores."
        raise ConfigurationError(message)
    if "kind.toml" not in texts:
        message = f"{name}/kind.toml: is missing. Write it, as docs/adding-a-kind.md shows."
        raise ConfigurationError(message)
    described = parse_toml(texts["kind.toml"], f"{name}/kind.toml")
    table = Table(f"{name}/kind.toml", described, faults)
    facts = read_facts(table, shared_tables(shared))
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
        cap=_cap(table.table("cap")),
    )
    table.done()
    return kind


def _cap(table: Table) -> CapWords:
    usual = CapWords()
    words = CapWords(
        category=tuple(map(Category, table.words("category", tuple(Category)))) or usual.category,
        response=tuple(map(ResponseType, table.words("response", tuple(ResponseType)))),
        description=table.words("description", None),
        instruction=table.words("instruction", None),
    )
    table.done()
    return words


def _rules(table: Table, facts: Mapping[str, Fact]) -> Iterator[tuple[str, PartRule]]:
    for part in list(table.values):
        if part not in ALL_PARTS:
            table.wrong(part, "is no part", f"Parts are {', '.join(ALL_PARTS)}.")
            continue
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
