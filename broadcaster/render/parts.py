"""Rendering the parts of messages: a template, the facts and a reader make a finished text."""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jinja2 import Template, TemplateError

from broadcaster.domain.advisory import Advisory, MessageType
from broadcaster.domain.message import (
    Channel,
    Content,
    EmailContent,
    PushContent,
    SmsContent,
    WebContent,
)
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.render import worded
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
from broadcaster.render.library import Library
from broadcaster.render.locales import Locale
from broadcaster.render.mail import to_html
from broadcaster.render.marking import FOLLOWING, marked, marks
from broadcaster.render.orders import NOBODY, Alternate, Memory, Order, show_reader
from broadcaster.render.phrasing import Phrased
from broadcaster.render.values import Shown, Surface, show_fact

if TYPE_CHECKING:
    from broadcaster.render.filler import Filler


class Parts:
    """Renders parts from what is in the library; remembers what belongs to one advisory."""

    def __init__(self, library: Library, zone: ZoneInfo) -> None:
        """Start with nothing remembered."""
        self.library = library
        self.memory = Memory()
        self._zone = zone
        self._environments: dict[tuple[Surface, str, bool], Sandbox] = {}
        self._differs = lru_cache(maxsize=1000)(self._find_differing)

    def fillers(self, advisory: Advisory) -> dict[tuple[str, str], "Filler"]:
        """Give what is kept of prepared messages of an advisory, by channel and locale."""
        self.memory.turn_to(advisory)
        return self.memory.fillers

    def content(self, order: Order, channel: Channel) -> Content:
        """Render the parts of a channel; ConfigurationError for one that the kind has not."""
        if channel not in order.kind.channels:
            message = f"{order.kind.name}: has no channel {channel}. Take it out of the campaign."
            raise ConfigurationError(message)
        if channel is Channel.SMS:
            return SmsContent(body=self.text(order, "sms/body.txt"))
        if channel is Channel.EMAIL:
            subject = self.text(order, "email/subject.txt")
            return EmailContent(
                subject=subject,
                text=self.text(order, "email/body.txt"),
                html=self.html(order, self.text(order, "email/body.mjml", subject=subject)),
            )
        if channel is Channel.PUSH:
            return PushContent(
                title=self.text(order, "push/title.txt"),
                body=self.text(order, "push/body.txt"),
                link=self.link(order) or order.page_url,
                direction=order.locale.direction,
            )
        more: dict[str, object] = {"alternates": self._pages(order)}
        if worded.wordings(order.advisory, worded.PAGE, order.locale.tag):
            more["subject"] = self.text(order, worded.SUBJECT)
        return WebContent(html=self.text(order, worded.PAGE, **more))

    def text(self, order: Order, part: str, **more: object) -> str:
        """Render one part, or remember it when it is the same for every reader."""
        self.memory.turn_to(order.advisory)
        key = (part, order.locale.tag, order.draft)
        if key in self.memory.texts:
            return self.memory.texts[key]
        surface = Surface.of(part)
        rendered = run(self.template(order, part), self.context(order, surface, more), surface)
        finished = _finish(rendered, part, order.locale)
        if part in worded.MADE_OF and self.source(order, part):
            finished = worded.set_as_html(finished, part)
        if not self._may_differ(order, part):
            self.memory.texts[key] = finished
        return finished

    def html(self, order: Order, source: str) -> str:
        """Compile the MJML of a mail."""
        return to_html(source, f"{order.kind.name}/email/body.mjml", order.locale)

    def link(self, order: Order) -> str:
        """Give what a push message opens; empty for the public page."""
        fact = order.kind.link and self._facts(order, Surface.TEXT)[order.kind.link]
        return fact.href if isinstance(fact, Shown) else ""

    def template(self, order: Order, part: str) -> Template:
        """Give the template of a part; ConfigurationError when it is missing or broken."""
        name = f"{order.kind.name}/{part}"
        if name not in self.library.templates:
            message = f"{name}: is missing. Write it, or take its channel out of kind.toml."
            raise ConfigurationError(message)
        self.memory.turn_to(order.advisory)
        key = (part, order.locale.tag, order.draft)
        if key not in self.memory.worded:
            source = self.source(order, part)
            made = None if source is None else self._compiled(order, part, source)
            self.memory.worded[key] = made
        try:
            return self.memory.worded[key] or self._environment(order, part).get_template(name)
        except TemplateError as error:
            raise broken(name, error) from error

    def source(self, order: Order, part: str) -> str | None:
        """Give the template of a part with the campaign's wording; None where it has none.

        ConfigurationError for a wording that does not fit the kind any more.
        """
        self.memory.turn_to(order.advisory)
        key = (part, order.locale.tag)
        if key not in self.memory.sources:
            self.memory.sources[key] = self._source(order, part)
        return self.memory.sources[key]

    def _source(self, order: Order, part: str) -> str | None:
        kind, locale = order.kind, order.locale.tag
        given = worded.wordings(order.advisory, part, locale)
        if not given:
            return None
        try:
            written = {
                one: worded.phrased(order.advisory, kind, one, locale, text)
                for one, text in given.items()
            }
        except InvalidInputError as error:
            raise ConfigurationError(str(error)) from error
        if part not in worded.MADE_OF:
            return worded.plain_source(kind, part, self._marked(order, part, written[part]))
        blocks = worded.worded_blocks(kind, written)
        probe = self._compiled(order, part, worded.probe_source(kind, part, blocks))
        more = {"subject": "", "alternates": ()}
        nobody = replace(order, show=lambda surface: show_reader(NOBODY, surface, order.locale))
        surface = Surface.of(part)
        places = worded.rooms(run(probe, self.context(nobody, surface, more), surface), blocks)
        lost = worded.lost(kind, part, written, places)
        if lost:
            message = f"{kind.name}/{part}: has no place for the block {lost[0]}."
            raise ConfigurationError(f"{message} Word the other blocks, or mend the kind.")
        return worded.made_source(kind, part, written, places)

    def _marked(self, order: Order, part: str, wording: Phrased) -> Phrased:
        """Put before a wording what the kind puts before its own text of a later message."""
        type_ = order.advisory.message_type
        if type_ not in FOLLOWING:
            return wording
        nobody = replace(order, show=lambda surface: show_reader(NOBODY, surface, order.locale))
        own = {one: self._own_blocks(nobody, part, one) for one in (MessageType.ALERT, *FOLLOWING)}
        return marked(wording, worded.blocks_of(order.kind, part), marks(own), type_)

    def _own_blocks(self, order: Order, part: str, type_: MessageType) -> Mapping[str, str]:
        """Render a part and its blocks as the kind says them in a type of message."""
        template = self._environment(order, part).get_template(f"{order.kind.name}/{part}")
        surface = Surface.of(part)
        told = {**_told(order.advisory), "message_type": type_.value}
        more = {"subject": "", "alternates": (), "advisory": told}
        context = self.context(order, surface, more)
        return {"": run(template, context, surface), **block_texts(template, context)}

    def _compiled(self, order: Order, part: str, source: str) -> Template:
        environment = self._environment(order, part)
        name = f"the wording of {part} in {order.locale.tag}"
        try:
            code = environment.compile(source, name)
            return Template.from_code(environment, code, environment.make_globals(None))
        except TemplateError as error:
            raise broken(name, error) from error

    def _environment(self, order: Order, part: str) -> Sandbox:
        surface = Surface.of(part)
        key = (surface, order.locale.tag, order.draft)
        if key not in self._environments:
            self._environments[key] = make_environment(
                self.library.templates,
                self.library.texts(order.locale, draft=order.draft),
                Setting(surface=surface, locale=order.locale, zone=self._zone),
            )
        return self._environments[key]

    def context(
        self, order: Order, surface: Surface, more: Mapping[str, object]
    ) -> dict[str, object]:
        """Give what a template sees."""
        return {
            "facts": self._facts(order, surface),
            "locale": order.locale,
            "advisory": _told(order.advisory),
            "reader": order.show(surface),
            **more,
        }

    def _may_differ(self, order: Order, part: str) -> bool:
        """Tell whether a part may differ from reader to reader, with the wording it is made of."""
        given = worded.wordings(order.advisory, part, order.locale.tag)
        if part == worded.MAIL:
            # It shows the subject too.
            given = {**given, **worded.wordings(order.advisory, worded.SUBJECT, order.locale.tag)}
        return self._differs(order.kind.name, part) or any("reader" in t for t in given.values())

    def _find_differing(self, kind: str, part: str) -> bool:
        """Tell whether a part may differ from reader to reader."""
        subject = asks_for(self.library.templates, f"{kind}/email/subject.txt", "reader")
        names = ("reader", "alternates", *(("subject",) if subject else ()))
        return any(asks_for(self.library.templates, f"{kind}/{part}", name) for name in names)

    def _facts(self, order: Order, surface: Surface) -> Mapping[str, object]:
        self.memory.turn_to(order.advisory)
        key = (surface, order.locale.tag)
        if key not in self.memory.facts:
            given = order.advisory.facts
            self.memory.facts[key] = {
                name: show_fact(fact, given.get(name), surface, order.locale)
                for name, fact in order.kind.facts.items()
            }
        return self.memory.facts[key]

    def _pages(self, order: Order) -> tuple[Alternate, ...]:
        """List the page in every locale, where its address ends with the locale's tag."""
        stem = order.page_url.removesuffix(f"/{order.locale.tag}")
        if stem == order.page_url:
            return ()
        return tuple(
            Alternate(locale=self.library.locales[tag], url=f"{stem}/{tag}")
            for tag in order.kind.locales
        )


def _told(advisory: Advisory) -> Mapping[str, object]:
    """Give what a template sees of an advisory beside its facts."""
    return {
        "effective": advisory.effective,
        "expires": advisory.expires,
        "severity": advisory.severity.value,
        "urgency": advisory.urgency.value,
        "certainty": advisory.certainty.value,
        "message_type": advisory.message_type.value,
    }


def block_texts(template: Template, values: Mapping[str, object]) -> dict[str, str]:
    """Render each named block of a template by itself; ConfigurationError."""
    context = template.new_context(dict(values))
    try:
        # The whole template first: it sets what its blocks use.
        deque(template.root_render_func(context), maxlen=0)
        # Those of the layouts too, where the part leaves them as they are.
        return {name: "".join(block[0](context)) for name, block in context.blocks.items()}
    except TemplateError as error:
        raise broken(str(template.name), error) from error


def _finish(text: str, part: str, locale: Locale) -> str:
    """Bring a rendered part into the shape that its channel carries."""
    if part == "sms/body.txt":
        return finish_sms(text, locale)
    if part in {"email/subject.txt", "push/title.txt", "push/body.txt"}:
        return finish_line(text)
    return finish_text(text) if part == "email/body.txt" else text.strip() + "\n"
