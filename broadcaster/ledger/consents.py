"""What the team records and looks up about a customer's consent, or an address's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.consent import (
    ConsentRecord,
    Ground,
    Scope,
    Source,
    Verdict,
    decide,
    ground_of,
    reached,
)
from broadcaster.domain.message import DELIVERY_CHANNELS, Address, Channel, MessageClass
from broadcaster.domain.proofs import checked_moment, checked_name, checked_proof
from broadcaster.errors import InvalidInputError, NotFoundError
from broadcaster.ledger import addresses, history
from broadcaster.ledger.audit import note
from broadcaster.ledger.preferences import freed
from broadcaster.ports import NO_KEYS, Vault

_OWN = """
SELECT address_id, channel FROM customer_address WHERE customer_id = %s ORDER BY channel, ordinal
"""
#: What an operator may say of where a word comes from.
OPERATOR_SOURCES = (Source.OPERATOR, Source.ORDER, Source.REGULATOR, Source.STOP, Source.COMPLAINT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What may go to an address, class by class, and the history behind it.

    `address` is None where a customer has none on the channel; `shown` is the address masked.
    """

    channel: Channel
    address: int | None
    shown: str
    verdicts: Mapping[MessageClass, Verdict]
    records: Sequence[ConsentRecord]


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A word to be recorded. `at` is when it was said; None for now."""

    channels: Sequence[Channel]
    scope: Scope
    granted: bool
    source: Source
    proof: str
    by: str
    at: datetime | None = None


class Consents:
    """Records of consent, looked up and added by the team."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], vault: Vault = NO_KEYS) -> None:
        """Use the pool's connections; `vault` opens what is sealed."""
        self._pool = pool
        self._vault = vault

    def of_customer(self, number: str) -> Sequence[Standing]:
        """Give how a customer stands at each address, and on channels without; NotFoundError."""
        with self._pool.connection() as connection:
            customer = _customer(connection, number)
            own = history.of_customer(connection, customer)
            rows = connection.execute(_OWN, [customer]).fetchall()
            ids = [address for address, _ in rows]
            there = history.of_addresses(connection, ids)
            known = addresses.read(connection, ids, self._vault)
        found = [
            _standing(Channel(channel), id_, addresses.masked(known[id_]), own, there[id_])
            for id_, channel in rows
        ]
        bare = [one for one in DELIVERY_CHANNELS if one not in {each.channel for each in found}]
        found += [_standing(channel, None, "", own, ()) for channel in bare]
        return [one for one in found if one.address is not None or one.records]

    def of_address(self, address: Address) -> Standing:
        """Give how an address stands, whoever has it; NotFoundError."""
        with self._pool.connection() as connection:
            id_ = addresses.find(connection, address, self._vault)
            there = history.of_addresses(connection, [id_])[id_]
        return _standing(address.scheme.channel, id_, addresses.masked(address), (), there)

    def record_customer(self, number: str, said: Said, now: datetime) -> Sequence[int]:
        """Record what a customer, or somebody who decides about them, said; the records' ids.

        A consent also lifts what was refused by wish at the customer's addresses of the channel,
        but for those that others have too: as when the customer says it on the page.
        InvalidInputError, NotFoundError.
        """
        checked = _checked(said, now)
        with self._pool.connection() as connection:
            customer = _customer(connection, number)
            before = _classes(history.of_customer(connection, customer))
            records = []
            for channel in checked.channels:
                records += _about_customer(connection, customer, channel, checked, now)
            ids = history.add(connection, records, now)
            after = _classes(history.of_customer(connection, customer))
            _note(connection, f"customer {customer}", checked, ids, before, after)
        return ids

    def record_address(self, address: Address, said: Said, now: datetime) -> Sequence[int]:
        """Record a refusal about an address, whoever has it; a known one is lifted elsewhere."""
        checked = _checked(said, now)
        if checked.granted:
            remedy = "Consent is a customer's: give their number. 'suppressions lift' frees one."
            raise InvalidInputError("--address", "can't consent by itself", remedy)
        channel = address.scheme.channel
        if channel not in checked.channels:
            problem = f"is an address of the channel {channel.value}"
            raise InvalidInputError("--channel", problem, "Leave the channel out.")
        with self._pool.connection() as connection:
            found = addresses.find_or_add(connection, [address], self._vault)
            (id_,) = found.values()
            before = _classes(history.of_addresses(connection, [id_])[id_])
            ids = history.add(connection, [_said(checked, channel, now, address=id_)], now)
            after = _classes(history.of_addresses(connection, [id_])[id_])
            _note(connection, f"address {id_}", checked, ids, before, after)
        return ids


