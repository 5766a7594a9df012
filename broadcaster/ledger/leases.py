"""Working on a batch: lease, look, claim, give back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection, Cursor

from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel, Lane, Scheme
from broadcaster.ledger import batches, former
from broadcaster.ledger.arrays import integers
from broadcaster.ledger.together import together
from broadcaster.ports import Lease, Pending, Vault, open_address, open_names

_LEASE = f"""
UPDATE batch SET lease_token = lease_token + 1, lease_until = %(until)s, published_at = NULL
FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE batch.id = %(batch)s AND NOT batch.done AND batch.due_at <= %(now)s
  AND (batch.lease_until IS NULL OR batch.lease_until < %(now)s)
  AND campaign.id = batch.campaign_id AND {batches.OPEN}
RETURNING batch.lease_token, batch.campaign_id, batch.channel, batch.lane, batch.rest_from,
          advisory.thread_id
"""  # noqa: S608  (joined from our own constants)

PENDING_COLUMNS = """
    delivery.campaign_id, delivery.number, delivery.attempts + 1,
    address.scheme, address.value, address.keys, address.sealed, address.digest,
    delivery.locale, customer.number, customer.name, customer.name_latin, customer.sealed
"""

# Looked up here, because asking the class costs as much as reading the whole row.
_SCHEMES: Mapping[str, Scheme] = {scheme.value: scheme for scheme in Scheme}

#: Rows that are taken from the driver together.
_ROWS = 250

_RANGE = "SELECT first, last FROM batch WHERE id = %s"

# Limited first and joined then, with the bounds given as values: so the plan is made for a batch
# and not for the whole table.
_PENDING = f"""
WITH due AS MATERIALIZED (
    SELECT campaign_id, number, attempts, address_id, customer_id, locale FROM delivery
    WHERE campaign_id = %(campaign)s AND number BETWEEN %(first)s AND %(last)s
      AND (status = 'planned' OR (status = 'deferred' AND due_at <= %(now)s))
    ORDER BY number
    LIMIT %(limit)s
)
SELECT {PENDING_COLUMNS}
FROM due AS delivery
JOIN address ON address.id = delivery.address_id
JOIN customer ON customer.id = delivery.customer_id
ORDER BY delivery.number
"""  # noqa: S608  (joined from our own constants)

# The batch row is the gate: who holds it with the token, unexpired, while the campaign runs and
# its advisory is valid and no quiet hours or hold are on, may claim.
_RENEW = f"""
UPDATE batch SET lease_until = %(until)s
FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE batch.id = %(batch)s AND batch.lease_token = %(token)s AND batch.lease_until > %(now)s
  AND NOT batch.done
  AND campaign.id = batch.campaign_id AND {batches.OPEN}
"""  # noqa: S608  (joined from our own constants)

# Sent together with the gate, before it is known whether that was open: it was when the batch is as
# this very transaction left it. So what is sent later sees all that was committed meanwhile.
_OPENED = """
gate AS MATERIALIZED (
    SELECT batch.first, batch.last, advisory.class
    FROM batch
    JOIN campaign ON campaign.id = batch.campaign_id
    JOIN advisory ON advisory.id = campaign.advisory_id
    WHERE batch.id = %(batch)s AND batch.xmin = pg_current_xact_id_if_assigned()::xid
)
"""

_CLAIMABLE = """
delivery.campaign_id = %(campaign)s AND delivery.number = wish.number
AND delivery.number BETWEEN gate.first AND gate.last
AND delivery.attempts = wish.attempt - 1
AND (delivery.status = 'planned'
     OR (delivery.status = 'deferred' AND delivery.due_at <= %(now)s))
"""

# The rule of `domain.consent.decide` once more, as what was said since planning may have changed
# its answer: the customer's wish (advertising needs one), what bars the customer, or the address.
_REFUSED = """
NOT COALESCE((SELECT consent.granted FROM consent
              WHERE consent.customer_id = delivery.customer_id
                AND consent.channel = delivery.channel AND consent.class = gate.class),
             gate.class <> 'promotional')
"""
_BARRED = f"""
(EXISTS (SELECT FROM suppression
         WHERE suppression.address_id = delivery.address_id AND suppression.class = gate.class)
 OR {_REFUSED}
 OR EXISTS (SELECT FROM customer_suppression
            WHERE customer_suppression.customer_id = delivery.customer_id
              AND customer_suppression.channel = delivery.channel
              AND customer_suppression.class = gate.class))
"""  # noqa: S608  (joined from our own constants)

# One lookup and one write a row. Whoever locks several rows does it in the order of their numbers,
# so that nobody waits in a circle; here they are looked up and so locked in the order in which they
# are wished, which is that. The batch alone does not see to it, because receipts and escalations
# lock deliveries without it.
_CLAIM = f"""
WITH {_OPENED}, claimed AS (
    UPDATE delivery SET
        status = 'submitting', reason = NULL, attempts = delivery.attempts + 1,
        provider = %(provider)s, due_at = NULL, reference = NULL, code = NULL,
        updated_at = %(now)s
    FROM gate
    CROSS JOIN unnest(%(numbers)s::integer[], %(attempts)s::smallint[]) AS wish (number, attempt)
    WHERE {_CLAIMABLE} AND NOT {_BARRED}
    RETURNING delivery.number
)
SELECT array_agg(number) FROM claimed
"""  # noqa: S608  (joined from our own constants)

# What a claim left behind because it is barred stays here.
_SUPPRESS = f"""
WITH {_OPENED}, barred AS (
    SELECT delivery.number,
           CASE WHEN {_REFUSED} THEN 'opted_out' ELSE 'address_suppressed' END::reason AS reason
    FROM gate
    CROSS JOIN unnest(%(numbers)s::integer[], %(attempts)s::smallint[]) AS wish (number, attempt)
    JOIN delivery ON {_CLAIMABLE}
    WHERE {_BARRED}
    ORDER BY delivery.number
    FOR UPDATE OF delivery
)
UPDATE delivery SET
    status = 'suppressed', reason = barred.reason, provider = NULL,
    due_at = NULL, reference = NULL, code = NULL, updated_at = %(now)s
