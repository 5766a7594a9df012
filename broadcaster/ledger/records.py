"""Recording what came of a slice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.ledger import batches
from broadcaster.ledger.news import News, apply
from broadcaster.ports import Recorded

#: Columns are of two bytes, and a provider's words are bounded before they are kept.
_MOST_UNITS = 2**15 - 1
_LONGEST = 200


def record(connection: Connection[Any], rows: Sequence[Recorded], now: datetime) -> None:
    """Apply submissions by the transition table; their batches wake up for what was deferred.

    The holder of a batch works that out when it gives it back; but one that stalled past its
    lease may report on a batch that others have given back as done.
    """
    deferred = [
        row.submission.delivery for row in rows if row.submission.event is DeliveryEvent.DEFER
    ]
    locked = batches.lock(connection, deferred) if deferred else []
    apply(connection, [_news(index, row) for index, row in enumerate(rows)], now)
    if locked:
        batches.reopen(connection, locked)


def _news(index: int, row: Recorded) -> News:
    submission = row.submission
    return News(
        id=index,
        delivery=submission.delivery,
        event=submission.event,
        attempt=submission.attempt,
        reason=submission.reason,
        provider=row.provider,
        reference=bounded(submission.reference),
        code=bounded(submission.code),
        units=min(max(row.units, 0), _MOST_UNITS),
        due=row.due,
    )


def bounded(text: str | None, longest: int = _LONGEST) -> str | None:
    """Cut a provider's word to what is kept; NUL, which PostgreSQL refuses, is left out."""
    if text is None:
        return None
    # A header's stray octets come as lone surrogates, which no encoding takes.
    plain = text.encode("utf-8", "replace").decode()
    return plain.replace("\0", "")[:longest]
