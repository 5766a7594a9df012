"""What customers choose on their page beside channels and classes: languages, hours, and areas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.consent import ConsentRecord
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.domain.own_hours import OwnHours, written
from broadcaster.domain.own_hours import read as read_hours
from broadcaster.errors import InvalidInputError, NotFoundError
from broadcaster.ledger import history, preferences
from broadcaster.ledger.audit import note
from broadcaster.ledger.clicks import FORM, Link, moment
from broadcaster.ledger.page_codes import Entered
from broadcaster.ledger.preferences import Preferences
from broadcaster.ledger.rehousing import note_choice

#: The attribute in which followed areas are kept, and its word for all of them.
FOLLOWED, EVERYWHERE = "followed_areas", "everywhere"
#: The most areas that are offered, and so followed.
MOST_AREAS = 200

_CUSTOMERS = """
SELECT customer.id, customer.number, customer.locales, customer.quiet,
       CASE WHEN jsonb_typeof(customer.attributes->'followed_areas') = 'array'
            THEN customer.attributes->'followed_areas' ELSE '[]'::jsonb END
FROM customer_address JOIN customer ON customer.id = customer_address.customer_id
WHERE customer_address.address_id = %(address)s AND customer.left_at IS NULL
ORDER BY customer.id LIMIT 20
"""
_LOCK = "SELECT FROM customer WHERE id = %s FOR UPDATE"
_OFFERED = """
SELECT name FROM area WHERE offered ORDER BY name COLLATE "C" LIMIT %s
"""
_OFFER = "UPDATE area SET offered = %(offered)s WHERE name = %(name)s"
_LOCALES = """
UPDATE customer SET locales = %(locales)s, own_locales = %(locales)s, updated_at = %(now)s
WHERE id = %(customer)s
"""
_QUIET = "UPDATE customer SET quiet = %(quiet)s, updated_at = %(now)s WHERE id = %(customer)s"
_AREAS = """
UPDATE customer SET attributes = CASE
        WHEN %(none)s THEN attributes - 'followed_areas'
        ELSE jsonb_set(attributes, '{followed_areas}', %(areas)s) END,
    updated_at = %(now)s
WHERE id = %(customer)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What one customer at an address wants; `areas` are those that they follow."""

    customer: int
    number: str
    locales: Sequence[str]
    quiet: OwnHours | None
    areas: frozenset[str]
    preferences: Preferences


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """What a form says; None leaves something as it is.

    `areas` says of each area that was shown whether it is followed: others stay as they are.
    """

    locales: Sequence[str] | None
    quiet: OwnHours | None
    quiet_shown: bool
    areas: Mapping[str, bool]
    wanted: Mapping[Channel, frozenset[MessageClass]]


class OwnPage:
    """The page of all who have an address, opened by a code."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def offered(self) -> Sequence[str]:
        """List the areas that may be followed, by name."""
        with self._pool.connection() as connection:
            return _offered(connection)

    def offer(self, area: str, by: str, *, offered: bool) -> None:
        """Let an area be followed, or no more; NotFoundError. Who follows it goes on.

        InvalidInputError for the name that stands for all areas.
        """
        if area == EVERYWHERE:
            problem = f"{EVERYWHERE!r} stands for all of them here"
            raise InvalidInputError("area", problem, "Import it under another name.")
        with self._pool.connection() as connection:
            done = connection.execute(_OFFER, {"name": area, "offered": offered}).rowcount
            if not done:
                remedy = "Type 'broadcaster areas list' for those there are."
                raise NotFoundError("area", f"{area[:100]!r} does not exist", remedy)
            note(connection, by, "offer_area", f"area {area}", {"offered": offered})

    def read(self, who: Entered) -> Sequence[Wishes]:
        """Give what the customers at the address want; changes nothing."""
        with self._pool.connection() as connection:
            rows = connection.execute(_CUSTOMERS, {"address": who.address}).fetchall()
            return [_wishes(connection, who, row) for row in rows]

    def choose(self, who: Entered, customer: int, chosen: Chosen, now: datetime) -> Wishes:
        """Note what a customer at the address wants from now on, and give what holds then.

        NotFoundError when they are not there any more.
        """
        with self._pool.connection() as connection:
            connection.execute(_LOCK, [customer])
            before = _of(connection, who, customer)
            values = {"customer": customer, "now": now}
            changed: dict[str, object] = {}
            locales = list(chosen.locales or before.locales)
            if locales != list(before.locales):
                connection.execute(_LOCALES, {**values, "locales": locales})
                changed["locales"] = [list(before.locales), locales]
            if chosen.quiet_shown and chosen.quiet != before.quiet:
                quiet = written(chosen.quiet) if chosen.quiet else None
                connection.execute(_QUIET, {**values, "quiet": quiet})
                note_choice(connection, customer, now)
                changed["quiet"] = [before.quiet and written(before.quiet), quiet]
            areas = _areas(connection, before.areas, chosen.areas)
            if areas != before.areas:
                listed = {"areas": Jsonb(sorted(areas)), "none": not areas}
                connection.execute(_AREAS, {**values, **listed})
                changed["areas"] = [sorted(before.areas), sorted(areas)]
            said = _say(connection, _link(who, customer), before.preferences, chosen, now)
            if changed or said:
                details = {**changed, "words": said, "form": FORM, "proof": f"code {who.code}"}
                note(connection, "recipient", "preferences", f"customer {customer}", details)
            return _of(connection, who, customer)


def _offered(connection: Connection[Any]) -> list[str]:
    return [name for (name,) in connection.execute(_OFFERED, [MOST_AREAS])]


def _areas(
    connection: Connection[Any], before: frozenset[str], shown: Mapping[str, bool]
) -> frozenset[str]:
    """Apply the boxes that were shown; only what is offered can be begun."""
    known = {*_offered(connection), EVERYWHERE}
    ended = {name for name, follows in shown.items() if not follows}
    begun = {name for name, follows in shown.items() if follows and name in known}
    return frozenset((before - ended) | begun)


def _say(
    connection: Connection[Any], link: Link, before: Preferences, chosen: Chosen, now: datetime
) -> int:
    """Add to the history what changes of channels and classes; how many words."""
    at = moment(connection, link, now)
    records: list[ConsentRecord] = []
    for channel, classes in chosen.wanted.items():
        if channel in before.wanted:
            records += preferences.changes(connection, link, channel, classes, before, at)
    history.add(connection, records, now)
    return len(records)


def _link(who: Entered, customer: int) -> Link:
    return Link(
        proof=f"code {who.code}",
        customer=customer,
        address=who.address,
        channel=Channel(who.channel),
        class_=MessageClass.SERVICE,
        locale=who.locale,
    )


def _of(connection: Connection[Any], who: Entered, customer: int) -> Wishes:
    for row in connection.execute(_CUSTOMERS, {"address": who.address}).fetchall():
        if row[0] == customer:
            return _wishes(connection, who, row)
    remedy = "Ask for a new code."
    raise NotFoundError("customer", "is not at this address any more", remedy)


def _wishes(connection: Connection[Any], who: Entered, row: tuple[Any, ...]) -> Wishes:
    customer, number, locales, quiet, areas = row
    return Wishes(
        customer=customer,
        number=number,
        locales=locales,
        quiet=read_hours(quiet) if quiet else None,
        areas=frozenset(str(one) for one in areas),
        preferences=preferences.read(connection, _link(who, customer)),
    )
