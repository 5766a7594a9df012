"""Deliveries that are asked about, sent again, or given up."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus, Effect, Receipt
from broadcaster.domain.message import MessageClass
from broadcaster.ledger import batches
from broadcaster.ledger.audit import note
from broadcaster.ledger.leases import PENDING_COLUMNS, to_pending
from broadcaster.ledger.news import News, apply
from broadcaster.ledger.turns import turn
from broadcaster.ports import NO_KEYS, Open, Selection, Vault

_SETTLE = """
SELECT id FROM batch WHERE settle_at <= %(now)s
ORDER BY settle_at, id LIMIT %(batches)s FOR UPDATE SKIP LOCKED
"""

_RECONCILE = """
SELECT id FROM batch
WHERE reconcile_at <= %(now)s AND (settle_at > %(now)s OR settle_at IS NULL)
ORDER BY reconcile_at, id LIMIT %(batches)s FOR UPDATE SKIP LOCKED
"""

# When a provider is next asked about a delivery; NULL when it is not.
_NEXT = """
CASE WHEN delivery.asked >= %(tries)s THEN NULL
     WHEN delivery.status = 'unknown' AND delivery.asked = 0 THEN delivery.due_at + %(settle)s
     WHEN delivery.status = 'unknown' THEN delivery.due_at
     WHEN delivery.status = 'accepted' AND delivery.provider = ANY(%(askable)s)
     THEN COALESCE(delivery.due_at, delivery.updated_at + %(reconcile)s)
END
"""

_WARNING = """
EXISTS (SELECT FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
        WHERE campaign.id = %(campaign)s AND advisory.class = 'safety'
          AND campaign.status IN ('running', 'paused', 'completed')
          AND campaign.superseded_by IS NULL AND advisory.expires > %(now)s
          AND COALESCE(advisory.lapses_at > %(now)s, true))
"""

# What is due is asked for first and read then, with its numbers as values: mostly nothing is, and
# joined in one statement all customers were read to find none.
_DUE = f"""
SELECT delivery.number, delivery.asked
FROM batch JOIN delivery ON delivery.campaign_id = %(campaign)s
                        AND delivery.number BETWEEN batch.first AND batch.last
WHERE batch.id = ANY(%(ids)s) AND {_NEXT} <= %(now)s
ORDER BY delivery.status = 'accepted', delivery.number
LIMIT %(limit)s
FOR UPDATE OF delivery
"""  # noqa: S608  (joined from our own constants)

_OPEN = f"""
WITH marked AS (
    -- A warning that may still be sent again is asked about until that is done.
    UPDATE delivery SET
        asked = CASE WHEN delivery.status = 'unknown' AND {_WARNING}
                     THEN LEAST(delivery.asked + 1, %(tries)s - 1) ELSE delivery.asked + 1 END,
        due_at = %(now)s + (delivery.asked + 1) * CASE WHEN delivery.status = 'unknown'
                 THEN %(settle)s ELSE %(reconcile)s END
    WHERE delivery.campaign_id = %(campaign)s AND delivery.number = ANY(%(numbers)s)
    RETURNING delivery.*
)
SELECT {PENDING_COLUMNS}, delivery.status, advisory.class, delivery.provider, delivery.reference,
       delivery.updated_at
FROM marked AS delivery
JOIN address ON address.id = delivery.address_id
JOIN customer ON customer.id = delivery.customer_id
JOIN campaign ON campaign.id = delivery.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
ORDER BY delivery.status = 'accepted', delivery.campaign_id, delivery.number
"""  # noqa: S608  (joined from our own constants)

_NEXT_LOOK = f"""
UPDATE batch SET settle_at = seen.settle_at, reconcile_at = seen.reconcile_at
FROM (
    SELECT batch.id,
        min({_NEXT}) FILTER (WHERE delivery.status = 'unknown') AS settle_at,
        min({_NEXT}) FILTER (WHERE delivery.status = 'accepted') AS reconcile_at
    FROM batch JOIN delivery ON delivery.campaign_id = %(campaign)s
                            AND delivery.number BETWEEN batch.first AND batch.last
    WHERE batch.id = ANY(%(ids)s)
    GROUP BY batch.id
) AS seen
WHERE batch.id = seen.id
"""  # noqa: S608  (joined from our own constants)

# Only where something may still be sent.
_LIVE = """
SELECT wish.campaign_id, wish.number
FROM unnest(%(campaigns)s::integer[], %(numbers)s::integer[]) AS wish (campaign_id, number)
JOIN campaign ON campaign.id = wish.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE campaign.status IN ('running', 'paused', 'completed') AND campaign.superseded_by IS NULL
  AND advisory.expires > %(now)s AND COALESCE(advisory.lapses_at > %(now)s, true)
