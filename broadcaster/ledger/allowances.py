"""How often something may be asked for, counted for all processes together, in PostgreSQL.

What is counted is a keyed digest: nobody reads here who asked, or for whom.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from broadcaster.domain.page_codes import Allowance

# Whoever asks for the same waits here for each other, so that no two take the last place.
_TURN = "SELECT pg_advisory_xact_lock(%s)"
_COUNT = """
SELECT count(*) FROM page_ask WHERE subject = %(subject)s AND at > %(since)s AND at <= %(now)s
"""
_NOTE = "INSERT INTO page_ask (subject, at) VALUES (%(subject)s, %(now)s)"
_OLD = "DELETE FROM page_ask WHERE at < %(before)s"

#: The longest time over which anything is counted.
_LONGEST = timedelta(days=1)


def subject(key: bytes, purpose: str, text: str) -> bytes:
    """Name who or what is counted."""
    return hashlib.blake2b(f"{purpose}:{text}".encode(), digest_size=16, key=key[:64]).digest()


def allowed(
    connection: Connection[Any],
    asked: Sequence[tuple[bytes, Sequence[Allowance]]],
    now: datetime,
) -> bool:
    """Count an asking under all its subjects, if none of them was asked for too often.

    What is refused is not counted, so who is refused may ask again when the time is over.
    """
    for one, _ in sorted(asked, key=lambda pair: pair[0]):
        connection.execute(_TURN, [int.from_bytes(one[:8], "big", signed=True)])
    for one, allowances in asked:
        for allowance in allowances:
            values = {"subject": one, "since": now - allowance.within, "now": now}
            (count,) = connection.execute(_COUNT, values).fetchone() or (0,)
            if count >= allowance.most:
                return False
    for one, _ in asked:
        connection.execute(_NOTE, {"subject": one, "now": now})
    return True


def forget(connection: Connection[Any], now: datetime) -> int:
    """Delete what counts no more; how many."""
    return connection.execute(_OLD, {"before": now - _LONGEST}).rowcount
