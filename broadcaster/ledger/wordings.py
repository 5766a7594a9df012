"""The wording of campaigns, as it is kept: with their advisories, and each change in the audit."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.campaign import Campaign
from broadcaster.domain.saying import said
from broadcaster.domain.wording import REWORDABLE, Written, place
from broadcaster.errors import ConflictError, StaleError
from broadcaster.ledger import reading
from broadcaster.ledger.audit import note
from broadcaster.ledger.validity import person
from broadcaster.ports import NewCampaign

_READ = """
SELECT wording_written FROM advisory JOIN campaign ON campaign.advisory_id = advisory.id
WHERE campaign.id = %s
"""

_SET = """
UPDATE advisory SET wording = wording || %(wording)s,
                    wording_written = wording_written || %(written)s
WHERE id = %(advisory)s
"""

_CLEAR = """
UPDATE advisory SET wording = wording - %(name)s, wording_written = wording_written - %(name)s
WHERE id = %(advisory)s
"""

# Whoever wrote some of it does not approve it.
_REWRITTEN = """
UPDATE campaign SET revision = revision + 1,
                    written_by = array_remove(written_by, %(by)s::text) || %(by)s::text
WHERE id = %(campaign)s
"""

# What was approved is not what would be sent any more.
_UNAPPROVE = """
UPDATE campaign SET status = 'draft', approved_hash = NULL, approved_by = NULL, approved_at = NULL,
                    forecast = NULL, bypass = NULL
WHERE id = %s
"""


class Wordings:
    """The wording of campaigns; changing it makes an approved campaign a draft again."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def written(self, campaign: int) -> Mapping[str, Written]:
        """Tell of each text of a campaign who wrote it, when, and instead of what."""
        with self._pool.connection() as connection:
            row = connection.execute(_READ, [campaign]).fetchone()
        return {
            name: Written(
                by=one["by"],
                at=datetime.fromisoformat(one["at"]),
                instead_of=one["instead_of"],
                taken_from=one.get("taken_from"),
            )
            for name, one in (row[0] if row else {}).items()
        }

    def set(
        self, campaign: int, name: str, text: str, written: Written, revision: int | None = None
    ) -> bool:
        """Keep a text under its name; whether the campaign has to be approved again.

        ConflictError when the campaign is not a draft or approved; StaleError when it was changed
        since `revision`.
        """
        by = person("by", written.by)
        given = {"wording": Jsonb({name: text}), "written": Jsonb({name: kept(written)})}
        with self._pool.connection() as connection:
            found = _changeable(connection, campaign, revision)
            return _change(connection, found, name, by, _SET, given, text)

    def clear(self, campaign: int, name: str, by: str, revision: int | None = None) -> bool:
        """Go back to the kind's own text; as `set`."""
        by = person("by", by)
        with self._pool.connection() as connection:
            found = _changeable(connection, campaign, revision)
            return _change(connection, found, name, by, _CLEAR, {"name": name}, None)


def kept(written: Written) -> dict[str, object]:
    """Give who wrote a text as it is stored."""
    row: dict[str, object] = {
        "by": written.by,
        "at": written.at.isoformat(),
        "instead_of": written.instead_of,
    }
    return row if written.taken_from is None else {**row, "taken_from": written.taken_from}


def note_taken(connection: Connection[Any], campaign: int, new: NewCampaign) -> None:
    """Write down which texts a follow-up begins with, and whose they were."""
    for name, written in new.written.items():
        part, locale = place(name)
        details = {"part": part, "locale": locale, "was": None, "is": _hash(new.wording[name])}
        taken = {**details, "taken_from": written.taken_from}
        note(connection, new.created_by, "wording", f"campaign {campaign}", taken)


def rewritten(connection: Connection[Any], found: Campaign, by: str) -> bool:
    """Note who changed it, and make what was approved a draft again; whether it was."""
    connection.execute(_REWRITTEN, {"by": by, "campaign": found.id})
    if found.approved_hash is not None:
        connection.execute(_UNAPPROVE, [found.id])
    return found.approved_hash is not None


def require_same(found: Campaign, revision: int | None) -> None:
    """Refuse to change a campaign that was changed since a revision, if there is one; StaleError.

    The row is locked: nobody changes it meanwhile.
    """
    if revision is not None and revision != found.revision:
        raise StaleError(
            said("Campaign %(found)s was changed meanwhile. Look again.", found=repr(found.name))
        )


def _changeable(connection: Connection[Any], campaign: int, revision: int | None) -> Campaign:
    connection.execute("SELECT FROM campaign WHERE id = %s FOR UPDATE", [campaign])
    found = reading.campaign(connection, campaign)
    if found.status not in REWORDABLE:
        message = (
            f"Campaign {found.name!r} is {found.status.value}; its wording can only be changed "
            "while it is a draft or approved. Make a new campaign, such as a correction."
        )
        raise ConflictError(message)
    require_same(found, revision)
    return found


def _change(
    connection: Connection[Any],
    found: Campaign,
    name: str,
    by: str,
    statement: str,
    given: Mapping[str, object],
    text: str | None,
) -> bool:
    advisory = reading.advisory(connection, found.advisory_id)
    former = advisory.wording.get(name)
    if former == text:
        return False
    connection.execute(statement, {**given, "advisory": advisory.id})
    again = rewritten(connection, found, by)
    part, locale = place(name)
    details = {"part": part, "locale": locale, "was": _hash(former), "is": _hash(text)}
    note(connection, by, "wording", f"campaign {found.id}", details)
    return again


def _hash(text: str | None) -> str | None:
    """Name a text in the audit, which keeps none."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()
