"""One message to make, and what was made for one advisory and is the same for every reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jinja2 import Template

from broadcaster.domain.advisory import Advisory
from broadcaster.ports import Reader
from broadcaster.render.kinds import Kind
from broadcaster.render.locales import Locale
from broadcaster.render.values import Surface, show_name

if TYPE_CHECKING:
    from broadcaster.render.filler import Filler


#: Stands in orders that are not for one reader.
NOBODY = Reader(name="", number="", unsubscribe_url="", page_url="")


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternate:
    """The same page in another locale."""

    locale: Locale
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One message to make; `draft` allows unfinished locales.

    `show` gives what templates see of the reader on a surface; `page_url` is the reader's.
    """

    advisory: Advisory
    kind: Kind
    locale: Locale
    draft: bool
    show: Callable[[Surface], Mapping[str, object]]
    page_url: str


def show_reader(reader: Reader, surface: Surface, locale: Locale) -> Mapping[str, object]:
    """Show a reader's fields on a surface."""
    return {
        "name": show_name(reader.name, surface, locale),
        "number": show_name(reader.number, surface, locale),
        "unsubscribe_url": reader.unsubscribe_url,
        "page_url": reader.page_url,
    }


@dataclass(slots=True)
class Memory:
    """What was made for one advisory; `fillers` by channel and locale, the rest by part.

    `sources` are the templates of parts with the campaign's wording, None where it has none.
    """

    advisory: Advisory | None = None
    texts: dict[tuple[str, str, bool], str] = field(default_factory=dict)
    facts: dict[tuple[Surface, str], Mapping[str, object]] = field(default_factory=dict)
    fillers: dict[tuple[str, str], "Filler"] = field(default_factory=dict)
    sources: dict[tuple[str, str], str | None] = field(default_factory=dict)
    worded: dict[tuple[str, str, bool], Template | None] = field(default_factory=dict)

    def turn_to(self, advisory: Advisory) -> None:
        """Forget everything when another advisory is worked on."""
        if self.advisory is advisory:
            return
        # Each batch reads its advisory anew. Equal is not enough: 1 and 1.0 read differently.
        if self.advisory is None or repr(self.advisory) != repr(advisory):
            self.texts.clear()
            self.facts.clear()
            self.fillers.clear()
            self.sources.clear()
            self.worded.clear()
        self.advisory = advisory
