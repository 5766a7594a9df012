"""On what basis a delivery was sent or left out: by the words that were known at that moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from broadcaster.domain.consent import ConsentRecord, Verdict, decide
from broadcaster.domain.delivery import DeliveryId, DeliveryStatus, Reason
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.errors import NotFoundError
from broadcaster.ports import KEPT_RECORD, kept_record

# Who was left out was decided about when the row was written; who was sent to, at planning or at
# the step of an escalation, and again at the claim, which let it pass.
_MOMENT = """
CASE WHEN delivery.status = 'suppressed' THEN delivery.updated_at
     ELSE COALESCE((SELECT done_at FROM escalation
                    WHERE escalation.campaign_id = delivery.campaign_id
                      AND delivery.number BETWEEN escalation.first AND escalation.last),
                   campaign.planned_at) END
"""

# A delivery that was left out has no address; the one that would have been used is the customer's
# first one today.
_ADDRESS = """
COALESCE(delivery.address_id,
         (SELECT address_id FROM customer_address AS own
          WHERE own.customer_id = delivery.customer_id AND own.channel = delivery.channel
          ORDER BY ordinal LIMIT 1))
"""

_STANDING = f"""
SELECT DISTINCT ON (said.customer_id IS NULL, said.ground)
    said.id, said.granted, said.source, said.ground
FROM consent_record AS said
WHERE ((said.customer_id = delivery.customer_id AND said.channel = delivery.channel)
       OR (said.customer_id IS NULL AND said.address_id = {_ADDRESS}))
  AND advisory.class = ANY (said.classes) AND said.recorded_at <= {_MOMENT}
ORDER BY said.customer_id IS NULL, said.ground, said.at DESC, said.granted, said.id
"""  # noqa: S608  (joined from our own constants)

#: The basis of a row of `delivery`, beside its `campaign` and `advisory`, in one short text: the
#: words of `Basis`, with source and number of the records that decided. Looked up only where it
#: can say something; a million service messages that were sent cost nothing.
BASIS = f"""
CASE WHEN delivery.status = 'suppressed'
          AND delivery.reason IN ('opted_out', 'address_suppressed')
     THEN COALESCE((SELECT 'refused: ' || string_agg(
                        one.source || ' (record ' || one.id || ')', ', ' ORDER BY one.id)
                    FROM ({_STANDING}) AS one WHERE NOT one.granted), 'no_consent')
     WHEN delivery.status = 'suppressed' THEN NULL
     WHEN advisory.class = 'safety' THEN 'protects_life'
     WHEN advisory.class = 'service' THEN 'contract'
     ELSE 'consent' || COALESCE((SELECT ': ' || one.source || ' (record ' || one.id || ')'
                                 FROM ({_STANDING}) AS one
                                 WHERE one.granted AND one.ground = 'wish' LIMIT 1), '') END
"""  # noqa: S608  (joined from our own constants)

_DELIVERY = f"""
SELECT delivery.customer_id, {_ADDRESS}, delivery.channel, delivery.status, delivery.reason,
       advisory.class, {_MOMENT}, {BASIS}
FROM delivery
JOIN campaign ON campaign.id = delivery.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE delivery.campaign_id = %s AND delivery.number = %s
"""  # noqa: S608  (joined from our own constants)

_KNOWN = f"""
SELECT {KEPT_RECORD} FROM consent_record
WHERE ((customer_id = %(customer)s AND channel = %(channel)s)
       OR (customer_id IS NULL AND address_id = %(address)s))
  AND recorded_at <= %(moment)s
ORDER BY at DESC, id DESC LIMIT 1000
"""  # noqa: S608  (joined from our own constants)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryBasis:
    """A delivery, and what the rule says of it by the records that were known at `moment`.

    `reason` is why it was left out, where it was; the rule knows only of consent, so a delivery
    may be left out that it allows (no address, no locale). `text` is what the evidence says.
    """

    delivery: DeliveryId
    channel: Channel
    message_class: MessageClass
    status: DeliveryStatus
    reason: Reason | None
    moment: datetime | None
    text: str | None
    verdict: Verdict
    records: Sequence[ConsentRecord]


def basis(connection: Connection[Any], delivery: DeliveryId) -> DeliveryBasis:
    """Say on what basis a delivery was sent or left out; NotFoundError."""
    row = connection.execute(_DELIVERY, list(delivery)).fetchone()
    if row is None:
        remedy = "'broadcaster deliveries list' shows them."
        raise NotFoundError("DELIVERY", f"there is no {delivery}", remedy)
    customer, address, channel, status, reason, class_, moment, text = row
    values = {"customer": customer, "channel": channel, "address": address, "moment": moment}
    known = [kept_record(one) for one in reversed(connection.execute(_KNOWN, values).fetchall())]
    own = [one for one in known if one.customer is not None]
    there = [one for one in known if one.customer is None]
    return DeliveryBasis(
        delivery=delivery,
        channel=Channel(channel),
        message_class=MessageClass(class_),
        status=DeliveryStatus(status),
        reason=Reason(reason) if reason else None,
        moment=moment,
        text=text,
        verdict=decide(MessageClass(class_), own, there),
        records=known,
    )
