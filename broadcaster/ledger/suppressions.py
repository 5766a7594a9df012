"""Addresses that must not be used: lists taken in, shown, written out, and bars lifted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.consent import ConsentRecord, Ground, ListedAddress, Source, ground_of
from broadcaster.domain.message import Address, Channel, MessageClass
from broadcaster.domain.proofs import checked_name, checked_proof
from broadcaster.errors import ConflictError
from broadcaster.ledger import addresses, history
from broadcaster.ledger.audit import note
from broadcaster.ports import NO_KEYS, Vault

#: How many addresses are stored together; bounds memory and how long their rows are held.
_CHUNK = 2000
#: How many rows are fetched from the server at once.
_FETCH = 2000

# A list is taken in again without a trace where it says nothing new.
_KNOWN = """
SELECT one.address_id, one.source, one.at, one.classes::text[] FROM consent_record AS one
WHERE one.customer_id IS NULL AND NOT one.granted AND one.address_id = ANY(%s)
"""

_LIST = """
SELECT suppression.address_id, address.channel, suppression.ground,
       array_agg(suppression.class::text ORDER BY suppression.class),
       min(suppression.reason), min(suppression.source), max(suppression.at),
       COALESCE(min(consent_record.proof), '')
FROM suppression JOIN address ON address.id = suppression.address_id
LEFT JOIN consent_record ON consent_record.id = suppression.record_id
WHERE suppression.address_id > %(after)s
  AND (%(channel)s::channel IS NULL OR address.channel = %(channel)s)
  AND (%(ground)s::consent_ground IS NULL OR suppression.ground = %(ground)s)
GROUP BY suppression.address_id, address.channel, suppression.ground
ORDER BY suppression.address_id, suppression.ground
LIMIT %(limit)s
"""
_COUNTS = """
SELECT address.channel, suppression.ground, suppression.reason,
       count(DISTINCT suppression.address_id)
FROM suppression JOIN address ON address.id = suppression.address_id
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
"""
_HELD = """
SELECT ground, array_agg(class::text ORDER BY class), max(at) FROM suppression
WHERE address_id = %s GROUP BY ground ORDER BY ground
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppressed:
    """An address that is barred on one ground, for these classes; `source` is who said it."""

    address: int
    shown: str
    value: str
    channel: Channel
    ground: Ground
    classes: tuple[MessageClass, ...]
    reason: str
    source: str
    at: datetime
    proof: str

    def __repr__(self) -> str:
        """Hide the address."""
        return f"Suppressed(address {self.address}, {self.ground.value})"


class _Bar(NamedTuple):
    """For which classes an address is barred on a ground, and since when at the latest."""

    classes: tuple[MessageClass, ...]
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What came of a list: addresses barred by it, and those of which it says nothing new."""

    recorded: int
    known: int


class Suppressions:
    """The list of addresses that must not be used."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], vault: Vault = NO_KEYS) -> None:
        """Use the pool's connections; `vault` seals and opens addresses."""
        self._pool = pool
        self._vault = vault

    def take(self, listed: Iterable[ListedAddress], by: str, name: str, now: datetime) -> Taken:
        """Bar the addresses of a list, called `name`; safe to repeat, also when interrupted.

        Stored by the thousand, each its own transaction, because their addresses are held
        meanwhile and receipts want them. A lifted bar comes back only by a row of a later date.
        ConflictError while customers are stored or erased; what was stored before that stays.
        """
        who, what = checked_name("--by", by), checked_proof("FILE", name)
        recorded = known = 0
        rest = iter(listed)
        while chunk := list(islice(rest, _CHUNK)):
            with self._pool.connection() as connection:
                given = [one.address for one in chunk]
                found = addresses.find_or_add(connection, given, self._vault)
                new = _take(connection, chunk, found, who, now)
                recorded += new
                known += len(chunk) - new
                if new:
                    details = {"file": what, "recorded": new, "last_row": chunk[-1].row}
                    note(connection, who, "suppressions_imported", "suppressions", details)
        return Taken(recorded=recorded, known=known)

    def list(
        self,
        *,
        channel: Channel | None = None,
        ground: Ground | None = None,
        after: int = 0,
        limit: int = 50,
    ) -> Sequence[Suppressed]:
        """List barred addresses in the order of their ids, those behind `after`."""
        values = {"channel": channel, "ground": ground, "after": after, "limit": limit}
        with self._pool.connection() as connection:
            rows = connection.execute(_LIST, values).fetchall()
            known = addresses.read(connection, [row[0] for row in rows], self._vault)
        return _read(rows, known)

    def counts(self) -> Sequence[tuple[Channel, Ground, str, int]]:
        """Count barred addresses by channel, ground and reason, most first."""
        with self._pool.connection() as connection:
            rows = connection.execute(_COUNTS).fetchall()
        return [(Channel(c), Ground(ground), reason, count) for c, ground, reason, count in rows]

    def export(
        self, by: str, *, channel: Channel | None = None, purpose: str = "not given"
    ) -> Iterator[Suppressed]:
        """Give all barred addresses with their values, in bounded memory; noted in the audit.

        The value of one that was erased is empty.
        """
        who, after = checked_name("--by", by), 0
        why = checked_proof("--purpose", purpose)
        with self._pool.connection() as connection:
            details = {"channel": channel.value if channel else None, "purpose": why}
            note(connection, who, "suppressions_exported", "suppressions", details)
        while True:
            page = self.list(channel=channel, after=after, limit=_FETCH)
            # An address may be cut in two at the end of a page: it begins the next one.
            whole = [one for one in page if len(page) < _FETCH or one.address != page[-1].address]
            yield from whole
            if len(page) < _FETCH:
                return
            after = whole[-1].address

    def lift(
        self,
        address: Address,
        *,
        reason: str,
        proof: str,
        by: str,
        now: datetime,
        ground: Ground | None = None,
        order: str | None = None,
    ) -> Mapping[Ground, Sequence[MessageClass]]:
        """Free an address, on one ground or on all; what was lifted.

        An order is lifted by an order alone (`order` names it). ConflictError when nothing bars
        the address, or an order does and none is given. A refusal of a customer stays: their
        consent is recorded at the customer.
        """
        why = checked_proof("--reason", reason)
        how = checked_proof("--proof", f"{why}; {checked_proof('--proof', proof)}")
        who = checked_name("--by", by)
        named = checked_proof("--order", order) if order is not None else None
        with self._pool.connection() as connection:
            id_ = addresses.find(connection, address, self._vault)
            connection.execute("SELECT FROM address WHERE id = %s FOR NO KEY UPDATE", [id_])
            held = {one: rest for one, rest in _held(connection, id_).items() if _is(ground, one)}
            _require_liftable(held, ground, named)
            proof_ = f"order {named}; {how}" if named else how
            records = [_lifting(id_, address, one, held[one], proof_, who, now) for one in held]
            ids = history.add(connection, records, now)
            after = {one: bar.classes for one, bar in _held(connection, id_).items()}
            details = {"records": ids, "before": _plain(held), "after": after}
            note(connection, who, "suppression_lifted", f"address {id_}", details)
        return {one: bar.classes for one, bar in held.items()}


