"""Telling endpoints what they wait for: claim, send, record."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from broadcaster.domain.webhook import (
    Leaving,
    Next,
    Reply,
    body_of,
    follows,
    secret_of,
    signed,
)
from broadcaster.ports import Clock

_log = logging.getLogger(__name__)

#: So many in one go, and for so long; the rest comes with the next, after what waits in its queue.
_MOST, _WHILE = 50, timedelta(seconds=20)


class Sends(Protocol):
    """Sends one request."""

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Post it; never raises."""
        ...


class Book(Protocol):
    """Keeps what is to be told."""

    def claim(self, now: datetime) -> Leaving | None:
        """Take the next that is due, committed."""
        ...

    def record(self, leaving: Leaving, reply: Reply, then: Next | None, now: datetime) -> None:
        """Note what came of it."""
        ...

    def forget(self, now: datetime) -> None:
        """Let go of what is old."""
        ...


class Deliverer:
    """Tells endpoints."""

    def __init__(
        self,
        book: Book,
        sender: Sends,
        *,
        key: bytes,
        clock: Clock,
        random: Callable[[], float],
        stopping: Callable[[], bool],
    ) -> None:
        """`key` makes the endpoints' secrets; `random` gives numbers from 0 to 1."""
        self._book = book
        self._sender = sender
        self._key = key
        self._clock = clock
        self._random = random
        self._stopping = stopping

    def deliver(self) -> int:
        """Tell what is due, for a while; how many were tried."""
        end = self._clock.now() + _WHILE
        for tried in range(_MOST):
            leaving = None
            if not self._stopping() and self._clock.now() < end:
                leaving = self._book.claim(self._clock.now())
            if leaving is None:
                return tried
            self._tell(leaving)
        return _MOST

    def _tell(self, leaving: Leaving) -> None:
        body = body_of(leaving)
        secret = secret_of(self._key, leaving.salt)
        headers = signed(secret, leaving.event, self._clock.now(), body)
        reply = self._sender.send(leaving.url, headers, body)
        now = self._clock.now()
        then = None if reply.good else follows(leaving, reply, now, self._random())
        self._book.record(leaving, reply, then, now)
        extra = {
            "action": "webhook",
            "event": leaving.event,
            "webhook": leaving.webhook,
            "status": reply.status,
        }
        _log.info("webhook told", extra=extra)
