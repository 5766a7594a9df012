"""One process at a time, for work that waits for networks: no transaction stays open meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool


@contextmanager
def turn(pool: ConnectionPool[Connection[Any]], key: int) -> Iterator[bool]:
    """Take the turn of a key until the block ends; False while another process has it.

    Held by a connection, which is kept for so long: it goes with whoever dies.
    """
    with pool.connection() as connection:
        query = "SELECT pg_try_advisory_lock(%s)"
        mine = connection.execute(query, [key]).fetchone() == (True,)
        connection.commit()
        try:
            yield mine
        finally:
            if mine and not connection.broken:
                connection.execute("SELECT pg_advisory_unlock(%s)", [key])
                connection.commit()
