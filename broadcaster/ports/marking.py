"""Noting, in each transaction that changes something, for which wish it does.

So what was broken off is known to have done something, or nothing: the note is committed with the
work or not at all. Whoever lends connections calls the mark before it commits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

#: Is given a connection whose transaction is about to be committed.
Mark = Callable[[Any], None]

_MARK: ContextVar[Mark | None] = ContextVar("mark", default=None)


@contextmanager
def marking(mark: Mark) -> Iterator[None]:
    """Have what is committed within, here and in threads begun from here, be marked."""
    token = _MARK.set(mark)
    try:
        yield
    finally:
        _MARK.reset(token)


def mark_of_now() -> Mark | None:
    """Give the mark of what is being done; None for most."""
    return _MARK.get()
