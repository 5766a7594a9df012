"""Which facts a kind has: its own, and those that it shares with others, as TOML describes them.

What several kinds tell customers, such as the number of the call centre, is written in
`_base/facts.toml` alone; a kind takes it with `shared` and may change a field of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from broadcaster.domain.advisory import FactValue
from broadcaster.errors import InvalidInputError
from broadcaster.render.facts import Fact
from broadcaster.render.facttypes import FactType
from broadcaster.render.sources import parse_toml
from broadcaster.render.tables import Table

#: Where the shared facts stand, below the folder of kinds.
SHARED = "_base/facts.toml"
#: Names of kinds and of facts.
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
#: Names that a mapping answers itself, so that a template could never reach the fact.
_TAKEN = frozenset(dir(dict))
_FACTS, _CHARACTERS, _NUMBER = 50, 500, 1e15

_Fields = Mapping[str, object]


def shared_tables(text: str) -> Mapping[str, _Fields]:
    """Read `_base/facts.toml`: the fields of each shared fact; ConfigurationError."""
    table = Table(SHARED, parse_toml(text, SHARED))
    facts = table.table("facts")
    table.done()
    for name, fields in facts.values.items():
        if not isinstance(fields, dict):
            raise facts.refuse(name, "is not a table", "Write it as a table.")
    return {name: fields for name, fields in facts.values.items() if isinstance(fields, dict)}


def read_facts(table: Table, shared: Mapping[str, _Fields]) -> dict[str, Fact]:
    """Read the facts of a `kind.toml`, its own before those that it takes; ConfigurationError."""
    taken = dict.fromkeys(table.words("shared", None))
    for name in taken:
        if name not in shared:
            known = ", ".join(shared) or "none"
            problem = f"names {name!r}, which is no fact of {SHARED}"
            table.wrong("shared", problem, f"Known are: {known}.")
    taken = {name: None for name in taken if name in shared}
    own = table.table("facts")
    if len({*own.values, *taken}) > _FACTS:
        own.wrong("", f"has more than {_FACTS} facts", "Keep what the templates use.")
        return {}
    names = [*(name for name in own.values if name not in taken), *taken]
    facts: dict[str, Fact] = {}
    for name in names:
        if NAME.fullmatch(name) and name not in _TAKEN:
            facts[name] = _fact(own, name, shared[name] if name in taken else {})
        else:
            own.wrong(name, "is no name of a fact", "Use small letters; not 'items'.")
    return facts


def _fact(table: Table, name: str, shared: _Fields) -> Fact:
    """Read one fact, its own fields before the shared ones."""
    entry = table.table(name)
    entry.values = {**shared, **entry.values}
    kind = entry.word("type", FactType, FactType.TEXT)
    fact = Fact(
        name=name,
        type=kind,
        labels=entry.labels("label", name),
        contact=entry.flag("contact", default=False),
        required=entry.flag("required", default=True),
        default=None,
        sample=None,
        max_length=int(entry.number("max_length", _CHARACTERS, 1, 5000)),
        minimum=entry.number("minimum", -_NUMBER, -_NUMBER, _NUMBER),
        maximum=entry.number("maximum", _NUMBER, -_NUMBER, _NUMBER),
        choices=(choices := entry.words("choices", None)),
        choice_labels=_choice_labels(entry.table("choice_labels"), choices),
        lapses=entry.flag("lapses", default=False),
    )
    if fact.lapses and kind is not FactType.DATETIME:
        entry.wrong("lapses", "is for a datetime alone", "Take it out, or change the type.")
    default, sample = entry.values.pop("default", None), entry.values.pop("sample", None)
    entry.done()
    if fact.required and default is None and sample is None:
        remedy = f"Add a sample for previews, such as {fact.form}."
        entry.wrong("", "has neither default nor sample", remedy)
    return replace(
        fact,
        default=_checked(entry, fact, "default", default),
        sample=_checked(entry, fact, "sample", sample),
    )


def _choice_labels(table: Table, choices: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Read how choices are said to people; one that is left out is said by its own name."""
    labels = {one: table.labels(one, one) for one in choices if one in table.values}
    table.done()
    return labels


def _checked(entry: Table, fact: Fact, key: str, value: object) -> FactValue:
    if value is None:
        return None
    try:
        return fact.check(value, ())
    except InvalidInputError as error:
        entry.wrong(key, error.problem, error.remedy)
        return None
