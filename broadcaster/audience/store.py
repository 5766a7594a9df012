"""Customers in PostgreSQL: stored by the thousand, counted by segment."""

import logging
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience import staging
from broadcaster.audience.audience import SegmentAudience
from broadcaster.audience.fates import Origin
from broadcaster.audience.leaving import Leaving, Snapshot
from broadcaster.audience.plan import Plan, read_plan
from broadcaster.domain.customer import CustomerRecord
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.ports import KNOWN_KEYS, NO_KEYS, STORING, Audience, Vault, open_names

_log = logging.getLogger(__name__)

#: How many customers are staged together; bounds memory, some 2 KB each.
_CHUNK = 10_000
#: From how many customers on the statistics are renewed, so that planning sees the new size.
_RENEW = 1000
#: How long a statement, and a wait for the next rows, may take here, milliseconds.
_PATIENCE = 600_000
_SEEN: LiteralString = "number, name, name_latin, sealed, locales, attributes"
#: Lists of customers that a segment asks for must fit into memory.
_LISTS = "SET LOCAL work_mem = '128MB'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """How many customers were new, changed, as they were, and are gone from a full list.

    `objection` is why a run would be refused, where a dry run found out. `consents_left` counts
    consents that did not count, because the customer refused elsewhere.
    """

    inserted: int
    updated: int
    unchanged: int = 0
    left: int = 0
    objection: InvalidInputError | None = None
    consents_left: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A customer in a sample."""

    number: str
    name: str
    name_latin: str | None
    locales: Sequence[str]
    attributes: Mapping[str, object]

    def __repr__(self) -> str:
        """Show the number alone."""
        return f"Seen({self.number!r})"


