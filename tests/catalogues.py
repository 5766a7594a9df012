"""The attributes that every database begins with, for tests that need none."""

from importlib import import_module

from broadcaster.audience.attributes import Attribute, Catalogue
from broadcaster.audience.definitions import from_rows

_STEPS = [
    import_module(f"broadcaster.ledger.migrations.versions.{name}")
    for name in ("0006_attributes", "0026_customers_pages")
]

SHIPPED: Catalogue = from_rows(
    [
        (
            name,
            kind,
            labels,
            [{"name": one, "labels": said} for one, said in choices.items()],
            False,
        )
        for step in _STEPS
        for name, kind, labels, choices in step.SEED
    ]
)


def with_attribute(name: str, attribute: Attribute) -> Catalogue:
    """Give the shipped attributes and one more."""
    return Catalogue({**SHIPPED.attributes, name: attribute})
