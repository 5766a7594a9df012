"""Asking the database past the links, however often it dies."""

import threading
from contextlib import suppress
from typing import Any

import psycopg

#: How long an answer may take, seconds.
_PATIENCE = 2


class Asking:
    """Queries on a kept connection, one for each thread."""

    def __init__(self, url: str) -> None:
        """Nothing is connected yet."""
        self._url = url
        self._kept = threading.local()
        self._all: list[psycopg.Connection[tuple[Any, ...]]] = []

    def rows(self, query: str) -> list[tuple[Any, ...]] | None:
        """Give the rows; None when the database does not answer."""
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
            return None

    def close(self) -> None:
        """Close what is open."""
        for connection in self._all:
            with suppress(psycopg.Error):
                connection.close()
