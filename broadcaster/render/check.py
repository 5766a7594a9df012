"""The check of kinds: every kind, part and locale, before a campaign finds out."""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from broadcaster.domain.advisory import Advisory, FactValue
from broadcaster.domain.message import (
    Channel,
    Content,
    EmailContent,
    PushContent,
    SmsContent,
    SmsSize,
)
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Reader
from broadcaster.render import bidi
from broadcaster.render.catalogues import same_header
from broadcaster.render.environment import bare, finish_sms
from broadcaster.render.facts import Fact, FactType
from broadcaster.render.findings import Finding, Gravity
from broadcaster.render.kinds import ALL_PARTS, PARTS, WORDS, Kind, catalogue_tag
from broadcaster.render.locales import PSEUDO, Locale, Review
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.values import Surface, spoken
from broadcaster.render.wording import Fault, source_faults, translation_faults

#: A reader for previews and checks; the addresses lead nowhere (RFC 2606).
SAMPLE_PAGE = "https://example.invalid/advisories/1"
_DAY = datetime(2026, 3, 20, 9, tzinfo=UTC)
_SILENT = re.compile(r"<(head|style|script)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_ISOLATED = re.compile(r'<(span|bdi) dir="ltr">.*?</\1>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def sample_reader(locale: Locale) -> Reader:
    """Make a reader for previews and checks."""
    name = "أمينة" if locale.direction == "rtl" else "Amina"
    return Reader(
        name=name,
        number="0000001",
        unsubscribe_url="https://example.invalid/unsubscribe/1",
        page_url=f"{SAMPLE_PAGE}/{locale.tag}",
    )


def sample_advisory(kind: Kind, facts: Mapping[str, FactValue]) -> Advisory:
    """Make an advisory for previews and checks, of a fixed day; `facts` are resolved."""
    return Advisory(
        id=1,
        kind=kind.name,
        version=1,
        facts=facts,
        message_class=kind.message_class,
        severity=kind.severity,
        urgency=kind.urgency,
        certainty=kind.certainty,
        effective=_DAY,
        expires=_DAY + timedelta(days=7),
    )


def parts_of(content: Content) -> dict[str, str]:
    """Give the rendered parts of a message, by the path of their template."""
    if isinstance(content, SmsContent):
        return {"sms/body.txt": content.body}
    if isinstance(content, EmailContent):
        texts = (content.subject, content.text, content.html)
        return dict(zip(PARTS[Channel.EMAIL], texts, strict=True))
    if isinstance(content, PushContent):
        return {"push/title.txt": content.title, "push/body.txt": content.body}
    return {"web/page.html": content.html}


@dataclass(frozen=True, kw_only=True, slots=True)
class KindChecker:
    """Checks kinds; `measure` counts the segments of an SMS."""

    renderer: TemplateRenderer
    measure: Callable[[str], SmsSize]

    def check(self, kind: str | None = None) -> tuple[Finding, ...]:
        """Check one kind or all, errors first; NotFoundError for an unknown one."""
        library = self.renderer.library
        if kind is not None and kind not in library.faults:
            library.kind(kind)
        names = [kind] if kind is not None else sorted({*library.kinds, *library.faults})
        found = [*self._headers(), *(finding for name in names for finding in self._kind(name))]
        return tuple(sorted(found, key=lambda finding: list(Gravity).index(finding.gravity)))

    def check_advisory(self, advisory: Advisory) -> tuple[Finding, ...]:
        """Check how an advisory reads with its own facts, in every locale it may be sent in."""
        kind = self.renderer.library.kind(advisory.kind)
        return tuple(
            finding
            for tag in kind.locales
            for finding in self._renderings(kind, self.renderer.locales[tag], advisory)
        )

    def check_locale(self, advisory: Advisory, locale: str) -> tuple[Finding, ...]:
        """Check how an advisory reads in one locale; NotFoundError."""
        kind = self.renderer.library.kind(advisory.kind)
        return tuple(self._renderings(kind, self.renderer.library.locale(locale), advisory))

    def _headers(self) -> Iterator[Finding]:
        for tag, catalogue in self.renderer.library.catalogues.items():
            pinned = catalogue.locale.plural_forms
            for header in catalogue.headers:
                if not same_header(header, pinned):
                    yield Finding(
                        gravity=Gravity.ERROR,
                        kind="",
                        part="",
                        locale=tag,
                        place="Plural-Forms",
                        problem=f"is {header!r}, not the one that locale.toml pins",
                        remedy=f"Write {pinned!r} and check every plural.",
                    )

    def _kind(self, name: str) -> Iterator[Finding]:
        if name in self.renderer.library.faults:
            yield Finding(
                gravity=Gravity.ERROR,
                kind=name,
                part="",
                locale="",
                place="",
                problem=self.renderer.library.faults[name],
                remedy="Until then it cannot be used.",
            )
            return
        kind = self.renderer.kinds[name]
        yield from self._structure(kind)
        for locale in self.renderer.locales.values():
            if locale.translatable and locale.tag != PSEUDO:
                yield from self._locale(kind, locale)

    def _structure(self, kind: Kind) -> Iterator[Finding]:
        """Check what is the same in every locale: files, and the texts of the templates."""
        for part in kind.parts:
            if part not in kind.texts:
                yield _finding(kind, part, "", part, Fault("is missing", "Write this part."))
        for path in kind.texts:
            if path not in {*ALL_PARTS, WORDS, "kind.toml"} and not catalogue_tag(path):
                fault = Fault("is no part and is never sent", f"Parts are {', '.join(ALL_PARTS)}.")
                yield replace(_finding(kind, path, "", path, fault), gravity=Gravity.WARNING)
        seen = set()
        for use in self.renderer.library.uses(kind.name):
            if use.key not in seen:
                seen.add(use.key)
                for fault in source_faults(use.key):
                    yield _finding(kind, use.template, "", str(use.key), fault)

    def _locale(self, kind: Kind, locale: Locale) -> Iterator[Finding]:
        found = [*self._translations(kind, locale)]
        missing = self.renderer.library.missing(self.renderer.library.uses(kind.name), locale)
        if not missing:
            found += self._renderings(kind, locale)
        if locale.review is Review.APPROVED:
            yield from found
            return
        problem = "awaits review by a native speaker and is not sent to customers"
        if missing:
            problem += f"; {len(missing)} texts are not translated"
        yield replace(
            _finding(kind, "", locale.tag, "", Fault(problem, "Have it written and read.")),
            gravity=Gravity.INFO,
        )
        for finding in found:
            if not finding.problem.startswith("is not translated"):
                yield replace(finding, gravity=Gravity.WARNING)

    def _translations(self, kind: Kind, locale: Locale) -> Iterator[Finding]:
        if locale.source:
            return
        catalogue = self.renderer.library.catalogues[locale.tag]
        places: dict[object, list[str]] = {}
        for use in self.renderer.library.uses(kind.name):
            places.setdefault(use.key, []).append(use.template)
        for key in dict.fromkeys(use.key for use in self.renderer.library.uses(kind.name)):
            part, name = places[key][0].removeprefix(f"{kind.name}/"), str(key)
            if key not in catalogue.forms:
                problem = catalogue.doubtful.get(key, "is not translated")
                fault = Fault(problem, "Translate it, every plural form included.")
                yield _finding(kind, part, locale.tag, name, fault)
                continue
            rules = [kind.rule(place.removeprefix(f"{kind.name}/")) for place in places[key]]
            optional = frozenset.intersection(*(frozenset(rule.optional) for rule in rules))
            for fault in translation_faults(
                key, catalogue.forms[key], locale, plural=catalogue.plural, optional=optional
            ):
                yield _finding(kind, part, locale.tag, name, fault)

    def _renderings(
        self, kind: Kind, locale: Locale, advisory: Advisory | None = None
    ) -> Iterator[Finding]:
        advisory = advisory or sample_advisory(kind, kind.sample())
        reader = sample_reader(locale)
        for channel in kind.channels:
            try:
                content = self.renderer.preview(advisory, channel, locale.tag, reader)
                for part, text in parts_of(content).items():
                    blocks = self.renderer.blocks(advisory, part, locale.tag, reader)
                    for fault in self._part(kind, part, locale, text, advisory.facts):
                        yield _finding(kind, part, locale.tag, "", fault)
                    for name in kind.rule(part).blocks:
                        if not heard(blocks.get(name, ""), part):
                            fault = Fault("says nothing", "Write this block.")
                            yield _finding(kind, part, locale.tag, f"block {name}", fault)
            except ConfigurationError as error:
                fault = Fault(str(error), "Then check again.")
                yield _finding(kind, channel, locale.tag, "", fault)

    def _part(
        self, kind: Kind, part: str, locale: Locale, text: str, facts: Mapping[str, FactValue]
    ) -> Iterator[Fault]:
        """Check one rendered part: length, contacts, direction."""
        rule, said = kind.rule(part), heard(text, part)
        yield from self._length(kind, part, text)
        for name in rule.contacts:
            forms = _expected(kind.facts[name], facts.get(name), part, locale)
            if forms and not any(form in bidi.strip(said) for form in forms):
                yield Fault(f"does not show the contact {name}", "Put it into the text.")
        if locale.direction == "rtl":
            bare_text = _ISOLATED.sub("\ufffc", text) if is_markup(part) else text
            for piece, reason in bidi.dangers(heard(bare_text, part)):
                yield Fault(f"shows {piece!r} wrongly", f"There {reason}.")
            if part in _SHORT and bidi.first_strong(said) == "ltr":
                yield Fault(
                    "begins with a Latin letter, so that phones lay it out from left to right",
                    "Begin with a word of the language.",
                )

    def _length(self, kind: Kind, part: str, text: str) -> Iterator[Fault]:
        rule = kind.rule(part)
        if rule.max_characters is not None and len(text) > rule.max_characters:
            yield Fault(
                f"has {len(text)} characters", f"Shorten it to {rule.max_characters} at most."
            )
        if rule.max_segments is not None:
            size = self.measure(text)
            most = rule.max_segments.get(size.encoding)
            if most is not None and size.segments > most:
                yield Fault(
                    f"takes {size.segments} segments ({size.units} units of {size.encoding})",
                    f"Shorten it to {most} at most, or find the letters that GSM-7 has not.",
                )


_SHORT = frozenset({"sms/body.txt", "push/title.txt", "push/body.txt", "email/subject.txt"})


def _finding(kind: Kind, part: str, locale: str, place: str, fault: Fault) -> Finding:
    return Finding(
        gravity=Gravity.ERROR,
        kind=kind.name,
        part=part,
        locale=locale,
        place=place,
        problem=fault.problem,
        remedy=fault.remedy,
    )


def is_markup(part: str) -> bool:
    """Tell whether a part is HTML."""
    return Surface.of(part) in {Surface.MAIL, Surface.PAGE}


def heard(text: str, part: str) -> str:
    """Give what a reader sees of a part, without mark-up."""
    if not is_markup(part):
        return text.strip()
    return html.unescape(_TAG.sub("", _SILENT.sub("", text))).strip()


def _expected(fact: Fact, value: FactValue, part: str, locale: Locale) -> tuple[str, ...]:
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
