"""The audit trail, as the ledger keeps it: who did what with whose data, and why.

A person is named by the database's own number, which says nothing when their row is gone: nothing
is ever taken out of the trail.
"""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb


def note(
    connection: Connection[Any],
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add a line, in the same transaction as what it tells of.

    Details hold ids, counts and what people gave as their purpose; never an address or a name.
    """
    connection.execute(
        "INSERT INTO audit (actor, action, subject, details) VALUES (%s, %s, %s, %s)",
        [actor, action, subject, Jsonb(dict(details or {}))],
    )


def subject(customer: int) -> str:
    """Name a customer as the trail does."""
    return f"customer {customer}"
