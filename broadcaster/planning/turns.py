"""Plans are long: they take turns, have more time and room than others, and say where they are."""

from typing import Any

from psycopg import Connection

from broadcaster.domain.message import Lane
from broadcaster.errors import ConflictError
from broadcaster.planning.plannable import Plannable
from broadcaster.ports import PLANNING, PLANNING_LANES, PLANNING_STAGE

#: Planning a million takes longer than other statements may, and its hashes want room.
LIMITS = """
SET LOCAL statement_timeout = '15min';
SET LOCAL lock_timeout = '2min';
SET LOCAL work_mem = '128MB';
SET LOCAL maintenance_work_mem = '256MB'
"""

_TRY = "SELECT pg_try_advisory_xact_lock(%s, %s)"
_STAGE = "SELECT set_config('application_name', %s, true)"


def take_turn(connection: Connection[Any], found: Plannable) -> None:
    """Be the only one who plans this campaign, and the only one who plans for its lane.

    Not a lock of the campaign's row: pausing and cancelling must not wait for a long plan. Nobody
    waits here, because a worker that waits does nothing else: ConflictError.
    """
    lane = list(Lane).index(found.lane)
    for key in ((PLANNING_LANES, lane), (PLANNING, found.id)):
        if connection.execute(_TRY, key).fetchone() != (True,):
            message = (
                f"Campaign {found.name!r} can not be planned yet: another plan of the "
                f"{found.lane.value} lane is being made. It is tried again by itself."
            )
            raise ConflictError(message)


def say(connection: Connection[Any], stage: str) -> None:
    """Show the stage to whoever looks at the server's sessions; it ends with the transaction."""
    connection.execute(_STAGE, [PLANNING_STAGE + stage])
