"""Sealed people in forecasts: what is known of them in plain, and opening what has to be opened.

Of a sealed address and name as much is kept in plain as forecasts count by: the first digits of a
number, a mail domain, how many characters a name has. It is found out when a forecast first needs
it, some hundreds of rows at a time, each in a transaction of its own; a later forecast goes by it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.message import Channel, Scheme
from broadcaster.planning import contributions
from broadcaster.planning.destinations import kept
from broadcaster.planning.groups import Group
from broadcaster.ports import KNOWN_KEYS, Vault, open_address, open_names

_LIMITS = "SET LOCAL statement_timeout = '5min'"
#: How many rows are opened in one transaction, and groups together.
_BATCH = 2000

# Rows that somebody stores at the moment are passed over: of those nothing is known then.
_ADDRESSES = """
SELECT id, scheme, sealed, digest FROM address
WHERE channel = ANY(%(channels)s::channel[]) AND sealed IS NOT NULL AND place IS NULL
  AND id > %(after)s
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_PLACES = """
UPDATE address SET place = new.place
FROM unnest(%(ids)s::bigint[], %(places)s::text[]) AS new (id, place) WHERE address.id = new.id
"""

_CUSTOMERS: LiteralString = (
    "SELECT id, number, sealed FROM customer WHERE sealed IS NOT NULL AND formed IS DISTINCT FROM "  # noqa: S608  (names of ours)
    + contributions.FORMED
    + " AND id > %(after)s ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED"
)
_FORMS: LiteralString = (
    "UPDATE customer SET name_form = new.name, latin_form = new.latin, formed = "  # noqa: S608  (as above)
    + contributions.FORMED
    + " FROM unnest(%(ids)s::bigint[], %(names)s::text[], %(latins)s::text[])"
    " AS new (id, name, latin) WHERE customer.id = new.id"
)

_SEALED = "SELECT id, number, name, name_latin, sealed FROM customer WHERE id = ANY(%s)"


class Openings:
    """Opens what forecasts need; `vault` has the keys."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], vault: Vault) -> None:
        """Keep what it works with."""
        self._pool = pool
        self._vault = vault

    def learn(self, channels: Sequence[Channel], *, names: bool) -> int:
        """Find out what is not known yet of addresses of the channels, and of names; how many rows.

        ConfigurationError when a key is missing.
        """
        with self._pool.connection() as connection:
            if connection.execute(KNOWN_KEYS).fetchone() is None:
                return 0
        count = self._all(_ADDRESSES, self._places, {"channels": [one.value for one in channels]})
        return count + (self._all(_CUSTOMERS, self._forms, {}) if names else 0)

    def _all(self, query: LiteralString, learn: Any, values: Mapping[str, object]) -> int:  # noqa: ANN401  (a method)
        after = count = 0
        while True:
            with self._pool.connection() as connection:
                connection.execute(_LIMITS)
                page = {**values, "after": after, "limit": _BATCH}
                rows = connection.execute(query, page).fetchall()
                if not rows:
                    return count
                learn(connection, rows)
            after, count = rows[-1][0], count + len(rows)

    def _places(self, connection: Connection[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        places = []
        for _, scheme, sealed, digest in rows:
            of = Scheme(scheme)
            address = open_address(self._vault, of, (None, None), (sealed, digest))
            places.append(kept(of, address.value))
        connection.execute(_PLACES, {"ids": [row[0] for row in rows], "places": places})

    def _forms(self, connection: Connection[Any], rows: Sequence[tuple[Any, ...]]) -> None:
        opened = [
            open_names(self._vault, number, (None, None), locked) for _, number, locked in rows
        ]
        values = {
            "ids": [row[0] for row in rows],
            "names": [contributions.kept(name) for name, _ in opened],
            "latins": [None if latin is None else contributions.kept(latin) for _, latin in opened],
        }
        connection.execute(_FORMS, values)

    def opened(self, found: Iterable[Group]) -> Iterator[Group]:
        """Give groups on, those of sealed names with the name in its place."""
        rows = iter(found)
        while batch := list(islice(rows, _BATCH)):
            ids = [int(group.forms[0][1:]) for group in batch if _is_sealed(group)]
            names = self._names(ids) if ids else {}
            for group in batch:
                yield self._with_name(group, names) if _is_sealed(group) else group

    def _names(self, ids: Sequence[int]) -> Mapping[int, tuple[str, str | None]]:
        with self._pool.connection() as connection:
            rows = connection.execute(_SEALED, [ids]).fetchall()
        return {
            id_: open_names(self._vault, number, (name, latin), sealed)
            for id_, number, name, latin, sealed in rows
        }

    def _with_name(self, group: Group, names: Mapping[int, tuple[str, str | None]]) -> Group:
        # Erased while we counted: then nothing of the name is left.
        name, latin = names.get(int(group.forms[0][1:]), ("", None))
        shown = name if latin is None or (group.locale or "").startswith("ar") else latin
        return group._replace(forms=(contributions.form(shown), *group.forms[1:]))


def _is_sealed(group: Group) -> bool:
    """Tell whether a group is one customer whose name, the first field, has to be opened."""
    return bool(group.forms) and group.forms[0].startswith("o")
