"""A segment in PostgreSQL selects exactly whom the pure rule selects."""

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from broadcaster.audience.expression import Expression, canonical
from broadcaster.audience.form import from_form, to_form
from broadcaster.audience.including import pinned, resolved
from broadcaster.audience.query import parse
from broadcaster.audience.rule import Circumstances, matches
from broadcaster.audience.sql import Setting, condition
from broadcaster.audience.sql_values import Values
from broadcaster.audience.store import Customers
from broadcaster.domain.message import DELIVERY_CHANNELS, MessageClass, Scheme
from broadcaster.ledger.pool import LedgerPool
from broadcaster.ports import Place as Sealed
from broadcaster.ports import Vault, address_text
from tests.expressions import (
    CAMPAIGNS,
    EXPRESSIONS,
    KNOWN,
    NAMES,
    SEGMENTS,
    TODAY,
    Located,
    Squares,
    people,
    statuses,
)
from tests.rows import Rows
from tests.vaults import sealed

_PEOPLE = 150
_TREES = {name: parse(text, KNOWN, NAMES) for name, text in SEGMENTS.items()}


@given(expression=EXPRESSIONS)
@settings(max_examples=400, deadline=None)
def test_canonical_text_reads_back_as_the_same_tree(expression: Expression) -> None:
    """Saving a segment in its canonical form changes nothing of it."""
    assert parse(canonical(expression), KNOWN, NAMES) == expression


@given(expression=EXPRESSIONS)
@settings(max_examples=200, deadline=None)
def test_a_form_reads_back_as_the_same_tree(expression: Expression) -> None:
    """What a form shows of a segment is the segment."""
    assert from_form(to_form(expression), KNOWN, NAMES) == expression


def test_sql_selects_whom_the_rule_selects(pool: LedgerPool) -> None:
    """For every sort of condition, with values missing or wrong, and signs of SQL in them.

    Names are found whether they are plain, as the first ones, or sealed. Some 120,000 pairs of an
    expression and a customer, eight expressions a query.
    """
    records = people(_PEOPLE)
    known, vault = _store(pool, records)
    setting = Setting(
        catalogue=KNOWN,
        today=TODAY,
        campaigns=dict(Rows(pool).ask("SELECT name, id FROM campaign")),
        places=Squares(),
        vault=vault,
    )
    sizes: set[int] = set()

    @given(expressions=st.lists(EXPRESSIONS, min_size=8, max_size=8))
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(expressions: list[Expression]) -> None:
        with pool.connection() as connection:
            selected = _selected(connection, expressions, setting)
        for expression, numbers in zip(expressions, selected, strict=True):
            expected = {one.number for one in records if matches(expression, one, known)}
            assert numbers == expected, canonical(expression)
            sizes.add(len(expected))

    agree()
    # The comparison would say little if conditions selected all or none.
    assert len(sizes) > 50


@given(expression=EXPRESSIONS)
@settings(max_examples=100, deadline=None)
def test_what_a_campaign_keeps_selects_the_same(expression: Expression) -> None:
    """Segments written out and days made certain mean what they meant on that day."""
    records = people(40)
    known = _circumstances(records)
    kept = pinned(resolved(expression, _TREES.__getitem__), TODAY, str)
    for one in records:
        assert matches(kept, one, known) is matches(expression, one, known)
    assert parse(canonical(kept), KNOWN, NAMES) == kept


def _circumstances(records: list[Located]) -> Circumstances:
    barred = [
        (one.scheme.value, one.value, message_class)
        for record in records[::3]
        for one, message_class in zip(record.addresses, MessageClass, strict=False)
    ]
    return Circumstances(
        catalogue=KNOWN,
        today=TODAY,
        suppressed=frozenset(barred),
        ordered=frozenset(
            (record.number, channel, message_class)
            for record in records[::5]
            for channel, message_class in zip(DELIVERY_CHANNELS, MessageClass, strict=True)
        ),
        statuses=statuses(records),
        segments=_TREES,
        places=Squares(),
    )


def _store(pool: LedgerPool, records: list[Located]) -> tuple[Circumstances, Vault]:
    """Put customers, suppressions and the deliveries of campaigns into the database."""
    Customers(pool).save(records[: len(records) // 3])
    vault = sealed(pool, 1)
    Customers(pool, vault).save(records[len(records) // 3 :])
    known = _circumstances(records)
    rows = Rows(pool)
    for column in ("longitude", "latitude"):
        rows.tell(f"ALTER TABLE customer ADD COLUMN IF NOT EXISTS {column} double precision")
    for one in records:
        rows.tell(
            "UPDATE customer SET longitude = %s, latitude = %s WHERE number = %s",
            *(one.location or (None, None)),
            one.number,
        )
    for scheme, value, message_class in known.suppressed:
        rows.tell(
            "INSERT INTO suppression (address_id, class, reason, source) SELECT id, %s, 'a', 'b'"
            " FROM address WHERE scheme = %s::scheme AND (value = %s OR digest = ANY (%s))",
            message_class.value,
            scheme,
            value,
            vault.digests(Sealed.ADDRESS, address_text(Scheme(scheme), value)),
        )
    for number, channel, message_class in known.ordered:
        rows.tell(
            "INSERT INTO customer_suppression (customer_id, channel, class, ground, reason, source,"
            " at) SELECT id, %s, %s, 'order', 'a', 'b', now() FROM customer WHERE number = %s",
            channel.value,
            message_class.value,
            number,
        )
    for name in CAMPAIGNS:
        _deliver(rows, name, known)
    rows.tell("ANALYZE customer, customer_address, consent, suppression, delivery")
    return known, vault


def _deliver(rows: Rows, name: str, known: Circumstances) -> None:
    campaign = rows.draft(name=name)
    rows.tell(f"CREATE TABLE delivery_{campaign} PARTITION OF delivery FOR VALUES IN ({campaign})")
    became = [(number, status) for number, all_ in known.statuses[name].items() for status in all_]
    for count, (number, status) in enumerate(became, 1):
        rows.tell(
            "INSERT INTO delivery (campaign_id, number, customer_id, updated_at, status, channel)"
            " SELECT %s, %s, id, now(), %s::delivery_status, 'sms' FROM customer WHERE number = %s",
            campaign,
            count,
            status.value,
            number,
        )


def _selected(
    connection: Connection[Any], expressions: Sequence[Expression], setting: Setting
) -> list[set[str]]:
    """Ask for several expressions at once: whom each selects."""
    values = Values()
    texts = [
        values.adopt(condition(resolved(one, _TREES.__getitem__), setting)) for one in expressions
    ]
    query = f"SELECT number, {', '.join(texts)} FROM customer"  # noqa: S608  (values are bound)
    found: list[set[str]] = [set() for _ in expressions]
    for number, *answers in connection.execute(query, values.bound).fetchall():
        for numbers, answer in zip(found, answers, strict=True):
            # Null selects nobody, as in a WHERE.
            if answer:
                numbers.add(number)
    return found
