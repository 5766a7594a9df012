"""What must hold of one rendered part: its length, contacts, blocks, direction and way out."""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.message import MessageClass, SmsSize
from broadcaster.domain.saying import said
from broadcaster.ports import Reader
from broadcaster.render import bidi
from broadcaster.render.environment import bare, finish_sms
from broadcaster.render.facts import Fact
from broadcaster.render.facttypes import FactType
from broadcaster.render.findings import Gravity
from broadcaster.render.heard import heard, is_markup
from broadcaster.render.kinds import Kind
from broadcaster.render.locales import Locale
from broadcaster.render.values import spoken
from broadcaster.render.wording import Fault

#: What an SMS may take where its kind says nothing.
SEGMENTS: Mapping[str, int] = {"GSM-7": 1, "UCS-2": 2}
_SHORT = frozenset({"sms/body.txt", "push/title.txt", "push/body.txt", "email/subject.txt"})
_BODIES = frozenset({"email/body.txt", "email/body.mjml"})
_ISOLATED = re.compile(r'<(span|bdi) dir="ltr">.*?</\1>', re.DOTALL)
_ROOT = re.compile(r"<html\b[^>]*>")
#: Types of facts that read from left to right in every language.
_LATIN = frozenset({FactType.PHONE, FactType.EMAIL, FactType.URL})