ORDER BY wish.campaign_id, wish.number
"""

_DEAD = """
SELECT number FROM delivery
WHERE campaign_id = %(campaign)s AND status = 'dead'
  AND (%(reasons)s::reason[] IS NULL OR reason = ANY(%(reasons)s::reason[]))
  AND (%(channels)s::channel[] IS NULL OR channel = ANY(%(channels)s::channel[]))
  AND (%(providers)s::text[] IS NULL OR provider = ANY(%(providers)s::text[]))
  AND (%(locales)s::text[] IS NULL OR locale = ANY(%(locales)s::text[]))
ORDER BY number
"""

# By the address, which has an index in each campaign; the reference has none. Another delivery that
# may have left, whose own message is not known, may be the one that was found: every message was
# claimed before it left, so whoever may own it stands here by the time that it was shown to us. One
# that was sent more than once is known by its last message alone.
_CONTESTED = """
SELECT DISTINCT found.index
FROM unnest(%(indexes)s::integer[], %(campaigns)s::integer[], %(numbers)s::integer[],
            %(references)s::text[]) AS found (index, campaign_id, number, reference)
JOIN delivery AS mine ON mine.campaign_id = found.campaign_id AND mine.number = found.number
CROSS JOIN campaign
JOIN delivery AS other ON other.campaign_id = campaign.id AND other.address_id = mine.address_id
WHERE campaign.planned_at > %(since)s
  AND (other.campaign_id, other.number) <> (mine.campaign_id, mine.number)
  AND (other.reference = found.reference
       OR (mine.reference IS NULL AND other.updated_at > mine.updated_at - %(near)s
           AND (other.status IN ('submitting', 'unknown') OR other.attempts > 1)))
