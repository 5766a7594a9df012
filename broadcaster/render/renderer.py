"""The renderer: a kind, its facts, a locale and a reader make the content of a message."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Template, TemplateError

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.message import (
    Channel,
    Content,
    EmailContent,
    PushContent,
    SmsContent,
    WebContent,
)
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Reader
from broadcaster.render.environment import (
    Sandbox,
    Setting,
    broken,
    finish_line,
    finish_sms,
    finish_text,
    make_environment,
    run,
)
from broadcaster.render.extract import asks_for
from broadcaster.render.kinds import Kind
from broadcaster.render.library import Library
from broadcaster.render.locales import PSEUDO, Locale, Locales
from broadcaster.render.mail import to_html
from broadcaster.render.sources import digest
from broadcaster.render.values import Shown, Surface, show_fact, show_name


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternate:
    """The same page in another locale."""

    locale: Locale
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Order:
    """One message to make; `draft` allows unfinished locales."""

    advisory: Advisory
    kind: Kind
    locale: Locale
    reader: Reader
    draft: bool


@dataclass(slots=True)
class _Memory:
    """What was made for one advisory and is the same for every reader."""

    advisory: Advisory | None = None
    texts: dict[tuple[str, str, bool], str] = field(default_factory=dict)
    facts: dict[tuple[Surface, str], Mapping[str, object]] = field(default_factory=dict)

    def turn_to(self, advisory: Advisory) -> None:
        """Forget everything when another advisory is worked on."""
        if self.advisory is not advisory:
            self.advisory = advisory
            self.texts.clear()
            self.facts.clear()


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
        self._environments: dict[tuple[Surface, str, bool], Sandbox] = {}
        self._memory = _Memory()
        self._asks_for_reader = lru_cache(maxsize=1000)(
            lambda name: asks_for(self.library.templates, name, "reader")
        )

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

    def render(self, advisory: Advisory, channel: Channel, locale: str, reader: Reader) -> Content:
        """Render for a customer: only in a locale in which the kind is whole and approved.

        NotFoundError for an unknown kind or locale; ConfigurationError for a locale that may
        not be used and for a template that does not run. The pseudo-locale renders, for tests.
        """
        kind, spoken = self.library.kind(advisory.kind), self.library.locale(locale)
        if spoken.tag not in kind.locales and spoken.tag != PSEUDO:
            why = self.library.why_not(kind.name, spoken)
            message = f"{kind.name}: is not offered in {spoken.tag}: {why}."
            raise ConfigurationError(f"{message} Choose {', '.join(kind.locales) or 'none'}.")
        order = _Order(advisory=advisory, kind=kind, locale=spoken, reader=reader, draft=False)
        return self._content(order, channel)

    def prepare(
        self, advisory: Advisory, channel: Channel, locale: str
    ) -> Callable[[Reader], Content]:
        """Give what makes this message for one reader after the other."""

        def fill(reader: Reader) -> Content:
            return self.render(advisory, channel, locale, reader)

        return fill

    def preview(self, advisory: Advisory, channel: Channel, locale: str, reader: Reader) -> Content:
        """Render for somebody who reviews: any locale, missing texts in marked English."""
        kind, spoken = self.library.kind(advisory.kind), self.library.locale(locale)
        order = _Order(advisory=advisory, kind=kind, locale=spoken, reader=reader, draft=True)
        return self._content(order, channel)

    def choose(self, kind: str, preferred: Sequence[str]) -> str | None:
        """Give the locale for a reader; None when the kind is whole and approved in none."""
        return self.locales.choose(preferred, self.library.kind(kind).locales)

    def fingerprint(self, kind: str) -> str:
        """Hash the kind's folder, the layout, and its texts and settings in every locale."""
        return digest([self.library.fingerprint(kind), self._zone.key])

    def blocks(self, advisory: Advisory, part: str, locale: str, reader: Reader) -> dict[str, str]:
        """Render each named block of a part by itself, for checks; ConfigurationError."""
        kind, spoken = self.library.kind(advisory.kind), self.library.locale(locale)
        order = _Order(advisory=advisory, kind=kind, locale=spoken, reader=reader, draft=True)
        template = self._template(order, part)
        more: dict[str, object] = {"subject": "", "alternates": ()}
        context = template.new_context(self._context(order, Surface.of(part), more))
        try:
            # The whole template first: it sets what its blocks use.
            deque(template.root_render_func(context), maxlen=0)
            return {name: "".join(block(context)) for name, block in template.blocks.items()}
        except TemplateError as error:
            raise broken(str(template.name), error) from error

    def _content(self, order: _Order, channel: Channel) -> Content:
        if channel not in order.kind.channels:
            message = f"{order.kind.name}: has no channel {channel}. Take it out of the campaign."
            raise ConfigurationError(message)
        self._memory.turn_to(order.advisory)
        if channel is Channel.SMS:
            return SmsContent(body=self._part(order, "sms/body.txt"))
        if channel is Channel.EMAIL:
            subject = self._part(order, "email/subject.txt")
            source = self._part(order, "email/body.mjml", subject=subject)
            return EmailContent(
                subject=subject,
                text=self._part(order, "email/body.txt"),
                html=to_html(source, f"{order.kind.name}/email/body.mjml", order.locale),
            )
        if channel is Channel.PUSH:
            return PushContent(
                title=self._part(order, "push/title.txt"),
                body=self._part(order, "push/body.txt"),
                link=self._link(order),
                direction=order.locale.direction,
            )
        return WebContent(html=self._part(order, "web/page.html", alternates=self._pages(order)))

    def _part(self, order: _Order, part: str, **more: object) -> str:
        """Render one part, or remember it when it is the same for every reader."""
        key = (part, order.locale.tag, order.draft)
        if key in self._memory.texts:
            return self._memory.texts[key]
        surface = Surface.of(part)
        text = run(self._template(order, part), self._context(order, surface, more), surface)
        finished = _finish(text, part, order.locale)
        if not self._asks_for_reader(f"{order.kind.name}/{part}"):
            self._memory.texts[key] = finished
        return finished

    def _template(self, order: _Order, part: str) -> Template:
        name = f"{order.kind.name}/{part}"
        if name not in self.library.templates:
            message = f"{name}: is missing. Write it, or take its channel out of kind.toml."
            raise ConfigurationError(message)
        surface = Surface.of(part)
        key = (surface, order.locale.tag, order.draft)
        if key not in self._environments:
            self._environments[key] = make_environment(
                self.library.templates,
                self.library.texts(order.locale, draft=order.draft),
                Setting(surface=surface, locale=order.locale, zone=self._zone),
            )
        try:
            return self._environments[key].get_template(name)
        except TemplateError as error:
            raise broken(name, error) from error

    def _context(
        self, order: _Order, surface: Surface, more: Mapping[str, object]
    ) -> dict[str, object]:
        reader, locale = order.reader, order.locale
        return {
            "facts": self._facts(order, surface),
            "locale": locale,
            "advisory": {
                "effective": order.advisory.effective,
                "expires": order.advisory.expires,
                "severity": order.advisory.severity.value,
                "urgency": order.advisory.urgency.value,
                "certainty": order.advisory.certainty.value,
            },
            "reader": {
                "name": show_name(reader.name, surface, locale),
                "number": show_name(reader.number, surface, locale),
                "unsubscribe_url": reader.unsubscribe_url,
                "page_url": reader.page_url,
            },
            **more,
        }

    def _facts(self, order: _Order, surface: Surface) -> Mapping[str, object]:
        key = (surface, order.locale.tag)
        if order.advisory is not self._memory.advisory or key not in self._memory.facts:
            self._memory.turn_to(order.advisory)
            given = order.advisory.facts
            self._memory.facts[key] = {
                name: show_fact(fact, given.get(name), surface, order.locale)
                for name, fact in order.kind.facts.items()
            }
        return self._memory.facts[key]

    def _link(self, order: _Order) -> str:
        """Give what a push message opens: the kind's own link, or the public page."""
        fact = order.kind.link and self._facts(order, Surface.TEXT)[order.kind.link]
        return fact.href if isinstance(fact, Shown) and fact.href else order.reader.page_url

    def _pages(self, order: _Order) -> tuple[Alternate, ...]:
        """List the page in every locale, where its address ends with the locale's tag."""
        stem = order.reader.page_url.removesuffix(f"/{order.locale.tag}")
        if stem == order.reader.page_url:
            return ()
        return tuple(
            Alternate(locale=self.locales[tag], url=f"{stem}/{tag}") for tag in order.kind.locales
        )


def _finish(text: str, part: str, locale: Locale) -> str:
    """Bring a rendered part into the shape that its channel carries."""
    if part == "sms/body.txt":
        return finish_sms(text, locale)
    if part in {"email/subject.txt", "push/title.txt", "push/body.txt"}:
        return finish_line(text)
    return finish_text(text) if part == "email/body.txt" else text.strip() + "\n"