class Remark(NamedTuple):
    """A fault of a part, where in it, and how grave."""

    place: str
    fault: Fault
    gravity: Gravity = Gravity.ERROR


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One part of a kind as a reader has it in a locale; `facts` are those of the advisory."""

    kind: Kind
    part: str
    locale: Locale
    facts: Mapping[str, FactValue]
    reader: Reader

    def faults(
        self, text: str, blocks: Mapping[str, str], measure: Callable[[str], SmsSize]
    ) -> Iterator[Remark]:
        """Check the rendered text and its blocks; `measure` counts the segments of an SMS."""
        found = heard(text, self.part)
        if not found:
            yield Remark(
                "", Fault(said("says nothing"), said("Write it, or take its channel out."))
            )
        for name in self._required():
            if not heard(blocks.get(name, ""), self.part):
                yield Remark(
                    f"block {name}", Fault(said("says nothing"), said("Write this block."))
                )
        yield from self._length(text, measure)
        yield from (Remark("", fault) for fault in self._contacts(found))
        yield from (Remark("", fault) for fault in self._way_out(text))
        yield from (Remark("", fault) for fault in self._root(text))
        if self.locale.direction == "rtl":
            yield from (Remark("", fault) for fault in self._right_to_left(text, found))

    def _required(self) -> dict[str, None]:
        """Name the blocks that must say something, those that CAP is made of included."""
        names = dict.fromkeys(self.kind.rule(self.part).blocks)
        if self.part == "email/body.txt":
            names |= dict.fromkeys((*self.kind.cap.description, *self.kind.cap.instruction))
        return names

    def _length(self, text: str, measure: Callable[[str], SmsSize]) -> Iterator[Remark]:
        rule = self.kind.rule(self.part)
        if rule.max_characters is not None and len(text) > rule.max_characters:
            problem = said("has %(count)s characters", count=len(text))
            yield Remark(
                "",
                Fault(
                    problem,
                    said(
                        "Shorten it to %(max_characters)s at most.",
                        max_characters=rule.max_characters,
                    ),
                ),
            )
        usual = SEGMENTS if self.part == "sms/body.txt" else {}
        limits = {**usual, **(rule.max_segments or {})}
        if limits:
            yield from self._segments(measure(text), limits)

    def _segments(self, size: SmsSize, limits: Mapping[str, int]) -> Iterator[Remark]:
        most = limits.get(size.encoding)
        takes = said(
            "takes %(segments)s segments (%(units)s units of %(encoding)s)",
            segments=size.segments,
            units=size.units,
            encoding=size.encoding,
        )
        if most is not None and size.segments > most:
            remedy = said(
                "Shorten it to %(most)s at most, or find the letters that GSM-7 has not.", most=most
            )
            yield Remark("", Fault(takes, remedy))
        elif self.locale.script == "Latn" and size.encoding == "UCS-2" and size.segments > 1:
            remedy = said(
                "Take out letters that GSM-7 has not; `broadcaster sms count` names them."
            )
            yield Remark("", Fault(takes, remedy), Gravity.WARNING)

    def _contacts(self, found: str) -> Iterator[Fault]:
        for name in self.kind.rule(self.part).contacts:
            forms = _forms(self.kind.facts[name], self.facts.get(name), self.part, self.locale)
            if forms and not any(form in bidi.strip(found) for form in forms):
                yield Fault(
                    said("does not show the contact %(name)s", name=name),
                    said("Put it into the text."),
                )

    def _way_out(self, text: str) -> Iterator[Fault]:
        """Ask for the address that ends such mails; what warns of danger needs none."""
        if self.part not in _BODIES or self.kind.message_class is MessageClass.SAFETY:
            return
        if self.reader.unsubscribe_url not in html.unescape(text):
            yield Fault(
                said("shows no way to end such messages"),
                said("Put out {{ reader.unsubscribe_url }}."),
            )

    def _root(self, text: str) -> Iterator[Fault]:
        """Ask a page or a mail for its language and direction, which nothing else tells."""
        if not is_markup(self.part):
            return
        root = _ROOT.search(text)
        stated = root.group() if root else ""
        if f'lang="{self.locale.lang}"' not in stated:
            remedy = said('Write lang="{{ locale.lang }}" at the outermost element.')
            yield Fault(said("does not state its language"), remedy)
        if self.locale.direction == "rtl" and 'dir="rtl"' not in stated:
            remedy = said('Write dir="{{ locale.direction }}" at the outermost element.')
            yield Fault(said("does not state its direction"), remedy)

    def _right_to_left(self, text: str, found: str) -> Iterator[Fault]:
        loose = _ISOLATED.sub("\ufffc", text) if is_markup(self.part) else text
        wrong = bidi.dangers(heard(loose, self.part))
        for piece, reason in wrong:
            yield Fault(
                said("shows %(piece)s wrongly", piece=repr(piece)),
                said("There %(reason)s.", reason=reason),
            )
        if self.part == "sms/body.txt" and not wrong:
            yield from self._unsteady(text)
        bracket = bidi.bracket_fault(found)
        if bracket:
            remedy = said("Give it its partner, in the text or in the fact that it comes from.")
            yield Fault(
                said("has a %(bracket)s without its partner", bracket=repr(bracket)), remedy
            )
        if self.part in _SHORT and bidi.first_strong(found) == "ltr":
            yield Fault(
                said("begins with a Latin letter, so that phones lay it out from left to right"),
                said("Begin with a word of the language."),
            )

    def _unsteady(self, text: str) -> Iterator[Fault]:
        """Find contacts of an SMS that would fall apart, for it has no isolates."""
        for name in self.kind.rule(self.part).contacts:
            if self.kind.facts[name].type not in _LATIN:
                continue
            for form in _forms(self.kind.facts[name], self.facts.get(name), self.part, self.locale):
                marked = bidi.mark_ltr(form) in text
                if form in text and not marked and not bidi.steady(form):
                    remedy = said(
                        "Write digits without spaces, an address without a slash at its end."
                    )
                    yield Fault(said("shows %(form)s wrongly", form=repr(form)), remedy)
                    break


def _forms(fact: Fact, value: FactValue, part: str, locale: Locale) -> tuple[str, ...]:
    """List the ways in which a contact may stand in a part; empty when it was left out."""
    if value is None:
        return ()
    if fact.type is FactType.PHONE and isinstance(value, dict):
        return (value["display"],)
    if fact.type in {FactType.NAME, FactType.LOCALIZED}:
        name = spoken(fact, value, locale)
        return (name, finish_sms(name, locale)) if part == "sms/body.txt" else (name,)
    if fact.type is FactType.URL and part == "sms/body.txt":
        return (str(value), bare(str(value)))
    return (str(value),)
