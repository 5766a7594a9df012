"""Locales: what each folder says of its language, and which one a reader gets.

The fallbacks are explicit, in each folder's `locale.toml`: Babel's own negotiation finds nothing
for `ary` or `zgh_MA` and turns `ar` into `ar_SY`. A message is whole in one locale or not sent in
it; nothing falls back inside a message.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from babel import Locale as BabelLocale
from babel import UnknownLocaleError
from babel.core import get_global

from broadcaster.errors import ConfigurationError, DamagedError
from broadcaster.render.sources import parse_toml, read_folder, subfolders
from broadcaster.render.tables import Table

#: The pseudo-locales, made from the source texts at run time: one shows what nobody can translate,
#: the other what a layout does when it is written from right to left. They are for tests and
#: previews and are never chosen for a reader.
PSEUDO, PSEUDO_RTL = "en-XA", "ar-XB"
PSEUDOS = frozenset({PSEUDO, PSEUDO_RTL})

_SUBTAGS = re.compile(
    r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?(?:-[a-z0-9]{1,8})*", re.ASCII
)
_TAG_LENGTH, _PREFERENCES = 35, 20
_DESCRIBED, _CATALOGUE = "locale.toml", "LC_MESSAGES/advisories.po"


class Review(StrEnum):
    """Whether a locale's texts may go to customers; the gate for the whole locale."""

    #: The organisation uses all of them, by its own decision or because a native speaker read them.
    APPROVED = "approved"
    #: Those kinds may that somebody answers for in `review.toml`, as they stand there.
    PER_KIND = "per_kind"
    #: Somebody who speaks it from childhood has yet to read it; refused for campaigns.
    NEEDS_NATIVE_REVIEW = "needs_native_review"


@dataclass(frozen=True, kw_only=True, slots=True)
class Locale:
    """One language as messages are written in it.

    `tag` is BCP 47 and the folder's name; `formats` is the CLDR locale for dates and numbers, the
    regional one: `ar` and `ar_MA` swap the meaning of point and comma. `script` is ISO 15924.
    `alias` names the locale that is read instead; `fallback` those for readers of this one while
    it is not offered. `plural_forms` pins the catalogue's header. `source` marks the language in
    which the templates are written. `lang` is the value of HTML's `lang` attribute.
    """

    tag: str
    autonym: str
    direction: str
    script: str
    formats: str
    review: Review
    source: bool
    plural_forms: str
    lang: str
    alias: str | None = None
    fallback: tuple[str, ...] = ()

    @property
    def language(self) -> str:
        """The language alone, without script and region."""
        return self.tag.partition("-")[0]

    @property
    def pseudo(self) -> bool:
        """Whether it is made up, for tests and previews."""
        return self.tag in PSEUDOS

    @property
    def translatable(self) -> bool:
        """Whether it has texts of its own, or is to have them."""
        return bool(self.plural_forms) and self.alias is None


@dataclass(frozen=True, slots=True)
class _Wanted:
    language: str
    script: str | None
    region: str | None

    def candidates(self) -> Iterator[str]:
        if self.script and self.region:
            yield f"{self.language}-{self.script}-{self.region}"
        if self.script:
            yield f"{self.language}-{self.script}"
        if self.region:
            yield f"{self.language}-{self.region}"
        yield self.language


def canonical(tag: str) -> str | None:
    """Write a tag as BCP 47 does, `ar-MA`, `zgh-Tfng-MA`; None for what is no tag."""
    wanted = _parse(tag)
    if wanted is None:
        return None
    return next(wanted.candidates())


def _parse(tag: str) -> _Wanted | None:
    text = tag.strip().replace("_", "-").lower()
    match = _SUBTAGS.fullmatch(text) if len(text) <= _TAG_LENGTH else None
    if match is None:
        return None
    language, script, region = match.groups()
    return _Wanted(language, script and script.title(), region and region.upper())


def script_of(language: str) -> str | None:
    """Give the script that a language is usually written in (CLDR's likely subtags)."""
    likely = get_global("likely_subtags").get(language, "")
    parts = str(likely).split("_")
    return parts[1] if len(parts) > 2 else None  # noqa: PLR2004  (language, script, region)


