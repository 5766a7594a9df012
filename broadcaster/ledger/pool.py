"""Connections to PostgreSQL, bounded in number and in time."""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, InternalError, OperationalError, ProgrammingError, connect
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from broadcaster.errors import ConfigurationError, UnavailableError
from broadcaster.ports.marking import mark_of_now

#: How long a statement, a wait for a lock and an idle transaction may take, milliseconds. What
#: takes longer by its nature (planning, closing a campaign) sets its own limit.
_LIMITS = {
    "statement_timeout": 30_000,
    "lock_timeout": 5_000,
    "idle_in_transaction_session_timeout": 10_000,
}

#: When a server that vanished is given up, over TCP: milliseconds, and seconds.
_VANISHED = {
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}

#: How long to wait for a free connection, and for the server to take one, seconds.
_PATIENCE = 10
_CONNECT = 5
#: How long a pool tries by itself to replace a lost connection, seconds; each pause is twice the
#: one before. Then whoever asks next makes it try anew, so that after an outage, however long,
#: nobody waits for the end of a long pause.
_RECONNECT = 8

#: For how long a server that answered is not asked whether it is there, seconds.
_FRESH = 0.5


class _Connection(Connection[Any]):
    """A connection that knows when the server last answered, on the monotonic clock."""

    answered = float("-inf")


class LedgerPool(ConnectionPool[Connection[Any]]):
    """A pool whose faults are our own: UnavailableError for whatever may work later.

    A connection that the server closed, as it does when it restarts, is noticed before it is
    lent and replaced. Only who was used a moment ago, and has heard nothing since, is believed: who
    sends asks for a connection hundreds of times a second, and a question costs a round trip.
    """

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[Connection[Any]]:
        """Lend a connection for one transaction, committed at the end and undone by any error.

        UnavailableError when the server does not answer, is shutting down, waits too long for a
        lock, or broke a deadlock at our cost. No text of the server's is passed on: it may name
        accounts and values.
        """
        try:
            with super().connection(timeout) as connection:
                yield connection
                mark = mark_of_now()
                if mark is not None:
                    mark(connection)
            if isinstance(connection, _Connection):
                connection.answered = time.monotonic()
        except (OperationalError, InternalError) as error:
            # The latter when the server ended a transaction that stood still, or is a stand-by.
            raise UnavailableError(_explain(error)) from error


def open_pool(url: str, *, size: int, name: str) -> LedgerPool:
    """Open a pool of at most `size` connections, shown to the server as `name`.

    ConfigurationError when `url` cannot be read, UnavailableError when nobody answers there.
    """
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        message = "BROADCASTER_DATABASE_URL: cannot be read. Write postgresql://name@host/database."
        raise ConfigurationError(message) from error
    limits = " ".join(f"-c {name}={value}" for name, value in _LIMITS.items())
    options = f"{parts.get('options') or ''} {limits} -c timezone=UTC".strip()
    given: dict[str, str | int] = {"application_name": name, "options": options}
    target = make_conninfo(url, **given, connect_timeout=_CONNECT, **_VANISHED)
    try:
        # Asked once by hand, because the pool would try for a while, and warn at each attempt.
        connect(target).close()
    except OperationalError as error:
        raise UnavailableError(_explain(error)) from error
    pool = LedgerPool(
        target,
        min_size=1,
        max_size=size,
        timeout=_PATIENCE,
        reconnect_timeout=_RECONNECT,
        check=_check,
        connection_class=_Connection,
        num_workers=1,
        open=False,
    )
    pool.open()
    return pool


def _check(connection: Connection[Any]) -> None:
    """Raise when the server has closed the connection."""
    answered = connection.answered if isinstance(connection, _Connection) else float("-inf")
    if time.monotonic() - answered > _FRESH or _something_came(connection):
        ConnectionPool.check_connection(connection)


def _something_came(connection: Connection[Any]) -> bool:
    """Tell whether there is something to read: a server that leaves says so, or is just gone."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _explain(error: OperationalError | InternalError) -> str:
    if error.sqlstate:
        return f"The database could not do it now (SQLSTATE {error.sqlstate}). Try again."
    return "The database does not answer. Start it, or correct BROADCASTER_DATABASE_URL."
