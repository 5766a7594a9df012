"""The attributes that every database begins with, for tests that need none."""

from importlib import import_module

from broadcaster.audience.attributes import Attribute, Catalogue
from broadcaster.audience.definitions import from_rows

_STEPS = [
    import_module(f"broadcaster.ledger.migrations.versions.{name}")
    for name in ("0006_attributes", "0026_customers_pages")
]

_SPANISH = import_module("broadcaster.ledger.migrations.versions.0031_spanish_labels").SPANISH

SHIPPED: Catalogue = from_rows(
    [
        (
            name,
            kind,
            {**labels, "es": _SPANISH[name][1]},
            [
                {"name": one, "labels": {**said, "es": _SPANISH[name][2][one]}}
                for one, said in choices.items()
            ],
            False,
        )
        for step in _STEPS
        for name, kind, labels, choices in step.SEED
    ]
)


def with_attribute(name: str, attribute: Attribute) -> Catalogue:
    """Give the shipped attributes and one more."""
    return Catalogue({**SHIPPED.attributes, name: attribute})
