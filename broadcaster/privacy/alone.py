"""One at a time: whoever rewrites the file of an archived campaign."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

#: First key of the advisory lock; the second one is the campaign's number.
_FILE = 0x46494C45

# A file of a million rows is rewritten in less.
_PATIENCE = "SET LOCAL statement_timeout = '15min'; SET LOCAL lock_timeout = '15min'"


@contextmanager
def alone(connection: Connection[Any], campaign: int) -> Iterator[None]:
    """Keep all others from a campaign's file, from reading it to noting what became of it.

    Held by the connection and not by a transaction, as none may stand still while a file is
    written; it goes with whoever dies. `connection` must be in no transaction before and after.
    UnavailableError, by the pool, when others have it for too long.
    """
    with connection.transaction():
        connection.execute(_PATIENCE)
        connection.execute("SELECT pg_advisory_lock(%s, %s)", [_FILE, campaign])
    try:
        yield
    finally:
        if not connection.closed:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_unlock(%s, %s)", [_FILE, campaign])
