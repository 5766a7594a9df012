"""The table of attributes: read as a whole, and changed one at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.audience import support
from broadcaster.audience.attributes import Attribute, Catalogue, Kind, Labels
from broadcaster.audience.defining import check, tidy
from broadcaster.audience.uses import refuse_breaking, values_held
from broadcaster.domain.nearest import close
from broadcaster.errors import ConflictError, NotFoundError
from broadcaster.ports import Note

_ALL: LiteralString = """
SELECT name, kind::text, labels, choices, retired FROM attribute ORDER BY position, name
"""
_ADD: LiteralString = """
INSERT INTO attribute (name, kind, labels, choices, retired, position)
SELECT %(name)s, %(kind)s::attribute_kind, %(labels)s, %(choices)s, %(retired)s,
    1 + coalesce(max(position), 0)
FROM attribute
"""
_CHANGE: LiteralString = """
UPDATE attribute SET kind = %(kind)s::attribute_kind, labels = %(labels)s, choices = %(choices)s,
    retired = %(retired)s, updated_at = now()
WHERE name = %(name)s
"""
_FORGET: LiteralString = """
UPDATE customer SET attributes = attributes - %(name)s::text, updated_at = now()
WHERE attributes ? %(name)s::text
"""
#: How long a change may look through customers, milliseconds.
_PATIENCE: LiteralString = "SET LOCAL statement_timeout = 600000"
#: The columns of a row, in their order.
Row = tuple[str, str, Mapping[str, str], Sequence[Mapping[str, Any]], bool]


class Definitions:
    """The attributes that customers can have, in PostgreSQL.

    Changes wait for each other and for segments that are being saved, so that what is checked still
    holds when it is written. Each leaves a line in the audit trail.
    """

    def __init__(self, pool: ConnectionPool[Connection[Any]], note: Note) -> None:
        """Use a database with the present schema; `note` writes the audit trail."""
        self._pool = pool
        self._note = note

    def catalogue(self) -> Catalogue:
        """Read all as they are now; what is read does not change any more."""
        with self._pool.connection() as connection:
            return read(connection)

    def get(self, name: str) -> Attribute:
        """Give one; NotFoundError with the nearest name there is."""
        return _found(name, self.catalogue())

    def add(self, name: str, attribute: Attribute, by: str) -> None:
        """Add one; InvalidInputError names what is wrong with it."""
        attribute = _tidied(attribute)
        with self._pool.connection() as connection:
            connection.execute(_PATIENCE)
            catalogue = _locked(connection)
            check(name, attribute, catalogue)
            connection.execute(_ADD, _row(name, attribute))
            support.give(connection, name, attribute.kind)
            self._note(connection, by, "add", f"attribute {name}", {"kind": attribute.kind.value})

    def change(self, name: str, by: str, changed: Callable[[Attribute], Attribute]) -> Attribute:
        """Change one, by a function of what it is; what it is now.

        NotFoundError with the nearest name; InvalidInputError for a wrong definition; ConflictError
        while customers hold values of the kind or choice that would go, or segments ask for it.
        """
        with self._pool.connection() as connection:
            connection.execute(_PATIENCE)
            catalogue = _locked(connection)
            before = _found(name, catalogue)
            after = _tidied(changed(before))
            rest = _without(name, catalogue)
            check(name, after, rest)
            if after.kind is not before.kind:
                _refuse_held(connection, name, None, "its kind can't change")
            for choice in before.choices.keys() - after.choices.keys():
                _refuse_held(connection, name, choice, f"the choice {choice} can't go")
            in_place = {**catalogue.attributes, name: after}
            refuse_breaking(connection, name, catalogue, Catalogue(in_place))
            connection.execute(_CHANGE, _row(name, after))
            if after.kind is not before.kind:
                support.take(connection, name)
                support.give(connection, name, after.kind)
            details = {"before": _figures(before), "after": _figures(after)}
            self._note(connection, by, "change", f"attribute {name}", details)
        return after

    def remove(self, name: str, by: str, *, with_values: bool = False) -> int:
        """Remove one; of how many customers a value was removed with it.

        NotFoundError with the nearest name; ConflictError while segments or unfinished campaigns
        ask for it, or customers hold values and `with_values` is not given.
        """
        with self._pool.connection() as connection:
            connection.execute(_PATIENCE)
            catalogue = _locked(connection)
            _found(name, catalogue)
            refuse_breaking(connection, name, catalogue, _without(name, catalogue))
            if not with_values:
                _refuse_held(connection, name, None, "it can't be removed")
            gone = connection.execute(_FORGET, {"name": name}).rowcount
            connection.execute("DELETE FROM attribute WHERE name = %s", [name])
            support.take(connection, name)
            self._note(connection, by, "remove", f"attribute {name}", {"values": gone})
        return gone


def read(connection: Connection[Any]) -> Catalogue:
    """Read all attributes in a transaction of the caller's."""
    return from_rows(connection.execute(_ALL).fetchall())


def steady(connection: Connection[Any]) -> Catalogue:
    """Read all attributes, which then stay as they are until the transaction ends."""
    connection.execute("LOCK TABLE attribute IN SHARE MODE")
    return read(connection)


def from_rows(rows: Sequence[Row]) -> Catalogue:
    """Make the catalogue of rows in their order."""
    return Catalogue(
        MappingProxyType(
            {
                name: Attribute(
                    kind=Kind(kind),
                    labels=MappingProxyType(dict(labels)),
                    choices=MappingProxyType(
                        {one["name"]: MappingProxyType(dict(one["labels"])) for one in choices}
                    ),
                    retired=retired,
                )
                for name, kind, labels, choices, retired in rows
            }
        )
    )


def _locked(connection: Connection[Any]) -> Catalogue:
    connection.execute("LOCK TABLE attribute IN SHARE ROW EXCLUSIVE MODE")
    return read(connection)


def _found(name: str, catalogue: Catalogue) -> Attribute:
    if name not in catalogue.attributes:
        listed = "Type 'broadcaster attributes list' for those there are."
        remedy = close(name, catalogue.attributes) or listed
        raise NotFoundError("attribute", f"{name!r} does not exist", remedy)
    return catalogue.attributes[name]


def _without(name: str, catalogue: Catalogue) -> Catalogue:
    return Catalogue({one: it for one, it in catalogue.attributes.items() if one != name})


def _refuse_held(connection: Connection[Any], name: str, choice: str | None, problem: str) -> None:
    held = values_held(connection, name, choice)
    if held:
        message = (
            f"attribute {name}: {held:,} customers have a value of it, so {problem}. "
            "Import them without it first, or retire the attribute."
        )
        raise ConflictError(message)


def _tidied(attribute: Attribute) -> Attribute:
    choices: Mapping[str, Labels] = {
        choice: tidy(labels) for choice, labels in attribute.choices.items()
    }
    return replace(attribute, labels=tidy(attribute.labels), choices=choices)


def _row(name: str, attribute: Attribute) -> Mapping[str, object]:
    listed = [{"name": one, "labels": dict(said)} for one, said in attribute.choices.items()]
    return {
        "name": name,
        "kind": attribute.kind.value,
        "labels": Jsonb(dict(attribute.labels)),
        "choices": Jsonb(listed),
        "retired": attribute.retired,
    }


def _figures(attribute: Attribute) -> Mapping[str, object]:
    return {
        "kind": attribute.kind.value,
        "labels": dict(attribute.labels),
        "choices": list(attribute.choices),
        "retired": attribute.retired,
    }
