"""The check of kinds: every kind, part and locale, before a campaign finds out."""

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
from broadcaster.domain.saying import said, said_n
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Reader
from broadcaster.render.amiss import amiss
from broadcaster.render.damage import gravity_of_damage, left_out
from broadcaster.render.findings import Finding, Gravity
from broadcaster.render.kinds import PARTS, Kind
from broadcaster.render.locales import Locale
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.said import Said
from broadcaster.render.structure import flaws
from broadcaster.render.tongue import slips
from broadcaster.render.wording import Fault, translation_faults

#: A reader for previews and checks; the addresses lead nowhere (RFC 2606).
SAMPLE_PAGE = "https://example.invalid/advisories/1"
_DAY = datetime(2026, 3, 20, 9, tzinfo=UTC)


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
        found = [*self._locales(), *(finding for name in names for finding in self._kind(name))]
        return tuple(sorted(found, key=lambda finding: list(Gravity).index(finding.gravity)))

    def check_language(self, tag: str) -> tuple[Finding, ...]:
        """Check the texts of all kinds in one locale, errors first; NotFoundError."""
        locale = self.renderer.library.locale(tag)
        found = [one for one in self._locales() if one.locale == locale.tag]
        if locale.tag not in self.renderer.library.damaged:
            for name in sorted(self.renderer.kinds):
                found += self._locale(self.renderer.kinds[name], locale)
        return tuple(sorted(found, key=lambda finding: list(Gravity).index(finding.gravity)))

    def check_advisory(self, advisory: Advisory) -> tuple[Finding, ...]:
        """Check how an advisory reads with its own facts, in every locale it may be sent in."""
        kind = self.renderer.kind(advisory)
        return tuple(
            finding
            for tag in kind.locales
            for finding in self._renderings(kind, self.renderer.locales[tag], advisory)
        )

    def check_locale(self, advisory: Advisory, locale: str) -> tuple[Finding, ...]:
        """Check how an advisory reads in one locale; NotFoundError."""
        kind = self.renderer.library.kind(advisory.kind)
        return tuple(self._renderings(kind, self.renderer.library.locale(locale), advisory))

    def _locales(self) -> Iterator[Finding]:
        library = self.renderer.library
        for tag, problem in library.damaged.items():
            found = _finding("", "", tag, "", left_out(tag, problem))
            yield replace(found, gravity=gravity_of_damage(library.locales[tag]))
        for tag, catalogue in self.renderer.library.catalogues.items():
            for place, fault in slips(catalogue):
                yield _finding("", "", tag, place, fault)

    def _kind(self, name: str) -> Iterator[Finding]:
        if name in self.renderer.library.broken:
            for part, place, fault, gravity in amiss(name, self.renderer.library.broken[name]):
                yield replace(_finding(name, part, "", place, fault), gravity=gravity)
            return
        kind = self.renderer.kinds[name]
        yield from self._structure(kind)
        for locale in self.renderer.locales.values():
            told = locale.tag in self.renderer.library.damaged
            if locale.translatable and not locale.pseudo and not told:
                yield from self._locale(kind, locale)

    def _structure(self, kind: Kind) -> Iterator[Finding]:
        """Check what is the same in every locale: files, and the texts of the templates."""
        library = self.renderer.library
        for part, place, fault, gravity in flaws(kind, library.templates, library.uses(kind.name)):
            yield replace(_finding(kind.name, part, "", place, fault), gravity=gravity)

    def _locale(self, kind: Kind, locale: Locale) -> Iterator[Finding]:
        awaited = self.renderer.library.awaits(kind.name, locale)
        if awaited is None and self._is_left_out(kind, locale):
            fault = Fault(
                said(
                    "is not translated at all, so that its readers get another of their languages"
                ),
                said("Translate it, or leave it so: a kind is offered where it is whole."),
            )
            finding = _finding(kind.name, "", locale.tag, "", fault)
            yield replace(finding, gravity=Gravity.WARNING)
            return
        if awaited is None:
            yield from _unlabelled(kind, locale)
        found = [*self._translations(kind, locale)]
        missing = self.renderer.library.missing(self.renderer.library.uses(kind.name), locale)
        if not missing:
            found += self._scenes(kind, locale)
        if awaited is None:
            yield from found
            return
        problem = said("awaits %(awaited)s and is not sent to customers", awaited=awaited)
        if missing:
            problem = said_n(
                "awaits %(awaited)s and is not sent to customers; %(count)s text is not translated",
                "awaits %(awaited)s and is not sent to customers; %(count)s texts are not "
                "translated",
                len(missing),
                awaited=awaited,
            )
        yield replace(
            _finding(
                kind.name, "", locale.tag, "", Fault(problem, said("Have it written and read."))
            ),
            gravity=Gravity.INFO,
        )
        for finding in found:
            if not finding.problem.startswith("is not translated"):
                yield replace(finding, gravity=Gravity.WARNING)

    def _is_left_out(self, kind: Kind, locale: Locale) -> bool:
        """Tell whether nobody began to translate a kind, which the default locale may not lack."""
        if locale.source or locale.tag == self.renderer.locales.default:
            return False
        catalogue = self.renderer.library.catalogues[locale.tag]
        uses = self.renderer.library.uses(kind.name)
        own = {use.key for use in uses if use.template.startswith(f"{kind.name}/")}
        return bool(own) and own.isdisjoint({*catalogue.forms, *catalogue.doubtful})

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
                problem = catalogue.doubtful.get(key, said("is not translated"))
                fault = Fault(problem, said("Translate it, every plural form included."))
                yield _finding(kind.name, part, locale.tag, name, fault)
                continue
            rules = [kind.rule(place.removeprefix(f"{kind.name}/")) for place in places[key]]
            optional = frozenset.intersection(*(frozenset(rule.optional) for rule in rules))
            for fault in translation_faults(
                key, catalogue.forms[key], locale, plural=catalogue.plural, optional=optional
            ):
                yield _finding(kind.name, part, locale.tag, name, fault)

    def _scenes(self, kind: Kind, locale: Locale) -> Iterator[Finding]:
        """Check how the kind reads with its sample, and what is wrong with other facts alone."""
        seen: set[Finding] = set()
        for words, facts in kind.scenes():
            for finding in self._renderings(kind, locale, sample_advisory(kind, facts)):
                if finding not in seen:
                    seen.add(finding)
                    place = ", ".join(filter(None, (finding.place, words)))
                    yield replace(finding, place=place)

    def _renderings(self, kind: Kind, locale: Locale, advisory: Advisory) -> Iterator[Finding]:
        reader = sample_reader(locale)
        for channel in kind.channels:
            try:
                content = self.renderer.preview(advisory, channel, locale.tag, reader)
                for part, text in parts_of(content).items():
                    blocks = self.renderer.blocks(advisory, part, locale.tag, reader)
                    rendered = Said(
                        kind=kind, part=part, locale=locale, facts=advisory.facts, reader=reader
                    )
                    for place, fault, gravity in rendered.faults(text, blocks, self.measure):
                        found = _finding(kind.name, part, locale.tag, place, fault)
                        yield replace(found, gravity=gravity)
            except ConfigurationError as error:
                fault = Fault(str(error), said("Then check again."))
                yield _finding(kind.name, channel, locale.tag, "", fault)


def _unlabelled(kind: Kind, locale: Locale) -> Iterator[Finding]:
    """Name the choices that the team would see by their names in TOML."""
    for fact in kind.facts.values():
        names = fact.unlabelled(locale.language)
        if names:
            fault = Fault(
                said("has no label in this language for %(names)s", names=", ".join(names)),
                said("Add it to choice_labels in kind.toml: the team chooses by it."),
            )
            place = f"facts.{fact.name}"
            found = _finding(kind.name, "kind.toml", locale.tag, place, fault)
            yield replace(found, gravity=Gravity.WARNING)


def _finding(kind: str, part: str, locale: str, place: str, fault: Fault) -> Finding:
    return Finding(
        gravity=Gravity.ERROR,
        kind=kind,
        part=part,
        locale=locale,
        place=place,
        problem=fault.problem,
        remedy=fault.remedy,
    )
