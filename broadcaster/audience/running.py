"""Storing many customers: who may, in which pieces, and what is counted."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Self

from psycopg import Connection, Error

from broadcaster.audience import leaving, staging
from broadcaster.audience.fates import Fates
from broadcaster.audience.marks import Ending, Mark, Marks
from broadcaster.domain.customer import CustomerRecord
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.ports import STORING

#: How many customers are staged together, which is a part; bounds memory, some 2 KB each.
PART = 10_000
#: From how many customers on the statistics are renewed, so that planning sees the new size.
_RENEW = 1000
#: How long a statement, and a wait for the next rows, may take here, milliseconds.
_PATIENCE = 600_000


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

    def told(self) -> dict[str, int]:
        """Give the figures alone."""
        return {
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "left": self.left,
            "consents_left": self.consents_left,
        }


@dataclass(slots=True)
class Running:
    """The figures until now."""

    new: int = 0
    same: int = 0
    all: int = 0
    consents_left: int = 0

    @classmethod
    def of(cls, mark: Mark) -> Self:
        """Go on from a mark."""
        return cls(
            new=mark.inserted,
            same=mark.unchanged,
            all=mark.inserted + mark.unchanged + mark.updated,
            consents_left=mark.consents_left,
        )

    def count(self, found: Fates, consents_left: int) -> None:
        """Count what came of some."""
        self.new, self.same, self.all = (
            self.new + found.new,
            self.same + found.same,
            self.all + found.all,
        )
        self.consents_left += consents_left

    def mark(self, last: Mark, count: int, marks: Marks, before: int | None) -> Mark:
        """Give the end of what is stored, `count` records after the last one."""
        records = last.records + count
        return Mark(
            records=records,
            row=marks.row_of(records),
            inserted=self.new,
            updated=self.all - self.new - self.same,
            unchanged=self.same,
            consents_left=self.consents_left,
            before=before,
        )

    def saved(self, left: int, objection: InvalidInputError | None) -> Saved:
        """Give what came of all."""
        return Saved(
            inserted=self.new,
            updated=self.all - self.new - self.same,
            unchanged=self.same,
            left=left,
            objection=objection,
            consents_left=self.consents_left,
        )


def begin(connection: Connection[Any]) -> None:
    """Take the right to store, in a transaction that may take its time; ConflictError."""
    _require(connection, "SELECT pg_try_advisory_xact_lock(%s)")
    _take_time(connection)
    staging.prepare(connection)


@contextmanager
def alone(connection: Connection[Any]) -> Iterator[None]:
    """Have the right to store over several transactions; ConflictError."""
    _require(connection, "SELECT pg_try_advisory_lock(%s)")
    try:
        # Until the first part: reading what is stored already may take a while.
        _take_time(connection)
        yield
    finally:
        try:
            # What is not committed by now is of a part that failed.
            connection.rollback()
            leaving.take_away(connection)
            connection.execute("SELECT pg_advisory_unlock(%s)", [STORING])
            connection.commit()
        except Error:
            # A connection that is gone holds nothing.
            connection.close()


def end(connection: Connection[Any], saved: Saved, ending: Ending | None) -> None:
    """Finish what is stored, within its last transaction."""
    if saved.inserted + saved.updated >= _RENEW:
        staging.analyze(connection)
    if ending:
        ending(connection, saved)


def _require(connection: Connection[Any], lock: Any) -> None:  # noqa: ANN401  (LiteralString)
    if connection.execute(lock, [STORING]).fetchone() != (True,):
        message = "Another process is storing customers. Try again when it has finished."
        raise ConflictError(message)


def _take_time(connection: Connection[Any]) -> None:
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        connection.execute("SELECT set_config(%s, %s, true)", [name, str(_PATIENCE)])


class Chunk(NamedTuple):
    """Customers to be staged together, each number once, of so many that were read."""

    records: list[CustomerRecord]
    read: int


def chunks(records: Iterator[CustomerRecord]) -> Generator[Chunk]:
    """Give the customers by the thousand; the next are read while PostgreSQL stores these.

    Reading a file is work for this process and storing for another, so they go side by side.
    """
    with ThreadPoolExecutor(1, "reading") as ahead:
        coming = ahead.submit(_chunk, records)
        while (chunk := coming.result()).read:
            coming = ahead.submit(_chunk, records)
            yield chunk


def _chunk(records: Iterator[CustomerRecord]) -> Chunk:
    """Take the next customers, each number once: of two with one number the later."""
    taken, count = {}, 0
    for record in islice(records, PART):
        taken[record.number] = record
        count += 1
    return Chunk(sorted(taken.values(), key=lambda record: record.number), count)


def before_mark(records: Iterator[CustomerRecord], count: int) -> Iterator[Sequence[str]]:
    """Read over so many customers, and give their numbers by the thousand."""
    while count:
        numbers = [record.number for record in islice(records, min(count, PART))]
        if not numbers:
            message = "The file reads otherwise than before. Begin anew."
            raise ConflictError(message)
        count -= len(numbers)
        yield numbers