def _take(
    connection: Connection[Any],
    chunk: Sequence[ListedAddress],
    found: addresses.Ids,
    by: str,
    now: datetime,
) -> int:
    rows = connection.execute(_KNOWN, [list(found.values())]).fetchall()
    known = {
        (address, source, moment, frozenset(classes))
        for address, source, at, classes in rows
        for moment in (at, None)
    }
    records = []
    for one in chunk:
        id_ = found[one.address.scheme, one.address.value]
        said = (id_, one.source.value), frozenset(each.value for each in one.classes)
        if (*said[0], one.at, said[1]) in known:
            continue
        known |= {(*said[0], one.at, said[1]), (*said[0], None, said[1])}
        records.append(
            ConsentRecord(
                customer=None,
                address=id_,
                channel=one.address.scheme.channel,
                ground=ground_of(one.source),
                classes=one.classes,
                granted=False,
                source=one.source,
                at=one.at or now,
                proof=one.proof,
                by=by,
            )
        )
    history.add(connection, records, now)
    return len(records)


def _held(connection: Connection[Any], address: int) -> dict[Ground, _Bar]:
    return {
        Ground(ground): _Bar(tuple(MessageClass(one) for one in classes), at)
        for ground, classes, at in connection.execute(_HELD, [address])
    }


def _is(wanted: Ground | None, ground: Ground) -> bool:
    return wanted is None or wanted is ground


def _plain(held: Mapping[Ground, _Bar]) -> Mapping[str, Sequence[str]]:
    return {ground.value: bar.classes for ground, bar in held.items()}


def _require_liftable(
    held: Mapping[Ground, _Bar], ground: Ground | None, order: str | None
) -> None:
    if not held:
        on = f" on the ground {ground.value}" if ground else ""
        message = (
            f"Nothing bars the address{on}, so nothing can be lifted. "
            "'suppressions show' says how it stands; a customer's own word is at the customer."
        )
        raise ConflictError(message)
    if Ground.ORDER in held and order is None:
        message = (
            "The address is barred by an order, which only an order lifts. Name it with "
            "--order, or lift another ground with --ground."
        )
        raise ConflictError(message)


def _lifting(
    id_: int, address: Address, ground: Ground, bar: _Bar, proof: str, by: str, now: datetime
) -> ConsentRecord:
    return ConsentRecord(
        customer=None,
        address=id_,
        channel=address.scheme.channel,
        ground=ground,
        classes=bar.classes,
        granted=True,
        source=Source.ORDER if ground is Ground.ORDER else Source.OPERATOR,
        # Of one moment the refusal counts; and a list may come from a clock ahead of ours.
        at=max(now, bar.at + timedelta(microseconds=1)),
        proof=proof,
        by=by,
    )


def _read(rows: Sequence[Sequence[Any]], known: Mapping[int, Address]) -> list[Suppressed]:
    return [
        Suppressed(
            address=id_,
            shown=addresses.masked(known[id_]),
            value=known[id_].value,
            channel=Channel(channel),
            ground=Ground(ground),
            classes=tuple(MessageClass(one) for one in classes),
            reason=reason,
            source=source,
            at=at,
            proof=proof,
        )
        for id_, channel, ground, classes, reason, source, at, proof in rows
    ]
