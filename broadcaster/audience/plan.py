"""How PostgreSQL would look for the customers of a segment, in plain words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: What the tables hold, for people.
_TABLES = {
    "customer": "customers",
    "consent": "consents and refusals",
    "customer_address": "addresses of customers",
    "suppression": "suppressed addresses",
    "delivery": "deliveries",
}
_Node = Mapping[str, Any]
#: The cells of an area are bound as many octets, which tell people nothing.
_OCTETS = re.compile(r"'\\x[0-9a-f]{32,}'")
#: Looking at the first number of an attribute, as PostgreSQL writes it.
_PLACE = re.compile(r"attributes (?:-> '(\w+)'::text\) -> 0\)|#> '\{(\w+),0\}')")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The steps in words, the indexes that are used, and PostgreSQL's own account."""

    steps: tuple[str, ...]
    indexes: tuple[str, ...]
    account: str


def read_plan(explained: _Node, account: str) -> Plan:
    """Read what EXPLAIN (FORMAT JSON) said of a query."""
    nodes = list(_scans(explained["Plan"]))
    indexes = dict.fromkeys(index for node in nodes for index in _indexes(node))
    steps = dict.fromkeys(_step(node) for node in nodes)
    steps |= dict.fromkeys(_unindexed(name) for node in nodes for name in _places(node))
    return Plan(steps=tuple(steps), indexes=tuple(indexes), account=masked(account))


def masked(account: str) -> str:
    """Leave out of PostgreSQL's account what nobody wants to read."""
    return _OCTETS.sub("'...'", account)


def _scans(node: _Node) -> Iterator[_Node]:
    if "Relation Name" in node:
        yield node
        return
    for part in node.get("Plans", ()):
        yield from _scans(part)


def _places(node: _Node) -> Iterator[str]:
    """Name the places that are attributes which a filter looks at."""
    for one in ("Filter", "Recheck Cond", "Join Filter"):
        for first, other in _PLACE.findall(str(node.get(one, ""))):
            yield first or other


def _unindexed(place: str) -> str:
    return f"The place {place} has no index: it is read of everybody whom the rest leaves."


def _indexes(node: _Node) -> Iterator[str]:
    if "Index Name" in node:
        yield str(node["Index Name"])
    for part in node.get("Plans", ()):
        yield from _indexes(part)


def _step(node: _Node) -> str:
    table = str(node["Relation Name"])
    plain = "delivery" if table.startswith("delivery_") else table
    what = _TABLES.get(plain, plain)
    indexes = list(_indexes(node))
    if not indexes:
        return f"Reads all {what} and keeps those that fit."
    named = " and ".join(_named(index) for index in indexes)
    return f"Finds {what} by {named}."


def _named(index: str) -> str:
    attribute = index.removeprefix("customer_text_")
    if attribute != index:
        return f"the index of the attribute {attribute} ({index})"
    return f"the index {index}"
