"""What messages cost stays known when it is no longer known whom they went to.

A price goes by the first digits of a number: they are counted, by network, beside the forecast with
which they are compared, before the numbers go.
"""

from typing import Any

from psycopg import Connection

# As many digits as prices tell apart, and no more. Of an escalation its start is compared.
_KEEP = """
UPDATE campaign
SET forecast = jsonb_set(forecast, '{forgotten}',
                         COALESCE(forecast -> 'forgotten', '[]') || gone.rows)
FROM (
    SELECT jsonb_agg(jsonb_build_array(provider, place, messages, units)) AS rows FROM (
        SELECT delivery.provider,
               left(COALESCE(address.value, address.place, ''),
                    (SELECT GREATEST(4, max(length(prefix))) FROM tariff)) AS place,
               count(*) AS messages, sum(delivery.units) AS units
        FROM delivery JOIN address ON address.id = delivery.address_id
        WHERE delivery.campaign_id = %(campaign)s AND delivery.channel = 'sms'
          AND delivery.units > 0
          AND (%(customer)s::bigint IS NULL OR delivery.customer_id = %(customer)s)
          AND NOT EXISTS (
              SELECT FROM escalation
              WHERE escalation.campaign_id = %(campaign)s AND step > 1
                AND delivery.number BETWEEN first AND last)
        GROUP BY 1, 2) AS one
) AS gone
WHERE campaign.id = %(campaign)s AND campaign.forecast IS NOT NULL AND gone.rows IS NOT NULL
"""


def keep(connection: Connection[Any], campaign: int, customer: int | None = None) -> None:
    """Count what was spent by SMS on a customer, or on all; in the transaction that parts them."""
    connection.execute(_KEEP, {"campaign": campaign, "customer": customer})