"""

#: How long ago a campaign may have been planned whose message a network may show us for another's.
_MEMORY = timedelta(days=7)
#: How long before ours another request may have left whose message may be taken for ours: the
#: longest wait for two answers that a provider can be set to, and what clocks may be apart.
_NEAR = timedelta(minutes=15)

#: How many batches are looked through at once.
_LOOK = 20
#: How many deliveries are sent again in one transaction.
_CHUNK = 1000
#: Whoever asks has this lock; it goes with its connection.
_ASKING = 0x444F554254


class PostgresDoubts:
    """The ledger's list of open deliveries; every method but `turn` is one committed transaction.

    `askable` names the providers that can be asked; what others accepted stays accepted.
    """

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        askable: Sequence[str] = (),
        vault: Vault = NO_KEYS,
    ) -> None:
        """Use the pool's connections; `vault` opens what is sealed."""
        self._pool = pool
        self._vault = vault
        self._askable = list(askable)

    def turn(self) -> AbstractContextManager[bool]:
        """Take the turn of asking, until the block ends; False while another process has it."""
        return turn(self._pool, _ASKING)

    def open(
        self, now: datetime, settle: timedelta, reconcile: timedelta, limit: int
    ) -> Sequence[Open]:
        """List deliveries that are due to be asked about, those in doubt first.

        In doubt: `settle` after it was lost, then at growing distances; accepted and never
        reported on: the same with `reconcile`. Marked as asked in the same transaction, so that
        two workers don't ask twice; asked `batches.TRIES` times at most.
        """
        values: dict[str, object] = {
            "now": now,
            "settle": settle,
            "reconcile": reconcile,
            "limit": limit,
            "tries": batches.TRIES,
            "askable": self._askable,
            "batches": _LOOK,
        }
        with self._pool.connection() as connection:
            # Those in doubt by themselves, so that the others never keep them waiting.
            found: list[Open] = []
            for query in (_SETTLE, _RECONCILE):
                ids = [batch for (batch,) in connection.execute(query, values)]
                for campaign, own in batches.by_campaign(connection, ids):
                    left = limit - len(found)
                    found += _look(
                        connection, {**values, "limit": left}, campaign, own, self._vault
                    )
        return found

    def contested(self, found: Sequence[Receipt], now: datetime) -> Sequence[int]:
        """List which of these (by index) name a message that is or may be another delivery's."""
        rows = [
            (index, receipt.delivery, receipt.reference)
            for index, receipt in enumerate(found)
            if receipt.delivery is not None and receipt.reference is not None
        ]
        values = {
            "indexes": [index for index, _, _ in rows],
            "campaigns": [delivery.campaign for _, delivery, _ in rows],
            "numbers": [delivery.number for _, delivery, _ in rows],
            "references": [reference for _, _, reference in rows],
            "since": now - _MEMORY,
            "near": _NEAR,
        }
        with self._pool.connection() as connection:
            return [index for (index,) in connection.execute(_CONTESTED, values, prepare=False)]

    def resend(self, deliveries: Sequence[DeliveryId], now: datetime) -> int:
        """Send again what is in doubt or dead, where its campaign and advisory still live."""
        with self._pool.connection() as connection:
            return _resend(connection, deliveries, now)

    def replay(
        self, campaign: int, by: str, now: datetime, selection: Selection | None = None
    ) -> int:
        """Send again what was given up in a campaign, as an operator decided; how many.

        Its statuses aside, a selection says which; none means all that are dead.
        """
        chosen = (selection or Selection()).values()
        with self._pool.connection() as connection:
            rows = connection.execute(_DEAD, {**chosen, "campaign": campaign})
            dead = [DeliveryId(campaign, number) for (number,) in rows]
            again = 0
            for start in range(0, len(dead), _CHUNK):
                again += _resend(connection, dead[start : start + _CHUNK], now)
            named = {name: words for name, words in chosen.items() if words}
            note(connection, by, "replay", f"campaign {campaign}", {"count": again, **named})
            return again


def _look(
    connection: Connection[Any],
    values: Mapping[str, object],
    campaign: int,
    ids: Sequence[int],
    vault: Vault,
) -> Sequence[Open]:
    own = {**values, "campaign": campaign, "ids": ids}
    # How often each was asked before it is marked.
    asked = dict(connection.execute(_DUE, own, prepare=False).fetchall())
    rows = []
    if asked:
        due = {**own, "numbers": sorted(asked)}
        rows = connection.execute(_OPEN, due, prepare=False).fetchall()
    connection.execute(_NEXT_LOOK, own)
    return [_to_open(row, asked, vault) for row in rows]


def _resend(connection: Connection[Any], deliveries: Sequence[DeliveryId], now: datetime) -> int:
    values = {
        "campaigns": [delivery.campaign for delivery in deliveries],
        "numbers": [delivery.number for delivery in deliveries],
        "now": now,
    }
    live = [DeliveryId(*row) for row in connection.execute(_LIVE, values)]
    locked = batches.lock(connection, live)
    news = [
        News(id=index, delivery=delivery, event=DeliveryEvent.RESEND, due=now)
        for index, delivery in enumerate(live)
    ]
    effects = apply(connection, news, now)
    batches.reopen(connection, locked)
    return sum(effect is Effect.APPLIED for effect in effects.values())


def _to_open(row: Sequence[Any], asked: Mapping[int, int], vault: Vault) -> Open:
    *columns, status, class_, provider, reference, since = row
    pending = to_pending(columns, vault)
    return Open(
        pending=pending,
        status=DeliveryStatus(status),
        message_class=MessageClass(class_),
        provider=provider,
        reference=reference,
        since=since,
        asked=asked[pending.delivery.number],
    )
