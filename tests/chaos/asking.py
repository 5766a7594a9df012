"""Asking the database past the links, however often it dies."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import psycopg

_Found = TypeVar("_Found")

#: How long an answer may take, and how long a database that died is waited for, seconds.
_PATIENCE, _RETURN = 2, 60
_PAUSE = 0.5


class Asking:
    """Queries on a kept connection, one for each thread."""

    def __init__(self, url: str) -> None:
        """Nothing is connected yet."""
        self._url = url
        self._kept = threading.local()
        self._all: list[psycopg.Connection[tuple[Any, ...]]] = []

    def rows(self, query: str) -> list[tuple[Any, ...]] | None:
        """Give the rows; None when the database does not answer."""
        try:
            return self._ask(query)
        except psycopg.OperationalError:
            return None

    def surely(self, query: str) -> list[tuple[Any, ...]]:
        """Give the rows, when the database is there again; psycopg.OperationalError."""
        return self.patiently(lambda: self._ask(query))

    def patiently(self, read: Callable[[], _Found]) -> _Found:
        """Read by any way, again until the database is there; psycopg.OperationalError."""
        until = time.monotonic() + _RETURN
        while True:
            try:
                return read()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
            time.sleep(_PAUSE)

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        connection = getattr(self._kept, "connection", None)
        try:
            if connection is None or connection.closed:
                connection = psycopg.connect(self._url, autocommit=True, connect_timeout=_PATIENCE)
                self._kept.connection = connection
                self._all.append(connection)
            return list(connection.execute(query))
        except psycopg.OperationalError:
            if connection is not None:
                connection.close()
            raise

    def close(self) -> None:
        """Close what is open."""
        for connection in self._all:
            with suppress(psycopg.Error):
                connection.close()
