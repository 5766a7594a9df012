"""Taking one person out of the files of archived campaigns, and of what was said of those."""

from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.privacy import archives
from broadcaster.privacy.audit import note

_ARCHIVED_RECEIPTS = """
UPDATE receipt SET reference = NULL, dedupe = 'erased:' || id
WHERE campaign_id = %s AND number = ANY(%s)
"""

_FILES = """
SELECT id, archive FROM campaign WHERE archive IS NOT NULL ORDER BY id
"""
_FILE_CHANGED = "UPDATE campaign SET archive = %s WHERE id = %s"


def clean(pool: ConnectionPool[Connection[Any]], number: str, by: str) -> tuple[int, list[str]]:
    """Take a customer out of the files of archived campaigns: of how many, and which are missing.

    Interrupted, it goes on with the next call.
    """
    with pool.connection() as connection:
        archived = connection.execute(_FILES).fetchall()
    changed = 0
    unread = []
    for campaign, archive in archived:
        file = Path(archive["file"])
        try:
            new = archives.without(file, number)
        except OSError:
            unread.append(str(file))
            continue
        if new is None:
            continue
        # Interrupted between the two, the same file comes of the next call.
        with pool.connection() as connection:
            connection.execute(_ARCHIVED_RECEIPTS, [campaign, list(new.deliveries)])
            kept = {**archive, "sha256": new.sha256}
            connection.execute(_FILE_CHANGED, [Jsonb(kept), campaign])
            what = {"sha256": new.sha256, "before": archive["sha256"], "rows": new.changed}
            note(connection, by, "erase_in_file", f"campaign {campaign}", what)
        new.draft.replace(file)
        changed += 1
    return changed, unread
