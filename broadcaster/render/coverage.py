"""How far the translations are: by locale, domain and kind, with the longest SMS."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.message import Channel, SmsContent, SmsSize
from broadcaster.errors import ConfigurationError
from broadcaster.render.catalogues import Key
from broadcaster.render.check import sample_advisory, sample_reader
from broadcaster.render.kinds import PARTS, Kind
from broadcaster.render.library import Library
from broadcaster.render.locales import Locale
from broadcaster.render.pofile import PoFile, translated
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.upkeep import ADVISORIES


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """One line: how many texts there are, and what became of them.

    `kind` is empty for a whole domain. `state` is where the texts of a kind stand; `sms` the
    longest SMS that the kind makes of its samples and choices, None where it makes none.
    """

    locale: str
    domain: str
    kind: str
    texts: int
    translated: int
    fuzzy: int
    state: str = ""
    sms: SmsSize | None = None

    @property
    def missing(self) -> int:
        """How many are neither translated nor fuzzy."""
        return self.texts - self.translated - self.fuzzy


def of_file(locale: Locale, domain: str, texts: PoFile, po: PoFile | None) -> Coverage:
    """Count the texts of a domain in one file; the source language has them all."""
    known = {} if po is None else {entry.key: entry for entry in po.used()}
    wanted = [entry.key for entry in texts.entries]
    held = [known[key] for key in wanted if key in known]
    plurals = po.plurals if po else 0
    whole = sum(not translated(entry, plurals) for entry in held)
    fuzzy = sum(entry.fuzzy and any(entry.strings) for entry in held)
    return Coverage(
        locale=locale.tag,
        domain=domain,
        kind="",
        texts=len(wanted),
        translated=len(wanted) if locale.source else whole,
        fuzzy=fuzzy,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class KindCoverage:
    """Counts the texts of kinds; `measure` counts the segments of an SMS."""

    renderer: TemplateRenderer
    measure: Callable[[str], SmsSize]

    def of(self, locales: Iterable[Locale], kinds: Iterable[str]) -> Iterator[Coverage]:
        """Count each kind in each locale, the layouts that it stands on included."""
        names = list(kinds)
        for locale in locales:
            for name in names:
                yield self._count(self._library.kinds[name], locale)

    @property
    def _library(self) -> Library:
        return self.renderer.library

    def _count(self, kind: Kind, locale: Locale) -> Coverage:
        uses = self._library.uses(kind.name)
        keys: set[Key] = {use.key for use in uses}
        missing = self._library.missing(uses, locale)
        catalogue = self._library.catalogues.get(locale.tag)
        doubts = [catalogue.doubtful.get(key, "") for key in missing] if catalogue else []
        return Coverage(
            locale=locale.tag,
            domain=ADVISORIES,
            kind=kind.name,
            texts=len(keys),
            translated=len(keys) - len(missing),
            fuzzy=sum("fuzzy" in doubt for doubt in doubts),
            state=self._library.state(kind.name, locale).value,
            sms=self._longest(kind, locale),
        )

    def _longest(self, kind: Kind, locale: Locale) -> SmsSize | None:
        """Measure the longest SMS of all scenes; None where a text of it is missing."""
        uses = self._library.uses(kind.name)
        shared = PARTS[Channel.SMS][0]
        if Channel.SMS not in kind.channels or shared not in kind.texts:
            return None
        if self._library.missing(uses, locale):
            return None
        sizes = [self._size(kind, locale, facts) for _, facts in kind.scenes()]
        return max((size for size in sizes if size), key=lambda size: size.units, default=None)

    def _size(self, kind: Kind, locale: Locale, facts: Mapping[str, FactValue]) -> SmsSize | None:
        advisory = sample_advisory(kind, facts)
        try:
            content = self.renderer.preview(
                advisory, Channel.SMS, locale.tag, sample_reader(locale)
            )
        except ConfigurationError:
            return None
        return self.measure(content.body) if isinstance(content, SmsContent) else None


def counted(renderer: TemplateRenderer) -> list[Locale]:
    """List the locales that have texts of their own, or are to have them."""
    return [
        locale for locale in renderer.locales.values() if locale.translatable and not locale.pseudo
    ]
