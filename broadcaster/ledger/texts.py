"""The texts of campaigns as they were approved; a kind that changes later does not change them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

# The first time counts: the same hash reads the same.
_KEEP = """
INSERT INTO campaign_text (campaign_id, content_hash, kept_at, texts) VALUES (%s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
_READ = """
SELECT content_hash, kept_at, texts FROM campaign_text WHERE campaign_id = %s
ORDER BY kept_at DESC, content_hash LIMIT 100
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptTexts:
    """What an approval meant: rows of channel, locale, part and text (or what was wrong)."""

    content_hash: str
    kept_at: datetime
    texts: Sequence[dict[str, str]]


class CampaignTexts:
    """What was approved, in words."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def keep(
        self, campaign: int, content_hash: str, texts: Sequence[dict[str, str]], now: datetime
    ) -> None:
        """Keep the texts of a content hash; those that are kept already stay."""
        with self._pool.connection() as connection:
            connection.execute(_KEEP, [campaign, content_hash, now, Jsonb(list(texts))])

    def of(self, campaign: int) -> Sequence[KeptTexts]:
        """Give what was approved, the latest first; a hundred at most."""
        with self._pool.connection() as connection:
            rows = connection.execute(_READ, [campaign]).fetchall()
        return [KeptTexts(content_hash=one, kept_at=at, texts=texts) for one, at, texts in rows]
