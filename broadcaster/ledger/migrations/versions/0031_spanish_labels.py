"""What the attributes that every database begins with are called in Spanish."""

import json

from alembic import op
from sqlalchemy import text

revision = "0031"
down_revision = "0030"

#: By attribute: its English label as it was shipped, the Spanish one, and the same of its choices.
SPANISH: dict[str, tuple[str, str, dict[str, str]]] = {
    "contract": (
        "contract",
        "tipo de contrato",
        {
            "residential": "residencial",
            "business": "profesional",
            "industrial": "industrial",
            "public": "administración",
        },
    ),
    "services": (
        "services",
        "servicios",
        {
            "water": "agua",
            "electricity": "electricidad",
            "sanitation": "saneamiento",
            "street_lighting": "alumbrado público",
        },
    ),
    "district": ("district", "barrio", {}),
    "network_zone": ("network zone", "zona de la red", {}),
    "feeder": ("feeder", "línea de suministro", {}),
    "meter_day": ("meter reading day", "día de lectura", {}),
    "subscribed_kva": ("subscribed power", "potencia contratada", {}),
    "life_support": ("life support equipment", "equipo médico vital", {}),
    "opened_on": ("opened on", "contrato abierto el", {}),
    "followed_areas": ("followed areas", "zonas seguidas", {}),
}

# An attribute that the team named otherwise, or that another one's label would be mistaken for, is
# left as it is.
_ATTRIBUTE = text("""
UPDATE attribute SET labels = labels || jsonb_build_object('es', CAST(:spanish AS text))
WHERE name = :name AND labels->>'en' = :english AND NOT labels ? 'es' AND NOT EXISTS (
    SELECT FROM attribute AS other, jsonb_each_text(other.labels) AS label
    WHERE other.name <> :name AND lower(label.value) = lower(:spanish)
)
""")
_CHOICES = text("""
UPDATE attribute SET choices = (
    SELECT jsonb_agg(
        CASE WHEN CAST(:spanish AS jsonb) ? (choice->>'name') AND NOT choice->'labels' ? 'es'
        THEN jsonb_set(
            choice, '{labels,es}', CAST(:spanish AS jsonb)->(choice->>'name')
        )
        ELSE choice END
        ORDER BY place
    )
    FROM jsonb_array_elements(choices) WITH ORDINALITY AS listed (choice, place)
)
WHERE name = :name AND labels->>'en' = :english AND choices <> '[]'
""")


def upgrade() -> None:
    """Add them where the attribute is still called as it was shipped."""
    for name, (english, spanish, choices) in SPANISH.items():
        known = {"name": name, "english": english}
        op.get_bind().execute(_ATTRIBUTE, {**known, "spanish": spanish})
        if choices:
            said = json.dumps(choices, ensure_ascii=False)
            op.get_bind().execute(_CHOICES, {**known, "spanish": said})
