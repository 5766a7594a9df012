"""Counts and lists about a campaign."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.delivery import DeliveryId, DeliveryStatus, Reason
from broadcaster.domain.message import Channel, Scheme
from broadcaster.errors import ConflictError, NotFoundError
from broadcaster.ports import NO_KEYS, Selection, Vault, open_address
from broadcaster.reports.basis import DeliveryBasis, basis
from broadcaster.reports.deliveries import DeliveryCount, ListedDelivery, counts, deliveries
from broadcaster.reports.export import write
from broadcaster.reports.fairness import held, holds, passed, unreached_households
from broadcaster.reports.funnel import Funnel, funnel, kept
from broadcaster.reports.outcome import Outcome, outcome
from broadcaster.reports.steps import steps

_CAMPAIGN = """
SELECT name, extract(epoch FROM COALESCE(finished_at, now()) - started_at)::float, figures, archive
FROM campaign WHERE id = %s
"""

# Reached: the provider took it, and nothing says that it failed.
_PEOPLE = """
SELECT count(*), count(*) FILTER (WHERE reached) FROM (
    SELECT bool_or(status IN ('accepted', 'delivered')) AS reached
    FROM delivery WHERE campaign_id = %s GROUP BY customer_id
) AS person
"""

_UNREACHED = """
SELECT COALESCE(customer.number, 'erased'), person.channels, person.statuses, person.reasons
FROM (
    SELECT customer_id,
        array_agg(channel::text ORDER BY channel) AS channels,
        array_agg(status::text ORDER BY channel) AS statuses,
        array_agg(reason::text ORDER BY channel) AS reasons
    FROM delivery WHERE campaign_id = %s
    GROUP BY customer_id
    HAVING NOT bool_or(status IN ('accepted', 'delivered'))
) AS person
LEFT JOIN customer ON customer.id = person.customer_id
ORDER BY customer.number
"""

_IN_DOUBT = """
SELECT delivery.campaign_id, delivery.number, COALESCE(customer.number, 'erased'),
       delivery.channel, delivery.reason,
       delivery.provider, delivery.reference, delivery.updated_at
FROM delivery LEFT JOIN customer ON customer.id = delivery.customer_id
WHERE delivery.campaign_id = %s AND delivery.status = 'unknown'
ORDER BY delivery.number LIMIT %s
"""

_HANDED_OVER = """
SELECT delivery.channel, delivery.status, address.scheme, address.value, address.sealed,
       address.digest
