"""The schema of the database and its steps.

Steps follow *expand, then contract*: a step only adds (a table, a column that may be null or has a
default, an enum label), so that workers of the version before go on while it is applied; what they
no longer need is taken away by a step of the version after. A released step never changes. A step
takes exclusive locks for a moment only; what takes long in it lets others read, in transactions of
their own that can be done again (`op.get_context().autocommit_block()`).

What applies steps (`upgrading.py`) is loaded only when there are any.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any

import psycopg

from broadcaster.errors import ConfigurationError, UnavailableError

#: How long to wait for the server to take a connection, seconds.
CONNECT = 5


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`; safe to repeat, and when several start at once.

    `url` is anything that libpq reads. ConfigurationError when the database is newer than this
    version, UnavailableError when it does not answer.
    """
    from broadcaster.ledger import upgrading  # noqa: PLC0415  (see above)

    with reached():
        upgrading.apply(url, revision)


def recreate(url: str) -> None:
    """Throw away everything in the database, and bring it to the present schema.

    For databases of our own only, such as the demo's.
    """
    with reached(), psycopg.connect(url, connect_timeout=CONNECT) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    upgrade(url)


def current(url: str) -> str | None:
    """Give the revision that the database has; None when it has none of our tables."""
    with reached(), psycopg.connect(url, connect_timeout=CONNECT) as connection:
        return read(connection)


def head() -> str:
    """Give the revision that this version of the product wants."""
    return revisions()[-1]


def revisions() -> list[str]:
    """List all revisions, the first one first: the numbers that their files' names begin with."""
    folder = resources.files("broadcaster.ledger") / "migrations" / "versions"
    names = (entry.name.partition("_")[0] for entry in folder.iterdir())
    return sorted(name for name in names if name.isdigit())


def read(connection: psycopg.Connection[Any]) -> str | None:
    """Read the revision that a database has."""
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


@contextmanager
def reached() -> Iterator[None]:
    """Say in our own errors that the server can't be reached."""
    try:
        yield
    except psycopg.ProgrammingError as error:
        message = "BROADCASTER_DATABASE_URL: cannot be read. Write postgresql://name@host/database."
        raise ConfigurationError(message) from error
    except psycopg.OperationalError as error:
        message = "The database does not answer. Start it, or correct BROADCASTER_DATABASE_URL."
        raise UnavailableError(message) from error