def _about_customer(
    connection: Connection[Any], customer: int, channel: Channel, said: Said, now: datetime
) -> list[ConsentRecord]:
    own = _said(said, channel, now, customer=customer)
    records = [own]
    if said.granted and own.ground is Ground.WISH:
        records += [
            _said(said, channel, now, address=address, classes=own.classes)
            for address in freed(connection, customer, channel, own.classes)
        ]
    return records


def _said(
    said: Said,
    channel: Channel,
    now: datetime,
    *,
    customer: int | None = None,
    address: int | None = None,
    classes: tuple[MessageClass, ...] | None = None,
) -> ConsentRecord:
    ground = ground_of(said.source)
    bars = address is not None or ground is not Ground.WISH
    return ConsentRecord(
        customer=customer,
        address=address,
        channel=channel,
        ground=ground,
        classes=classes or reached(said.scope, granted=said.granted, bars=bars),
        granted=said.granted,
        source=said.source,
        at=said.at or now,
        proof=said.proof,
        by=said.by,
    )


def _checked(said: Said, now: datetime) -> Said:
    if said.source not in OPERATOR_SOURCES:
        remedy = f"Use one of {', '.join(OPERATOR_SOURCES)}."
        raise InvalidInputError("--source", f"{said.source.value} is not for people", remedy)
    if said.source is Source.STOP and set(said.channels) != {Channel.SMS}:
        problem = "only the holder of a telephone number tells a carrier to stop"
        raise InvalidInputError("--source", problem, "Give --channel sms, or another source.")
    if said.granted and said.source is Source.COMPLAINT:
        raise InvalidInputError("--source", "nobody agrees by a complaint", "Use operator.")
    return Said(
        channels=tuple(dict.fromkeys(said.channels)),
        scope=said.scope,
        granted=said.granted,
        source=said.source,
        proof=checked_proof("--proof", said.proof),
        by=checked_name("--by", said.by),
        at=checked_moment("--at", said.at, now),
    )


def _standing(
    channel: Channel,
    address: int | None,
    shown: str,
    own: Sequence[ConsentRecord],
    there: Sequence[ConsentRecord],
) -> Standing:
    mine = [one for one in own if one.channel is channel]
    return Standing(
        channel=channel,
        address=address,
        shown=shown,
        verdicts={class_: decide(class_, mine, there) for class_ in MessageClass},
        records=sorted([*mine, *there], key=lambda one: (one.at, one.id or 0)),
    )


def _customer(connection: Connection[Any], number: str) -> int:
    row = connection.execute("SELECT id FROM customer WHERE number = %s", [number]).fetchone()
    if row is None:
        remedy = "Give the utility's own customer number."
        raise NotFoundError("NUMBER", f"there is no customer {number[:60]!r}", remedy)
    return int(row[0])


def _classes(records: Sequence[ConsentRecord]) -> Mapping[str, Sequence[str]]:
    """Say in the audit trail what was allowed: classes by channel, by these records alone."""
    channels = dict.fromkeys(one.channel for one in records)
    return {
        channel.value: [
            class_.value
            for class_ in MessageClass
            if decide(class_, [one for one in records if one.channel is channel], ()).allowed
        ]
        for channel in channels
    }


def _note(
    connection: Connection[Any],
    subject: str,
    said: Said,
    ids: Sequence[int],
    before: Mapping[str, Sequence[str]],
    after: Mapping[str, Sequence[str]],
) -> None:
    action = "consent_granted" if said.granted else "consent_refused"
    details = {
        "records": list(ids),
        "scope": said.scope.value,
        "source": said.source.value,
        "before": before,
        "after": after,
    }
    note(connection, said.by, action, subject, details)
