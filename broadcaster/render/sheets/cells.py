"""What a sheet shows: every message of a kind by locale and channel, rendered and measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from broadcaster.domain.advisory import Advisory, FactValue
from broadcaster.domain.message import Channel, PushContent, SmsSize
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.ports import Reader
from broadcaster.render.check import parts_of, sample_advisory, sample_reader
from broadcaster.render.kinds import PartRule
from broadcaster.render.locales import Locale, Review
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.values import spoken

_SMS = "sms/body.txt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One channel's message in one locale.

    `parts` are what customers get, by the path of the template; none where `fault` tells why it
    can't be rendered. `link` is what a push message opens, `page` the address of the public page.
    """

    channel: Channel
    locale: Locale
    sender: str
    page: str
    parts: Mapping[str, str]
    rules: Mapping[str, PartRule]
    size: SmsSize | None = None
    link: str = ""
    fault: str = ""

    @property
    def too_many(self) -> int | None:
        """How many segments it may take at most, where an SMS takes more; else None."""
        most = self._rule(_SMS).max_segments or {}
        if self.size is None or self.size.segments <= most.get(self.size.encoding, 10**6):
            return None
        return most[self.size.encoding]

    def longest(self, part: str) -> int | None:
        """How many characters a part may have; None where nothing says so."""
        return self._rule(part).max_characters

    def _rule(self, part: str) -> PartRule:
        return self.rules.get(part, PartRule())


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A kind in one locale; `untranslated` counts its texts that are not there."""

    locale: Locale
    cells: Mapping[Channel, Cell]
    untranslated: int

    @property
    def unreviewed(self) -> bool:
        """Whether somebody who speaks the language has yet to read it."""
        return self.locale.review is not Review.APPROVED


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A kind, with a row for each locale; none where `fault` tells why it can't be used."""

    kind: str
    labels: Mapping[str, str]
    channels: tuple[Channel, ...]
    rows: tuple[Row, ...]
    fault: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheets:
    """Makes what sheets show; `measure` counts the segments of an SMS.

    `most` is how many messages one sheet shows: each may be a page of hundreds of kilobytes.
    """

    renderer: TemplateRenderer
    measure: Callable[[str], SmsSize]
    most: int = 400

    def sheet(self, kinds: Sequence[str], locales: Sequence[str] = ()) -> tuple[Group, ...]:
        """Show kinds with their sample facts, all without names; in the locales, or where offered.

        NotFoundError for an unknown kind or locale; InvalidInputError for more than fits. A kind
        that is broken says so in its place.
        """
        library = self.renderer.library
        for kind in kinds:
            if kind not in library.faults:
                library.kind(kind)
        asked = {library.locale(tag).tag for tag in locales}
        names = list(dict.fromkeys(kinds)) or sorted({*library.kinds, *library.faults})
        whole = [library.kinds[name] for name in names if name in library.kinds]
        self._bound(sum(len(kind.channels) * len(asked or kind.locales) for kind in whole))
        return tuple(self._kind(name, locales) for name in names)

    def advisory(
        self,
        advisory: Advisory,
        locales: Sequence[str] = (),
        *,
        channels: Sequence[Channel] = (),
        page: Callable[[Locale], str] | None = None,
    ) -> Group:
        """Show an advisory with its own facts and wording; `page` tells its public address.

        In the locales, or those in which it is offered; on the channels, or all that its kind has.
        Errors as `sheet`, and ConfigurationError for a kind that is broken.
        """
        kind = self.renderer.kind(advisory)
        asked = {one.tag: one for one in map(self.renderer.library.locale, locales)}
        offered = list(asked.values()) or [self.renderer.locales[tag] for tag in kind.locales]
        shown = tuple(one for one in kind.channels if not channels or one in channels)
        self._bound(len(offered) * len(shown))
        readers = [(locale, _reader(locale, page)) for locale in offered]
        return Group(
            kind=kind.name,
            labels=kind.labels,
            channels=shown,
            rows=tuple(self._row(advisory, shown, locale, reader) for locale, reader in readers),
        )

    def cell(self, advisory: Advisory, channel: Channel, tag: str, reader: Reader) -> Cell:
        """Show one message; NotFoundError. One that can't be rendered says so in its place."""
        kind, locale = self.renderer.library.kind(advisory.kind), self.renderer.library.locale(tag)
        empty = Cell(
            channel=channel,
            locale=locale,
            sender=self._sender(advisory.kind, advisory.facts, locale),
            page=reader.page_url,
            parts={},
            rules=kind.rules,
        )
        try:
            content = self.renderer.preview(advisory, channel, locale.tag, reader)
        except ConfigurationError as error:
            return replace(empty, fault=str(error))
        parts = parts_of(content)
        return replace(
            empty,
            parts=parts,
            size=self.measure(parts[_SMS]) if _SMS in parts else None,
            link=content.link if isinstance(content, PushContent) else "",
        )

    def _kind(self, name: str, locales: Sequence[str]) -> Group:
        fault = self.renderer.library.faults.get(name)
        if fault is not None:
            return Group(kind=name, labels={}, channels=(), rows=(), fault=fault)
        kind = self.renderer.kinds[name]
        return self.advisory(sample_advisory(kind, kind.sample()), locales)

    def _row(
        self, advisory: Advisory, channels: Sequence[Channel], locale: Locale, reader: Reader
    ) -> Row:
        library = self.renderer.library
        return Row(
            locale=locale,
            cells={one: self.cell(advisory, one, locale.tag, reader) for one in channels},
            untranslated=len(library.missing(library.uses(advisory.kind), locale)),
        )

    def _sender(self, name: str, facts: Mapping[str, FactValue], locale: Locale) -> str:
        """Give the name that stands above a message: the kind's fact `sender`, else its label."""
        kind = self.renderer.kinds[name]
        value = facts.get("sender")
        if "sender" not in kind.facts or not value:
            return kind.labels.get(locale.language, kind.labels["en"])
        if not isinstance(value, dict):
            return str(value)
        try:
            return spoken(kind.facts["sender"], value, locale)
        except ConfigurationError:
            return next(iter(value.values()))

    def _bound(self, count: int) -> None:
        if count > self.most:
            problem = f"{count} messages are more than the {self.most} that a sheet shows"
            raise InvalidInputError("sheet", problem, "Name fewer kinds or locales.")


def _reader(locale: Locale, page: Callable[[Locale], str] | None) -> Reader:
    reader = sample_reader(locale)
    return replace(reader, page_url=page(locale)) if page else reader
