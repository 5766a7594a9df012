"""Where people wrote a person's values down: segments, the expressions of campaigns, figures.

A value is taken out where it stands between quotes of an expression, which then finds nobody; a
customer's number also in the lists that are kept of archived campaigns. The expression of a
campaign that still may be planned is not changed: it is what was approved.
"""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from broadcaster.errors import ConflictError
from broadcaster.privacy.archives import ERASED

_PENDING = """
SELECT name FROM campaign
WHERE status NOT IN ('completed', 'cancelled')
  AND position(%(quoted)s IN expression) > 0 AND expression ~ %(asked)s
ORDER BY id LIMIT 1
"""

_CLEAN = (
    """
    UPDATE segment SET expression = replace(expression, %(quoted)s, %(erased)s)
    WHERE position(%(quoted)s IN expression) > 0 AND expression ~ %(asked)s
    """,
    """
    UPDATE campaign SET expression = replace(expression, %(quoted)s, %(erased)s)
    WHERE position(%(quoted)s IN expression) > 0 AND expression ~ %(asked)s
    """,
)

# The list of those in doubt is the one part of the figures that names people.
_FIGURES = """
UPDATE campaign SET figures = jsonb_set(figures, '{in_doubt_list}', (
    SELECT jsonb_agg(
        CASE WHEN one ->> 'customer' = %(number)s
             THEN one || jsonb_build_object('customer', %(erased)s::text, 'reference', NULL)
             ELSE one END ORDER BY place)
    FROM jsonb_array_elements(figures -> 'in_doubt_list') WITH ORDINALITY AS list (one, place)))
WHERE figures -> 'in_doubt_list' @> jsonb_build_array(
    jsonb_build_object('customer', %(number)s::text))
"""


def clean(
    connection: Connection[Any], number: str, names: Sequence[str], addresses: Sequence[str]
) -> int:
    """Take a person's values out; in how many places. ConflictError where it can't be done."""
    changed = 0
    # A word that is also somebody's name stays where no name is asked for.
    asked = [(number, r"\mnumber\M"), *((name, r"\mname(_latin)?\M") for name in names)]
    for value, words in [*asked, *((one, "") for one in addresses)]:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        values = {"quoted": f'"{escaped}"', "erased": f'"{ERASED}"', "asked": words}
        row = connection.execute(_PENDING, values).fetchone()
        if row is not None:
            message = (
                f"Campaign {row[0]!r} names this customer in its expression and has not ended. "
                "Wait for its end, or cancel it."
            )
            raise ConflictError(message)
        changed += sum(connection.execute(query, values).rowcount for query in _CLEAN)
    named = {"number": number, "erased": ERASED}
    return changed + connection.execute(_FIGURES, named).rowcount
