"""Maps of areas with the customers in and around them, as every page that has one shows it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from broadcaster.audience.areas.drawn import Drawn, drawn, framed
from broadcaster.audience.areas.picture import BINS
from broadcaster.audience.areas.version import Version
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.areas import extent

#: How long a map is shown again, seconds, and how many are remembered.
_FRESH, _MOST = 60.0, 50


@dataclass(frozen=True, kw_only=True, slots=True)
class AreaMap:
    """An area with its counts; `map` is None where there is nothing to draw."""

    version: Version
    counts: Mapping[str, int]
    map: Drawn | None


class AreaMaps:
    """Counts and draws; what was counted a moment ago is shown again."""

    def __init__(self, runtime: Runtime) -> None:
        """Nothing was drawn yet."""
        self._runtime = runtime
        self._maps: OrderedDict[int, tuple[float, AreaMap]] = OrderedDict()
        self._lock = threading.Lock()

    def named(self, name: str) -> AreaMap:
        """Draw an area as it is now; NotFoundError."""
        return self.of(self._runtime.areas.get(name))

    def of(self, version: Version) -> AreaMap:
        """Draw one version of an area."""
        with self._lock:
            known = self._maps.get(version.id)
        if known is not None and time.monotonic() - known[0] < _FRESH:
            return known[1]
        found = AreaMap(
            version=version,
            counts=self._runtime.area_questions.count(version),
            map=self._drawn(version),
        )
        with self._lock:
            self._maps[version.id] = (time.monotonic(), found)
            self._maps.move_to_end(version.id)
            while len(self._maps) > _MOST:
                self._maps.popitem(last=False)
        return found

    def _drawn(self, version: Version) -> Drawn | None:
        shown = extent(self._runtime, version)
        if shown is None:
            return None
        shown = framed(shown)
        bins = self._runtime.area_questions.density(version, shown, BINS)
        return drawn(version, shown, bins, self._runtime.areas.list())
