"""What may be inserted into a wording: each placeholder with what it shows for an advisory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from broadcaster.domain.advisory import Advisory
from broadcaster.render import bidi, formats
from broadcaster.render.facttypes import FactType
from broadcaster.render.kinds import Kind
from broadcaster.render.locales import Locale
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.usage import FIELDS
from broadcaster.render.values import Money, Surface, show_fact

#: How much of a value is shown.
_LONGEST = 120
#: By which filters a fact of a type is shown; of a choice, nobody may show the code.
_FILTERS: Mapping[FactType, Sequence[str]] = {
    FactType.DATETIME: ("date", "weekday_date", "time"),
    FactType.DATE: ("date", "weekday_date"),
    FactType.NUMBER: ("number",),
    FactType.MONEY: ("money",),
    FactType.LIST: ("listing",),
    FactType.PLACES: ("listing",),
    FactType.CHOICE: (),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Insertion:
    """A placeholder, as it is written; the owner (`facts`, `reader`, `advisory`) and name of it.

    `form` is the filter where there are several; `shown` is empty for what differs by reader.
    """

    template: str
    owner: str
    name: str
    form: str = ""
    shown: str = ""


def insertions(
    renderer: TemplateRenderer, kind: Kind, advisory: Advisory, locale: Locale
) -> Sequence[Insertion]:
    """List what a wording of a locale may show: facts that have a value, and what every kind has.

    The rest would be refused.
    """
    return [
        *_facts(renderer, kind, advisory, locale),
        *_moment(renderer, advisory.effective, "effective", locale),
        *_moment(renderer, advisory.expires, "expires", locale),
        *(
            Insertion(template=f"{{{{ reader.{name} }}}}", owner="reader", name=name)
            for name in FIELDS
        ),
    ]


def _facts(
    renderer: TemplateRenderer, kind: Kind, advisory: Advisory, locale: Locale
) -> Iterator[Insertion]:
    for fact in kind.facts.values():
        value = advisory.facts.get(fact.name)
        if value is None:
            continue
        shown = show_fact(fact, value, Surface.TEXT, locale)
        filters = _FILTERS.get(fact.type)
        if filters is None:
            template = f"{{{{ facts.{fact.name} }}}}"
            yield Insertion(
                template=template, owner="facts", name=fact.name, shown=_plain(str(shown))
            )
            continue
        for one in filters:
            yield Insertion(
                template=f"{{{{ facts.{fact.name}|{one} }}}}",
                owner="facts",
                name=fact.name,
                form=one if len(filters) > 1 else "",
                shown=_filtered(renderer, one, shown, locale),
            )


def _moment(
    renderer: TemplateRenderer, moment: datetime, name: str, locale: Locale
) -> Iterator[Insertion]:
    for one in _FILTERS[FactType.DATETIME]:
        yield Insertion(
            template=f"{{{{ advisory.{name}|{one} }}}}",
            owner="advisory",
            name=name,
            form=one,
            shown=_filtered(renderer, one, moment, locale),
        )


def _filtered(renderer: TemplateRenderer, name: str, value: object, locale: Locale) -> str:
    """Show a value as its filter does."""
    if isinstance(value, date):
        return _plain(str(_dated(renderer.local(value), name, locale)))
    if isinstance(value, Money):
        return _plain(str(formats.money(value, Surface.TEXT, locale)))
    if isinstance(value, int | float):
        return _plain(str(formats.number(value, Surface.TEXT, locale)))
    pieces = list(value) if isinstance(value, list | tuple) else []
    return _plain(str(formats.listing(pieces, Surface.TEXT, locale)))


def _dated(at: date, name: str, locale: Locale) -> object:
    if name == "time" and isinstance(at, datetime):
        return formats.clock(at, Surface.TEXT, locale)
    show = formats.weekday_in_words if name == "weekday_date" else formats.date_in_words
    return show(at, Surface.TEXT, locale)


def _plain(text: str) -> str:
    plain = " ".join(bidi.strip(text).split())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
