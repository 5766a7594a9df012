"""Where people wrote a person's values down: segments, expressions of campaigns, lists, figures.

A value is taken out where it stands between quotes of an expression, which then finds nobody; a
customer's number also in the lists that are kept of archived campaigns. The expression of a
campaign that still may be planned is not changed: it is what was approved. One that has ended may
be opened again by a replay, so its approval is carried over to what the expression is now.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from psycopg import Connection

from broadcaster.errors import ConflictError
from broadcaster.privacy import listed
from broadcaster.privacy.archives import ERASED
from broadcaster.privacy.audit import note

_PENDING = """
SELECT name FROM campaign
WHERE status NOT IN ('completed', 'cancelled')
  AND position(%(quoted)s IN expression) > 0 AND expression ~ %(asked)s
ORDER BY id LIMIT 1
"""

_SEGMENTS = """
UPDATE segment SET expression = replace(expression, %(quoted)s, %(erased)s)
WHERE position(%(quoted)s IN expression) > 0 AND expression ~ %(asked)s
"""
_CAMPAIGNS = """
UPDATE campaign SET expression = replace(expression, %(quoted)s, %(erased)s)
WHERE position(%(quoted)s IN expression) > 0 AND expression ~ %(asked)s
RETURNING id, expression
"""

_VERSIONS = """
UPDATE campaign_version SET content = jsonb_set(
    content, '{expression}',
    to_jsonb(replace(content ->> 'expression', %(quoted)s, %(erased)s)))
WHERE position(%(quoted)s IN content ->> 'expression') > 0
  AND content ->> 'expression' ~ %(asked)s
"""
# What nobody has finished may name people; they are asked for anew.
_COMPOSITIONS = """
UPDATE composition SET content = content - 'expression', version = version + 1
WHERE position(%(quoted)s IN content #>> '{expression,0}') > 0
"""

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


#: Gives the hash of what a campaign would be with that expression; None where it is by now not what
#: was approved.
Approval = Callable[[int, str], str | None]

_APPROVAL = "SELECT approved_hash FROM campaign WHERE id = %s"
_APPROVED = "UPDATE campaign SET approved_hash = %s WHERE id = %s"

_NAMING = """
SELECT name, 'segment' FROM segment
WHERE position(%(quoted)s IN expression) > 0 AND expression ~ %(asked)s
UNION
SELECT name, 'campaign' FROM campaign
WHERE position(%(quoted)s IN expression) > 0 AND expression ~ %(asked)s
ORDER BY 2 DESC, 1
"""


class Person(NamedTuple):
    """By what a person is named: their number, names, and the values of their addresses."""

    number: str
    names: Sequence[str]
    addresses: Sequence[str]

    def __repr__(self) -> str:
        """Show nothing of them."""
        return "Person()"


def clean(connection: Connection[Any], person: Person, by: str, approval: Approval) -> int:
    """Take a person's values out; in how many places. ConflictError where it can't be done.

    The approval of a campaign that has ended goes on to hold, with another hash; the trail has
    both.
    """
    changed = 0
    campaigns: dict[int, str] = {}
    for values in _asked(person):
        row = connection.execute(_PENDING, values).fetchone()
        if row is not None:
            message = (
                f"Campaign {row[0]!r} names this customer in its expression and has not ended. "
                "Wait for its end, or cancel it."
            )
            raise ConflictError(message)
        changed += connection.execute(_SEGMENTS, values).rowcount
        rows = connection.execute(_CAMPAIGNS, values).fetchall()
        campaigns |= dict(rows)
        changed += len(rows)
        connection.execute(_VERSIONS, values)
        changed += connection.execute(_COMPOSITIONS, values).rowcount
    for campaign, expression in campaigns.items():
        _approve(connection, campaign, approval(campaign, expression), by)
    figures = {"number": person.number, "erased": ERASED}
    changed += listed.clean(connection, [person.number])
    return changed + connection.execute(_FIGURES, figures).rowcount


def naming(connection: Connection[Any], person: Person) -> Sequence[Mapping[str, str]]:
    """List the segments and campaigns whose expressions name a person.

    By their names alone: an expression may name others as well.
    """
    found: dict[tuple[str, str], None] = {}
    for values in _asked(person):
        found |= dict.fromkeys(connection.execute(_NAMING, values).fetchall())
    return [{sort: name} for name, sort in found]


def _asked(person: Person) -> Iterator[Mapping[str, str]]:
    # A word that is also somebody's name stays where no name is asked for.
    asked = [(person.number, r"\mnumber\M")]
    asked += [(name, r"\mname(_latin)?\M") for name in person.names]
    for value, words in [*asked, *((one, "") for one in person.addresses)]:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        yield {"quoted": f'"{escaped}"', "erased": f'"{ERASED}"', "asked": words}


def _approve(connection: Connection[Any], campaign: int, new: str | None, by: str) -> None:
    row = connection.execute(_APPROVAL, [campaign]).fetchone()
    if new is not None and row is not None:
        connection.execute(_APPROVED, [new, campaign])
        hashes = {"content_hash": new, "before": row[0]}
        note(connection, by, "erase_in_expression", f"campaign {campaign}", hashes)
