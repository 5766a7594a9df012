"""What must hold of a locale's settings and of the plural headers of its catalogue."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from babel import Locale as BabelLocale

from broadcaster.render.catalogues import Catalogue, same_header
from broadcaster.render.wording import Fault

#: Counts up to which plural rules are compared: what languages tell apart beyond are millions.
_COUNTS = 1000


class Slip(NamedTuple):
    """A fault of a locale: in which of its files or headers, and what."""

    place: str
    fault: Fault


def slips(catalogue: Catalogue) -> Iterator[Slip]:
    """Find what is wrong with a locale."""
    locale = catalogue.locale
    for header in catalogue.headers:
        if not same_header(header, locale.plural_forms):
            problem = f"is {header!r}, not the one that locale.toml pins"
            remedy = f"Write {locale.plural_forms!r} and check every plural."
            yield Slip("Plural-Forms", Fault(problem, remedy))
    spoken = BabelLocale.parse(locale.formats)
    if spoken.language != locale.language:
        problem = f"is {locale.formats!r}, the dates and the direction of another language"
        yield Slip("formats", Fault(problem, f"Name a region of {locale.language}."))
        return
    stated = re.search(r"nplurals\s*=\s*(\d+)", locale.plural_forms)
    forms = [catalogue.plural(count) for count in range(_COUNTS)]
    if stated is None or max(forms) >= int(stated[1]):
        problem = "does not state how many forms it tells apart"
        yield Slip("plural_forms", Fault(problem, "Write nplurals=…; plural=…; as gettext does."))
    words = [str(spoken.plural_form(count)) for count in range(_COUNTS)]
    pairs = dict.fromkeys(zip(forms, words, strict=True))
    if len(pairs) != len(set(forms)) or len(pairs) != len(set(words)):
        counted = _parted(forms, words)
        problem = f"treats {counted} otherwise than CLDR does"
        yield Slip(
            "plural_forms", Fault(problem, "Write the rule of the language, as CLDR has it.")
        )


def _parted(forms: list[int], words: list[str]) -> str:
    """Name the first two counts that one of the two rules tells apart and the other does not."""
    for later in range(len(forms)):
        for earlier in range(later):
            if (forms[earlier] == forms[later]) != (words[earlier] == words[later]):
                return f"{earlier} and {later}"
    return "some counts"
