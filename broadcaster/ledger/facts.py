"""The facts of campaigns that have not begun, set anew, each change in the audit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.wording import REWORDABLE
from broadcaster.errors import ConflictError
from broadcaster.ledger import reading
from broadcaster.ledger.audit import note
from broadcaster.ledger.validity import person
from broadcaster.ledger.wordings import require_same, rewritten

_SET = "UPDATE advisory SET facts = %s, lapses_at = %s WHERE id = %s"


class CampaignFacts:
    """The facts of campaigns; changing them makes an approved campaign a draft again."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def set(
        self,
        campaign: int,
        facts: Mapping[str, FactValue],
        lapses: datetime | None,
        by: str,
        revision: int | None = None,
    ) -> bool:
        """Keep facts that were checked against the kind; whether it has to be approved again.

        ConflictError when the campaign is not a draft or approved; StaleError when it was changed
        since `revision`.
        """
        who = person("by", by)
        with self._pool.connection() as connection:
            connection.execute("SELECT FROM campaign WHERE id = %s FOR UPDATE", [campaign])
            found = reading.campaign(connection, campaign)
            if found.status not in REWORDABLE:
                message = (
                    f"Campaign {found.name!r} is {found.status.value}; its facts can only be "
                    "changed while it is a draft or approved. Make an update or a correction."
                )
                raise ConflictError(message)
            require_same(found, revision)
            former = reading.advisory(connection, found.advisory_id).facts
            changed = sorted(
                name for name in {*former, *facts} if former.get(name) != facts.get(name)
            )
            if not changed:
                return False
            connection.execute(_SET, [Jsonb(dict(facts)), lapses, found.advisory_id])
            # Their names alone: what they say may be about people.
            note(connection, who, "facts", f"campaign {campaign}", {"changed": changed})
            return rewritten(connection, found, who)
