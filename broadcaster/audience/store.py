"""Customers in PostgreSQL: stored by the thousand, counted by segment."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience import staging
from broadcaster.audience.audience import SegmentAudience
from broadcaster.audience.fates import Origin
from broadcaster.audience.leaving import Leaving, Snapshot
from broadcaster.audience.marks import Ending, Marks
from broadcaster.audience.plan import Plan, read_plan
from broadcaster.audience.running import Running, Saved, alone, before_mark, begin, chunks, end
from broadcaster.domain.customer import CustomerRecord
from broadcaster.ports import KNOWN_KEYS, NO_KEYS, Audience, Vault, open_names

__all__ = ["Customers", "Saved", "Seen"]

_log = logging.getLogger(__name__)

_SEEN: LiteralString = "number, name, name_latin, sealed, locales, attributes"
#: Lists of customers that a segment asks for must fit into memory.
_LISTS = "SET LOCAL work_mem = '128MB'"


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
        ending: Ending | None = None,
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
        `ending` is done at the end of the transaction, and by no dry run.
        ConflictError while another process stores customers; ConfigurationError when the database
        is sealed with a key that is not here.
        """
        origin = Origin(source, proof or f"records of source {source}", as_of, given)
        running = Running()
        with self._pool.connection() as connection, ExitStack() as stack:
            begin(connection)
            stage = self._stage(connection, origin)
            leaving = Leaving(connection, snapshot) if snapshot else None
            for chunk in stack.enter_context(closing(chunks(iter(records)))):
                found = stage.lay(chunk.records)
                running.count(found, stage.left() if dry_run else stage.store())
                if leaving:
                    leaving.note()
            left = leaving.settle(dry_run=dry_run) if leaving else 0
            saved = running.saved(left, leaving.objection if leaving else None)
            if dry_run:
                connection.rollback()
            else:
                end(connection, saved, ending)
        _log.info("customers stored", extra={"action": "customers.save", **saved.told()})
        return saved

    def save_in_parts(
        self,
        records: Iterable[CustomerRecord],
        marks: Marks,
        *,
        source: str = "import",
        proof: str = "",
        as_of: datetime | None = None,
        given: frozenset[str] | None = None,
        snapshot: Snapshot | None = None,
        ending: Ending | None = None,
    ) -> Saved:
        """As `save`, in transactions of some thousands: what is stored before an error stays.

        The transaction that stores a part notes in `marks` where it ends. `records` are always all
        of the file: those before the mark are taken for stored. Who is missing from a `snapshot` is
        marked when all are in, in one transaction with the `ending`.
        """
        origin = Origin(source, proof or f"records of source {source}", as_of, given)
        mark, rest = marks.mark, iter(records)
        running = Running.of(mark)
        with self._pool.connection() as connection, alone(connection), ExitStack() as stack:
            leaving = _lasting(connection, snapshot, mark.before) if snapshot else None
            before = leaving.before if leaving else None
            for done in before_mark(rest, mark.records):
                if leaving:
                    leaving.present(done)
            connection.commit()
            for chunk in stack.enter_context(closing(chunks(rest))):
                begin(connection)
                stage = self._stage(connection, origin)
                running.count(stage.lay(chunk.records), stage.store())
                if leaving:
                    leaving.note()
                mark = running.mark(mark, chunk.read, marks, before)
                marks.note(connection, mark)
                connection.commit()
            begin(connection)
            left = leaving.settle(dry_run=False) if leaving else 0
            saved = running.saved(left, None)
            end(connection, saved, ending)
            connection.commit()
        _log.info("customers stored", extra={"action": "customers.save", **saved.told()})
        return saved

    def _stage(self, connection: Connection[Any], origin: Origin) -> staging.Stage:
        sealer = self._vault.sealer(connection.execute(KNOWN_KEYS).fetchall())
        return staging.Stage(connection, origin, sealer, self._vault)

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


def _lasting(connection: Connection[Any], snapshot: Snapshot, before: int | None) -> Leaving:
    return Leaving(connection, snapshot, before=before, in_parts=True)
