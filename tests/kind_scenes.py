"""The kinds on water quality and customer service, with their facts in every combination."""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

from broadcaster.domain.advisory import FactValue
from broadcaster.render.kinds import Kind
from broadcaster.render.renderer import TemplateRenderer

ROOT = Path(__file__).parents[1]
KINDS = (
    *("water_do_not_drink", "water_boil", "water_all_clear", "meter_reading"),
    *("payment_change", "branch_hours", "fraud_warning", "service_survey"),
)

_MANY: FactValue = ["Anfa", "Sidi Belyout", "Oasis", "Derb Ghallef", "Hay Hassani"]
#: Facts beside the samples: one and many, one day, and what has no sample.
_OTHERS: Mapping[str, tuple[Mapping[str, FactValue], ...]] = {
    "water_do_not_drink": ({"places": ["Anfa"]}, {"places": _MANY}),
    "water_boil": ({"minutes": 3}, {"places": _MANY}),
    "water_all_clear": ({"minutes": 1}, {"places": _MANY}),
    "meter_reading": ({"places": _MANY}, {"ends": "2026-04-06T16:30:00+01:00"}),
    "payment_change": (
        {"months": 1, "pay_within": 1, "payment_points": ["Anfa"]},
        {"months": 2, "pay_within": 15, "payment_points": _MANY},
    ),
    "branch_hours": (
        {"ends": "2026-04-06T15:00:00+01:00"},
        {"branches": ["Anfa", "Sidi Belyout"], "other_branches": _MANY},
        {"branches": _MANY, "ends": "2026-04-06T15:00:00+01:00"},
    ),
    "fraud_warning": ({"places": _MANY},),
    "service_survey": ({"minutes": 1},),
}


def shipped() -> TemplateRenderer:
    """Make a renderer of what is shipped."""
    return TemplateRenderer(
        [ROOT / "templates"],
        [ROOT / "locales"],
        default_locale="ar",
        time_zone="Africa/Casablanca",
    )


def scenes(kind: Kind) -> Iterator[Mapping[str, FactValue]]:
    """Give resolved facts: the samples, none that may be left out, and others, by every choice."""
    samples = dict(kind.sample())
    bare = {n: v if kind.facts[n].required else None for n, v in samples.items()}
    choices = [fact for fact in kind.facts.values() if fact.choices and fact.required]
    for picked in product(*(fact.choices for fact in choices)):
        chosen = dict(zip((fact.name for fact in choices), picked, strict=True))
        for given in (samples, bare, *({**samples, **more} for more in _OTHERS[kind.name])):
            yield kind.resolve({**given, **chosen})
    for fact in kind.facts.values():
        if fact.choices and not fact.required:
            yield from (kind.resolve({**samples, fact.name: choice}) for choice in fact.choices)
