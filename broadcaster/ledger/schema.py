"""The schema of the database and its steps.

Steps follow *expand, then contract*: a step only adds (a table, a column that may be null or has a
default, an enum label), so that workers of the version before go on while it is applied; what they
no longer need is taken away by a step of the version after. A released step never changes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import errors, sql
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError as DatabaseOperationalError
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from broadcaster.errors import ConfigurationError, UnavailableError

#: The advisory lock under which steps are applied; any number that nobody else uses.
_LOCK = 0x42524F4144
#: How long to wait for another starter who applies them, milliseconds.
_LOCK_TIMEOUT = 120_000
_CONNECT = 5


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`; safe to repeat, and when several start at once.

    `url` is anything that libpq reads. ConfigurationError when the database is newer than this
    version, UnavailableError when it does not answer.
    """
    with _reached():
        engine = create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(url, connect_timeout=_CONNECT),
            poolclass=NullPool,
        )
        # The lock is held on a connection of its own, as each step commits the other one.
        with psycopg.connect(url, connect_timeout=_CONNECT, autocommit=True) as lock:
            lock.execute(sql.SQL("SET lock_timeout = {}").format(_LOCK_TIMEOUT))
            lock.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            _refuse_newer(_read(lock))
            with engine.connect() as connection:
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
                connection.commit()


def recreate(url: str) -> None:
    """Throw away everything in the database, and bring it to the present schema.

    For databases of our own only, such as the demo's.
    """
    with _reached(), psycopg.connect(url, connect_timeout=_CONNECT) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    upgrade(url)


def current(url: str) -> str | None:
    """Give the revision that the database has; None when it has none of our tables."""
    with _reached(), psycopg.connect(url, connect_timeout=_CONNECT) as connection:
        return _read(connection)


def head() -> str:
    """Give the revision that this version of the product wants."""
    return revisions()[-1]


def revisions() -> list[str]:
    """List all revisions, the first one first."""
    script = ScriptDirectory.from_config(_config())
    return [step.revision for step in script.walk_revisions()][::-1]


def _config() -> Config:
    config = Config()
    folder = str(resources.files("broadcaster.ledger") / "migrations")
    # A percent sign in a folder's name would be read as an interpolation.
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _read(connection: psycopg.Connection[Any]) -> str | None:
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def _refuse_newer(present: str | None) -> None:
    if present is not None and present not in revisions():
        message = (
            f"The database has schema {present}, which this version does not know. "
            "Install the version that made it, or a later one."
        )
        raise ConfigurationError(message)


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (ProgrammingError, DatabaseOperationalError) as error:
        # SQLAlchemy wraps what the driver says while a step is applied.
        if isinstance(error.orig, errors.InsufficientPrivilege):
            message = "The database refuses to change its schema. Give the account that right."
            raise ConfigurationError(message) from error
        if isinstance(error.orig, psycopg.OperationalError):
            message = "The database could not change its schema now. Try again."
            raise UnavailableError(message) from error
        raise
    except psycopg.ProgrammingError as error:
        message = "BROADCASTER_DATABASE_URL: cannot be read. Write postgresql://name@host/database."
        raise ConfigurationError(message) from error
    except psycopg.OperationalError as error:
        message = "The database does not answer. Start it, or correct BROADCASTER_DATABASE_URL."
        raise UnavailableError(message) from error
