"""How campaigns went, kept small: rates by five seconds, and what befell them by five minutes.

The ledger's truth is its deliveries; this is what they no longer tell, because each of them keeps
its latest moment alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection, Error
from psycopg_pool import ConnectionPool

from broadcaster.domain.course import HandedOver, Happening
from broadcaster.errors import UnavailableError
from broadcaster.ledger.arrays import integers

_HANDED = """
INSERT INTO pace (campaign_id, channel, at, messages, units)
SELECT * FROM unnest(%(campaigns)s::integer[], %(channels)s::channel[], %(at)s::timestamptz[],
                     %(messages)s::integer[], %(units)s::integer[])
ON CONFLICT (campaign_id, channel, at) DO UPDATE
    SET messages = pace.messages + excluded.messages, units = pace.units + excluded.units
"""

# All workers find out at about the same time, and again and again: one row for all of them.
_HAPPENED = """
INSERT INTO happening (campaign_id, part, what, provider, instead_of, first_at, last_at, until)
VALUES (%(campaign)s, date_bin('5 minutes', %(at)s, 'epoch'), %(what)s, %(provider)s,
        %(instead_of)s, %(at)s, %(at)s, %(until)s)
ON CONFLICT (campaign_id, part, what, provider) DO UPDATE
    SET times = happening.times + 1, last_at = GREATEST(happening.last_at, excluded.last_at),
        until = excluded.until
"""

# Not waited for until it is on the disk: a crash of the server costs a second of a picture. Whoever
# writes is sending, and notices neither a pause nor an answer meanwhile: a lock that somebody else
# has, such as that of a campaign's row, is not worth that.
_UNHURRIED = """
SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '300', true),
       set_config('statement_timeout', '1000', true)
"""
#: How long a free connection is waited for, seconds.
_PATIENCE = 0.5

_FORGET = (
    "DELETE FROM pace WHERE at < %s",
    "DELETE FROM happening WHERE last_at < %s",
)

#: For how long it is kept.
_KEPT = timedelta(days=400)


class PostgresChronicle:
    """Implements `ports.Chronicle`; every method is one committed transaction."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def write(self, handed: Sequence[HandedOver], happened: Sequence[Happening]) -> None:
        """Add counts to those that are there, and happenings to those of the same minutes.

        UnavailableError for whatever keeps it from being written, or from being written soon.
        """
        try:
            self._write(handed, happened)
        except Error as error:
            raise UnavailableError("The course of campaigns could not be written.") from error

    def _write(self, handed: Sequence[HandedOver], happened: Sequence[Happening]) -> None:
        with self._pool.connection(_PATIENCE) as connection:
            connection.execute(_UNHURRIED)
            if handed:
                # In the order of their keys, as everybody locks them.
                rows = sorted(handed, key=lambda one: (one.campaign, one.channel, one.at))
                connection.execute(_HANDED, _columns(rows))
            for one in sorted(happened, key=lambda one: (one.campaign, one.what, one.provider)):
                connection.execute(
                    _HAPPENED,
                    {
                        "campaign": one.campaign,
                        "what": one.what.value,
                        "provider": one.provider,
                        "instead_of": one.instead_of,
                        "at": one.at,
                        "until": one.until,
                    },
                )

    def forget(self, now: datetime) -> int:
        """Let go of what is older than a year and some; how many rows."""
        with self._pool.connection() as connection:
            return sum(connection.execute(one, [now - _KEPT]).rowcount for one in _FORGET)


def _columns(rows: Sequence[HandedOver]) -> dict[str, object]:
    return {
        "campaigns": integers([one.campaign for one in rows]),
        "channels": [one.channel.value for one in rows],
        "at": [one.at for one in rows],
        "messages": integers([one.messages for one in rows]),
        "units": integers([one.units for one in rows]),
    }
