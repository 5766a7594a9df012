"""Every statement on deliveries opens the table of its campaign alone, however many there are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from typing import Any, NamedTuple

import pytest
from psycopg import Connection

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId
from broadcaster.domain.message import Channel
from broadcaster.ledger.campaigns import Campaigns
from broadcaster.ledger.doubts import PostgresDoubts
from broadcaster.ledger.holds import Holds, Scope
from broadcaster.ledger.ledger import PostgresLedger
from broadcaster.ledger.optouts import OptOuts
from broadcaster.ledger.pool import open_pool
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.ports import Condition, Selection
from broadcaster.reports.reports import Reports
from tests.builders import NOON, receipt, recorded, submission
from tests.rows import TTL, Pool, Rows

LATER = NOON + timedelta(hours=1)
EXPIRED = NOON + timedelta(days=2)

_OPENED = """
SELECT DISTINCT relation::regclass::text FROM pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'relation'
  AND relation::regclass::text ~ '^delivery_\\d'
  AND relation IN (SELECT oid FROM pg_class WHERE relkind = 'r')
"""


class OneTransaction:
    """A pool that lends one connection again and again, and ends no transaction."""

    def __init__(self, connection: Connection[Any]) -> None:
        """Keep it."""
        self._connection = connection

    @contextmanager
    def connection(self) -> Iterator[Connection[Any]]:
        """Lend it."""
        yield self._connection


class Scene(NamedTuple):
    """A campaign with one batch: the first delivery is in doubt, two wait."""

    pool: Any
    campaign: int
    batch: int


def lease(scene: Scene) -> None:
    """Take it, look, claim and give it back."""
    ledger = PostgresLedger(scene.pool)
    held = ledger.lease(scene.batch, LATER, TTL)
    assert held is not None
    assert [row.delivery.number for row in ledger.pending(held, LATER, 9)] == [2, 3]
    assert ledger.claim(held, {2: 1}, "sandbox", LATER, TTL) == [2]
    answers = [submission(DeliveryId(scene.campaign, 2)), submission(DeliveryId(scene.campaign, 1))]
    ledger.record([recorded(answer) for answer in answers], LATER)
    ledger.release(held, LATER)


def defer(scene: Scene) -> None:
    """Record what is tried again, and what was lost."""
    ledger = PostgresLedger(scene.pool)
    held = ledger.lease(scene.batch, LATER, TTL)
    assert held is not None
    ledger.claim(held, {2: 1, 3: 1}, "sandbox", LATER, TTL)
    events = (DeliveryEvent.DEFER, DeliveryEvent.LOSE)
    ledger.record(
        [
            recorded(submission(DeliveryId(scene.campaign, number), event))
            for number, event in enumerate(events, start=2)
        ],
        LATER,
    )


def lose(scene: Scene) -> None:
    """Sweep up after a lost worker."""
    ledger = PostgresLedger(scene.pool)
    held = ledger.lease(scene.batch, LATER, TTL)
    assert held is not None
    ledger.claim(held, {2: 1}, "sandbox", LATER, TTL)
    PostgresCalendar(scene.pool).expire(LATER + 2 * TTL)


def end(scene: Scene) -> None:
    """Cancel."""
    Campaigns(scene.pool).cancel(scene.campaign, "amina", LATER)


def doubts(scene: Scene) -> None:
    """Ask about what is in doubt, and send it again; and what is dead."""
    kept = PostgresDoubts(scene.pool, askable=["sandbox"])
    minute = timedelta(minutes=1)
    assert [row.pending.delivery.number for row in kept.open(LATER, minute, minute, 9)] == [1]
    assert kept.resend([DeliveryId(scene.campaign, 1)], LATER) == 1
    kept.replay(scene.campaign, "amina", LATER)


def receipts(scene: Scene) -> None:
    """Apply a receipt with our id, and one with the provider's alone."""
    ledger = PostgresLedger(scene.pool)
    ledger.receive([receipt(DeliveryId(scene.campaign, 1))], LATER)
    assert ledger.apply_receipts(LATER, 10) == 1


def by_reference(scene: Scene) -> None:
    """Apply a receipt that has the provider's reference alone, of the latest campaign."""
    with scene.pool.connection() as connection:
        connection.execute(
            "UPDATE delivery SET provider = 'sandbox', reference = 'sid' "
            "WHERE campaign_id = %s AND number = 1",
            [scene.campaign],
        )
    ledger = PostgresLedger(scene.pool)
    ledger.receive([receipt(None, reference="sid")], LATER)
    assert ledger.apply_receipts(LATER, 10) == 1


def reports(scene: Scene) -> None:
    """Count and list."""
    kept = Reports(scene.pool)
    kept.summary(scene.campaign)
    list(kept.unreached(scene.campaign))
    list(kept.handed_over(scene.campaign))
    kept.in_doubt(scene.campaign)
    kept.deliveries(scene.campaign, Selection())
    kept.counts(scene.campaign, Selection())
    kept.export(scene.campaign, StringIO())


