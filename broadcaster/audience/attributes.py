"""The attributes that a customer can have: one entry each, and the only place to touch.

An entry makes a column of imports, a name in segments, and a labelled field for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

Labels = Mapping[str, str]


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


def _labels(ar: str, fr: str, en: str) -> Labels:
    return MappingProxyType({"ar": ar, "fr": fr, "en": en})


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """An attribute: its labels by language, and the choices (with labels) of a choice or set.

    No choices means that any text will do. `column` is the customer table's own column, for what
    is not kept among the attributes.
    """

    kind: Kind
    labels: Labels
    choices: Mapping[str, Labels] = field(default_factory=dict)
    column: str | None = None


_CONTRACTS = {
    "residential": _labels("سكني", "résidentiel", "residential"),
    "business": _labels("مهني", "professionnel", "business"),
    "industrial": _labels("صناعي", "industriel", "industrial"),
    "public": _labels("إدارة", "administration", "public body"),
}
_SERVICES = {
    "water": _labels("الماء", "eau", "water"),
    "electricity": _labels("الكهرباء", "électricité", "electricity"),
    "sanitation": _labels("التطهير السائل", "assainissement", "sanitation"),
    "street_lighting": _labels("الإنارة العمومية", "éclairage public", "street lighting"),
}

#: Every attribute by name. Names are lower case, digits and underscores.
ATTRIBUTES: dict[str, Attribute] = {
    "contract": Attribute(
        kind=Kind.CHOICE,
        labels=_labels("نوع العقد", "type de contrat", "contract"),
        choices=_CONTRACTS,
    ),
    "services": Attribute(
        kind=Kind.SET,
        labels=_labels("الخدمات", "services", "services"),
        choices=_SERVICES,
    ),
    "district": Attribute(
        kind=Kind.TEXT,
        labels=_labels("الحي", "quartier", "district"),
    ),
    "network_zone": Attribute(
        kind=Kind.TEXT,
        labels=_labels("منطقة الشبكة", "zone du réseau", "network zone"),
    ),
    "feeder": Attribute(
        kind=Kind.TEXT,
        labels=_labels("المغذي الكهربائي", "départ électrique", "feeder"),
    ),
    "meter_day": Attribute(
        kind=Kind.NUMBER,
        labels=_labels("يوم قراءة العداد", "jour de relève", "meter reading day"),
    ),
    "subscribed_kva": Attribute(
        kind=Kind.NUMBER,
        labels=_labels("القدرة المشترك بها", "puissance souscrite", "subscribed power"),
    ),
    "life_support": Attribute(
        kind=Kind.BOOLEAN,
        labels=_labels("أجهزة طبية منزلية", "appareil médical vital", "life support equipment"),
    ),
    "opened_on": Attribute(
        kind=Kind.DATE,
        labels=_labels("تاريخ فتح العقد", "contrat ouvert le", "opened on"),
    ),
}

#: What every customer has beside attributes; `locale` is the one preferred most.
COLUMNS: dict[str, Attribute] = {
    "number": Attribute(
        kind=Kind.TEXT,
        labels=_labels("رقم الزبون", "numéro de client", "customer number"),
        column="number",
    ),
    "name": Attribute(
        kind=Kind.TEXT,
        labels=_labels("الاسم", "nom", "name"),
        column="name",
    ),
    "name_latin": Attribute(
        kind=Kind.TEXT,
        labels=_labels(
            "الاسم بالحروف اللاتينية", "nom en lettres latines", "name in Latin letters"
        ),
        column="name_latin",
    ),
    "locale": Attribute(
        kind=Kind.TEXT,
        labels=_labels("اللغة المفضلة", "langue préférée", "preferred locale"),
        column="locale",
    ),
    "locales": Attribute(
        kind=Kind.SET,
        labels=_labels("اللغات", "langues", "locales"),
        column="locales",
    ),
    "time_zone": Attribute(
        kind=Kind.TEXT,
        labels=_labels("المنطقة الزمنية", "fuseau horaire", "time zone"),
        column="time_zone",
    ),
}


def known() -> dict[str, Attribute]:
    """Give everything that a segment can ask for, by name."""
    return {**COLUMNS, **ATTRIBUTES}
