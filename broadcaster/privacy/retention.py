"""How long what is kept (GDPR article 5(1)(e), law 09-08 article 3).

When its time has come, an ended campaign's deliveries lose their people: each person gets a random
number for this campaign alone, and addresses, references and what receipts say of them go. Status,
reason, channel, locale, provider, attempts and units stay, so every figure stays. The file of an
archived campaign is treated alike. Addresses that nobody has any more go as well; one that must not
be used stays as a digest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.message import MessageClass
from broadcaster.ports import KNOWN_KEYS, TO_BE_FOLLOWED, Sealer, Vault
from broadcaster.privacy import archives, disuse, spent, tables
from broadcaster.privacy.alone import alone
from broadcaster.privacy.audit import note
from broadcaster.privacy.disuse import ADDRESSES, DEVICES, LEFT, RECEIPTS

_DUE = f"""
SELECT campaign.id, campaign.name, advisory.class, campaign.finished_at, campaign.archive
FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE campaign.status IN ('completed', 'cancelled') AND campaign.pseudonymised_at IS NULL
  AND campaign.planned_at IS NOT NULL AND NOT {TO_BE_FOLLOWED}
  AND campaign.finished_at < CASE advisory.class
      WHEN 'safety' THEN %(safety)s::timestamptz
      WHEN 'promotional' THEN %(promotional)s::timestamptz
      ELSE %(service)s::timestamptz END
ORDER BY campaign.finished_at, campaign.id
"""  # noqa: S608  (our own constant)

_STILL = "SELECT archive FROM campaign WHERE id = %s AND pseudonymised_at IS NULL"

# Of the campaign that is still as it was seen; whoever erases a person in it waits.
_LOCK = f"""
SELECT id FROM campaign WHERE id = %(campaign)s AND pseudonymised_at IS NULL
  AND archive IS NOT DISTINCT FROM %(archive)s AND NOT {TO_BE_FOLLOWED}
FOR UPDATE
"""  # noqa: S608  (our own constant)

# A hexadecimal of 15 digits is 60 bits, of which 56 are random: below zero, as no customer is.
_PEOPLE = """
CREATE TEMPORARY TABLE retained_person ON COMMIT DROP AS
SELECT customer_id,
       -1 - ('x' || left(replace(gen_random_uuid()::text, '-', ''), 15))::bit(60)::bigint
           AS pseudonym
FROM (SELECT DISTINCT customer_id FROM delivery
      WHERE campaign_id = %(campaign)s AND customer_id > 0) AS person
"""
_DELIVERIES = """
UPDATE delivery SET customer_id = person.pseudonym, address_id = NULL, reference = NULL
FROM retained_person AS person
WHERE delivery.campaign_id = %(campaign)s AND delivery.customer_id = person.customer_id
"""
_NEWS = """
UPDATE receipt SET reference = NULL, dedupe = 'erased:' || id
WHERE campaign_id = %(campaign)s AND applied_at IS NOT NULL
"""
_FIGURES = """
UPDATE campaign SET figures = figures || '{"in_doubt_list": []}'
WHERE id = %(campaign)s AND figures ? 'in_doubt_list'
"""
_DONE = """
UPDATE campaign SET pseudonymised_at = %(now)s, archive = COALESCE(%(kept)s, archive)
WHERE id = %(campaign)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """An ended campaign whose people are to be forgotten; `file` where it is archived."""

    campaign: int
    name: str
    message_class: MessageClass
    ended: datetime
    file: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is due to go now: campaigns, receipts, browsers, who left, addresses nobody has."""

    campaigns: Sequence[Due]
    receipts: int
    devices: int
    left: int
    addresses: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What has gone: the deliveries of a campaign that lost their people, or rows of `what`.

    `missing` is the file of an archived campaign that is not where it was, or is damaged: that
    campaign is left as it is, and the others go on.
    """

    what: str
    rows: int
    missing: str | None = None


