"""The rule of who is told on which channel, as one query; planning and forecast share it.

It gives one row for each customer of the segment, with an address and a reason for each channel: so
a customer is read once, however many channels a campaign has.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection

from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.planning.fair import ONE_LEFT, TWO_LEFT, Fair, base, capped_mark, lookups
from broadcaster.planning.naming import each, named
from broadcaster.planning.plannable import Plannable
from broadcaster.planning.sharing import Sharing
from broadcaster.ports import Condition, Renderer

__all__ = ["ONE_SNAPSHOT", "candidates", "named", "values", "zoned"]

#: To be said first by whoever only reads: what all its statements see is of one moment.
ONE_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"

#: Nothing is asked for but that every customer is told, an address once.
_PLAIN_FAIR = Fair()

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

# A consent is told apart by what differs from the rule of the class. The rule that this looks up
# is `domain.consent.decide`; an order that bars a customer counts as if it barred each address.
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
        SELECT customer_id, 4 << {p} FROM customer_suppression
        WHERE channel = '{c}' AND class = %(plan_class)s::message_class
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
        WHEN locale_choice.chosen IS NULL THEN 'no_locale'::reason{when_capped}{when_told}
    END AS {c}_reason
"""

# Only where it is asked for: each column is carried for every customer.
_ZONE = ", reader.zone"
_HOME = ", reader.household, reader.depends"
# Where caps over all channels leave fewer places than there are channels.
_PLACES: LiteralString = (
    ", CASE WHEN (COALESCE(special.marks, 0) | {base}) & "
    + ONE_LEFT
    + " <> 0 THEN 1 WHEN (COALESCE(special.marks, 0) | {base}) & "
    + TWO_LEFT
    + " <> 0 THEN 2 END AS places"
)
_WHEN_CAPPED = """
        WHEN special.marks & {capped} <> 0 THEN 'capped'::reason"""

_READERS = """
    FROM (
        SELECT customer.id AS customer_id, customer.locales{read}{carried} FROM customer WHERE (
"""
_READ_ZONE = ", customer.time_zone AS zone"
# Who depends on electricity is told before anybody else under the same roof.
_READ_HOME = """, customer.household,
            customer.attributes @> '{"life_support": true}' AS depends"""

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


class Carried(NamedTuple):
    """More of a customer that goes along: columns of `customer`, what is made of them, its names.

    Each begins with a comma. `expressions` read the columns as those of `reader`, and may look at
    `locale_choice.chosen`.
    """

    columns: LiteralString = ""
    expressions: LiteralString = ""
    names: LiteralString = ""


NOTHING = Carried()


def candidates(
    condition: Condition,
    channels: Sequence[Channel],
    *,
    one_each: bool = False,
    again: bool = False,
    given: Fair = _PLAIN_FAIR,
    carried: Carried = NOTHING,
) -> LiteralString:
    """Give the query of candidates: one row for each customer of the segment.

    Its columns are `customer_id, locale`, and for each channel `<channel>_address` and
    `<channel>_reason`. With a reason the customer is left out there; the first that holds is
    given, in this order: no address or only broken ones, consent, suppression of the address, no
    locale, a cap, somebody of the household who is told, and the same address as another
    customer's who is told there: the one with the lowest id is.

    With `one_each` a customer is told on the first of the channels that has no reason, and takes
    nobody's place on those behind it. With `again` the campaign has told some already, and an
    address where it did counts as another customer's; wants the value `plan_campaign`. `given` is
    what fair use asks for; wants its values, and where that is zoned adds a column `zone`. What is
    `carried` stands behind `locale`.
    """
    sharing = Sharing(channels, given, one_each=one_each)
    homes = given.one_per is OnePer.HOUSEHOLD
    zone: LiteralString = ", judged.zone" if given.zoned else ""
    return (
        _HEAD
        + each(_SPECIAL.replace("{first}", _FIRST), channels)
        + lookups(given, 1 if one_each else len(channels))
        + _PLAIN.replace("{carried}", carried.expressions)
        + (_ZONE if given.zoned else "")
        + (_HOME if homes else "")
        + (_PLACES.replace("{base}", base(given)) if sharing.limited else "")
        + _judged(channels, given, again=again)
        + _READERS.replace(
            "{read}", (_READ_ZONE if given.zoned else "") + (_READ_HOME if homes else "")
        ).replace("{carried}", carried.columns)
        + condition.text
        + _LOCALES
        + each(_JOINED + (_TOLD if again else ""), channels)
        + sharing.tables()
        + ")\nSELECT judged.customer_id, judged.locale"
        + zone
        + carried.names
        + sharing.columns()
        + "FROM judged"
        + sharing.joins()
    )


def _judged(channels: Sequence[Channel], given: Fair, *, again: bool) -> LiteralString:
    text: LiteralString = ""
    for channel in channels:
        capped: LiteralString = ""
        if given.caps:
            capped = _WHEN_CAPPED.replace("{capped}", capped_mark(channel))
        own = _JUDGED.replace("{when_capped}", capped)
        text += named(own.replace("{when_told}", _WHEN_TOLD if again else ""), channel)
    return text


def values(
    connection: Connection[Any],
    campaign: Plannable,
    condition: Condition,
    renderer: Renderer,
) -> Mapping[str, Any]:
    """Give the values of `candidates`; the locale is chosen once for each list of preferences.

    With `plan_zones`, the time zones in which the customers live, in order.
    """
    head: LiteralString = "SELECT customer.locales, customer.time_zone, count(*) FROM customer"
    query: LiteralString = head + " WHERE (" + condition.text + ") GROUP BY 1, 2"
    rows = connection.execute(query, condition.values).fetchall()
    preferred = list({tuple(tags): tags for tags, _, _ in rows}.values())
    people: Counter[tuple[str, ...]] = Counter()
    for tags, _, count in rows:
        people[tuple(tags)] += count
    return {
        **condition.values,
        "plan_preferred": [_literal(tags) for tags in preferred],
        "plan_chosen": [renderer.choose(campaign.kind, tags) for tags in preferred],
        # Not for the query, but for whoever counts: how many have each list of preferences.
        "plan_tags": preferred,
        "plan_people": [people[tuple(tags)] for tags in preferred],
        "plan_zones": sorted({zone for _, zone, _ in rows}),
        "plan_campaign": campaign.id,
        "plan_class": campaign.message_class.value,
        # Advertising needs a recorded consent; the rest is part of the contract, or protects life.
        "plan_granted": campaign.message_class is not MessageClass.PROMOTIONAL,
    }


def zoned(given: Fair, found: Mapping[str, Any]) -> Fair:
    """Say, by the values that were found, whether several time zones are to be told apart."""
    return given._replace(zoned=len(found["plan_zones"]) > 1)


def _literal(tags: list[str]) -> str:
    """Write a list as PostgreSQL reads it; it has no arrays of lists of unequal length."""
    quoted = ('"' + tag.replace("\\", "\\\\").replace('"', '\\"') + '"' for tag in tags)
    return "{" + ",".join(quoted) + "}"
