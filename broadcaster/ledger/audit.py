"""The audit trail: who did what to which thing."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

#: Who acts when no person does.
SYSTEM = "broadcaster"


def note(
    connection: Connection[Any],
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add a line, in the same transaction as what it tells of; `subject` is such as `campaign 12`.

    Details hold ids, counts and hashes; never an address or a body.
    """
    connection.execute(
        "INSERT INTO audit (actor, action, subject, details) VALUES (%s, %s, %s, %s)",
        [actor, action, subject, Jsonb(dict(details or {}))],
    )
