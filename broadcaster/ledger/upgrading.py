"""Applying the steps of the schema, while others work.

Whoever waits for a lock on a table has everybody wait behind it, so a step waits for a moment only,
gives up, lets the others have their turn, and begins again. What takes long in a step takes locks
that let others read; such a step has several transactions, each of which can be done again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import errors, sql
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError as DatabaseOperationalError
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from broadcaster.errors import ConfigurationError, UnavailableError
from broadcaster.ledger.schema import CONNECT, read, revisions

#: The advisory lock under which steps are applied; any number that nobody else uses.
_LOCK = 0x42524F4144
#: How long to wait for another starter who applies them, seconds.
_LOCK_PATIENCE = 120

#: How long a step waits for a table at a time, milliseconds; how long others then have, seconds;
#: and how often it is tried: for ten minutes, as an import may take.
_WAIT = 200
_TURN = 0.8
_TRIES = 600


def apply(url: str, revision: str) -> None:
    """Apply what is missing up to `revision`, while nobody else does; see `schema.upgrade`."""
    with _reached():
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda: _open(url), poolclass=NullPool
        )
        # The lock is held on a connection of its own, as each step commits the other one.
        with psycopg.connect(url, connect_timeout=CONNECT, autocommit=True) as lock:
            _take_turn(lock)
            _refuse_newer(read(lock))
            for left in reversed(range(_TRIES)):
                try:
                    _climb(engine, revision)
                except DatabaseOperationalError as error:
                    if not left or not isinstance(error.orig, errors.LockNotAvailable):
                        raise
                    time.sleep(_TURN)
                else:
                    return


def _take_turn(connection: psycopg.Connection[Any]) -> None:
    """Wait until nobody else applies steps; UnavailableError after a while.

    By asking again: who waited within a statement would have a snapshot meanwhile, and an index
    that is made beside those who write waits for all of these.
    """
    until = time.monotonic() + _LOCK_PATIENCE
    while connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
        if time.monotonic() > until:
            message = "Another process changes the schema. Try again when it has finished."
            raise UnavailableError(message)
        time.sleep(_WAIT / 1000)


def _open(url: str) -> psycopg.Connection[Any]:
    """Connect, never to wait long for a lock."""
    connection = psycopg.connect(url, connect_timeout=CONNECT, autocommit=True)
    connection.execute(sql.SQL("SET lock_timeout = {}").format(_WAIT))
    connection.autocommit = False
    return connection


def _climb(engine: Engine, revision: str) -> None:
    """Apply the steps that are missing; those that were applied stay when the next one can't be."""
    with engine.connect() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def steps() -> list[str]:
    """List the revisions as the files are chained, the first one first."""
    script = ScriptDirectory.from_config(_config())
    return [step.revision for step in script.walk_revisions()][::-1]


def _config() -> Config:
    config = Config()
    folder = str(resources.files("broadcaster.ledger") / "migrations")
    # A percent sign in a folder's name would be read as an interpolation.
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


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
