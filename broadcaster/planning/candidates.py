"""The rule of who is told on which channel, as one query; planning and forecast share it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection

from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.message import Lane, MessageClass
from broadcaster.errors import NotFoundError
from broadcaster.ports import Condition, Renderer

_CAMPAIGN = """
SELECT campaign.id, campaign.name, campaign.expression, campaign.channels::text[], campaign.status,
       campaign.lane, campaign.planned_at, advisory.kind, advisory.class, advisory.effective,
       advisory.expires
FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE campaign.id = %s
"""

_READERS = """
WITH locale_choice AS MATERIALIZED (
    SELECT preferred::text[] AS preferred, chosen
    FROM unnest(%(plan_preferred)s::text[], %(plan_chosen)s::text[]) AS pair (preferred, chosen)
), reader AS (
    SELECT customer.id AS customer_id, customer.locales FROM customer
    WHERE (
"""

_JUDGED = """
)
), judged AS MATERIALIZED (
    SELECT reader.customer_id, wanted.channel, first.address_id, locale_choice.chosen AS locale,
        CASE
            WHEN first.address_id IS NULL AND broken.customer_id IS NULL THEN 'no_address'
            WHEN first.address_id IS NULL THEN 'invalid_address'
            WHEN NOT COALESCE(consent.granted, %(plan_granted)s) THEN 'opted_out'
            WHEN suppression.address_id IS NOT NULL THEN 'address_suppressed'
            WHEN locale_choice.chosen IS NULL THEN 'no_locale'
        END::reason AS reason
    FROM reader
    CROSS JOIN unnest(%(plan_channels)s::channel[]) AS wanted (channel)
    LEFT JOIN locale_choice ON locale_choice.preferred = reader.locales
    LEFT JOIN (
        -- Nothing comes before 1, so the search is made for the few that are numbered higher.
        SELECT customer_id, channel, address_id FROM customer_address
        WHERE ordinal = 1 AND channel = ANY(%(plan_channels)s::channel[])
        UNION ALL
        SELECT customer_id, channel, address_id FROM customer_address AS other
        WHERE ordinal > 1 AND channel = ANY(%(plan_channels)s::channel[]) AND NOT EXISTS (
            SELECT FROM customer_address AS better
            WHERE better.customer_id = other.customer_id AND better.channel = other.channel
              AND better.ordinal < other.ordinal)
    ) AS first ON first.customer_id = reader.customer_id AND first.channel = wanted.channel
    LEFT JOIN (SELECT DISTINCT customer_id, channel FROM broken_address) AS broken
           ON broken.customer_id = reader.customer_id AND broken.channel = wanted.channel
    LEFT JOIN consent ON consent.customer_id = reader.customer_id
          AND consent.channel = wanted.channel AND consent.class = %(plan_class)s::message_class
    LEFT JOIN suppression ON suppression.address_id = first.address_id
          AND suppression.class = %(plan_class)s::message_class
), shared AS (
    SELECT address_id, min(customer_id) AS keeper
    FROM judged WHERE reason IS NULL GROUP BY address_id HAVING count(*) > 1
)
SELECT judged.customer_id, judged.channel,
    CASE WHEN judged.reason IS NULL AND doubled.address_id IS NULL THEN judged.address_id END
        AS address_id,
    judged.locale,
    CASE WHEN judged.reason IS NULL AND doubled.address_id IS NOT NULL
         THEN 'duplicate_address'::reason ELSE judged.reason END AS reason
FROM judged
LEFT JOIN shared AS doubled ON judged.reason IS NULL
      AND doubled.address_id = judged.address_id AND doubled.keeper <> judged.customer_id
"""


class Plannable(NamedTuple):
    """What planning needs of a campaign."""

    id: int
    name: str
    expression: str
    channels: list[str]
    status: CampaignStatus
    lane: Lane
    planned_at: datetime | None
    kind: str
    message_class: MessageClass
    effective: datetime
    expires: datetime


def read(connection: Connection[Any], campaign: int) -> Plannable:
    """Read a campaign with its advisory; NotFoundError."""
    row = connection.execute(_CAMPAIGN, [campaign]).fetchone()
    if row is None:
        remedy = "'broadcaster campaigns status' lists them."
        raise NotFoundError("campaign", f"there is no {campaign}", remedy)
    found = Plannable(*row)
    return found._replace(
        status=CampaignStatus(found.status),
        lane=Lane(found.lane),
        message_class=MessageClass(found.message_class),
    )


def candidates(condition: Condition) -> LiteralString:
    """Give the query of candidates: one row for each customer of the segment and channel.

    Its columns are `customer_id, channel, address_id, locale, reason`. A row with a reason is
    left out; the first reason that holds is given, in this order: no address or only broken ones,
    consent, suppression of the address, no locale, and the same address as another customer's who
    is told there: the one with the lowest id is.
    """
    return _READERS + condition.text + _JUDGED


def values(
    connection: Connection[Any],
    campaign: Plannable,
    condition: Condition,
    renderer: Renderer,
) -> Mapping[str, object]:
    """Give the values of `candidates`; the locale is chosen once for each list of preferences."""
    query: LiteralString = (
        "SELECT DISTINCT customer.locales FROM customer WHERE (" + condition.text + ")"  # noqa: S608  (names are ours, values are bound)
    )
    preferred = [row[0] for row in connection.execute(query, condition.values)]
    return {
        **condition.values,
        "plan_preferred": [_literal(tags) for tags in preferred],
        "plan_chosen": [renderer.choose(campaign.kind, tags) for tags in preferred],
        "plan_channels": campaign.channels,
        "plan_class": campaign.message_class.value,
        # Advertising needs a recorded consent; the rest is part of the contract, or protects life.
        "plan_granted": campaign.message_class is not MessageClass.PROMOTIONAL,
    }


def _literal(tags: list[str]) -> str:
    """Write a list as PostgreSQL reads it; it has no arrays of lists of unequal length."""
    quoted = ('"' + tag.replace("\\", "\\\\").replace('"', '\\"') + '"' for tag in tags)
    return "{" + ",".join(quoted) + "}"
