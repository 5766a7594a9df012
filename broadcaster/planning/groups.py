"""Customers who are told alike: counted together, so that a million become some hundreds of rows.

What may differ between two customers of a group does not matter to anything that is forecast: not
to who is told where, not to the size of the message, not to its price and not to the limits.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, LiteralString, NamedTuple, cast

from psycopg import Connection

from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import Channel
from broadcaster.planning import contributions
from broadcaster.planning.candidates import Carried, Whom, apart, candidates, named
from broadcaster.planning.destinations import Destinations, joined
from broadcaster.planning.fair import Fair
from broadcaster.planning.followers import Followers
from broadcaster.planning.plannable import Plannable
from broadcaster.ports import Condition


class Group(NamedTuple):
    """Some customers: how many, one of them, and their locale.

    For each channel of the campaign there is why they are left out (None: they are not) and where
    their address leads (None: as usual).
    `forms` are those of the fields that the SMS has in it; `digits` says how many digits the
    number of their delivery by SMS has, where that stands in the text and it is one of the first.
    `zone` is theirs; None: all customers of the campaign live in one.
    """

    people: int
    customer: int
    locale: str | None
    reasons: tuple[str | None, ...]
    places: tuple[str | None, ...]
    forms: tuple[str, ...]
    digits: int | None
    zone: str | None = None

    def __repr__(self) -> str:
        """Show neither forms nor places: with `whole` the forms are names, as people have them."""
        return f"Group(people={self.people}, customer={self.customer}, locale={self.locale!r})"


class Grouping(NamedTuple):
    """What is told apart: where messages go, which fields their texts have, whether links count.

    Without `places` all addresses count as usual ones. With `whole` each customer is given alone,
    with the fields and not their forms, and `digits` is the number of the delivery itself.
    """

    destinations: Destinations
    fields: tuple[str, ...] = ()
    links: bool = False
    whole: bool = False
    places: bool = True


@contextmanager
def groups(
    connection: Connection[Any],
    found: Plannable,
    asked: tuple[Condition, Fair],
    given: Mapping[str, object],
    grouping: Grouping,
) -> Iterator[Iterator[Group]]:
    """Give the groups of a campaign as they come, in bounded memory; alike ones perhaps twice.

    Until they are all read the connection is good for nothing else.
    """
    values = {**given, **grouping.destinations.values(), **contributions.values()}
    passes = [Whom.EVERYBODY]
    if _is_parted(found, asked, grouping):
        values |= _apart(connection, found, asked[1], given)
        passes = [Whom.SHARERS, Whom.ALONE]
    queries = [_query(*asked, found, grouping, whom) for whom in passes]
    with closing(_streamed(connection, queries, values)) as rows:
        yield (_group(row, len(found.channels), len(grouping.fields)) for row in rows)


def _streamed(
    connection: Connection[Any], queries: Sequence[LiteralString], values: Mapping[str, object]
) -> Generator[Sequence[Any]]:
    for query in queries:
        # Not by a cursor of the server: for one of those it would use a single process.
        with connection.cursor() as cursor:
            rows = cast("Generator[Sequence[Any]]", cursor.stream(query, values))
            with closing(rows):
                yield from rows


def _is_parted(found: Plannable, asked: tuple[Condition, Fair], grouping: Grouping) -> bool:
    """Tell whether who shares an address may be looked at apart from all others.

    Not where others matter to them: under one roof, and by the number of a delivery among all. Of
    those whom a follow-up tells none shares one.
    """
    condition, fair = asked
    if isinstance(condition, Followers):
        return False
    numbered = grouping.links and Channel.SMS in found.channels
    return fair.one_per is OnePer.CUSTOMER and not numbered


def _apart(
    connection: Connection[Any], found: Plannable, fair: Fair, given: Mapping[str, object]
) -> Mapping[str, object]:
    """Gather who is set apart, so that the many others can be counted by several processes."""
    query = apart(found.channels, one_each=found.plan.one_each, given=fair)
    gathered = (
        "SELECT COALESCE(array_agg(customer_id), '{}'), COALESCE(array_agg(marks), '{}')"  # noqa: S608  (names of ours)
        " FROM (" + query + ") AS one"
    )
    cursor = connection.cursor(binary=True)
    row: Sequence[list[int]] = cursor.execute(gathered, given).fetchone() or ([], [])
    return dict(zip(("plan_marked", "plan_marks"), row, strict=True))


def _group(row: Sequence[Any], channels: int, fields: int) -> Group:
    people, customer, locale, digits, zone, *rest = row
    forms = rest[2 * channels :]
    return Group(
        people=people,
        customer=customer,
        locale=locale,
        reasons=tuple(rest[:channels]),
        places=tuple(rest[channels : 2 * channels]),
        # Those who get no SMS have no forms.
        forms=tuple(forms) if fields and forms[0] is not None else (),
        digits=digits,
        zone=zone,
    )


def _query(
    condition: Condition, fair: Fair, found: Plannable, grouping: Grouping, whom: Whom
) -> LiteralString:
    channels = found.channels
    fields = grouping.fields if Channel.SMS in channels else ()
    links = grouping.links and Channel.SMS in channels
    carried = Carried(
        columns=contributions.columns(fields),
        expressions=contributions.expressions(fields, whole=grouping.whole),
        names=contributions.names(fields),
    )
    inner = candidates(
        condition,
        channels,
        one_each=found.plan.one_each,
        given=fair,
        carried=carried,
        whom=whom,
    )
    places: LiteralString = ""
    tables: LiteralString = ""
    for channel in channels:
        table = joined(channel, grouping.destinations) if grouping.places else ""
        places += named(
            ", place_{c}.place AS {c}_place" if table else ", NULL AS {c}_place", channel
        )
        if table:
            tables += named("\nLEFT JOIN (", channel) + table
            tables += named(
                ") AS place_{c} ON place_{c}.address_id = candidate.{c}_address "
                "AND candidate.{c}_reason IS NULL",
                channel,
            )
    placed: LiteralString = (
        "SELECT candidate.*" + places + " FROM (" + inner + ") AS candidate" + tables  # noqa: S608  (names of ours)
    )
    outer = _outer(found, grouping, fields, zoned=fair.zoned)
    tail = _tail(found, grouping, fields, zoned=fair.zoned)
    if not links:
        unnumbered: LiteralString = "SELECT placed.*, NULL::bigint AS number FROM ("
        return outer + unnumbered + placed + ") AS placed" + tail
    # Kept aside to be looked through twice, which is cheaper than a second window over all rows.
    return (
        "WITH placed AS MATERIALIZED ("  # noqa: S608  (as above)
        + placed
        + ") "
        + outer
        + "SELECT placed.*, "
        + _number(found, fair)
        + " FROM placed"
        + tail
    )


def _outer(
    found: Plannable, grouping: Grouping, fields: Sequence[str], *, zoned: bool
) -> LiteralString:
    digits: LiteralString = "number" if grouping.whole else "length(number::text)"
    head: LiteralString = (
        "SELECT 1, customer_id, locale, "
        if grouping.whole
        else "SELECT count(*), min(customer_id), locale, "
    )
    zone: LiteralString = ", zone" if zoned else ", NULL::text"
    return head + digits + zone + _keys(found, fields) + " FROM ("


def _keys(found: Plannable, fields: Sequence[str]) -> LiteralString:
    text: LiteralString = ""
    for channel in found.channels:
        text += named(", {c}_reason", channel)
    for channel in found.channels:
        text += named(", {c}_place", channel)
    for field in fields:
        # Who gets no SMS is not told apart by what would stand in it.
        text += ", CASE WHEN sms_reason IS NULL THEN " + contributions.names([field])[2:] + " END"
    return text


def _tail(
    found: Plannable, grouping: Grouping, fields: Sequence[str], *, zoned: bool
) -> LiteralString:
    if grouping.whole:
        return ") AS one"
    zone: LiteralString = ", zone" if zoned else ""
    return ") AS one GROUP BY locale, length(number::text)" + zone + _keys(found, fields)


def _number(found: Plannable, fair: Fair) -> LiteralString:
    """Write the number that the delivery by SMS will have, as `Numbering` gives it out."""
    place = found.channels.index(Channel.SMS)
    told = _told(found, place)
    # One row, also where no channel comes before.
    before: LiteralString = "count(*) FILTER (WHERE false)"
    for earlier in range(place):
        before += " + count(*) FILTER (WHERE " + _told(found, earlier) + ")"
    order: LiteralString = 'zone COLLATE "C", customer_id' if fair.zoned else "customer_id"
    rank: LiteralString = "count(*) FILTER (WHERE " + told + ") OVER (ORDER BY " + order + ")"
    earlier_ones: LiteralString = "(SELECT " + before + " FROM placed)"  # noqa: S608  (names of ours)
    return "CASE WHEN " + told + " THEN " + earlier_ones + " + " + rank + " END AS number"


def _told(found: Plannable, place: int) -> LiteralString:
    text = named("{c}_reason IS NULL", found.channels[place])
    if found.plan.one_each:
        for channel in found.channels[:place]:
            text += named(" AND {c}_reason IS NOT NULL", channel)
    return text
