"""Skeletons: messages with holes, rendered once to be filled for many readers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import escape

from broadcaster.domain.message import (
    Channel,
    Content,
    EmailForm,
    FilledEmail,
    Form,
    PushContent,
    SmsContent,
)
from broadcaster.ports import Reader
from broadcaster.render.environment import TYPOGRAPHY, finish_sms
from broadcaster.render.holes import LONG, NAMES, SHORT, Barred, HoleError, StandIns, form
from broadcaster.render.kinds import PARTS
from broadcaster.render.locales import Locale
from broadcaster.render.mail import copied
from broadcaster.render.orders import Order
from broadcaster.render.parts import Parts
from broadcaster.render.usage import FIELDS, Usage
from broadcaster.render.values import Surface, show_clean

#: What is written otherwise in mark-up.
_MARKUP = re.compile("[&<>'\"]")

#: Makes the content from values in the order of a skeleton's `takes`.
Fill = Callable[[tuple[str, ...], Reader], Content]


@dataclass(frozen=True, kw_only=True, slots=True)
class Skeleton:
    """A message with holes.

    `takes` says of each value of which field that is used it is made, by number, and how; None: it
    is the field as it is. `body` is the form of the text, or of a mail's text part.
    """

    takes: tuple[tuple[int, Callable[[str], str] | None], ...]
    fill: Fill
    body: Form


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """What the skeletons of one message are made from; nothing of the order's reader is used."""

    parts: Parts
    order: Order
    channel: Channel
    usage: Usage

    def skeleton(self, given: frozenset[str], page_url: str | None) -> Skeleton:
        """Make the skeleton for readers who have just these fields.

        With `page_url` for those with this address of the page, else for all addresses.
        HoleError, or whatever rendering raises, when there is none.
        """
        short, long = (self._texts(stand, given, page_url) for stand in (SHORT, LONG))
        forms = [form(one, other) for one, other in zip(short, long, strict=True)]
        values = list(dict.fromkeys(p for one in forms for p in one.pieces if isinstance(p, int)))
        place = {value: n for n, value in enumerate(values)}
        packed = [
            Form(tuple(place[p] if isinstance(p, int) else p for p in one.pieces)) for one in forms
        ]
        takes = [
            (self.usage.fields.index(field), self._made(field, escaped=value % 2 == 1))
            for value, field in ((value, FIELDS[value // 2]) for value in values)
        ]
        return Skeleton(
            takes=tuple(takes), fill=self._fill(packed), body=packed[min(1, len(packed) - 1)]
        )

    def _texts(
        self, stand: StandIns, given: frozenset[str], page_url: str | None
    ) -> tuple[str, ...]:
        """Render all parts with stand-ins in the place of what is given."""

        def show(surface: Surface) -> Mapping[str, object]:
            shown = {field: self._shown(stand, field, given, surface) for field in FIELDS}
            return shown if page_url is None else {**shown, "page_url": page_url}

        order = replace(self.order, show=show)
        if self.channel is not Channel.EMAIL:
            return tuple(self.parts.text(order, part) for part in PARTS[self.channel])
        subject = self.parts.text(order, "email/subject.txt")
        source = self.parts.text(order, "email/body.mjml", subject=stand.carry(subject))
        if stand.count(source) != sum(map(stand.count, copied(source))):
            raise HoleError
        return subject, self.parts.text(order, "email/body.txt"), self.parts.html(order, source)

    def _shown(
        self, stand: StandIns, field: str, given: frozenset[str], surface: Surface
    ) -> object:
        if field in self.usage.fields and field not in given:
            return show_clean("", surface, self.order.locale) if field in NAMES else ""
        if self.usage.blind and field in given:
            return stand.hole(field, surface, self.order.locale)
        return Barred()

    def _made(self, field: str, *, escaped: bool) -> Callable[[str], str] | None:
        """Give what turns a value into what stands in the text; None when it stands as it is."""
        make = _escaped if escaped else None
        if self.channel is not Channel.SMS or self.order.locale.script != "Latn":
            return make
        # Letters are never changed, but a name may have an apostrophe that GSM-7 has not.
        return _for_sms(self.order.locale, make) if field in NAMES else make

    def _fill(self, forms: Sequence[Form]) -> Fill:
        if self.channel is Channel.SMS:
            return _fill_sms(forms[0])
        if self.channel is Channel.EMAIL:
            email = EmailForm(*forms)
            return lambda values, _: FilledEmail(email, values)
        title, body = forms
        link, direction = self.parts.link(self.order), self.order.locale.direction
        return lambda values, reader: PushContent(
            title=title.fill(values),
            body=body.fill(values),
            link=link or reader.page_url,
            direction=direction,
        )


def _fill_sms(body: Form) -> Fill:
    values = [piece for piece in body.pieces if isinstance(piece, int)]
    if not values:
        content = SmsContent(body=body.fill(()))
        return lambda *_: content
    if values != list(range(len(values))):
        return lambda made, _: SmsContent(body=body.fill(made))
    # Each value stands once, in order: the shortest way there is.
    text = "".join("%s" if isinstance(p, int) else p.replace("%", "%%") for p in body.pieces)
    return lambda made, _: SmsContent(body=text % made)


def _for_sms(locale: Locale, make: Callable[[str], str] | None) -> Callable[[str], str]:
    def finish(value: str) -> str:
        made = make(value) if make else value
        return finish_sms(made, locale) if TYPOGRAPHY.search(made) else made

    return finish


def _escaped(value: str) -> str:
    # Most values have nothing to escape, and to find that out is quicker than to escape it.
    return str(escape(value)) if _MARKUP.search(value) else value
