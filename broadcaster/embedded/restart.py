"""When something that died is started again: soon at first, then ever later, within bounds."""

from dataclasses import dataclass

#: The first wait, and the longest one, seconds.
_FIRST, _LONGEST = 0.5, 30.0
#: Who lived this long had a good start: the next wait is the first one again. Seconds.
_GOOD = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Restart:
    """When to start again, on the monotonic clock, and after how many bad starts in a row."""

    due: float
    failures: int = 1


def plan(before: Restart | None, *, lived: float, now: float) -> Restart:
    """Plan the next start of what died after `lived` seconds; `before` is the plan before."""
    failures = 1 if before is None or lived >= _GOOD else before.failures + 1
    # The exponent is bounded too: a float has an end, and years of restarts have none.
    wait = min(_LONGEST, _FIRST * 2 ** min(failures - 1, 10))
    return Restart(due=now + wait, failures=failures)