class Retention:
    """Lets go of what has been kept for long enough."""

    def __init__(
        self, pool: ConnectionPool[Connection[Any]], days: Mapping[str, int], vault: Vault
    ) -> None:
        """Keep for so many days: by class of message, after a campaign's end, and by the others.

        `vault` has the keys by which what has to outlive people is known again.
        """
        self._pool = pool
        self._days = days
        self._vault = vault

    def standing(self, now: datetime) -> Standing:
        """Say what is due to go; changes nothing. ConfigurationError when a key is not here."""
        with self._pool.connection() as connection:
            _hurry_not(connection)
            return Standing(
                campaigns=self._due(connection, now),
                receipts=self._count(connection, RECEIPTS, now),
                devices=self._count(connection, DEVICES, now),
                left=self._count(connection, LEFT, now),
                addresses=self._count(connection, ADDRESSES, now),
            )

    def apply(self, by: str, now: datetime) -> Iterator[Done]:
        """Let go of all that is due, a campaign or some thousand rows at a time.

        What is interrupted goes on with the next call. UnavailableError when the database does not
        answer, or late news of a campaign are applied all the time; ConfigurationError when a key
        is not here.
        """
        with self._pool.connection() as connection:
            due = self._due(connection, now)
        for one in due:
            yield self._forget(one, by, now)
        yield from self._delete(RECEIPTS, by, now)
        # Before those who left: a follower leaves with their browser.
        yield from self._delete(DEVICES, by, now)
        yield from self._delete(LEFT, by, now)
        yield from self._delete(ADDRESSES, by, now)

    def _due(self, connection: Connection[Any], now: datetime) -> list[Due]:
        values = {one.value: now - timedelta(days=self._days[one.value]) for one in MessageClass}
        return [
            Due(
                campaign=id_,
                name=name,
                message_class=MessageClass(class_),
                ended=ended,
                file=archive["file"] if archive else None,
            )
            for id_, name, class_, ended, archive in connection.execute(_DUE, values)
        ]

    def _forget(self, due: Due, by: str, now: datetime) -> Done:
        with self._pool.connection() as connection, alone(connection, due.campaign):
            # Meanwhile it may have been archived, or forgotten by another.
            with connection.transaction():
                row = connection.execute(_STILL, [due.campaign]).fetchone()
            if row is None:
                return Done(what=due.name, rows=0)
            (archive,) = row
            file = Path(archive["file"]) if archive else None
            try:
                new = _rewritten(file)
                # Of a file that an interrupted call wrote already, what is kept may be older.
                sha256 = new.sha256 if new else archives.sha256(file) if file else ""
            except OSError:
                return Done(what=due.name, rows=0, missing=str(file))
            kept = {**archive, "sha256": sha256} if archive else None
            try:
                with connection.transaction():
                    rows = self._part(connection, due, (archive, kept), new, by, now)
                    # Before it is committed: interrupted there, the next call does it again.
                    if new and file and rows is not None:
                        new.draft.replace(file)
            finally:
                if new:
                    new.draft.unlink(missing_ok=True)
        return Done(what=due.name, rows=rows or 0)

    def _part(
        self,
        connection: Connection[Any],
        due: Due,
        archive: tuple[dict[str, Any] | None, dict[str, Any] | None],
        new: archives.Rewritten | None,
        by: str,
        now: datetime,
    ) -> int | None:
        """Part a campaign from its people, in the ledger; how many rows, None when it changed."""
        before, kept = archive
        values = {
            "campaign": due.campaign,
            "now": now,
            "archive": Jsonb(before) if before else None,
            "kept": Jsonb(kept) if kept else None,
        }
        _hurry_not(connection)
        if connection.execute(_LOCK, values).fetchone() is None:
            return None
        spent.keep(connection, due.campaign)
        connection.execute(_PEOPLE, values)
        rows = connection.execute(_DELIVERIES, values).rowcount
        for statement in (_NEWS, _FIGURES, _DONE):
            connection.execute(statement, values)
        rows += new.changed if new else 0
        details: dict[str, object] = {"rows": rows, **({"file": kept} if kept else {})}
        note(connection, by, "pseudonymise", f"campaign {due.campaign}", details)
        return rows

    def _delete(self, what: str, by: str, now: datetime) -> Iterator[Done]:
        total = 0
        before = self._before(now, what)
        while True:
            with self._pool.connection() as connection:
                _hurry_not(connection)
                # While customers are stored their addresses wait for the next call.
                if what != RECEIPTS and not tables.storing_waits(connection):
                    break
                rows = disuse.take(connection, what, before, self._sealer(connection, what), now)
                total += rows
                if rows:
                    note(connection, by, "retention", what, {"rows": rows})
                if rows < disuse.BATCH:
                    break
        if total:
            yield Done(what=what, rows=total)

    def _count(self, connection: Connection[Any], what: str, now: datetime) -> int:
        return disuse.count(
            connection, what, self._before(now, what), self._sealer(connection, what)
        )

    def _sealer(self, connection: Connection[Any], what: str) -> Sealer | None:
        """Give what is needed to keep something of those who left; nothing else needs a key."""
        if what != LEFT:
            return None
        return self._vault.sealer(connection.execute(KNOWN_KEYS).fetchall())

    def _before(self, now: datetime, what: str) -> datetime:
        return now - timedelta(days=self._days[what])


def _rewritten(file: Path | None) -> archives.Rewritten | None:
    """Write the file of an archived campaign without its people; OSError."""
    if file is None:
        return None
    archives.tidy(file)
    return archives.without(file, None)


def _hurry_not(connection: Connection[Any]) -> None:
    """Let a million rows take longer than other statements may."""
    connection.execute("SET LOCAL statement_timeout = '15min'")