FROM delivery JOIN address ON address.id = delivery.address_id
WHERE delivery.campaign_id = %s AND delivery.attempts > 0
ORDER BY delivery.number
"""

#: How many rows are fetched from the server at once.
_FETCH = 2000
#: The most that are listed in one answer.
_MOST = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreached:
    """A customer whom no channel is known to have reached; status and reason by channel."""

    customer_number: str
    statuses: dict[Channel, DeliveryStatus]
    reasons: dict[Channel, Reason | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class InDoubt:
    """A delivery that may or may not have left; `since` is when it was claimed."""

    delivery: DeliveryId
    customer_number: str
    channel: Channel
    reason: Reason | None
    provider: str | None
    reference: str | None
    since: datetime


class Reports:
    """Counts and lists; reads only."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], vault: Vault = NO_KEYS) -> None:
        """Use the pool's connections; `vault` opens what is sealed."""
        self._pool = pool
        self._vault = vault

    def funnel(self, campaign: int) -> Funnel:
        """Count deliveries by channel and status, locale and reason; archived ones at their end."""
        with self._pool.connection() as connection:
            row = connection.execute(_CAMPAIGN, [campaign]).fetchone()
            if row is not None and row[2] is not None:
                return kept(row[2])
            return funnel(connection, campaign)

    def summary(self, campaign: int) -> dict[str, object]:
        """Give the campaign's figures as JSON values; NotFoundError.

        `targeted` counts deliveries: each customer of the segment once for each channel of the
        campaign, also where left out; `suppressed` and the statuses of `channels` (suppressed
        ones included) each add up to parts of it. `customers` counts people, `reached` those who
        got it on one channel at least (taken by a provider, and not known to have failed).
        `holds` and `passed`, where there are any, are what operators held, and which rules of fair
        use were passed; `unreached_households` those of which somebody was left out for somebody
        else, who did not get it. `seconds` runs from planning to the end, or to now. An archived
        campaign's are those of its end, with `archive`, which names the file of its deliveries.
        """
        with self._pool.connection() as connection:
            row = connection.execute(_CAMPAIGN, [campaign]).fetchone()
            if row is None:
                remedy = "'broadcaster campaigns status' lists them."
                raise NotFoundError("campaign", f"there is no {campaign}", remedy)
            name, seconds, figures, archive = row
            if figures is not None:
                return {**figures, "archive": archive}
            counts = funnel(connection, campaign)
            escalated = steps(connection, campaign)
            parts = {"holds": holds(connection, campaign), "passed": passed(connection, campaign)}
            homes = 0
            if Reason.HOUSEHOLD in counts.reasons:
                homes = unreached_households(connection, campaign)
            customers, reached = connection.execute(_PEOPLE, [campaign]).fetchone() or (0, 0)
        return {
            "campaign": name,
            "targeted": counts.targeted,
            "customers": customers,
            "reached": reached,
            "suppressed": {reason.value: count for reason, count in counts.reasons.items()},
            "failures": {reason.value: count for reason, count in counts.failures.items()},
            "channels": {
                channel.value: {
                    **{status.value: count for status, count in row.items()},
                    "units": counts.units[channel],
                }
                for channel, row in counts.channels.items()
            },
            "locales": dict(counts.locales),
            "seconds": round(seconds or 0.0, 3),
            **({"unreached_households": homes} if homes else {}),
            **({"steps": escalated} if escalated else {}),
            **{name: rows for name, rows in parts.items() if rows},
        }

    def outcome(self, campaign: int, length: int) -> Outcome:
        """Count what became of it as a forecast does; `length` as in `outcome`. ConflictError."""
        with self._present(campaign) as connection:
            return outcome(connection, campaign, length)

    def held(self, campaign: int, now: datetime) -> list[dict[str, object]]:
        """Count what is held at a moment, by channel, zone, why and until when, as JSON values."""
        with self._pool.connection() as connection:
            return held(connection, campaign, now)

    def passed(self, campaign: int) -> list[dict[str, object]]:
        """List the rules of fair use that a campaign passed, and for how many, as JSON values."""
        with self._pool.connection() as connection:
            return passed(connection, campaign)

    def unreached(self, campaign: int) -> Iterator[Unreached]:
        """List customers who got nothing on any channel, and why, in bounded memory."""
        for number, channels, statuses, reasons in self._stream(_UNREACHED, campaign):
            keys = [Channel(channel) for channel in channels]
            yield Unreached(
                customer_number=number,
                statuses=dict(zip(keys, map(DeliveryStatus, statuses), strict=True)),
                reasons={
                    key: Reason(reason) if reason else None
                    for key, reason in zip(keys, reasons, strict=True)
                },
            )

    def in_doubt(self, campaign: int, limit: int = _MOST) -> Sequence[InDoubt]:
        """List deliveries that may or may not have left."""
        with self._present(campaign) as connection:
            rows = connection.execute(_IN_DOUBT, [campaign, limit]).fetchall()
        return [
            InDoubt(
                delivery=DeliveryId(id_, number),
                customer_number=customer,
                channel=Channel(channel),
                reason=Reason(reason) if reason else None,
                provider=provider,
                reference=reference,
                since=since,
            )
            for id_, number, customer, channel, reason, provider, reference, since in rows
        ]

    def deliveries(
        self, campaign: int, selection: Selection, *, after: int = 0, limit: int = 100
    ) -> Sequence[ListedDelivery]:
        """List deliveries behind a number, in order; `limit` is cut to ten thousand."""
        with self._present(campaign) as connection:
            rows = deliveries(connection, campaign, selection, after=after, limit=min(limit, _MOST))
            return list(rows)

    def counts(self, campaign: int, selection: Selection) -> Sequence[DeliveryCount]:
        """Count deliveries by status, reason, channel and provider, most first."""
        with self._present(campaign) as connection:
            return counts(connection, campaign, selection)

    def basis(self, delivery: DeliveryId) -> DeliveryBasis:
        """Say on what basis a delivery was sent or left out; NotFoundError."""
        with self._present(delivery.campaign) as connection:
            return basis(connection, delivery)

    def handed_over(self, campaign: int) -> Iterator[tuple[Channel, str, DeliveryStatus]]:
        """List channel, address and status of what was ever claimed, to compare with networks."""
        for channel, status, scheme, value, *sealed in self._stream(_HANDED_OVER, campaign):
            locked = (sealed[0], sealed[1])
            address = open_address(self._vault, Scheme(scheme), (value, None), locked)
            yield Channel(channel), address.value, DeliveryStatus(status)

    def export(self, campaign: int, stream: IO[str], selection: Selection | None = None) -> int:
        """Write deliveries as CSV, without addresses; how many rows. In bounded memory."""
        with self._present(campaign) as connection:
            return write(connection, campaign, stream, selection or Selection())

    @contextmanager
    def _present(self, campaign: int) -> Iterator[Connection[Any]]:
        """Lend a connection; ConflictError when the campaign's deliveries are not here any more."""
        with self._pool.connection() as connection:
            row = connection.execute(_CAMPAIGN, [campaign]).fetchone()
            if row is not None and row[3] is not None:
                message = (
                    f"Campaign {row[0]!r} is archived. Its deliveries are in {row[3]['file']}."
                )
                raise ConflictError(message)
            yield connection

    def _stream(self, query: str, campaign: int) -> Iterator[tuple[Any, ...]]:
        with (
            self._present(campaign) as connection,
            connection.cursor(name="report") as cursor,
        ):
            cursor.itersize = _FETCH
            cursor.execute(query, [campaign])
            yield from cursor
