"""Rows in a real database, for tests of what works on it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.advisory import Certainty, Severity, Urgency
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import Channel, Lane, MessageClass
from broadcaster.ledger.campaigns import Campaigns
from broadcaster.ledger.ledger import PostgresLedger
from broadcaster.planning.planner import Planner
from broadcaster.ports import Condition, Lease, NewCampaign
from tests.builders import NOON, customer
from tests.fakes import FakeRenderer

TTL = timedelta(seconds=30)
Pool = ConnectionPool[Connection[Any]]


class Everybody:
    """An audience whose every expression is everybody."""

    def condition(self, expression: str) -> Condition:
        """Select all."""
        del expression
        return Condition(text="true", values={})


class Rows:
    """Customers and campaigns in a database, and short ways to look at them."""

    def __init__(self, pool: Pool) -> None:
        """Use an empty database with the present schema."""
        self.pool = pool
        self.ledger = PostgresLedger(pool)
        self.campaigns = Campaigns(pool)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a query."""
        with self.pool.connection() as connection:
            return connection.execute(query, values).fetchall()

    def tell(self, statement: str, *values: object) -> int:
        """Run a statement; how many rows it touched."""
        with self.pool.connection() as connection:
            return connection.execute(statement, values).rowcount

    def save(self, records: Iterable[CustomerRecord]) -> None:
        """Store customers with their addresses and consents."""
        with self.pool.connection() as connection:
            for record in records:
                _save(connection, record)

    def draft(self, **changes: object) -> int:
        """Make a draft campaign for everybody by SMS."""
        plain: dict[str, Any] = {
            "name": "notice",
            "kind": "remote_services",
            "facts": {},
            "message_class": MessageClass.SERVICE,
            "severity": Severity.MINOR,
            "urgency": Urgency.EXPECTED,
            "certainty": Certainty.OBSERVED,
            "effective": NOON - timedelta(hours=1),
            "expires": NOON + timedelta(days=1),
            "segment": "everybody",
            "expression": "true",
            "channels": (Channel.SMS,),
            "lane": Lane.ROUTINE,
            "drill": True,
            "scheduled_at": None,
            "created_by": "amina",
        }
        return self.campaigns.create(NewCampaign(**{**plain, **changes}), NOON)

    def launched(self, **changes: object) -> int:
        """Make a campaign that waits to be planned."""
        campaign = self.draft(**changes)
        self.campaigns.approve(campaign, "hash", "youssef", NOON)
        self.campaigns.launch(campaign, "amina", NOON)
        return campaign

    def running(self, count: int = 3, batch_size: int = 1000, **changes: object) -> int:
        """Make a campaign that was planned for `count` customers."""
        if not self.ask("SELECT FROM customer LIMIT 1"):
            self.save(customer(number) for number in range(1, count + 1))
        campaign = self.launched(**changes)
        self.planner(batch_size).plan(campaign, NOON)
        return campaign

    def planner(self, batch_size: int = 1000) -> Planner:
        """Make a planner for everybody."""
        return Planner(
            self.pool,
            Everybody(),
            FakeRenderer(),
            batch_size=batch_size,
            time_zone="Africa/Casablanca",
        )

    def batches(self, campaign: int) -> list[int]:
        """List a campaign's batches."""
        query = "SELECT id FROM batch WHERE campaign_id = %s ORDER BY first"
        return [batch for (batch,) in self.ask(query, campaign)]

    def leased(self, campaign: int, now: datetime = NOON) -> Lease:
        """Take a campaign's first batch."""
        lease = self.ledger.lease(self.batches(campaign)[0], now, TTL)
        assert lease is not None
        return lease

    def claimed(
        self,
        campaign: int,
        numbers: Sequence[int],
        now: datetime = NOON,
        provider: str = "sandbox",
    ) -> Lease:
        """Take the first batch and claim the first attempts of some of it."""
        lease = self.leased(campaign, now)
        claimed = self.ledger.claim(lease, dict.fromkeys(numbers, 1), provider, now, TTL)
        assert claimed is not None
        assert list(claimed) == list(numbers)
        return lease

    def statuses(self, campaign: int) -> list[DeliveryStatus]:
        """Give the statuses of a campaign's deliveries in order."""
        query = "SELECT status FROM delivery WHERE campaign_id = %s ORDER BY number"
        return [DeliveryStatus(status) for (status,) in self.ask(query, campaign)]

    def delivery(self, campaign: int, number: int, *columns: str) -> tuple[Any, ...]:
        """Give columns of a delivery."""
        query = f"SELECT {', '.join(columns)} FROM delivery WHERE campaign_id = %s AND number = %s"  # noqa: S608  (names from tests)
        return self.ask(query, campaign, number)[0]


def _save(connection: Connection[Any], record: CustomerRecord) -> None:
    (id_,) = connection.execute(
        "INSERT INTO customer (number, name, name_latin, locales, time_zone, attributes, "
        "household) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        [
            record.number,
            record.name,
            record.name_latin,
            list(record.locales),
            record.time_zone,
            Jsonb(dict(record.attributes)),
            record.household,
        ],
    ).fetchone() or (0,)
    ordinals: dict[Channel, int] = {}
    for address in record.addresses:
        channel = address.scheme.channel
        ordinals[channel] = ordinals.get(channel, 0) + 1
        (address_id,) = connection.execute(
            "INSERT INTO address (scheme, channel, value, keys) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (scheme, value) DO UPDATE SET keys = excluded.keys RETURNING id",
            [address.scheme.value, channel.value, address.value, Jsonb(dict(address.keys))],
        ).fetchone() or (0,)
        connection.execute(
            "INSERT INTO customer_address VALUES (%s, %s, %s, %s)",
            [id_, channel.value, ordinals[channel], address_id],
        )
    for broken in record.broken:
        connection.execute(
            "INSERT INTO broken_address VALUES (%s, %s, %s, %s)",
            [id_, broken.channel.value, broken.raw, broken.fault],
        )
    choices = [(pair, False) for pair in record.opted_out]
    choices += [(pair, True) for pair in record.consented]
    for (channel, class_), granted in choices:
        connection.execute(
            "INSERT INTO consent (customer_id, channel, class, granted, source) "
            "VALUES (%s, %s, %s, %s, 'test')",
            [id_, channel.value, class_.value, granted],
        )
