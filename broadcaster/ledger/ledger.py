"""The ledger in PostgreSQL; every method is one committed transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.delivery import Receipt
from broadcaster.ledger import leases, reading, records
from broadcaster.ledger import receipts as feedback
from broadcaster.ports import NO_KEYS, Lease, Pending, Recorded, Vault


class PostgresLedger:
    """Implements `ports.Ledger`; UnavailableError when the database does not answer.

    What was accepted and never reported on is looked for after `reconcile`, not at once: a look
    reads a whole batch, and wakes what asks every provider.
    """

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        reconcile: timedelta = timedelta(0),
        vault: Vault = NO_KEYS,
    ) -> None:
        """Use the pool's connections; `vault` opens what is sealed."""
        self._pool = pool
        self._vault = vault
        self._reconcile = reconcile
        #: How many receipts this process applied, by what came of them.
        self.effects: Counter[str] = Counter()

    def lease(self, batch: int, now: datetime, ttl: timedelta) -> Lease | None:
        """Take a runnable batch, by compare and set."""
        with self._pool.connection() as connection:
            return leases.lease(connection, batch, now, ttl)

    def pending(self, lease: Lease, now: datetime, limit: int) -> Sequence[Pending]:
        """List deliveries of the batch that are due, in order."""
        with self._pool.connection() as connection:
            return leases.pending(connection, lease, now, limit, self._vault)

    def claim(
        self,
        lease: Lease,
        attempts: Mapping[int, int],
        provider: str,
        now: datetime,
        ttl: timedelta,
    ) -> Sequence[int] | None:
        """Claim deliveries and renew the lease; committed when this returns."""
        with self._pool.connection() as connection:
            return leases.claim(connection, lease, attempts, provider, now, ttl)

    def renew(self, lease: Lease, now: datetime, ttl: timedelta) -> bool:
        """Renew the lease."""
        with self._pool.connection() as connection:
            return leases.renew(connection, lease, now, ttl)

    def record(self, submissions: Sequence[Recorded], now: datetime) -> None:
        """Apply what came of a slice; a crash of the server may put it in doubt again."""
        with self._pool.connection() as connection:
            records.record(connection, submissions, now)

    def release(self, lease: Lease, now: datetime, after: datetime | None = None) -> None:
        """Give the batch back."""
        with self._pool.connection() as connection:
            leases.release(connection, lease, now, after, self._reconcile)

    def campaign(self, campaign: int) -> Campaign:
        """Read a campaign."""
        with self._pool.connection() as connection:
            return reading.campaign(connection, campaign)

    def advisory(self, advisory: int) -> Advisory:
        """Read an advisory."""
        with self._pool.connection() as connection:
            return reading.advisory(connection, advisory)

    def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        """Store receipts; they are safe when this returns."""
        with self._pool.connection() as connection:
            return feedback.receive(connection, receipts, now)

    def apply_receipts(self, now: datetime, limit: int) -> int:
        """Apply stored receipts."""
        effects: Counter[str] = Counter()
        with self._pool.connection() as connection:
            handled = feedback.apply_receipts(connection, now, limit, effects)
        self.effects.update(effects)
        return handled
