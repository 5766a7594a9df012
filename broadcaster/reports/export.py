"""Every delivery of a campaign as CSV, safe to open in a spreadsheet."""

import csv
from datetime import datetime
from typing import IO, Any

from psycopg import Connection

from broadcaster.domain.formulas import defused
from broadcaster.ports import Selection
from broadcaster.reports.basis import BASIS
from broadcaster.reports.deliveries import CHOSEN

#: The columns, in order. No addresses: the file leaves our hands. `basis` is that of consent.
COLUMNS = (
    "delivery",
    "customer",
    "channel",
    "status",
    "reason",
    "locale",
    "provider",
    "units",
    "attempts",
    "code",
    "updated_at",
    "reference",
    "basis",
)

_ROWS = f"""
SELECT delivery.campaign_id || '-' || delivery.number, COALESCE(customer.number, 'erased'),
       delivery.channel, delivery.status, delivery.reason, delivery.locale, delivery.provider,
       delivery.units, delivery.attempts, delivery.code, delivery.updated_at, delivery.reference,
       {BASIS}
FROM delivery
JOIN campaign ON campaign.id = delivery.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
LEFT JOIN customer ON customer.id = delivery.customer_id
WHERE delivery.campaign_id = %(campaign)s AND {CHOSEN}
ORDER BY delivery.number
"""  # noqa: S608  (joined from our own constants)

_FETCH = 5000


def write(connection: Connection[Any], campaign: int, stream: IO[str], selection: Selection) -> int:
    """Write the rows as they come from the server; how many. Times are ISO 8601 in UTC."""
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    count = 0
    with connection.cursor(name="export") as cursor:
        cursor.itersize = _FETCH
        cursor.execute(_ROWS, {**selection.values(), "campaign": campaign})
        for row in cursor:
            writer.writerow([cell(value) for value in row])
            count += 1
    return count


def cell(value: object) -> str:
    """Give a value as text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    text = value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)
    return defused(text)
