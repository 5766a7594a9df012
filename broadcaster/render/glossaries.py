"""Glossaries: how the terms of the house are said in a locale, and how they are not."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from broadcaster.render.catalogues import PLACEHOLDER
from broadcaster.render.sources import parse_toml, read_text
from broadcaster.render.tables import Table
from broadcaster.render.wording import Fault

FILE = "glossary.toml"
_TERMS = 500
#: What Arabic writes together with the word that follows.
_PREFIXES = "(?:[وفبلك]{0,2}(?:ال|لل)?)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One term: its English forms, the translations to use, those not to use, and why.

    `may_omit` lets a translation do without it, where it says "you" for "our customers".
    """

    english: tuple[str, ...]
    use: tuple[str, ...]
    avoid: tuple[str, ...] = ()
    note: str = ""
    may_omit: bool = False

    def occurs(self, source: str) -> bool:
        """Tell whether an English text has the term."""
        return _shape(self.english).search(_bare(source)) is not None

    def faults(self, source: str, translation: str) -> Iterator[Fault]:
        """Find where a translation does not keep to the term."""
        if not self.occurs(source):
            return
        rest = _bare(translation).casefold()
        for form in sorted(self.use, key=len, reverse=True):
            rest = rest.replace(form.casefold(), "\ufffc")
        note = f" {self.note}" if self.note else ""
        shunned = [form for form in self.avoid if _begins_a_word(form, rest)]
        for form in shunned:
            problem = f"says {form!r} for {self.english[0]!r}"
            yield Fault(problem, f"Say {self._wanted()}.{note}")
        if "\ufffc" not in rest and not shunned and not self.may_omit:
            yield Fault(
                f"does not say {self.english[0]!r} as the glossary does",
                f"Say {self._wanted()}, or add the form used to the glossary.{note}",
            )

    def _wanted(self) -> str:
        return " or ".join(self.use)


@lru_cache(maxsize=2 * _TERMS)
def _shape(english: tuple[str, ...]) -> re.Pattern[str]:
    """Make what finds a term; once, for a check asks each term of each text."""
    shape = "|".join(re.escape(form) for form in english)
    return re.compile(rf"(?<!\w)(?:{shape})(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=64)
def _bare(text: str) -> str:
    """Take the placeholders out; one text is asked about by every term in turn."""
    return PLACEHOLDER.sub(" ", text)


def _begins_a_word(form: str, text: str) -> bool:
    return re.search(rf"(?<!\w){_PREFIXES}{re.escape(form.casefold())}", text) is not None


def load_glossary(folders: Sequence[Path], tag: str) -> Sequence[Term]:
    """Read a locale's glossary, the first folder's that has one; ConfigurationError naming it."""
    for folder in folders:
        path = folder / tag / FILE
        if path.is_file():
            return read_glossary(read_text(path), f"{tag}/{FILE}")
    return ()


def read_glossary(text: str, where: str) -> Sequence[Term]:
    """Read a glossary; ConfigurationError naming the term and what is wrong."""
    table = Table(where, parse_toml(text, where))
    terms = table.table("terms")
    table.done()
    if len(terms.values) > _TERMS:
        raise terms.refuse("", f"has more than {_TERMS} terms", "Keep those that matter.")
    return tuple(_term(name, terms.table(name)) for name in list(terms.values))


def _term(name: str, entry: Table) -> Term:
    use = entry.words("use", None)
    if not any(word.strip() for word in use):
        raise entry.refuse("use", "names no translation", 'Write use = ["…"].')
    term = Term(
        english=(name, *entry.words("forms", None)),
        use=use,
        avoid=entry.words("avoid", None),
        note=entry.text("note", ""),
        may_omit=entry.flag("may_omit", default=False),
    )
    entry.done()
    return term
