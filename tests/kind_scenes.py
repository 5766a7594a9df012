"""The kinds that are shipped, with their facts in every combination that reads differently."""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

from broadcaster.domain.advisory import FactValue
from broadcaster.render.kinds import Kind
from broadcaster.render.renderer import TemplateRenderer

ROOT = Path(__file__).parents[1]
KINDS = (
    *("planned_outage", "unplanned_outage", "restoration", "low_pressure"),
    *("street_lighting", "flooding", "weather", "withdrawal"),
    *("water_do_not_drink", "water_boil", "water_all_clear", "meter_reading"),
    *("payment_change", "branch_hours", "fraud_warning", "service_survey"),
)

_PROSE: FactValue = dict.fromkeys(("en", "fr", "ar", "es", "und"), "We know why.")
_FROM: FactValue = "2026-05-04T08:00:00+01:00"
_UNTIL: FactValue = "2026-05-05T14:00:00+01:00"
_MANY: FactValue = ["Anfa", "Sidi Belyout", "Oasis", "Derb Ghallef", "Hay Hassani"]
#: Facts beside the samples: one and many, one day, and what has no sample.
_OTHERS: Mapping[str, tuple[Mapping[str, FactValue], ...]] = {
    "planned_outage": ({"districts": _MANY, "ends": _UNTIL},),
    "unplanned_outage": ({"districts": _MANY, "streets": ["Rue Socrate"], "restoration": None},),
    "restoration": (
        {"remaining": ["Rue Socrate"], "repair": _PROSE},
        {"districts": _MANY, "remaining": _MANY},
    ),
    "low_pressure": ({"starts": None}, {"ends": None}, {"districts": _MANY}),
    "street_lighting": ({"districts": ["Anfa"], "cause": _PROSE}, {"districts": _MANY}),
    "flooding": ({"starts": _FROM, "advice": _PROSE}, {"starts": _FROM, "ends": None}),
    "weather": ({"starts": None, "advice": _PROSE}, {"ends": None}, {"districts": _MANY}),
    "withdrawal": ({"reason": _PROSE},),
    "water_do_not_drink": ({"places": ["Anfa"]}, {"places": _MANY}),
    "water_boil": ({"minutes": 3}, {"places": _MANY}),
    "water_all_clear": ({"run_minutes": 1}, {"places": _MANY}),
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