FROM barred
WHERE delivery.campaign_id = %(campaign)s AND delivery.number = barred.number
"""  # noqa: S608  (joined from our own constants)

_HELD = (
    "SELECT FROM batch WHERE id = %s AND lease_token = %s AND lease_until IS NOT NULL FOR UPDATE"
)


def lease(connection: Connection[Any], batch: int, now: datetime, ttl: timedelta) -> Lease | None:
    """Take a runnable batch, and put in doubt what a former holder left in the air."""
    until = now + ttl
    row = connection.execute(_LEASE, {"batch": batch, "now": now, "until": until}).fetchone()
    if row is None:
        return None
    batches.lose(connection, [batch], now)
    token, campaign, channel, lane, rests, thread = row
    return Lease(
        batch=batch,
        token=token,
        campaign=campaign,
        channel=Channel(channel),
        lane=Lane(lane),
        until=until,
        rests=rests,
        former=former.campaigns(connection, campaign) if thread else (),
    )


def pending(
    connection: Connection[Any], held: Lease, now: datetime, limit: int, vault: Vault
) -> Sequence[Pending]:
    """List what may be claimed, in order; ConfigurationError when a key to it is missing."""
    first, last = connection.execute(_RANGE, [held.batch]).fetchone() or (1, 0)
    values = {
        "campaign": held.campaign,
        "first": first,
        "last": last,
        "now": now,
        "limit": limit,
    }
    cursor = connection.execute(_PENDING, values, prepare=False)
    found: list[Pending] = []
    # Not all at once: as the driver gives them, rows are larger than what is made of them.
    while rows := cursor.fetchmany(_ROWS):
        found += [to_pending(row, vault) for row in rows]
    if held.former and held.channel is Channel.EMAIL:
        return former.named(connection, held.former, found)
    return found


def to_pending(row: Sequence[Any], vault: Vault) -> Pending:
    """Read `PENDING_COLUMNS`; ConfigurationError when a key to it is missing."""
    campaign, number, attempt, scheme, value, keys, *rest = row
    locked, digest, locale, customer, *names, sealed = rest
    name, latin = open_names(vault, customer, (names[0], names[1]), sealed)
    return Pending(
        delivery=DeliveryId(campaign, number),
        attempt=attempt,
        address=open_address(vault, _SCHEMES[scheme], (value, keys), (locked, digest)),
        locale=locale,
        customer_number=customer,
        # A name is shown in the script of the message where it is known in it.
        name=name if latin is None or (locale or "").startswith("ar") else latin,
    )


def claim(
    connection: Connection[Any],
    held: Lease,
    attempts: Mapping[int, int],
    provider: str,
    now: datetime,
    ttl: timedelta,
) -> Sequence[int] | None:
    """Claim what may leave, in order of numbers, and renew the lease; None when it is not ours."""
    numbers = sorted(attempts)
    values = {
        "batch": held.batch,
        "campaign": held.campaign,
        "numbers": integers(numbers),
        "attempts": integers([attempts[number] for number in numbers]),
        "provider": provider,
        "now": now,
    }
    with together(connection):
        gate = _gate(connection, held, now, ttl)
        claimed = connection.execute(_CLAIM, values)
    if not gate.rowcount:
        return None
    (going,) = claimed.fetchone() or (None,)
    if going is None or len(going) < len(numbers):
        # Nothing depends on it at once: what is barred can not be claimed later either.
        with together(connection):
            _gate(connection, held, now, ttl)
            connection.execute(_SUPPRESS, values)
    return sorted(going or ())


def renew(connection: Connection[Any], held: Lease, now: datetime, ttl: timedelta) -> bool:
    """Renew the lease; False when it is not ours any more, or nothing may be claimed with it."""
    return _gate(connection, held, now, ttl).rowcount > 0


def _gate(connection: Connection[Any], held: Lease, now: datetime, ttl: timedelta) -> Cursor[Any]:
    gate = {"batch": held.batch, "token": held.token, "now": now, "until": now + ttl}
    return connection.execute(_RENEW, gate)


def release(
    connection: Connection[Any],
    held: Lease,
    now: datetime,
    after: datetime | None,
    reconcile: timedelta,
) -> None:
    """Give the batch back, if it is still ours."""
    if connection.execute(_HELD, [held.batch, held.token]).fetchone() is not None:
        # Who gives back has nothing in the air any more: what is not recorded is in doubt.
        batches.lose(connection, [held.batch], now)
        batches.give_back(connection, [held.batch], now, after, reconcile)
