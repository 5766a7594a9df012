"""How many a saved expression selects, remembered for a minute: lists show it for many."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from broadcaster.errors import BroadcasterError

#: How long a count is shown again, seconds, and how many are remembered.
_FRESH, _MOST = 60.0, 1000


class Counting:
    """Counts expressions, and remembers."""

    def __init__(
        self, count: Callable[[str], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`count` asks the database; `clock` counts seconds."""
        self._count = count
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, int | None]] = OrderedDict()

    def of(self, expression: str) -> int | None:
        """Count; None for one that can't be used any more."""
        known = self._known.get(expression)
        if known is not None and self._clock() - known[0] < _FRESH:
            return known[1]
        try:
            found: int | None = self._count(expression)
        except BroadcasterError:
            found = None
        self._known[expression] = (self._clock(), found)
        self._known.move_to_end(expression)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found

    def within(self, expressions: Iterable[str], seconds: float) -> dict[str, int | None]:
        """Count as many as time allows, in their order; the rest is left out."""
        ends = self._clock() + seconds
        found: dict[str, int | None] = {}
        for one in expressions:
            if self._clock() >= ends:
                break
            found[one] = self.of(one)
        return found
