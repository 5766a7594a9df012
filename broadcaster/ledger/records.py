"""Recording what came of a slice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from broadcaster.domain.delivery import DeliveryEvent, DeliveryStatus, transition
from broadcaster.ledger import batches
from broadcaster.ledger.news import News, apply
from broadcaster.ports import Recorded

#: Columns are of two bytes, and a provider's words are bounded before they are kept.
_MOST_UNITS = 2**15 - 1
_LONGEST = 200

# The usual case: the delivery is as its claim left it. One index lookup and one write a row; what
# it does is what `news.apply` does for the event ACCEPT, which a test holds together.
_ACCEPTED = """
UPDATE delivery SET status = %(after)s::delivery_status, reason = NULL,
    provider = %(provider)s, reference = news.reference, code = news.code, units = news.units,
    due_at = NULL, asked = 0, updated_at = %(now)s
FROM unnest(%(numbers)s::integer[], %(attempts)s::smallint[], %(references)s::text[],
            %(codes)s::text[], %(units)s::smallint[])
    AS news (number, attempt, reference, code, units)
WHERE delivery.campaign_id = %(campaign)s AND delivery.number = news.number
  AND delivery.status = 'submitting' AND delivery.attempts = news.attempt
RETURNING delivery.number
"""


def record(connection: Connection[Any], rows: Sequence[Recorded], now: datetime) -> None:
    """Apply submissions by the transition table; their batches wake up for what was deferred.

    The holder of a batch works that out when it gives it back; but one that stalled past its
    lease may report on a batch that others have given back as done.
    """
    deferred = [
        row.submission.delivery for row in rows if row.submission.event is DeliveryEvent.DEFER
    ]
    # Everybody locks a batch before its deliveries.
    locked = batches.lock(connection, deferred) if deferred else []
    rest = _plainly_accepted(connection, rows, now)
    if rest:
        apply(connection, [_news(index, row) for index, row in enumerate(rest)], now)
    if locked:
        batches.reopen(connection, locked)


def _plainly_accepted(
    connection: Connection[Any], rows: Sequence[Recorded], now: datetime
) -> Sequence[Recorded]:
    """Write down what was simply accepted, the short way; gives what is left."""
    plain: dict[tuple[int, str], list[Recorded]] = {}
    rest: list[Recorded] = []
    for row in rows:
        submission = row.submission
        if submission.event is DeliveryEvent.ACCEPT and submission.reason is None:
            plain.setdefault((submission.delivery.campaign, row.provider), []).append(row)
        else:
            rest.append(row)
    for (campaign, provider), group in plain.items():
        # In the order of their keys, as everybody locks them.
        group.sort(key=lambda row: row.submission.delivery.number)
        written = {
            number
            for (number,) in connection.execute(_ACCEPTED, _columns(group, campaign, provider, now))
        }
        rest += [row for row in group if row.submission.delivery.number not in written]
    return rest


def _columns(
    group: Sequence[Recorded], campaign: int, provider: str, now: datetime
) -> dict[str, object]:
    after = transition(DeliveryStatus.SUBMITTING, DeliveryEvent.ACCEPT).status
    return {
        "after": after.value,
        "campaign": campaign,
        "provider": provider,
        "now": now,
        "numbers": [row.submission.delivery.number for row in group],
        "attempts": [row.submission.attempt for row in group],
        "references": [bounded(row.submission.reference) for row in group],
        "codes": [bounded(row.submission.code) for row in group],
        "units": [_units(row) for row in group],
    }


def _units(row: Recorded) -> int:
    return min(max(row.units, 0), _MOST_UNITS)


def _news(index: int, row: Recorded) -> News:
    submission = row.submission
    return News(
        id=index,
        delivery=submission.delivery,
        event=submission.event,
        attempt=submission.attempt,
        reason=submission.reason,
        provider=row.provider,
        # A message that is tried again is another one: news of this one are not about that.
        reference=None
        if submission.event is DeliveryEvent.DEFER
        else bounded(submission.reference),
        code=bounded(submission.code),
        units=_units(row),
        due=row.due,
    )


def bounded(text: str | None, longest: int = _LONGEST) -> str | None:
    """Cut a provider's word to what is kept; NUL, which PostgreSQL refuses, is left out."""
    if text is None:
        return None
    # A header's stray octets come as lone surrogates, which no encoding takes.
    plain = text if text.isascii() else text.encode("utf-8", "replace").decode()
    return plain.replace("\0", "")[:longest]
