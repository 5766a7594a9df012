"""What storing staged customers would do: who is new, who would change, and who is as before.

A dry run asks this and no more, and a run begins with it; so the one tells what the other does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection

from broadcaster.audience.given import Given
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import Scheme
from broadcaster.ports import Vault, open_address, open_broken

# Whoever is here already, and whether anything of their own row would change. Names are compared in
# plain or by their digests, whichever they are kept by.
_KNOWN: LiteralString = """
UPDATE staged_customer AS staged SET customer_id = customer.id,
    same = customer.left_at IS NULL AND (customer.sealed IS NULL) = (staged.sealed IS NULL)
        -- A file that says nothing of places changes none.
        AND (customer.longitude, customer.latitude) IS NOT DISTINCT FROM
            (COALESCE(staged.longitude, customer.longitude),
             COALESCE(staged.latitude, customer.latitude))
        AND (customer.name, customer.name_latin, customer.name_digest, customer.latin_digest,
             customer.locales, customer.time_zone, customer.attributes, customer.household)
        IS NOT DISTINCT FROM
            (staged.name, staged.name_latin, staged.name_digest, staged.latin_digest,
             -- Languages that a customer chose stay, whatever a file says.
             CASE WHEN customer.own_locales IS NULL THEN staged.locales ELSE customer.locales END,
             staged.time_zone, staged.attributes, staged.household)
FROM customer WHERE customer.number = staged.number
"""

#: Of which customers and channels a file gives nothing but damaged addresses: what is known of
#: them there is kept, as a slip of the pen takes nobody's number away. An empty cell does.
DAMAGED: LiteralString = (
    "(%(keep)s AND (staged_customer.number, own.channel) IN"
    " (SELECT number, channel FROM staged_broken"
    " EXCEPT SELECT number, channel FROM staged_address))"
)

_ADDRESSES: LiteralString = """
UPDATE staged_customer SET same = false FROM (
    SELECT COALESCE(held.customer_id, given.customer_id) AS customer_id
    FROM (
        SELECT own.customer_id, own.channel, own.ordinal, own.address_id
        FROM staged_customer JOIN customer_address AS own USING (customer_id)
        WHERE staged_customer.same AND own.channel = ANY (%(channels)s::channel[])
            AND NOT {damaged}
    ) AS held
    FULL JOIN (
        SELECT staged_customer.customer_id, staged_address.channel, staged_address.ordinal,
               address.id AS address_id,
               address.keys IS DISTINCT FROM staged_address.keys
                   OR (address.sealed IS NULL) <> (staged_address.sealed IS NULL) AS rekeyed
        FROM staged_address
        JOIN staged_customer USING (number)
        LEFT JOIN address USING {key}
        WHERE staged_customer.same
    ) AS given USING (customer_id, channel, ordinal)
    WHERE held.customer_id IS NULL OR given.customer_id IS NULL OR given.rekeyed
        OR held.address_id IS DISTINCT FROM given.address_id
) AS differing WHERE staged_customer.customer_id = differing.customer_id
""".replace("{damaged}", DAMAGED)

# Whether what a file says (`said`) overturns what holds (`consent`). A refusal counts from the
# file's date. A consent gives way to what a customer, or anybody but a file, refused, unless the
# file names its date and that is later: `domain.consent.yields`.
OVERTURNS: LiteralString = """(
    (NOT said.granted OR consent.source IN ('import', 'made')
        OR consent.at < %(as_of)s::timestamptz)
    AND consent.at <= COALESCE(%(as_of)s::timestamptz, 'infinity'))"""

#: Whether it says anything new; what does not leaves no trace in the history.
NEWS: LiteralString = (
    "(consent.customer_id IS NULL OR (consent.granted <> said.granted AND "
    + OVERTURNS
    + ") OR (consent.granted = said.granted AND consent.at < %(as_of)s::timestamptz))"
)

_CONSENTS: LiteralString = """
UPDATE staged_customer SET same = false FROM (
    SELECT said.customer_id FROM (
        SELECT customer_id, channel, class, bool_and(granted) AS granted
        FROM staged_consent JOIN staged_customer USING (number) WHERE same
        GROUP BY customer_id, channel, class
    ) AS said
    LEFT JOIN consent USING (customer_id, channel, class)
    WHERE {news}
) AS differing WHERE staged_customer.customer_id = differing.customer_id
""".replace("{news}", NEWS)

#: What is sealed anew each time it is written has to be opened to be compared.
_BROKEN: LiteralString = """
SELECT staged_customer.number, own.channel, own.raw, own.fault
FROM staged_customer JOIN broken_address AS own USING (customer_id)
WHERE staged_customer.same AND own.channel = ANY (%(channels)s::channel[])
"""
_SUBSCRIPTIONS: LiteralString = """
SELECT staged_customer.number, address.sealed, address.digest
FROM staged_customer
JOIN customer_address AS own USING (customer_id)
JOIN address ON address.id = own.address_id
WHERE staged_customer.same AND address.scheme = 'webpush' AND address.sealed IS NOT NULL
    AND own.channel = ANY (%(channels)s::channel[]) AND NOT {damaged}
