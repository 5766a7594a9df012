"""The rule of who is told on which channel, as one query; planning and forecast share it.

It gives one row for each customer of the segment, with an address and a reason for each channel: so
a customer is read once, however many channels a campaign has.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection

from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.planning.fair import ONE_LEFT, TWO_LEFT, Fair, base, capped_mark, lookups
from broadcaster.planning.followers import FOLLOWED, HEAD, SPECIAL, Followers
from broadcaster.planning.naming import ZONE, each, named
from broadcaster.planning.plannable import Plannable
from broadcaster.planning.sharing import Sharing
from broadcaster.ports import Condition, Renderer

__all__ = [
    "ONE_SNAPSHOT",
    "Whom",
    "apart",
    "candidates",
    "named",
    "values",
    "zoned",
]

#: To be said first by whoever only reads: what all its statements see is of one moment.
ONE_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"

#: Nothing is asked for but that every customer is told, an address once.
_PLAIN_FAIR = Fair()

# What sets a customer apart on a channel is rare, so it is gathered first, a bit for each sort:
# then a million plain customers are looked up in one list, not in four.
_SPECIAL_HEAD = """special AS MATERIALIZED (
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
        JOIN reach ON reach.customer_id = own.customer_id AND reach.{c} = own.address_id
        WHERE suppression.class = %(plan_class)s::message_class AND own.channel = '{c}'
        UNION ALL
        SELECT customer_id, 4 << {p} FROM customer_suppression
        WHERE channel = '{c}' AND class = %(plan_class)s::message_class
"""

_GATHERED = """
    ) AS one GROUP BY customer_id
)
"""

# Gathered before, and handed over: unlike a table of WITH, several processes may look through it.
_KNOWN = """
WITH special AS NOT MATERIALIZED (
    SELECT customer_id, marks
    FROM unnest(%(plan_marked)s::bigint[], %(plan_marks)s::integer[]) AS one (customer_id, marks)
)
"""

_READER = """
    SELECT reader.customer_id, locale_choice.chosen AS locale{carried}
"""

_JUDGED = """
    , reach.{c} AS {c}_address, reach.shares AS {c}_shared,
    CASE
        WHEN reach.{c} IS NULL AND special.marks & (1 << {p}) <> 0
            THEN 'invalid_address'::reason
        WHEN reach.{c} IS NULL THEN '{none}'::reason
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
_READ_ZONE: LiteralString = ", " + ZONE + " AS zone"
# Who depends on electricity is told before anybody else under the same roof.
_READ_HOME = """, customer.household,
            customer.attributes @> '{"life_support": true}' AS depends"""

_LOCALES = """
    )) AS reader
    LEFT JOIN unnest(%(plan_preferred)s::text[], %(plan_chosen)s::text[])
        AS locale_choice (preferred, chosen) ON locale_choice.preferred::text[] = reader.locales
    LEFT JOIN special ON special.customer_id = reader.customer_id
    LEFT JOIN reach ON reach.customer_id = reader.customer_id
"""

_SHARERS: LiteralString = "    WHERE reach.shares\n"
_ALONE: LiteralString = "    WHERE reach.shares IS NOT TRUE\n"

# An address at which somebody was told in this campaign before.
_TOLD = """
    LEFT JOIN delivery AS told_{c} ON told_{c}.campaign_id = %(plan_campaign)s
        AND told_{c}.address_id = reach.{c}
"""
_WHEN_TOLD = """
        WHEN told_{c}.number IS NOT NULL THEN 'duplicate_address'::reason"""


class Whom(Enum):
    """Whose rows are asked for.

    But for everybody, those who are set apart were gathered before, and are handed over as
    `plan_marked` and `plan_marks`. Who is told for others at a shared address is decided among
    `SHARERS`; whoever is `ALONE` shares none.
    """

    EVERYBODY = "everybody"
    SHARERS = "sharers"
    ALONE = "alone"


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
    whom: Whom = Whom.EVERYBODY,
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

    With the condition `Followers` a customer is told on each channel where they got the former
    message of the thread, at the address to which that went; elsewhere they were `not_told`.
    """
    following = isinstance(condition, Followers)
    alone = whom is Whom.ALONE
    sharing = Sharing(channels, given, one_each=one_each, alone=alone)
    homes = given.one_per is OnePer.HOUSEHOLD
    zone: LiteralString = ", judged.zone" if given.zoned else ""
    judged = (
        _READER.replace("{carried}", carried.expressions)
        + (_ZONE if given.zoned else "")
        + (_HOME if homes else "")
        + (_PLACES.replace("{base}", base(given)) if sharing.limited else "")
        + _judged(channels, given, again=again, following=following)
        + _READERS.replace(
            "{read}", (_READ_ZONE if given.zoned else "") + (_READ_HOME if homes else "")
        ).replace("{carried}", carried.columns)
        + (FOLLOWED if following else condition.text)
        + _LOCALES
        + (each(_TOLD, channels) if again else "")
        + {Whom.EVERYBODY: "", Whom.SHARERS: _SHARERS, Whom.ALONE: _ALONE}[whom]
    )
    known = whom is not Whom.EVERYBODY
    head = _KNOWN if known else _gathering(channels, given, one_each=one_each, following=following)
    chosen = "\nSELECT judged.customer_id, judged.locale" + zone + carried.names + sharing.columns()
    if alone:
        # Looked at once, and so by all processes there are.
        return head + chosen + "FROM (" + judged + ") AS judged"
    return (
        head
        + ", judged AS MATERIALIZED ("
        + judged
        + sharing.tables()
        + ")"
        + chosen
        + "FROM judged"
        + sharing.joins()
    )


def apart(
    channels: Sequence[Channel], *, one_each: bool = False, given: Fair = _PLAIN_FAIR
) -> LiteralString:
    """Give the query of those who are set apart: `customer_id, marks`; values as `candidates`."""
    gathering = _gathering(channels, given, one_each=one_each)
    return gathering + "SELECT customer_id, marks FROM special"  # noqa: S608  (statements of ours)


def _gathering(
    channels: Sequence[Channel], given: Fair, *, one_each: bool, following: bool = False
) -> LiteralString:
    return (
        (HEAD + ", " if following else "WITH ")
        + _SPECIAL_HEAD
        + each(SPECIAL if following else _SPECIAL, channels)
        + lookups(given, 1 if one_each else len(channels))
        + _GATHERED
    )


def _judged(
    channels: Sequence[Channel], given: Fair, *, again: bool, following: bool
) -> LiteralString:
    none: LiteralString = "not_told" if following else "no_address"
    text: LiteralString = ""
    for channel in channels:
        capped: LiteralString = ""
        if given.caps:
            capped = _WHEN_CAPPED.replace("{capped}", capped_mark(channel))
        own = _JUDGED.replace("{when_capped}", capped).replace("{none}", none)
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
    head: LiteralString = "SELECT customer.locales, " + ZONE + ", count(*) FROM customer"  # noqa: S608  (ours)
    query: LiteralString = head + " WHERE (" + condition.text + ") GROUP BY 1, 2"
    rows = connection.execute(query, condition.values).fetchall()
    preferred = list({tuple(tags): tags for tags, _, _ in rows}.values())
    people: Counter[tuple[str, ...]] = Counter()
    for tags, _, count in rows:
        people[tuple(tags)] += count
    return {
        **condition.values,
        "plan_preferred": [_literal(tags) for tags in preferred],
        "plan_chosen": [renderer.choose(campaign.kind, tags, campaign.facts) for tags in preferred],
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
