"""Customers and segments in a real database."""

from collections.abc import Iterator
from typing import Any

import pytest

from broadcaster.audience import running
from broadcaster.audience.audience import SegmentAudience
from broadcaster.audience.segments import Segment, Segments
from broadcaster.audience.store import Customers, Saved
from broadcaster.domain.customer import BrokenAddress, CustomerRecord
from broadcaster.domain.message import Address, Channel, MessageClass, Scheme
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.ledger.pool import LedgerPool
from tests.builders import address, customer

_REFUSED = ((Channel.SMS, MessageClass.SERVICE),)


def _ask(pool: LedgerPool, query: str) -> list[tuple[Any, ...]]:
    with pool.connection() as connection:
        return connection.execute(query).fetchall()


def test_stores_everything_that_a_record_holds(pool: LedgerPool) -> None:
    """Names, locales, attributes, ordered addresses, faults and consents arrive whole."""
    push = Address(
        scheme=Scheme.WEBPUSH, value="https://p.test/1", keys={"auth": "a", "p256dh": "b"}
    )
    record = customer(
        1,
        name="أمينة بناني",
        locales=("ar-MA", "fr"),
        attributes={"district": "Maârif", "services": ("water",), "meter_day": 3},
        addresses=(address(Scheme.TEL, 2), address(Scheme.TEL, 1), push),
        broken=(BrokenAddress(channel=Channel.EMAIL, raw="a@@b", fault="TWO_AT"),),
        opted_out=_REFUSED,
        consented=((Channel.EMAIL, MessageClass.PROMOTIONAL),),
    )
    assert Customers(pool).save([record]) == Saved(inserted=1, updated=0)
    assert _ask(pool, "SELECT number, name, locales, attributes FROM customer") == [
        (
            record.number,
            "أمينة بناني",
            ["ar-MA", "fr"],
            {"district": "Maârif", "services": ["water"], "meter_day": 3},
        )
    ]
    assert _ask(
        pool,
        "SELECT ca.channel, ordinal, value, keys FROM customer_address ca"
        " JOIN address ON address.id = address_id ORDER BY ca.channel, ordinal",
    ) == [
        ("sms", 1, address(Scheme.TEL, 2).value, None),
        ("sms", 2, address(Scheme.TEL, 1).value, None),
        ("push", 1, "https://p.test/1", {"auth": "a", "p256dh": "b"}),
    ]
    assert _ask(pool, "SELECT channel, raw, fault FROM broken_address") == [
        ("email", "a@@b", "TWO_AT")
    ]
    assert sorted(_ask(pool, "SELECT channel, class, granted, source FROM consent")) == [
        ("email", "promotional", True, "import"),
        ("sms", "service", False, "import"),
    ]


def test_saving_again_changes_and_doubles_nothing(pool: LedgerPool) -> None:
    """The number decides who is who; addresses are replaced and shared by value."""
    customers = Customers(pool)
    household = address(Scheme.TEL, 7)
    records = [customer(n, addresses=(household,)) for n in range(1, 4)]
    assert customers.save(records) == Saved(inserted=3, updated=0)
    moved = [customer(1, name="آمال", addresses=(address(Scheme.MAILTO, 9),)), customer(4)]
    assert customers.save(moved) == Saved(inserted=1, updated=1)
    assert customers.count() == 4
    assert _ask(pool, "SELECT name FROM customer WHERE number = 'C000001'") == [("آمال",)]
    held = _ask(
        pool,
        "SELECT count(*) FROM customer_address JOIN customer ON customer.id = customer_id"
        " WHERE number = 'C000001'",
    )
    assert held == [(1,)]
    shared = [value for (value,) in _ask(pool, "SELECT value FROM address")]
    assert shared.count(household.value) == 1


def test_a_file_does_not_undo_what_a_customer_chose(pool: LedgerPool) -> None:
    """A refusal always counts; a consent in a file yields to a refusal from elsewhere."""
    customers = Customers(pool)
    both = (Channel.EMAIL, MessageClass.PROMOTIONAL)
    customers.save([customer(1, consented=(both,))])
    assert _ask(pool, "SELECT granted FROM consent") == [(True,)]
    with pool.connection() as connection:
        connection.execute("UPDATE consent SET granted = false, source = 'link'")
    customers.save([customer(1, consented=(both,))])
    assert _ask(pool, "SELECT granted, source FROM consent") == [(False, "one_click")]
    with pool.connection() as connection:
        connection.execute("UPDATE consent SET granted = true, source = 'page'")
    customers.save([customer(1, opted_out=(both,))])
    assert _ask(pool, "SELECT granted, source FROM consent") == [(False, "import")]


