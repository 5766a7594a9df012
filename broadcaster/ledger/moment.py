"""Reading all that belongs together as it was at one moment, while others go on writing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

# Whoever reads writes files between two statements, and those may be long.
_BEGIN = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL statement_timeout = '2min'",
    "SET LOCAL idle_in_transaction_session_timeout = '2min'",
)


class OneMoment:
    """Lends one connection again and again, as a pool would, within one transaction.

    It owns none: who made it ends the transaction.
    """

    def __init__(self, connection: Connection[Any]) -> None:
        """Lend this connection."""
        self._one = connection

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[Connection[Any]]:
        """Lend it; what it is read by may be kept open beside other reading."""
        del timeout
        yield self._one


@contextmanager
def one_moment(pool: ConnectionPool[Connection[Any]]) -> Iterator[OneMoment]:
    """Lend what sees the database as it is now until the end, and changes nothing of it.

    PostgreSQL takes the picture at the first question (documentation, 13.2.2: Repeatable Read); it
    is asked here. Writing is refused by the server. UnavailableError as the pool.
    """
    with pool.connection() as connection:
        for statement in _BEGIN:
            connection.execute(statement)
        connection.execute("SELECT FROM campaign LIMIT 1")
        yield OneMoment(connection)
