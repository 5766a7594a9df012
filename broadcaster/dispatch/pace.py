"""How much is done at once and for how long, and why the work on a batch ended."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Ending(StrEnum):
    """Why the work on a batch ended."""

    #: It was not ours to do: held by another, not due, done, or the campaign is not running.
    NOT_RUNNABLE = "not_runnable"
    #: Nothing in it is due any more.
    EMPTY = "empty"
    #: The time for one task is over; the rest waits in the ledger.
    TIME_OVER = "time_over"
    #: A claim was refused: paused, cancelled, expired or taken over.
    STOPPED = "stopped"
    #: No network of a route is well; the rest waits until one may be tried again.
    UNREACHABLE = "unreachable"
    #: This process is to end; the rest waits for others.
    STOPPING = "stopping"
    #: The campaign was put on hold, because nothing it sends would be taken or it was changed.
    HELD = "held"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How much is done at once, and for how long."""

    lease: timedelta
    work_time: timedelta
    batch: int
    slice: int
    #: The longest single wait for the throttle, seconds: what a pause may have to wait for.
    patience: float = 0.5
    #: How long a process that is to end waits for answers.
    grace: timedelta = timedelta(seconds=6)
