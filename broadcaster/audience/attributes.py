"""What is known of customers: the attributes that a utility defines, and their own columns.

Each attribute is a row of a table (`definitions.py`), and that row alone makes a column of imports,
a name in segments, and a labelled field for people. A `Catalogue` holds the rows as they were when
a command or a task began, and is handed to whatever reads or asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

Labels = Mapping[str, str]

#: The place that every customer has, in columns of their own; other places are attributes.
OWN_PLACE = "location"


class Kind(StrEnum):
    """What sort of values an attribute has, which decides how it is compared."""

    #: Any text; compared by code points, so that case and accents count.
    TEXT = "text"
    #: A number; compared exactly.
    NUMBER = "number"
    #: A calendar date, kept as ISO 8601.
    DATE = "date"
    #: One of the choices.
    CHOICE = "choice"
    #: Any of the choices; asked with `has`.
    SET = "set"
    #: True or false.
    BOOLEAN = "boolean"
    #: Where somebody or something is, longitude and latitude; asked with `in area` and `within`.
    LOCATION = "location"


def _labels(ar: str, fr: str, en: str, es: str) -> Labels:
    return MappingProxyType({"ar": ar, "fr": fr, "en": en, "es": es})


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """An attribute: its labels by language, and the choices (with labels) of a choice or set.

    No choices means that any text will do. `column` is the customer table's own column, for what
    is not kept among the attributes. What is `retired` is offered no more: it is no column of
    imports and no new segment asks for it, but segments saved before go on. What is `sealed` is
    found by its exact value alone, because it is kept encrypted.
    """

    kind: Kind
    labels: Labels
    choices: Mapping[str, Labels] = field(default_factory=dict)
    column: str | None = None
    retired: bool = False
    sealed: bool = False

    def label(self, language: str) -> str:
        """Give the label in a language, or else the English one."""
        return self.labels.get(language) or self.labels["en"]


#: What every customer has beside attributes; `locale` is the one preferred most.
COLUMNS: Mapping[str, Attribute] = {
    "number": Attribute(
        kind=Kind.TEXT,
        labels=_labels("رقم الزبون", "numéro de client", "customer number", "número de cliente"),
        column="number",
    ),
    "name": Attribute(
        kind=Kind.TEXT,
        labels=_labels("الاسم", "nom", "name", "nombre"),
        column="name",
        sealed=True,
    ),
    "name_latin": Attribute(
        kind=Kind.TEXT,
        labels=_labels(
            "الاسم بالحروف اللاتينية",
            "nom en lettres latines",
            "name in Latin letters",
            "nombre en letras latinas",
        ),
        column="name_latin",
        sealed=True,
    ),
    "locale": Attribute(
        kind=Kind.TEXT,
        labels=_labels("اللغة المفضلة", "langue préférée", "preferred locale", "idioma preferido"),
        column="locale",
    ),
    "locales": Attribute(
        kind=Kind.SET,
        labels=_labels("اللغات", "langues", "locales", "idiomas"),
        column="locales",
    ),
    "time_zone": Attribute(
        kind=Kind.TEXT,
        labels=_labels("المنطقة الزمنية", "fuseau horaire", "time zone", "zona horaria"),
        column="time_zone",
    ),
    OWN_PLACE: Attribute(
        kind=Kind.LOCATION,
        labels=_labels("الموقع", "emplacement", "location", "lugar"),
        column=OWN_PLACE,
    ),
}


@dataclass(frozen=True)
class Catalogue:
    """The attributes there are, by name, in the order in which they are shown."""

    attributes: Mapping[str, Attribute]

    @cached_property
    def known(self) -> Mapping[str, Attribute]:
        """Everything that a segment can ask for, by name."""
        return MappingProxyType({**COLUMNS, **self.attributes})

    @cached_property
    def current(self) -> Mapping[str, Attribute]:
        """The attributes that are not retired, by name."""
        found = {name: one for name, one in self.attributes.items() if not one.retired}
        return MappingProxyType(found)
