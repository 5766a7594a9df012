"""Who uses an attribute: customers that hold values, and segments and campaigns that ask for it."""

from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.audience.attributes import Catalogue
from broadcaster.audience.query import parse
from broadcaster.errors import ConflictError, InvalidInputError

#: Campaigns that have ended ask for nobody any more.
_EXPRESSIONS: LiteralString = """
SELECT 'segment ' || name, expression FROM segment
UNION ALL
SELECT 'campaign ' || name, expression FROM campaign
WHERE status NOT IN ('completed', 'cancelled')
ORDER BY 1
"""
_HOLD: LiteralString = """
SELECT count(*) FROM customer WHERE attributes ? %(name)s::text AND (
    %(choice)s::text IS NULL
    OR attributes->%(name)s::text @> to_jsonb(%(choice)s::text))
"""
_SHOWN = 5


def values_held(connection: Connection[Any], name: str, choice: str | None = None) -> int:
    """Count the customers that have a value of the attribute, or that choice among its values."""
    row = connection.execute(_HOLD, {"name": name, "choice": choice}).fetchone()
    return int(row[0]) if row else 0


def refuse_breaking(
    connection: Connection[Any], name: str, before: Catalogue, after: Catalogue
) -> None:
    """Refuse to change a catalogue when segments or campaigns in hand could not be read any more.

    ConflictError names some of them.
    """
    broken = [
        who
        for who, expression in connection.execute(_EXPRESSIONS).fetchall()
        if _reads(expression, before) and not _reads(expression, after)
    ]
    if broken:
        listed = ", ".join(broken[:_SHOWN]) + (", …" if len(broken) > _SHOWN else "")
        message = f"attribute {name}: is asked for as it is by {listed}. Change these first."
        raise ConflictError(message)


def _reads(expression: str, catalogue: Catalogue) -> bool:
    try:
        parse(expression, catalogue)
    except InvalidInputError:
        return False
    return True
