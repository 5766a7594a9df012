"""Attributes of customers as rows, so that a utility adds its own without code."""

import json

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"

_ATTRIBUTE = """
CREATE TYPE attribute_kind AS ENUM ('text', 'number', 'date', 'choice', 'set', 'boolean');

-- `labels` are by language; `choices` are a list, in the order in which they are shown, of
-- {"name": ..., "labels": {...}}. What is retired is offered no more, and its values stay.
CREATE TABLE attribute (
    name text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    kind attribute_kind NOT NULL,
    labels jsonb NOT NULL,
    choices jsonb NOT NULL DEFAULT '[]',
    position integer NOT NULL,
    retired boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
"""

_Labels = dict[str, str]


def _labels(ar: str, fr: str, en: str) -> _Labels:
    return {"ar": ar, "fr": fr, "en": en}


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
#: What every database begins with: name, kind, labels, choices.
SEED: tuple[tuple[str, str, _Labels, dict[str, _Labels]], ...] = (
    ("contract", "choice", _labels("نوع العقد", "type de contrat", "contract"), _CONTRACTS),
    ("services", "set", _labels("الخدمات", "services", "services"), _SERVICES),
    ("district", "text", _labels("الحي", "quartier", "district"), {}),
    ("network_zone", "text", _labels("منطقة الشبكة", "zone du réseau", "network zone"), {}),
    ("feeder", "text", _labels("المغذي الكهربائي", "départ électrique", "feeder"), {}),
    ("meter_day", "number", _labels("يوم قراءة العداد", "jour de relève", "meter reading day"), {}),
    (
        "subscribed_kva",
        "number",
        _labels("القدرة المشترك بها", "puissance souscrite", "subscribed power"),
        {},
    ),
    (
        "life_support",
        "boolean",
        _labels("أجهزة طبية منزلية", "appareil médical vital", "life support equipment"),
        {},
    ),
    ("opened_on", "date", _labels("تاريخ فتح العقد", "contrat ouvert le", "opened on"), {}),
)
_INSERT = text(
    "INSERT INTO attribute (name, kind, labels, choices, position) VALUES (:name,"
    " CAST(:kind AS attribute_kind), CAST(:labels AS jsonb), CAST(:choices AS jsonb), :position)"
)


# What PostgreSQL knows of values and their types, on the expressions that segments are written in;
# and an index of texts, as one of them may be of a few people.
_STATISTICS = """
CREATE STATISTICS customer_value_{name} ON ({value}) FROM customer;
CREATE STATISTICS customer_type_{name} ON (jsonb_typeof(attributes->'{name}')) FROM customer;
"""
_INDEX = "CREATE INDEX customer_text_{name} ON customer ({value})"


def upgrade() -> None:
    """Make the table, with the attributes that there have been so far."""
    op.execute(_ATTRIBUTE)
    for position, (name, kind, labels, choices) in enumerate(SEED, 1):
        listed = [{"name": choice, "labels": words} for choice, words in choices.items()]
        row = {
            "name": name,
            "kind": kind,
            "labels": json.dumps(labels),
            "choices": json.dumps(listed),
            "position": position,
        }
        op.get_bind().execute(_INSERT, row)
        texts = kind in ("text", "choice", "date")
        value = f"(attributes->>'{name}') COLLATE \"C\"" if texts else f"attributes->'{name}'"
        op.execute(_STATISTICS.format(name=name, value=value))
        if kind == "text":
            op.execute(_INDEX.format(name=name, value=f"({value})"))
