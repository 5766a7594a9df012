"""The rule of who is told on which channel, as one query; planning and forecast share it.

It gives one row for each customer of the segment, with an address and a reason for each channel: so
a customer is read once, however many channels a campaign has.
"""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection

from broadcaster.domain.message import Channel, MessageClass
from broadcaster.planning.plannable import Plannable
from broadcaster.ports import Condition, Renderer

#: The channels as they are written into names of columns, and the place of their four bits.
_NAMES: Mapping[Channel, tuple[LiteralString, LiteralString]] = {
    Channel.SMS: ("sms", "0"),
    Channel.EMAIL: ("email", "4"),
    Channel.PUSH: ("push", "8"),
}

# What sets a customer apart on a channel is rare, so it is gathered first, a bit for each sort:
# then a million plain customers are looked up in two lists, not in five. Addresses that several
# customers have are found in the order of the index: no hash of all addresses is made for them.
_HEAD = """
WITH shared AS MATERIALIZED (
    SELECT DISTINCT address_id FROM (
        SELECT address_id, lag(address_id) OVER (ORDER BY address_id) AS previous
        FROM customer_address) AS one
    WHERE address_id = previous
), special AS MATERIALIZED (
    SELECT customer_id, bit_or(mark) AS marks FROM (
        SELECT NULL::bigint AS customer_id, 0 AS mark WHERE false
"""

# A consent is told apart by what differs from the rule of the class.
_SPECIAL = """
        UNION ALL
        SELECT customer_id, 1 << {p} FROM broken_address WHERE channel = '{c}'
        UNION ALL
        SELECT customer_id, 2 << {p} FROM consent
        WHERE channel = '{c}' AND class = %(plan_class)s::message_class
          AND granted <> %(plan_granted)s
        UNION ALL
        SELECT own.customer_id, 4 << {p}
        FROM suppression JOIN customer_address AS own USING (address_id)
        WHERE suppression.class = %(plan_class)s::message_class AND own.channel = '{c}' AND {first}
        UNION ALL
        SELECT own.customer_id, 8 << {p} FROM shared JOIN customer_address AS own USING (address_id)
        WHERE own.channel = '{c}' AND {first}
"""

_FIRST = """(own.ordinal = 1 OR NOT EXISTS (
            SELECT FROM customer_address AS better
            WHERE better.customer_id = own.customer_id AND better.channel = '{c}'
              AND better.ordinal < own.ordinal))"""

_PLAIN = """
    ) AS one GROUP BY customer_id
), judged AS MATERIALIZED (
    SELECT reader.customer_id, locale_choice.chosen AS locale{carried}
"""

_JUDGED = """
    , first_{c}.address_id AS {c}_address, special.marks & (8 << {p}) <> 0 AS {c}_shared,
    CASE
        WHEN first_{c}.address_id IS NULL AND special.marks & (1 << {p}) <> 0
            THEN 'invalid_address'::reason
        WHEN first_{c}.address_id IS NULL THEN 'no_address'::reason
        WHEN (COALESCE(special.marks, 0) & (2 << {p}) <> 0) = %(plan_granted)s
            THEN 'opted_out'::reason
        WHEN special.marks & (4 << {p}) <> 0 THEN 'address_suppressed'::reason
        WHEN locale_choice.chosen IS NULL THEN 'no_locale'::reason{when_told}
    END AS {c}_reason
"""

_READERS = """
    FROM (
        SELECT customer.id AS customer_id, customer.locales{carried} FROM customer WHERE (
"""

_LOCALES = """
    )) AS reader
    LEFT JOIN unnest(%(plan_preferred)s::text[], %(plan_chosen)s::text[])
        AS locale_choice (preferred, chosen) ON locale_choice.preferred::text[] = reader.locales
    LEFT JOIN special ON special.customer_id = reader.customer_id
"""

_JOINED = """
    LEFT JOIN (
        -- Nothing comes before 1, so the search is made for the few that are numbered higher.
        SELECT customer_id, address_id FROM customer_address
        WHERE ordinal = 1 AND channel = '{c}'
        UNION ALL
        SELECT customer_id, address_id FROM customer_address AS own
        WHERE ordinal > 1 AND channel = '{c}' AND NOT EXISTS (
            SELECT FROM customer_address AS better
            WHERE better.customer_id = own.customer_id AND better.channel = '{c}'
              AND better.ordinal < own.ordinal)
    ) AS first_{c} ON first_{c}.customer_id = reader.customer_id
"""

# An address at which somebody was told in this campaign before.
_TOLD = """
    LEFT JOIN delivery AS told_{c} ON told_{c}.campaign_id = %(plan_campaign)s
        AND told_{c}.address_id = first_{c}.address_id
"""
_WHEN_TOLD = """
        WHEN told_{c}.number IS NOT NULL THEN 'duplicate_address'::reason"""

