"""The messages before one in its thread, which a mail names so that programs show them together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from psycopg import Connection

from broadcaster.domain.delivery import DeliveryId
from broadcaster.ledger.arrays import integers
from broadcaster.ports import Pending

#: The most that one names: the first one, and the latest.
_MOST = 20

_CAMPAIGNS = """
SELECT campaign.id
FROM campaign AS own
JOIN advisory AS told ON told.id = own.advisory_id
JOIN advisory ON advisory.id = told.thread_id OR advisory.thread_id = told.thread_id
JOIN campaign ON campaign.advisory_id = advisory.id
WHERE own.id = %s AND advisory.version < told.version
  AND campaign.planned_at IS NOT NULL AND campaign.archived_at IS NULL
ORDER BY advisory.version
"""

# By the address, which has an index in each campaign.
_TOLD = """
SELECT own.number, delivery.campaign_id, delivery.number
FROM delivery AS own
JOIN delivery ON delivery.address_id = own.address_id
WHERE own.campaign_id = %(campaign)s AND own.number = ANY(%(numbers)s::integer[])
  AND delivery.campaign_id = ANY(%(former)s::integer[])
  AND delivery.status IN ('accepted', 'unknown', 'delivered')
ORDER BY own.number, array_position(%(former)s::integer[], delivery.campaign_id)
"""


def campaigns(connection: Connection[Any], campaign: int) -> Sequence[int]:
    """List the campaigns before one in its thread, the first one first."""
    return [one for (one,) in connection.execute(_CAMPAIGNS, [campaign])]


def named(
    connection: Connection[Any], former: Sequence[int], found: Sequence[Pending]
) -> Sequence[Pending]:
    """Add to deliveries, all of one campaign, those by which their addresses were told before."""
    if not found:
        return found
    values = {
        "campaign": found[0].delivery.campaign,
        "numbers": integers([one.delivery.number for one in found]),
        "former": list(former),
    }
    told: dict[int, list[DeliveryId]] = {}
    for number, *delivery in connection.execute(_TOLD, values, prepare=False):
        told.setdefault(number, []).append(DeliveryId(*delivery))
    return [replace(one, former=_shortened(told.get(one.delivery.number, ()))) for one in found]


def _shortened(told: Sequence[DeliveryId]) -> tuple[DeliveryId, ...]:
    return (*told[:1], *told[1:][1 - _MOST :])
