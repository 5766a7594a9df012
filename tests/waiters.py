"""Who waits for a lock that a test holds, and for nobody else's."""

from typing import Any

from psycopg import Connection

# The server is shared by all processes of a run: a count of all locks that are waited for would
# take a wait in somebody else's database for the one that was looked for. `pg_stat_activity` would
# not do, since a transaction sees it as it was at its first look.
_BEHIND = """
SELECT count(DISTINCT pid) FROM pg_locks
WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
"""


def waiters(connection: Connection[Any]) -> int:
    """Count the sessions that wait for what the transaction of `connection` has locked."""
    ((count,),) = connection.execute(_BEHIND).fetchall()
    return int(count)
