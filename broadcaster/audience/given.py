"""What a file says nothing of: columns that are not in its header change nothing of a customer.

An empty cell of a column that is there empties the value; so what is staged of a customer who is
here already is completed with what the file has no column for.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.audience.columns import CHANNELS, COLUMNS
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import DELIVERY_CHANNELS
from broadcaster.ports import Vault, open_names

_NAMES: LiteralString = (
    "SELECT number, name, name_latin, sealed FROM customer WHERE number = ANY (%(numbers)s)"
)
_COMPLETED: LiteralString = """
UPDATE staged_customer AS staged SET
    locales = CASE WHEN %(locales)s THEN staged.locales ELSE customer.locales END,
    time_zone = CASE WHEN %(time_zone)s THEN staged.time_zone ELSE customer.time_zone END,
    household = CASE WHEN %(household)s THEN staged.household ELSE customer.household END,
    -- No place is taken away by an empty cell: nobody is lost to an area by it.
    attributes = (customer.attributes - ARRAY(
        SELECT unnest(%(attributes)s::text[])
        EXCEPT SELECT name FROM attribute WHERE kind = 'location')) || staged.attributes
FROM customer WHERE customer.number = staged.number
"""
_OWN = ("locales", "time_zone", "household")


class Given:
    """The columns that records come from; None for records that say everything."""

    def __init__(self, columns: Collection[str] | None) -> None:
        """Keep which they are."""
        self._columns = columns

    @property
    def of_file(self) -> bool:
        """Whether they come from a file, which may be damaged."""
        return self._columns is not None

    @property
    def channels(self) -> Sequence[str]:
        """The channels of which the file has a column at least: their addresses are replaced."""
        if self._columns is None:
            return [channel.value for channel in DELIVERY_CHANNELS]
        return sorted({CHANNELS[name].value for name in self._columns if name in CHANNELS})

    def with_names(
        self, connection: Connection[Any], records: Sequence[CustomerRecord], vault: Vault
    ) -> Sequence[CustomerRecord]:
        """Complete records with names in Latin letters; those are sealed together with others."""
        if self._columns is None or "name_latin" in self._columns:
            return records
        numbers = [record.number for record in records]
        known: Mapping[str, str | None] = {
            number: open_names(vault, number, (name, latin), sealed)[1]
            for number, name, latin, sealed in connection.execute(_NAMES, {"numbers": numbers})
        }
        return [
            replace(record, name_latin=known[record.number])
            if known.get(record.number) is not None
            else record
            for record in records
        ]

    def complete(self, connection: Connection[Any]) -> None:
        """Complete what was staged of customers who are here already."""
        if self._columns is None:
            return
        values: dict[str, object] = {name: name in self._columns for name in _OWN}
        values["attributes"] = _attributes(self._columns)
        connection.execute(_COMPLETED, values)


def _attributes(columns: Iterable[str]) -> list[str]:
    return [name for name in columns if name not in COLUMNS]
