"""Writing the audit trail: who did what to which thing."""

import json
from collections.abc import Mapping, Sequence
from typing import LiteralString, Protocol

#: Who acts when no person does.
SYSTEM = "broadcaster"

_NOTE: LiteralString = (
    "INSERT INTO audit (actor, action, subject, details) VALUES (%s, %s, %s, %s::jsonb)"
)


class Connected(Protocol):
    """A connection to the database, in a transaction."""

    def execute(self, query: LiteralString, params: Sequence[object], /) -> object:
        """Run a statement."""
        ...


def note(
    connection: Connected,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add a line, in the same transaction as what it tells of; `subject` is such as `campaign 12`.

    Details hold ids, counts, hashes and what people gave as their purpose; never an address, a name
    or a body.
    """
    connection.execute(_NOTE, [actor, action, subject, json.dumps(dict(details or {}))])
