"""The check of translations: in step, certain, in the words of the house, and answered for."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from broadcaster.domain.english import number_of
from broadcaster.errors import DamagedError
from broadcaster.render.catalogues import PLACEHOLDER, Catalogue, read_catalogue, same_header
from broadcaster.render.coverage import counted
from broadcaster.render.damage import gravity_of_damage, left_out
from broadcaster.render.exposed import exposed
from broadcaster.render.findings import Finding, Gravity
from broadcaster.render.glossaries import load_glossary
from broadcaster.render.locales import PSEUDO, Locale, Review
from broadcaster.render.pofile import UNTRANSLATED, Entry, Key, PoFile, translated
from broadcaster.render.poreader import read
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.reviews import State
from broadcaster.render.sources import read_text
from broadcaster.render.upkeep import (
    CONSOLE,
    Domain,
    damaged,
    extracted,
    read_catalogue_file,
    shown,
    stale,
    updated,
)
from broadcaster.render.wording import Fault

_TAG = re.compile(r"</?\w+>")
_UPDATE = "Run 'broadcaster i18n update', and keep what it writes."


@dataclass(frozen=True, kw_only=True, slots=True)
class TranslationChecker:
    """Checks the catalogues of one folder of locales against the texts that are asked for.

    `renderer` has what is in force with that folder, `folders` are all folders of locales, earlier
    ones first, and `kinds` those that the folder of templates holds.
    """

    renderer: TemplateRenderer
    domains: Sequence[Domain]
    locales: Path
    folders: Sequence[Path]
    kinds: Sequence[str]

    def check(self) -> tuple[Finding, ...]:
        """Check everything, errors first."""
        found = [
            *(one for domain in self.domains for one in self._domain(domain)),
            *(one for locale in counted(self.renderer) for one in self._reviews(locale)),
            *(one for kind in self.kinds for one in self._exposed(kind)),
        ]
        return tuple(sorted(found, key=lambda finding: list(Gravity).index(finding.gravity)))

    def in_force(self, domain: Domain, locale: Locale) -> Catalogue:
        """Read what all folders together have of a domain."""
        texts = []
        for folder in self.folders:
            path = domain.catalogue(folder, locale.tag)
            with suppress(DamagedError):
                if path.is_file():
                    read_catalogue_file(path, folder)
                    texts.append(read_text(path))
        return read_catalogue(locale, texts)

    def _domain(self, domain: Domain) -> Iterator[Finding]:
        broken = damaged(domain, self.locales)
        for tag, problem in broken.items():
            gravity = gravity_of_damage(self.renderer.locales.get(tag))
            where = shown(domain.catalogue(self.locales, tag), self.locales)
            yield _finding(gravity, domain.name, tag, where, left_out(tag, problem))
        current = updated(domain, self.locales, without=broken)
        files = {**extracted(domain, self.locales), **current}
        for path in stale(files):
            yield self._stale(domain, path)
        for tag, path in domain.catalogues(self.locales).items():
            if tag in broken:
                continue
            po = read(read_text(path), shown(path, self.locales))
            locale = self.renderer.locales.get(tag)
            if locale is not None and locale.translatable and not locale.source:
                yield from _Reading(self, domain, locale, shown(path, self.locales)).of(po)

    def _stale(self, domain: Domain, path: Path) -> Finding:
        where = shown(path, self.locales)
        held = {e.key for e in read(read_text(path), where).used()} if path.exists() else set()
        wanted = {entry.key for entry in domain.texts.entries}
        elsewhere = {entry.key for entry in domain.others.entries} if domain.others else set()
        new, gone = len(wanted - held), len(held - wanted - elsewhere)
        problem = (
            f"is stale: it lacks {number_of(new, 'text')} and has {gone} that nothing asks for"
        )
        if not new and not gone:
            problem = "is stale: its places, notes or layout are not those of its texts"
        tag = "" if path.suffix == ".pot" else path.parent.parent.name
        return _finding(Gravity.ERROR, domain.name, tag, where, Fault(problem, _UPDATE))

    def _reviews(self, locale: Locale) -> Iterator[Finding]:
        if not (self.locales / locale.tag).is_dir():
            return
        if locale.tag in self.renderer.library.damaged:
            return
        library, where = self.renderer.library, f"{locale.tag}/review.toml"
        states = {name: library.state(name, locale) for name in self.kinds}
        for name, state in states.items():
            if state is State.LAPSED:
                by = library.reviews[locale.tag].approvals[name].by
                fault = Fault(
                    f"the approval by {by} has lapsed: texts have changed since",
                    f"Have it read: broadcaster i18n review approve --kind {name} "
                    f"--locale {locale.tag} --by …",
                )
                yield _finding(Gravity.WARNING, name, locale.tag, where, fault)
        for name in library.reviews[locale.tag].approvals:
            if name not in library.kinds:
                fault = Fault(f"names {name!r}, which is no kind here", "Take the record out.")
                yield _finding(Gravity.WARNING, name, locale.tag, where, fault)
        unread = sum(state in {State.DRAFTED, State.ADOPTED} for state in states.values())
        if unread and locale.review is Review.APPROVED and not locale.source:
            fault = Fault(
                f"no native speaker is on record for {unread} of {len(states)} kinds; they are "
                "used because locale.toml says so",
                "Have them read, and record it: broadcaster i18n review approve --native.",
            )
            yield _finding(Gravity.INFO, "", locale.tag, where, fault)

    def _exposed(self, name: str) -> Iterator[Finding]:
        for one in exposed(self.renderer, self.renderer.kinds[name]):
            fault = Fault(
                f"says {one.words[:80]!r} outside of any text to translate",
                "Write it within {% trans %} … {% endtrans %}.",
            )
            # A warning: a template may itself say one thing in one script and another in the next.
            yield _finding(Gravity.WARNING, name, PSEUDO, one.part, fault)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads one catalogue and says what is wrong with it."""

    checker: TranslationChecker
    domain: Domain
    locale: Locale
    where: str

    def of(self, po: PoFile) -> Iterator[Finding]:
        if not same_header(po.plural_forms, self.locale.plural_forms):
            yield self._say(
                Gravity.ERROR,
                0,
                Fault(
                    f"has the plural header {po.plural_forms!r}, not the pinned one",
                    f"Write {self.locale.plural_forms!r} and check every plural.",
                ),
            )
        told = po.fields.get("language", "").replace("_", "-")
        if told != self.locale.tag:
            fault = Fault(
                f"says Language: {told or 'nothing'}", f"Write Language: {self.locale.tag}."
            )
            yield self._say(Gravity.WARNING, 0, fault)
        yield from self._missing()
        terms = load_glossary(self.checker.folders, self.locale.tag)
        for entry in po.used():
            doubt = translated(entry, po.plurals)
            if doubt and any(entry.strings):
                remedy = "Compare it with its text, mend it, and take the mark off."
                fault = Fault(f"{str(entry.key)!r} {doubt}", remedy)
                yield self._say(self._grave(Gravity.WARNING), entry.line, fault)
            elif not doubt:
                for fault in self._faults(entry):
                    yield self._say(Gravity.ERROR, entry.line, fault)
                source = entry.key.singular
                for fault in dict.fromkeys(
                    fault
                    for term in terms
                    for text in entry.strings[-1:]
                    for fault in term.faults(source, text)
                ):
                    yield self._say(Gravity.WARNING, entry.line, fault)

    def _missing(self) -> Iterator[Finding]:
        """Tell how many texts are translated nowhere, in this folder or in one after it."""
        known = self.checker.in_force(self.domain, self.locale)
        keys = [entry.key for entry in self.domain.texts.entries]
        empty = sum(
            known.doubtful.get(key, UNTRANSLATED) == UNTRANSLATED and not known.has(key)
            for key in keys
        )
        if empty:
            problem = f"{empty} of {len(self.domain.texts.entries)} texts are not translated"
            remedy = "Translate them; 'broadcaster i18n stats' tells which kinds wait."
            if self.domain.name == CONSOLE:
                problem += ", so that no page is offered in this language"
            yield self._say(self._grave(Gravity.INFO), 0, Fault(problem, remedy))

    def _faults(self, entry: Entry) -> Iterator[Fault]:
        """Find what translations of our own pages get wrong; those of kinds have a check."""
        if self.domain.name != CONSOLE:
            return
        for text in entry.strings:
            if _shape(text) not in {_shape(form) for form in _forms(entry.key)}:
                yield Fault(
                    f"{str(entry.key)!r} has other placeholders or mark-up than its text",
                    "Use each of them once, as the text does.",
                )

    def _grave(self, otherwise: Gravity) -> Gravity:
        return Gravity.ERROR if self.locale.review is Review.APPROVED else otherwise

    def _say(self, gravity: Gravity, line: int, fault: Fault) -> Finding:
        place = f"{self.where}, line {line}" if line else self.where
        return _finding(gravity, self.domain.name, self.locale.tag, place, fault)


def _forms(key: Key) -> tuple[str, ...]:
    return (key.singular,) if key.plural is None else (key.singular, key.plural)


def _shape(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted(PLACEHOLDER.findall(text))), tuple(_TAG.findall(text))


def _finding(gravity: Gravity, kind: str, locale: str, place: str, fault: Fault) -> Finding:
    return Finding(
        gravity=gravity,
        kind=kind,
        part="",
        locale=locale,
        place=place,
        problem=fault.problem,
        remedy=fault.remedy,
    )