""".replace("{damaged}", DAMAGED)
_CHANGED: LiteralString = "UPDATE staged_customer SET same = false WHERE number = ANY (%(numbers)s)"

_COUNTED: LiteralString = """
SELECT count(*) FILTER (WHERE customer_id IS NULL), count(*) FILTER (WHERE same), count(*)
FROM staged_customer
"""


class Origin(NamedTuple):
    """Where records come from: `import` or `made`, which file, its date, and its columns.

    `given` are the columns that the file has, by the names of imports: of what has no column among
    them nothing is changed. None for records that say everything of a customer.
    """

    source: str
    proof: str
    as_of: datetime | None = None
    given: frozenset[str] | None = None


class Fates(NamedTuple):
    """How many customers are new, how many are as before, and how many there are at all."""

    new: int
    same: int
    all: int


def decide(
    connection: Connection[Any],
    records: Sequence[CustomerRecord],
    origin: Origin,
    vault: Vault,
    key: LiteralString,
) -> Fates:
    """Mark what was staged, and count it; addresses are found by the columns of `key`."""
    if connection.execute(_KNOWN).rowcount:
        # Until now nobody was the same, and the database would plan for nobody.
        connection.execute("ANALYZE staged_customer")
        given = Given(origin.given)
        channels: dict[str, object] = {"channels": given.channels, "keep": given.of_file}
        connection.execute(_ADDRESSES.replace("{key}", key), channels)
        connection.execute(_CONSENTS, {"as_of": origin.as_of})
        changed = _opened(connection, records, vault, channels)
        if changed:
            connection.execute(_CHANGED, {"numbers": changed})
    return Fates(*(connection.execute(_COUNTED).fetchone() or (0, 0, 0)))


def _opened(
    connection: Connection[Any],
    records: Sequence[CustomerRecord],
    vault: Vault,
    channels: Mapping[str, object],
) -> list[str]:
    """Give the numbers of those whose broken addresses or keys of browsers are others now."""
    broken: dict[str, set[tuple[str, str, str]]] = {}
    for number, channel, raw, fault in connection.execute(_BROKEN, channels):
        held = (channel, open_broken(vault, number, channel, raw), fault)
        broken.setdefault(number, set()).add(held)
    keys: dict[str, set[tuple[str, str]]] = {}
    for number, sealed, digest in connection.execute(_SUBSCRIPTIONS, channels):
        found = open_address(vault, Scheme.WEBPUSH, (None, None), (sealed, digest))
        keys.setdefault(number, set()).add((found.value, repr(sorted(found.keys.items()))))
    return [
        record.number
        for record in records
        if broken.get(record.number, set()) != _broken(record)
        or (record.number in keys and keys[record.number] != _keys(record))
    ]


def _broken(record: CustomerRecord) -> set[tuple[str, str, str]]:
    first: dict[tuple[str, str], str] = {}
    for one in record.broken:
        first.setdefault((one.channel.value, one.raw), one.fault)
    return {(channel, raw, fault) for (channel, raw), fault in first.items()}


def _keys(record: CustomerRecord) -> set[tuple[str, str]]:
    return {
        (one.value, repr(sorted(one.keys.items())))
        for one in record.addresses
        if one.scheme is Scheme.WEBPUSH
    }