def opt_out(scene: Scene) -> None:
    """Follow the link of a message."""
    OptOuts(scene.pool).opt_out(DeliveryId(scene.campaign, 1), LATER)


def hold(scene: Scene) -> None:
    """Hold a segment and a channel, look at what is held, and release it."""
    holds = Holds(scene.pool, "UTC")
    everybody = Condition(text="true", values={})
    holds.hold(scene.campaign, Scope(segment="all"), None, "amina", "wait", LATER, everybody)
    holds.hold(scene.campaign, Scope(channel=Channel.SMS), None, "amina", "wait", LATER)
    assert Reports(scene.pool).held(scene.campaign, LATER)
    holds.release(scene.campaign, Scope(), "amina", "go", LATER)


def rest(scene: Scene) -> None:
    """Release what rests, and count what passes a quiet time."""
    with scene.pool.connection() as connection:
        connection.execute(
            "UPDATE batch SET overridden_at = %(now)s, rest_from = %(now)s, rest_until = %(end)s "
            "WHERE id = %(batch)s",
            {"now": LATER, "end": EXPIRED, "batch": scene.batch},
        )
    assert Reports(scene.pool).held(scene.campaign, LATER)
    Holds(scene.pool, "UTC").release(scene.campaign, Scope(), "amina", "go", LATER)
    PostgresCalendar(scene.pool).rest(LATER)
    assert len(Reports(scene.pool).passed(scene.campaign)) == 2


@pytest.mark.parametrize(
    "work", [lease, defer, lose, end, doubts, receipts, by_reference, reports, opt_out, hold, rest]
)
def test_only_the_campaign_s_own_table_is_opened(pool: Pool, work: Callable[[Scene], None]) -> None:
    """As the server's list of locks says, which names each table that a statement was made for."""
    rows = Rows(pool)
    others = [rows.running(3, name=name) for name in ("one", "two", "three")]
    campaign = rows.running(name="ours")
    held = rows.claimed(campaign, [1])
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 1), DeliveryEvent.LOSE))], NOON)
    rows.ledger.release(held, NOON)
    with pool.connection() as connection:
        work(Scene(OneTransaction(connection), campaign, held.batch))
        opened = {name for (name,) in connection.execute(_OPENED)}
        connection.rollback()
    assert others
    assert opened == {f"delivery_{campaign}"}


def test_a_look_for_doubts_that_finds_none_reads_nobody(pool: Pool) -> None:
    """It is made each second; joined with all customers, it cost more than sending."""
    rows = Rows(pool)
    campaign = rows.running(3)
    held = rows.claimed(campaign, [1, 2, 3])
    answers = [recorded(submission(DeliveryId(campaign, number))) for number in (1, 2, 3)]
    rows.ledger.record(answers, NOON)
    rows.ledger.release(held, NOON)
    minute = timedelta(minutes=1)
    query = (
        "SELECT relation::regclass::text FROM pg_locks "
        "WHERE pid = pg_backend_pid() AND relation IN ('customer'::regclass, 'address'::regclass)"
    )
    with pool.connection() as connection:
        lent: Any = OneTransaction(connection)
        kept = PostgresDoubts(lent, askable=["sandbox"])
        assert kept.open(NOON, minute, minute, 9) == []
        assert connection.execute(query).fetchall() == []
        assert len(kept.open(NOON + minute, minute, minute, 9)) == 3
        assert connection.execute(query).fetchall() != []


def test_neither_a_claim_nor_its_result_touches_an_index(database_url: str) -> None:
    """There is room on the page for both versions of each row (HOT), of whole slices.

    For results room is made when nobody looks at the planned version any more. While another test
    holds an old transaction open, a third of them finds room.
    """
    # One connection, because the server counts for each by itself and sums later.
    pool = open_pool(database_url, size=1, name="tests")
    rows = Rows(pool)
    campaign = rows.running(600)
    held = rows.leased(campaign)
    for start in range(1, 600, 100):
        numbers = list(range(start, start + 100))
        claimed = rows.ledger.claim(held, dict.fromkeys(numbers, 1), "sandbox", NOON, TTL)
        assert claimed == numbers
    assert _hot(rows, campaign, 600) > 0.95
    for start in range(1, 600, 100):
        answers = [
            submission(DeliveryId(campaign, number), reference=f"SM{number:032}")
            for number in range(start, start + 100)
        ]
        rows.ledger.record([recorded(answer) for answer in answers], NOON)
    assert _hot(rows, campaign, 1200) > 0.6
    pool.close()


def _hot(rows: Rows, campaign: int, updates: int) -> float:
    """Give the share of updates that touched no index, after so many of them."""
    rows.ask("SELECT pg_stat_force_next_flush()")
    query = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = %s"
    ((updated, hot),) = rows.ask(query, f"delivery_{campaign}")
    assert updated == updates
    return float(hot / updated)
