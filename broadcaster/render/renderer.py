"""The renderer: a kind, its facts, a locale and a reader make the content of a message."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadcaster.domain.advisory import Advisory, FactValue
from broadcaster.domain.message import Channel, Content
from broadcaster.domain.saying import said
from broadcaster.domain.wording import place
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Reader
from broadcaster.render.filler import Filler
from broadcaster.render.kinds import PARTS, Kind
from broadcaster.render.library import Library
from broadcaster.render.locales import Locale, Locales
from broadcaster.render.orders import NOBODY, Order, show_reader
from broadcaster.render.parts import Parts, block_texts
from broadcaster.render.skeleton import Pattern
from broadcaster.render.sources import digest
from broadcaster.render.usage import FIELDS, Usage, usage
from broadcaster.render.values import Surface


class TemplateRenderer:
    """Renders from folders that were read when it was made; implements the port `Renderer`.

    Not for use by several threads at once.
    """

    def __init__(
        self,
        templates: Sequence[Path],
        locales: Sequence[Path],
        *,
        default_locale: str,
        time_zone: str,
    ) -> None:
        """Read everything, earlier folders first; ConfigurationError naming file or setting."""
        try:
            self._zone = ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = f"TIME_ZONE: {time_zone!r} is unknown. Use for example Africa/Casablanca."
            raise ConfigurationError(message) from error
        self.library = Library(templates, locales, default_locale=default_locale)
        self._parts = Parts(self.library, self._zone)
        self._usage = lru_cache(maxsize=1000)(self._read_usage)

    def __repr__(self) -> str:
        """Show what there is."""
        return f"TemplateRenderer({self.library!r})"

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kinds that can be used, by name; each says in which locales."""
        return self.library.kinds

    @property
    def locales(self) -> Locales:
        """All locales, by tag."""
        return self.library.locales

    def kind(self, advisory: Advisory) -> Kind:
        """Give an advisory's kind, offered where its facts can be told; errors as its library."""
        return self.library.kind(advisory.kind).telling(advisory.facts)

    def render(self, advisory: Advisory, channel: Channel, locale: str, reader: Reader) -> Content:
        """Render for a customer: only in a locale in which the kind is whole and approved.

        NotFoundError for an unknown kind or locale; ConfigurationError for a locale that may
        not be used and for a template that does not run. The pseudo-locales render, for tests.
        """
        kind, spoken = self._offered(advisory, locale)
        order = _order(advisory, kind, spoken, reader, draft=False)
        return self._parts.content(order, channel)

    def prepare(
        self, advisory: Advisory, channel: Channel, locale: str
    ) -> Callable[[Reader], Content]:
        """Give what makes this message for one reader after the other; equal to `render`.

        NotFoundError and ConfigurationError as `render`, here or when it is called. To be used
        while no other advisory is rendered, or it starts anew.
        """
        return self._filler(advisory, channel, locale) or partial(
            self.render, advisory, channel, locale
        )

    def fields(self, advisory: Advisory, channel: Channel) -> Sequence[str]:
        """Name the fields of the reader that the messages of an advisory may have in them."""
        held = self.kind(advisory)
        if channel not in held.channels:
            return ()
        asked = set(self._usage(held.name, channel).fields)
        for tag in {place(name)[1] for name in advisory.wording}.intersection(held.locales):
            order = _order(advisory, held, self.locales[tag], NOBODY, draft=False)
            asked.update(self._usage_of(order, channel).fields)
        return tuple(field for field in FIELDS if field in asked)

    def pieces(
        self, advisory: Advisory, channel: Channel, locale: str
    ) -> Callable[[Reader], Sequence[str] | None]:
        """Give what parts a text into what is the same for all readers, and what is not.

        It gives None for a reader whose message has to be rendered in full. Errors as `prepare`.
        """
        filler = self._filler(advisory, channel, locale)
        return filler.pieces if filler else lambda _: None

    def _filler(self, advisory: Advisory, channel: Channel, locale: str) -> Filler | None:
        kind, spoken = self._offered(advisory, locale)
        full = partial(self.render, advisory, channel, locale)
        if channel is Channel.WEB or channel not in kind.channels:
            return None
        fillers = self._parts.fillers(advisory)
        key = (channel, spoken.tag)
        if key not in fillers:
            order = _order(advisory, kind, spoken, NOBODY, draft=False)
            usage_ = self._usage_of(order, channel)
            pattern = Pattern(parts=self._parts, order=order, channel=channel, usage=usage_)
            fillers[key] = Filler(pattern, full)
        return fillers[key]

    def preview(self, advisory: Advisory, channel: Channel, locale: str, reader: Reader) -> Content:
        """Render for somebody who reviews: any locale, missing texts in marked English."""
        kind, spoken = self.kind(advisory), self.library.locale(locale)
        order = _order(advisory, kind, spoken, reader, draft=True)
        return self._parts.content(order, channel)

    def own_text(self, advisory: Advisory, part: str, locale: str, reader: Reader) -> str:
        """Render one part as the kind has it, without a wording; ConfigurationError."""
        own = replace(advisory, wording={})
        kind, spoken = self.library.kind(own.kind), self.library.locale(locale)
        return self._parts.text(_order(own, kind, spoken, reader, draft=True), part)

    def local(self, moment: date) -> date:
        """Give a moment in the utility's time zone; a day is one everywhere."""
        return moment.astimezone(self._zone) if isinstance(moment, datetime) else moment

    def tracing(self) -> "TemplateRenderer":
        """Give one that writes into texts which fact each date, number and list comes from."""
        from broadcaster.render.tracing import TracingParts  # noqa: PLC0415  (only when asked for)

        other = copy(self)
        other._parts = TracingParts(self.library, self._zone)  # noqa: SLF001  (it is one of us)
        return other

    def choose(
        self, kind: str, preferred: Sequence[str], facts: Mapping[str, FactValue] | None = None
    ) -> str | None:
        """Give the locale for a reader, in which these facts can be told; None when there is none.

        The kind has to be whole and approved in it.
        """
        return self.locales.choose(preferred, self.library.kind(kind).telling(facts or {}).locales)

    def why_not(self, advisory: Advisory, locale: Locale) -> str | None:
        """Tell why an advisory may not go to customers in a locale; None when it may."""
        why = self.library.why_not(advisory.kind, locale)
        if why is None and locale.tag not in self.kind(advisory).locales:
            return said("some of its facts have no text in it")
        return why

    def fingerprint(self, kind: str) -> str:
        """Hash the kind's folder, the layout, and its texts and settings in every locale."""
        return digest([self.library.fingerprint(kind), self._zone.key])

    def blocks(self, advisory: Advisory, part: str, locale: str, reader: Reader) -> dict[str, str]:
        """Render each named block of a part by itself, for checks; ConfigurationError."""
        kind, spoken = self.library.kind(advisory.kind), self.library.locale(locale)
        order = _order(advisory, kind, spoken, reader, draft=True)
        template = self._parts.template(order, part)
        more: dict[str, object] = {"subject": "", "alternates": ()}
        return block_texts(template, self._parts.context(order, Surface.of(part), more))

    def _offered(self, advisory: Advisory, locale: str) -> tuple[Kind, Locale]:
        """Give kind and locale of what may go to customers; NotFoundError, ConfigurationError."""
        kind, spoken = self.kind(advisory), self.library.locale(locale)
        if spoken.tag not in kind.locales and not spoken.pseudo:
            why = self.why_not(advisory, spoken)
            message = f"{kind.name}: is not offered in {spoken.tag}: {why}."
            raise ConfigurationError(f"{message} Choose {', '.join(kind.locales) or 'none'}.")
        return kind, spoken

    def _usage_of(self, order: Order, channel: Channel) -> Usage:
        """Read what the templates of a message do, with the campaign's wording."""
        sources = {part: self._parts.source(order, part) for part in PARTS[channel]}
        found = {f"wording/{part}": text for part, text in sources.items() if text is not None}
        if not found:
            return self._usage(order.kind.name, channel)
        own = [f"{order.kind.name}/{part}" for part, text in sources.items() if text is None]
        return usage({**self.library.templates, **found}, [*found, *own])

    def _read_usage(self, kind: str, channel: Channel) -> Usage:
        return usage(self.library.templates, [f"{kind}/{part}" for part in PARTS[channel]])


def _order(advisory: Advisory, kind: Kind, locale: Locale, reader: Reader, *, draft: bool) -> Order:
    return Order(
        advisory=advisory,
        kind=kind,
        locale=locale,
        draft=draft,
        show=lambda surface: show_reader(reader, surface, locale),
        page_url=reader.page_url,
    )