# Of those who may be told at an address, the one with the lowest id is.
_DOUBLED = """
), {c}_doubled AS MATERIALIZED (
    SELECT customer_id FROM (
        SELECT judged.customer_id, min(judged.customer_id) OVER (PARTITION BY {c}_address) AS keeper
        FROM judged{joined} WHERE {c}_shared AND {c}_reason IS NULL{untold}) AS sharer
    WHERE customer_id <> keeper
"""
_UNTOLD = " AND ({c}_reason IS NOT NULL OR {c}_doubled.customer_id IS NOT NULL)"

_CHOSEN = """
    , {c}_address, CASE WHEN {c}_doubled.customer_id IS NOT NULL THEN 'duplicate_address'::reason
                        ELSE {c}_reason END AS {c}_reason
"""

_UNDOUBLED = " LEFT JOIN {c}_doubled ON {c}_doubled.customer_id = judged.customer_id"


class Carried(NamedTuple):
    """More of a customer that goes along: columns of `customer`, what is made of them, its names.

    Each begins with a comma. `expressions` read the columns as those of `reader`, and may look at
    `locale_choice.chosen`.
    """

    columns: LiteralString = ""
    expressions: LiteralString = ""
    names: LiteralString = ""


NOTHING = Carried()


def named(text: LiteralString, channel: Channel) -> LiteralString:
    """Write a channel's name where a statement of ours has `{c}`."""
    name, place = _NAMES[channel]
    return text.replace("{c}", name).replace("{p}", place)


def candidates(
    condition: Condition,
    channels: Sequence[Channel],
    *,
    one_each: bool = False,
    again: bool = False,
    carried: Carried = NOTHING,
) -> LiteralString:
    """Give the query of candidates: one row for each customer of the segment.

    Its columns are `customer_id, locale`, and for each channel `<channel>_address` and
    `<channel>_reason`. With a reason the customer is left out there; the first that holds is
    given, in this order: no address or only broken ones, consent, suppression of the address, no
    locale, and the same address as another customer's who is told there: the one with the lowest
    id is.

    With `one_each` a customer is told on the first of the channels that has no reason, and takes
    nobody's place on those behind it. With `again` the campaign has told some already, and an
    address where it did counts as another customer's; wants the value `plan_campaign`. What is
    `carried` stands behind `locale`.
    """
    when_told: LiteralString = _WHEN_TOLD if again else ""
    return (
        _HEAD
        + _each(_SPECIAL.replace("{first}", _FIRST), channels)
        + _PLAIN.replace("{carried}", carried.expressions)
        + _each(_JUDGED.replace("{when_told}", when_told), channels)
        + _READERS.replace("{carried}", carried.columns)
        + condition.text
        + _LOCALES
        + _each(_JOINED + (_TOLD if again else ""), channels)
        + _doubled(channels, one_each=one_each)
        + ")\nSELECT judged.customer_id, judged.locale"
        + carried.names
        + _each(_CHOSEN, channels)
        + "FROM judged"
        + _each(_UNDOUBLED, channels)
    )


def _doubled(channels: Sequence[Channel], *, one_each: bool) -> LiteralString:
    text: LiteralString = ""
    for place, channel in enumerate(channels):
        earlier = channels[:place] if one_each else ()
        own = _DOUBLED.replace("{joined}", _each(_UNDOUBLED, earlier))
        text += named(own.replace("{untold}", _each(_UNTOLD, earlier)), channel)
    return text


def _each(text: LiteralString, channels: Sequence[Channel]) -> LiteralString:
    joined: LiteralString = ""
    for channel in channels:
        joined += named(text, channel)
    return joined


def values(
    connection: Connection[Any],
    campaign: Plannable,
    condition: Condition,
    renderer: Renderer,
) -> Mapping[str, object]:
    """Give the values of `candidates`; the locale is chosen once for each list of preferences."""
    query: LiteralString = (
        "SELECT customer.locales, count(*) FROM customer WHERE ("  # noqa: S608  (names are ours, values are bound)
        + condition.text
        + ") GROUP BY customer.locales"
    )
    counted = connection.execute(query, condition.values).fetchall()
    preferred = [row[0] for row in counted]
    return {
        **condition.values,
        "plan_preferred": [_literal(tags) for tags in preferred],
        "plan_chosen": [renderer.choose(campaign.kind, tags) for tags in preferred],
        # Not for the query, but for whoever counts: how many have each list of preferences.
        "plan_tags": preferred,
        "plan_people": [row[1] for row in counted],
        "plan_campaign": campaign.id,
        "plan_class": campaign.message_class.value,
        # Advertising needs a recorded consent; the rest is part of the contract, or protects life.
        "plan_granted": campaign.message_class is not MessageClass.PROMOTIONAL,
    }


def _literal(tags: list[str]) -> str:
    """Write a list as PostgreSQL reads it; it has no arrays of lists of unequal length."""
    quoted = ('"' + tag.replace("\\", "\\\\").replace('"', '\\"') + '"' for tag in tags)
    return "{" + ",".join(quoted) + "}"
