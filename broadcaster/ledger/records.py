"""Recording what came of a slice."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from broadcaster.domain.delivery import DeliveryEvent, DeliveryStatus, transition
from broadcaster.ledger import batches
from broadcaster.ledger.arrays import integers, texts
from broadcaster.ledger.news import News, apply
from broadcaster.ledger.together import together
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
"""

# Not waited for until it is on the disk: what a crash of the server takes along is in doubt again,
# which a claim, waited for, guarantees.
_UNHURRIED = "SELECT set_config('synchronous_commit', 'off', true)"

_ACCEPT = transition(DeliveryStatus.SUBMITTING, DeliveryEvent.ACCEPT).status


def record(connection: Connection[Any], rows: Sequence[Recorded], now: datetime) -> None:
    """Apply submissions by the transition table; their batches wake up for what was deferred.

    The holder of a batch works that out when it gives it back; but one that stalled past its
    lease may report on a batch that others have given back as done. What only was accepted is
    committed by itself; to report all of it again changes nothing.
    """
    plain, rest = _parted(rows)
    rest += _plainly_accepted(connection, plain, now)
    if rest:
        _apply(connection, rest, now)


def _apply(connection: Connection[Any], rows: Sequence[Recorded], now: datetime) -> None:
    connection.execute(_UNHURRIED)
    deferred = [
        row.submission.delivery for row in rows if row.submission.event is DeliveryEvent.DEFER
    ]
    # Everybody locks a batch before its deliveries.
    locked = batches.lock(connection, deferred) if deferred else []
    apply(connection, [_news(index, row) for index, row in enumerate(rows)], now)
    if locked:
        batches.reopen(connection, locked)


def _parted(
    rows: Sequence[Recorded],
) -> tuple[Mapping[tuple[int, str], list[Recorded]], list[Recorded]]:
    """Part what was simply accepted, by campaign and provider, from all else."""
    plain: dict[tuple[int, str], list[Recorded]] = {}
    rest: list[Recorded] = []
    for row in rows:
        submission = row.submission
        if submission.event is DeliveryEvent.ACCEPT and submission.reason is None:
            plain.setdefault((submission.delivery.campaign, row.provider), []).append(row)
        else:
            rest.append(row)
    return plain, rest


def _plainly_accepted(
    connection: Connection[Any],
    plain: Mapping[tuple[int, str], list[Recorded]],
    now: datetime,
) -> list[Recorded]:
    """Write down what was simply accepted, the short way; gives what did not all fit it.

    Where one delivery was not as its claim left it, all of its group are given, as the transition
    table changes nothing of those that were written.
    """
    left: list[Recorded] = []
    for (campaign, provider), group in plain.items():
        # By itself, because rows are locked in the order of their keys within a group alone.
        with together(connection):
            connection.execute(_UNHURRIED)
            done = connection.execute(_ACCEPTED, _columns(group, campaign, provider, now))
        if done.rowcount < len(group):
            left += group
    return left


def _columns(
    group: list[Recorded], campaign: int, provider: str, now: datetime
) -> dict[str, object]:
    # In the order of their keys, as everybody locks them.
    group.sort(key=_number)
    said = [row.submission for row in group]
    return {
        "after": _ACCEPT.value,
        "campaign": campaign,
        "provider": provider,
        "now": now,
        "numbers": integers([one.delivery.number for one in said]),
        "attempts": integers([one.attempt for one in said]),
        "references": texts([bounded(one.reference) for one in said]),
        "codes": texts([bounded(one.code) for one in said]),
        "units": integers([_units(row) for row in group]),
    }


def _number(row: Recorded) -> int:
    return row.submission.delivery.number


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
