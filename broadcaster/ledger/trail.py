"""Lines of the audit trail for what is kept outside the database, such as folders of kinds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.ledger.audit import note
from broadcaster.ledger.validity import person


class Trail:
    """Writes down what is done to files."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    @contextmanager
    def noting(self, by: str, action: str, subject: str) -> Iterator[dict[str, object]]:
        """Do something, and write it down with the details that are put into what is given.

        Nothing is done where the database does not answer (UnavailableError), and nothing written
        where it was not done. An empty `subject` stands for one that is among the details as
        `subject`, and details that say `done` is false are of nothing.
        """
        who = person("by", by)
        with self._pool.connection() as connection:
            # What is done to files may take longer than a transaction may usually stand still.
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = '5min'")
            details: dict[str, object] = {}
            yield details
            what = str(details.pop("subject", subject))
            if details.pop("done", True):
                note(connection, who, action, what, details)