def test_whoever_chose_languages_is_as_before(pool: LedgerPool) -> None:
    """A file that says others changes nothing, and is not told to have changed somebody."""
    customers = Customers(pool)
    customers.save([customer(locales=("fr",))])
    with pool.connection() as connection:
        connection.execute("UPDATE customer SET locales = '{ar}', own_locales = '{ar}'")
    assert customers.save([customer(locales=("fr",))]).unchanged == 1
    with pool.connection() as connection:
        assert connection.execute("SELECT locales FROM customer").fetchall() == [(["ar"],)]


def test_the_refusal_counts_when_a_record_holds_both(pool: LedgerPool) -> None:
    """A record that consents and refuses the same is a refusal."""
    both = (Channel.EMAIL, MessageClass.PROMOTIONAL)
    Customers(pool).save([customer(1, opted_out=(both,), consented=(both,))])
    assert _ask(pool, "SELECT granted FROM consent") == [(False,)]


def test_more_than_a_chunk_is_stored_and_of_doubles_the_last(
    pool: LedgerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks follow one another in one transaction, also when a number comes back."""
    monkeypatch.setattr(running, "PART", 10)
    records = [customer(n) for n in range(25)] + [customer(3, name="آخر")]
    assert Customers(pool).save(iter(records)) == Saved(inserted=25, updated=1)
    assert _ask(pool, "SELECT name FROM customer WHERE number = 'C000003'") == [("آخر",)]


def test_a_fault_on_the_way_leaves_nothing_behind(
    pool: LedgerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or none: what was stored before the fault is undone with it."""
    monkeypatch.setattr(running, "PART", 2)

    def records() -> Iterator[CustomerRecord]:
        yield from (customer(n) for n in range(5))
        raise InvalidInputError("file", "ends", "Mend it.")

    customers = Customers(pool)
    with pytest.raises(InvalidInputError):
        customers.save(records())
    assert customers.count() == 0
    assert customers.save([customer(1)]).inserted == 1


def test_two_do_not_store_at_once(pool: LedgerPool) -> None:
    """The second is told at once instead of waiting, or of locking rows crosswise."""
    customers = Customers(pool)

    def records() -> Iterator[CustomerRecord]:
        with pytest.raises(ConflictError, match="Another process"):
            Customers(pool).save([customer(2)])
        yield customer(1)

    assert customers.save(records()).inserted == 1
    assert customers.save([]) == Saved(inserted=0, updated=0)


def test_counts_and_samples_by_expression(pool: LedgerPool) -> None:
    """A segment is counted by the database; a wrong expression is refused before."""
    customers = Customers(pool)
    customers.save([customer(n, attributes={"meter_day": n % 4}) for n in range(8)])
    assert customers.count("meter_day = 1") == 2
    assert customers.sample("meter_day = 1", limit=1) == ["C000001"]
    with pytest.raises(InvalidInputError):
        customers.count("meter_day = ")


def test_segments_are_saved_listed_changed_and_deleted(pool: LedgerPool) -> None:
    """A segment keeps its expression in canonical form under its name."""
    segments = Segments(pool)
    assert segments.list() == []
    saved = segments.save("  water   customers ", '( services  HAS "water" )')
    assert saved == Segment(name="water customers", expression='services has "water"')
    assert segments.get("water customers") == saved
    segments.save("water customers", "all")
    segments.save("anfa", 'district = "Anfa"')
    assert [one.name for one in segments.list()] == ["anfa", "water customers"]
    assert segments.get("water customers").expression == "all"
    segments.delete("anfa")
    with pytest.raises(NotFoundError):
        segments.delete("anfa")


def test_an_unknown_segment_is_named_with_the_nearest(pool: LedgerPool) -> None:
    """A slip of the pen gets a suggestion, and a name no database could hold no traceback."""
    segments = Segments(pool)
    segments.save("water", "all")
    with pytest.raises(NotFoundError, match='Did you mean "water"'):
        segments.get("watr")
    with pytest.raises(NotFoundError):
        segments.get("a\x00b")


@pytest.mark.parametrize(
    ("name", "expression"),
    [("", "all"), ("x" * 101, "all"), ("a\x00b", "all"), ("all", "all"), ("x", "nonsense = 1")],
)
def test_a_wrong_segment_is_not_saved(pool: LedgerPool, name: str, expression: str) -> None:
    """Name and expression are checked before anything is kept."""
    segments = Segments(pool)
    with pytest.raises(InvalidInputError):
        segments.save(name, expression)
    assert segments.list() == []


def test_the_planner_gets_the_same_condition(pool: LedgerPool) -> None:
    """The port's condition runs inside another query, beside values of that query's own."""
    Customers(pool).save([customer(n, attributes={"district": "Anfa"}) for n in range(3)])
    chosen = SegmentAudience(pool).condition('district = "Anfa"')
    with pool.connection() as connection:
        row = connection.execute(
            f"SELECT count(*) FROM customer WHERE {chosen.text} AND number <> %(other)s",  # noqa: S608  (values are bound)
            {**chosen.values, "other": "C000001"},
        ).fetchone()
    assert row == (2,)
