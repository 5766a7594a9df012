"""Who has left: customers that a full list of the utility does not have any more.

They are marked, and not deleted: what they were told stays in the reports, and one who comes back
in a later list is a customer again. No segment has them. Who follows public alerts by a browser is
on no list of the utility, and never leaves by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.audience.sheets.sheet import Remark
from broadcaster.domain.saying import Figure, said
from broadcaster.errors import InvalidInputError

#: So many of a hundred customers may leave with one list, unless more are allowed.
USUAL = 5.0

_STAGE: LiteralString = "CREATE TEMPORARY TABLE present_customer (customer_id bigint NOT NULL)"
#: Of a file that is stored in parts the table outlives them, and is taken away by whoever is done.
_OF_ONE: LiteralString = " ON COMMIT DROP"
_TAKEN_AWAY: LiteralString = "DROP TABLE IF EXISTS pg_temp.present_customer"
_NOTED: LiteralString = """
INSERT INTO present_customer
SELECT customer_id FROM staged_customer WHERE customer_id IS NOT NULL
"""
_NAMED: LiteralString = """
INSERT INTO present_customer SELECT id FROM customer WHERE number = ANY (%(numbers)s)
"""
_COUNTED: LiteralString = """
SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
    SELECT FROM present_customer WHERE present_customer.customer_id = customer.id))
FROM customer WHERE left_at IS NULL AND NOT follower
"""
_MARKED: LiteralString = """
UPDATE customer SET left_at = now(), updated_at = now()
WHERE left_at IS NULL AND NOT follower AND NOT EXISTS (
    SELECT FROM present_customer WHERE present_customer.customer_id = customer.id)
"""


@dataclass(kw_only=True, slots=True)
class Snapshot:
    """What is to be known of a full list, beside the customers that were read.

    `refused` are the numbers of rows that were refused: whoever is named there has not left.
    `nameless` counts refused rows whose number can't be read. At most `most` of a hundred customers
    may leave. `unread` says what was left out of the file, and may hold customers.
    """

    most: float = USUAL
    refused: list[str] = field(default_factory=list)
    nameless: int = 0
    unread: list[Remark] = field(default_factory=list)


class Leaving:
    """Finds those who are missing, in the transaction that stores the others, or after them."""

    def __init__(
        self,
        connection: Connection[Any],
        snapshot: Snapshot,
        *,
        before: int | None = None,
        in_parts: bool = False,
    ) -> None:
        """Nobody was seen yet; `before` is how many there were where some are stored already."""
        #: Why a run would be refused, found by a dry run.
        self.objection: InvalidInputError | None = None
        self._connection = connection
        self._snapshot = snapshot
        connection.execute(_STAGE if in_parts else _STAGE + _OF_ONE)
        #: How many customers there were before the file.
        self.before = self._count() if before is None else before

    def note(self) -> None:
        """Note whoever was staged, and whoever stands in a row that was refused."""
        self._connection.execute(_NOTED)
        self._note_refused()

    def present(self, numbers: Sequence[str]) -> None:
        """Note those who were stored from this file before."""
        self._connection.execute(_NAMED, {"numbers": list(numbers)})

    def settle(self, *, dry_run: bool) -> int:
        """Mark those who are missing; how many they are.

        InvalidInputError when a part of the file was not read, when it can't be told who is
        missing, or when they are too many: nothing of the transaction is to stay then. A dry run
        gives their number all the same, and keeps the error as an objection.
        """
        self._note_refused()
        self._connection.execute("ANALYZE present_customer")
        row = self._connection.execute(_COUNTED).fetchone()
        left = int(row[1]) if row else 0
        self.objection = objection(self._snapshot, left, self.before)
        if not dry_run:
            if self.objection:
                raise self.objection
            self._connection.execute(_MARKED)
        return left

    def _note_refused(self) -> None:
        # More may come meanwhile, by the thread that reads.
        numbers = self._snapshot.refused[:]
        if numbers:
            self.present(numbers)
            del self._snapshot.refused[: len(numbers)]

    def _count(self) -> int:
        row = self._connection.execute(
            "SELECT count(*) FROM customer WHERE left_at IS NULL AND NOT follower"
        ).fetchone()
        return int(row[0]) if row else 0


def take_away(connection: Connection[Any]) -> None:
    """Forget who was seen in a file that was stored in parts."""
    connection.execute(_TAKEN_AWAY)


def objection(snapshot: Snapshot, left: int, before: int) -> InvalidInputError | None:
    """Say why a list can't be a full one; None when it can."""
    if snapshot.unread:
        first = snapshot.unread[0]
        return InvalidInputError("--snapshot", first.problem, first.remedy)
    if left and snapshot.nameless:
        problem = said(
            "%(nameless)s rows have no readable customer number", nameless=Figure(snapshot.nameless)
        )
        remedy = said("So it can't be told who has left. Mend those rows.")
        return InvalidInputError("--snapshot", problem, remedy)
    if left > snapshot.most / 100 * before:
        share = 100 * left / before
        problem = said(
            "%(left)s of %(before)s customers (%(share)s %%) are missing from the file",
            left=Figure(left),
            before=Figure(before),
            share=format(share, ".1f"),
        )
        remedy = said(
            "Is it the full list? At most %(most)s %% may leave; --allow-leaving %(left)s lets "
            "them go.",
            most=format(snapshot.most, "g"),
            left=-(-left * 100 // before),
        )
        return InvalidInputError("--snapshot", problem, remedy)
    return None
