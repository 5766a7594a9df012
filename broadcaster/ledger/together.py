"""Statements that go to the server together, and are one transaction without a BEGIN and a COMMIT.

Each time that the two sides wait for one another costs both some tens of microseconds, as much as
dozens of rows do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg.pq import TransactionStatus


@contextmanager
def together(connection: Connection[Any]) -> Iterator[None]:
    """Send the statements of this block at its end, all or nothing; then they are committed.

    What they give is read after the block. The server's first fault is raised there, and then
    nothing is done. A fault of our own within the block does not take back what was sent before.
    Within a transaction of the caller's they belong to that, and are sent together all the same.
    """
    own = not connection.autocommit and _idle(connection)
    if own:
        # What is sent between two Syncs is a transaction by itself (PostgreSQL's documentation,
        # "Pipelining"): each statement sees what was committed before it began.
        connection.autocommit = True
    try:
        with connection.pipeline():
            yield
    finally:
        if own:
            _restore(connection)


def _restore(connection: Connection[Any]) -> None:
    if _idle(connection):
        connection.autocommit = False
    else:
        # Nobody else may get it as it is: each of their statements would be committed by itself.
        connection.close()


def _idle(connection: Connection[Any]) -> bool:
    return connection.pgconn.transaction_status == TransactionStatus.IDLE