class Customers:
    """The customers, their addresses, and what they agreed to."""

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        vault: Vault = NO_KEYS,
        audience: Audience | None = None,
    ) -> None:
        """Use a database with the present schema; `vault` seals for it, if it knows a key.

        `audience` translates segments.
        """
        self._pool = pool
        self._vault = vault
        self._audience = audience or SegmentAudience(pool, vault)

    def save(
        self,
        records: Iterable[CustomerRecord],
        *,
        source: str = "import",
        proof: str = "",
        as_of: datetime | None = None,
        given: frozenset[str] | None = None,
        snapshot: Snapshot | None = None,
        dry_run: bool = False,
    ) -> Saved:
        """Insert customers, or change those whose number is there; all of them or none.

        One transaction; memory holds some thousands at a time. Who is as before is not written
        again. Of records with one number the last one counts.

        `given` are the columns of the file that records come from: of a customer who is here
        already nothing else is changed, and addresses, broken ones too, are replaced on those
        channels alone that have a column. Without it a record says everything.

        What they say of consent holds from `as_of`, when their file was true, and `proof` names
        the file. Without a date a refusal counts from now on, and a consent replaces no refusal but
        one from a file, so that a column that nobody brought up to date does not undo what a
        customer chose since. `source` is `import` or `made`.

        With a `snapshot` the records are all customers there are: others are marked as left.
        InvalidInputError when those are too many. A `dry_run` looks, and writes nothing that stays.
        ConflictError while another process stores customers; ConfigurationError when the database
        is sealed with a key that is not here.
        """
        new = same = seen = left = consents_left = 0
        rest = iter(records)
        origin = Origin(source, proof or f"records of source {source}", as_of, given)
        with self._pool.connection() as connection, ExitStack() as stack:
            _begin(connection)
            sealer = self._vault.sealer(connection.execute(KNOWN_KEYS).fetchall())
            stage = staging.Stage(connection, origin, sealer, self._vault)
            leaving = Leaving(connection, snapshot) if snapshot else None
            for chunk in stack.enter_context(closing(_chunks(rest))):
                found = stage.lay(chunk)
                consents_left += stage.left() if dry_run else stage.store()
                if leaving:
                    leaving.note()
                new, same, seen = new + found.new, same + found.same, seen + found.all
            if leaving:
                left = leaving.settle(dry_run=dry_run)
            if seen - same >= _RENEW and not dry_run:
                staging.analyze(connection)
            if dry_run:
                connection.rollback()
        _log.info("customers stored", extra={"action": "customers.save", "inserted": new})
        return Saved(
            inserted=new,
            updated=seen - new - same,
            unchanged=same,
            left=left,
            objection=leaving.objection if leaving else None,
            consents_left=consents_left,
        )

    def count(self, expression: str | None = None) -> int:
        """Count all customers, or those that an expression selects; InvalidInputError."""
        chosen = self._audience.condition(expression or "all")
        with self._pool.connection() as connection:
            connection.execute(_LISTS)
            row = connection.execute(
                f"SELECT count(*) FROM customer WHERE {chosen.text}",  # noqa: S608  (values bound)
                chosen.values,
            ).fetchone()
        return int(row[0]) if row else 0

    def sample(self, expression: str | None = None, limit: int = 10) -> Sequence[str]:
        """Give the numbers of the first customers, by number, that an expression selects."""
        return [str(number) for (number,) in self._first("number", expression, limit)]

    def people(self, expression: str | None = None, limit: int = 10) -> Sequence[Seen]:
        """Give the first customers, by number, that an expression selects; InvalidInputError."""
        return [self._seen(*row) for row in self._first(_SEEN, expression, limit)]

    def _first(
        self, columns: LiteralString, expression: str | None, limit: int
    ) -> Sequence[tuple[Any, ...]]:
        chosen = self._audience.condition(expression or "all")
        with self._pool.connection() as connection:
            connection.execute(_LISTS)
            return connection.execute(
                f"SELECT {columns} FROM customer WHERE {chosen.text}"  # noqa: S608  (values bound)
                " ORDER BY number LIMIT %(sample_limit)s",
                {**chosen.values, "sample_limit": limit},
            ).fetchall()

    def _seen(
        self,
        number: str,
        name: str | None,
        latin: str | None,
        sealed: bytes | None,
        locales: Sequence[str],
        held: Mapping[str, object],
    ) -> Seen:
        opened, opened_latin = open_names(self._vault, number, (name, latin), sealed)
        return Seen(
            number=number,
            name=opened,
            name_latin=opened_latin,
            locales=locales,
            attributes=held,
        )

    def plan(self, expression: str) -> Plan:
        """Tell how those that an expression selects would be counted; InvalidInputError."""
        chosen = self._audience.condition(expression)
        query = f"SELECT count(*) FROM customer WHERE {chosen.text}"  # noqa: S608  (values bound)
        with self._pool.connection() as connection:
            connection.execute(_LISTS)
            machine = connection.execute("EXPLAIN (FORMAT JSON) " + query, chosen.values).fetchone()
            people = connection.execute("EXPLAIN " + query, chosen.values).fetchall()
        account = "\n".join(str(line) for (line,) in people)
        return read_plan(machine[0][0] if machine else {}, account)


def _begin(connection: Connection[Any]) -> None:
    """Take the right to store, in a transaction that may take its time."""
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [STORING]).fetchone()
    if row != (True,):
        message = "Another process is storing customers. Try again when it has finished."
        raise ConflictError(message)
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        connection.execute("SELECT set_config(%s, %s, true)", [name, str(_PATIENCE)])
    staging.prepare(connection)


def _chunks(records: Iterator[CustomerRecord]) -> Generator[list[CustomerRecord]]:
    """Give the customers by the thousand; the next are read while PostgreSQL stores these.

    Reading a file is work for this process and storing for another, so they go side by side.
    """
    with ThreadPoolExecutor(1, "reading") as ahead:
        coming = ahead.submit(_chunk, records)
        while chunk := coming.result():
            coming = ahead.submit(_chunk, records)
            yield chunk


def _chunk(records: Iterator[CustomerRecord]) -> list[CustomerRecord]:
    """Take the next customers, each number once: of two with one number the later."""
    taken = {record.number: record for record in islice(records, _CHUNK)}
    return sorted(taken.values(), key=lambda record: record.number)
