"""The attributes that every database begins with, for tests that need none."""

from importlib import import_module

from broadcaster.audience.attributes import Attribute, Catalogue
from broadcaster.audience.definitions import from_rows

_STEP = import_module("broadcaster.ledger.migrations.versions.0006_attributes")

SHIPPED: Catalogue = from_rows(
    [
        (
            name,
            kind,
            labels,
            [{"name": one, "labels": said} for one, said in choices.items()],
            False,
        )
        for name, kind, labels, choices in _STEP.SEED
    ]
)


def with_attribute(name: str, attribute: Attribute) -> Catalogue:
    """Give the shipped attributes and one more."""
    return Catalogue({**SHIPPED.attributes, name: attribute})
