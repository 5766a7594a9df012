"""Beginning a locale: what its folder holds before anybody has translated anything."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from babel import Locale as BabelLocale
from babel import UnknownLocaleError
from babel.core import get_global
from babel.messages.plurals import get_plural

from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.render.locales import canonical
from broadcaster.render.sources import parse_toml, read_text
from broadcaster.render.upkeep import Domain, begun

#: A language with its script and its region.
_WHOLE = 3
#: Where Babel's own order of forms is not that of translation tools.
_PLURALS = {
    "ar": "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : "
    "n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
}


def begin(
    tag: str,
    locales: Path,
    domains: Sequence[Domain],
    *,
    formats: str | None,
    plural_forms: str | None,
) -> Mapping[Path, str]:
    """Give the files of a new locale; InvalidInputError for what is no tag or unknown to CLDR.

    Without `formats` the region is the one where most people speak the language (CLDR's likely
    subtags). ConflictError when its locale.toml is there and pins no plural header.
    """
    if canonical(tag) != tag:
        remedy = "Write it as BCP 47 does, such as de or pt-BR."
        raise InvalidInputError("tag", f"{tag[:60]!r} is no tag of a locale", remedy)
    if formats is not None:
        _parsed(formats)
    described = locales / tag / "locale.toml"
    files: dict[Path, str] = {}
    if described.is_file():
        pinned = parse_toml(read_text(described), f"{tag}/locale.toml").get("plural_forms")
        if not isinstance(pinned, str):
            wanted = plural_forms or _plurals(tag)
            message = f"{described}: pins no plural header. Add plural_forms = {_quoted(wanted)}."
            raise ConflictError(message)
        header = pinned
    else:
        header = plural_forms or _plurals(tag)
        files[described] = _described(tag, formats or _likely(tag), header)
    for domain in domains:
        files |= begun(domain, locales, tag, header)
    return files


def _described(tag: str, formats: str, plural_forms: str) -> str:
    autonym = _parsed(formats).get_language_name() or tag
    return (
        f"autonym = {_quoted(autonym[:1].upper() + autonym[1:])}\n"
        f"formats = {_quoted(formats)}\n"
        "# Sent to nobody until its texts were read, as docs/adding-a-locale.md tells.\n"
        'review = "needs_native_review"\n'
        "# Compare it with what your translation tools write for this language.\n"
        f"plural_forms = {_quoted(plural_forms)}\n"
        "# Whom its readers are written to in while a kind is not offered in it.\n"
        "fallback = []\n"
    )


def _parsed(formats: str) -> BabelLocale:
    try:
        return BabelLocale.parse(formats)
    except (UnknownLocaleError, ValueError) as error:
        remedy = "Use one such as es_ES; the regional one decides dates and numbers."
        problem = f"{formats[:60]!r} is unknown to CLDR"
        raise InvalidInputError("--formats", problem, remedy) from error


def _likely(tag: str) -> str:
    """Give the regional locale of a tag: its own region, else the likely one."""
    given = tag.split("-")
    found = str(get_global("likely_subtags").get("_".join(given), "")).split("_")
    if len(found) == _WHOLE and len(given) == 1:
        return f"{given[0]}_{found[2]}"
    return "_".join(given)


def _plurals(tag: str) -> str:
    language = tag.partition("-")[0]
    if language in _PLURALS:
        return _PLURALS[language]
    try:
        found = get_plural(BabelLocale.parse(language))
    except (UnknownLocaleError, ValueError):
        found = None
    if found is None:
        remedy = "Give the gettext header with --plural-forms, such as 'nplurals=1; plural=0;'."
        raise InvalidInputError("--plural-forms", f"is not known for {language!r}", remedy)
    return f"nplurals={found.num_plurals}; plural={found.plural_expr};"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
