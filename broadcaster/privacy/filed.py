"""Taking one person out of the files of archived campaigns, and of what was said of those."""

from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.privacy import archives
from broadcaster.privacy.alone import alone
from broadcaster.privacy.audit import note

_ARCHIVED_RECEIPTS = """
UPDATE receipt SET reference = NULL, dedupe = 'erased:' || id
WHERE campaign_id = %s AND number = ANY(%s)
"""

_FILES = "SELECT id FROM campaign WHERE archive IS NOT NULL ORDER BY id"
_FILE = "SELECT archive FROM campaign WHERE id = %s"
_FILE_CHANGED = "UPDATE campaign SET archive = %s WHERE id = %s"


def clean(pool: ConnectionPool[Connection[Any]], number: str, by: str) -> tuple[int, list[str]]:
    """Take a customer out of the files of archived campaigns: of how many, and which are unread.

    Unread is a file that is not there or is damaged; the others are cleaned all the same.
    Interrupted, it goes on with the next call.
    """
    with pool.connection() as connection:
        archived = [campaign for (campaign,) in connection.execute(_FILES)]
    changed = 0
    unread = []
    for campaign in archived:
        with pool.connection() as connection, alone(connection, campaign):
            with connection.transaction():
                (archive,) = connection.execute(_FILE, [campaign]).fetchall()[0]
            try:
                changed += _clean(connection, campaign, archive, number, by)
            except OSError:
                unread.append(archive["file"])
    return changed, unread


def _clean(
    connection: Connection[Any], campaign: int, archive: dict[str, Any], number: str, by: str
) -> bool:
    """Take the customer out of one file; whether they were in it. OSError."""
    file = Path(archive["file"])
    archives.tidy(file)
    new = archives.without(file, number)
    if new is None:
        return False
    try:
        # Interrupted between the two, the same file comes of the next call.
        with connection.transaction():
            connection.execute(_ARCHIVED_RECEIPTS, [campaign, list(new.deliveries)])
            kept = {**archive, "sha256": new.sha256}
            connection.execute(_FILE_CHANGED, [Jsonb(kept), campaign])
            what = {"sha256": new.sha256, "before": archive["sha256"], "rows": new.changed}
            note(connection, by, "erase_in_file", f"campaign {campaign}", what)
        new.draft.replace(file)
    finally:
        new.draft.unlink(missing_ok=True)
    return True