class Locales(Mapping[str, Locale]):
    """All locales that there are, by tag, the pseudo-locale included."""

    def __init__(
        self, locales: Mapping[str, Locale], default: str, damaged: Mapping[str, str] | None = None
    ) -> None:
        """Check that what they name exists; ConfigurationError.

        `damaged` tells, by tag, what is wrong with the texts of a locale that cannot be read.
        """
        self._locales = dict(locales)
        self.damaged: Mapping[str, str] = damaged or {}
        self.default = canonical(default) or default
        if self.default not in self._locales or self.default in PSEUDOS:
            known = ", ".join(tag for tag in self._locales if tag not in PSEUDOS)
            message = f"DEFAULT_LOCALE: {default!r} is no locale here. Use one of {known}."
            raise ConfigurationError(message)
        for locale in self._locales.values():
            for other in (locale.alias, *locale.fallback):
                if other is not None and other not in self._locales:
                    message = f"{locale.tag}/locale.toml: names {other!r}, which is no locale here."
                    raise ConfigurationError(f"{message} Add its folder, or take the name out.")

    def __getitem__(self, tag: str) -> Locale:
        """Give a locale; KeyError."""
        return self._locales[tag]

    def __iter__(self) -> Iterator[str]:
        """Name all locales."""
        return iter(self._locales)

    def __len__(self) -> int:
        """Count them."""
        return len(self._locales)

    def find(self, tag: str) -> Locale | None:
        """Give the locale in which a reader of `tag` reads: region aside, aliases followed.

        None when there is none, also when it would be in another script: `zgh-Latn` is not
        written in Tifinagh.
        """
        wanted = _parse(tag)
        if wanted is None:
            return None
        for candidate in wanted.candidates():
            locale = self._locales.get(candidate)
            if locale is None or candidate in PSEUDOS:
                continue
            target = self._locales[locale.alias] if locale.alias else locale
            return target if wanted.script in {None, target.script} else None
        return None

    def choose(self, preferred: Sequence[str], offered: Collection[str]) -> str | None:
        """Give the first of the reader's languages that is offered.

        A language that the reader names comes before the fallback of an earlier one: who asks
        for Tamazight, then French, gets French while Tamazight is not offered, not Arabic.
        """
        found = [self.find(tag) for tag in preferred[:_PREFERENCES]]
        wanted = [locale for locale in found if locale is not None]
        named = [locale.tag for locale in wanted]
        fallbacks = [tag for locale in wanted for tag in locale.fallback]
        for tag in (*named, *fallbacks, self.default):
            if tag in offered:
                return tag
        return None


def load_locales(folders: Sequence[Path], default: str) -> tuple[Locales, Mapping[str, list[str]]]:
    """Read every locale's folder; the metadata of the first folder that has them, all catalogues.

    The second mapping holds the texts of `advisories.po` by tag, earlier folders first. A locale
    with one that cannot be read has none at all, and stands in `Locales.damaged`.
    """
    locales: dict[str, Locale] = {}
    damaged: dict[str, str] = {}
    catalogues: dict[str, list[str]] = {}
    for name, places in sorted(subfolders(folders).items()):
        texts = [read_folder(place, (_DESCRIBED,)) for place in places]
        described = next((text[_DESCRIBED] for text in texts if text), None)
        if canonical(name) != name or described is None:
            message = f"{name}: is no locale. Name the folder as BCP 47 does, with a locale.toml."
            raise ConfigurationError(message)
        locales[name] = _load(name, described)
        try:
            found = [read_folder(place, (_CATALOGUE,)) for place in places]
        except DamagedError as error:
            damaged[name], found = str(error), []
        catalogues[name] = [text[_CATALOGUE] for text in found if text]
    source = next((locale for locale in locales.values() if locale.source), None)
    if source is not None:
        locales |= {PSEUDO: _pseudo(source), PSEUDO_RTL: _pseudo_rtl(source)}
    return Locales(locales, default, damaged), catalogues


def _load(tag: str, text: str) -> Locale:
    where = f"{tag}/locale.toml"
    table = Table(where, parse_toml(text, where))
    alias = table.text("alias", "")
    formats = table.text("formats", tag.replace("-", "_"))
    plural_forms = table.text("plural_forms", "")
    locale = Locale(
        tag=tag,
        autonym=table.text("autonym", tag),
        direction="ltr" if alias else _direction(formats, where),
        script=script_of(tag.partition("-")[0]) or "",
        formats=formats,
        review=table.word("review", Review, Review.NEEDS_NATIVE_REVIEW),
        source=table.flag("source", default=False),
        plural_forms=plural_forms,
        lang=table.text("lang", tag),
        alias=alias or None,
        fallback=table.words("fallback", None),
    )
    table.done()
    return locale


def _direction(formats: str, where: str) -> str:
    try:
        return str(BabelLocale.parse(formats).text_direction)
    except (UnknownLocaleError, ValueError) as error:
        message = f"{where}, formats: {formats!r} is unknown to CLDR. Use for example ar_MA."
        raise ConfigurationError(message) from error


def _pseudo(source: Locale) -> Locale:
    return Locale(
        tag=PSEUDO,
        autonym="[Ṗşëûðó]",
        direction=source.direction,
        script=source.script,
        formats=source.formats,
        review=Review.NEEDS_NATIVE_REVIEW,
        source=False,
        plural_forms=source.plural_forms,
        lang=PSEUDO,
    )


def _pseudo_rtl(source: Locale) -> Locale:
    return replace(
        _pseudo(source),
        tag=PSEUDO_RTL,
        autonym="[ـپسودوـ]",
        direction="rtl",
        script="Arab",
        formats="ar_MA",
        lang=PSEUDO_RTL,
    )
