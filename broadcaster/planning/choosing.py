"""Choosing who is told into a table of the transaction, for a plan or a step of one."""

from collections.abc import Sequence
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.domain.message import Channel
from broadcaster.errors import ConflictError
from broadcaster.planning.candidates import Carried, candidates, values, zoned
from broadcaster.planning.fair import Fair
from broadcaster.planning.naming import ZONE
from broadcaster.planning.plannable import Plannable
from broadcaster.ports import Condition, Renderer

_TABLE: LiteralString = "CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS "

# The lists of locales and the zones were read by a statement of its own, before this one: who came
# or changed between would count as reading nothing, or rest by the clock of others. One snapshot
# for both is not to be had: a plan has to see at its end what others planned meanwhile, and a step
# has to lock rows that are being sent.
_NO_LIST: LiteralString = "locale_choice.preferred IS NULL"
_IN_ZONES = Carried(
    expressions=", " + _NO_LIST + " AS unforeseen",
    names=", judged.unforeseen",
)
_IN_ONE_ZONE = Carried(
    columns=", " + ZONE + " AS clock",
    expressions=", " + _NO_LIST + " OR reader.clock <> ALL(%(plan_zones)s::text[]) AS unforeseen",
    names=", judged.unforeseen",
)
_UNFORESEEN = "SELECT EXISTS (SELECT FROM candidate WHERE unforeseen)"


def choose(
    connection: Connection[Any],
    found: Plannable,
    condition: Condition,
    renderer: Renderer,
    asked: Fair,
    channels: Sequence[Channel],
    *,
    again: bool = False,
) -> Sequence[str]:
    """Make the table `candidate`; gives the time zones in which its customers live.

    ConflictError when customers were stored meanwhile that this can't tell; then it is tried again.
    """
    given = values(connection, found, condition, renderer)
    asked = zoned(asked, given)
    query = candidates(
        condition,
        channels,
        one_each=found.plan.one_each,
        again=again,
        given=asked,
        carried=_IN_ZONES if asked.zoned else _IN_ONE_ZONE,
    )
    connection.execute(_TABLE + query, {**given, **asked.values()})
    if connection.execute(_UNFORESEEN).fetchone() == (True,):
        message = (
            f"Campaign {found.name!r} was planned while customers were stored. It is tried again "
            "by itself."
        )
        raise ConflictError(message)
    zones: Sequence[str] = given["plan_zones"]
    return zones
