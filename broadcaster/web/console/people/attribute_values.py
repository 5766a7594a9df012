"""What is known of a customer, as people read it: labels and values in their language."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from broadcaster.audience.attributes import Attribute, Catalogue, Kind
from broadcaster.audience.phrases import Phrases
from broadcaster.audience.places import as_place, written_place
from broadcaster.web.console.people.told import speech
from broadcaster.web.languages import Language


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """An attribute that somebody has."""

    name: str
    label: str
    text: str


def shown(held: Mapping[str, object], catalogue: Catalogue, language: Language) -> Sequence[Value]:
    """Give the values in the order of the attributes; what has no attribute any more comes last."""
    phrases = Phrases(catalogue, speech(language))
    known = [name for name in catalogue.attributes if name in held]
    others = sorted(set(held) - set(known))
    return [
        Value(
            name=name,
            label=phrases.label(catalogue.attributes[name].labels),
            text=_text(held[name], catalogue.attributes[name], phrases),
        )
        for name in known
    ] + [Value(name=name, label=name, text=str(held[name])) for name in others]


def _text(value: object, attribute: Attribute, phrases: Phrases) -> str:
    if place := as_place(value):
        return phrases.apart(written_place(place))
    if isinstance(value, list):
        return " · ".join(_text(one, attribute, phrases) for one in value)
    if isinstance(value, bool):
        return phrases.value(value, attribute)
    if isinstance(value, int | float):
        return phrases.value(Decimal(str(value)), attribute)
    text = str(value)
    if attribute.kind is Kind.DATE:
        with suppress(ValueError):
            return phrases.value(date.fromisoformat(text), attribute)
    return phrases.label(attribute.choices[text]) if text in attribute.choices else text
