"""Counting what the web is asked; one process, many threads."""

from collections.abc import Iterable, Iterator
from threading import Lock

from broadcaster.telemetry.catalogue import WEB, Metric
from broadcaster.telemetry.shared import BOUNDS, Reading

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: How many templates of routes are counted apart; the product has fewer.
_MOST = 500


class WebMeters:
    """Counts requests by the template of their route, which is never a path that somebody asked."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._lock = Lock()
        self._requests: dict[tuple[str, str, str], int] = {}
        self._buckets: dict[str, list[float]] = {}
        self._watchers = 0

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request whose answer began after so many seconds."""
        method = method if method in _METHODS else "other"
        with self._lock:
            if route not in self._buckets and len(self._buckets) >= _MOST:
                route = "other"
            buckets = self._buckets.setdefault(route, [0.0] * (len(BOUNDS) + 2))
            place = next((n for n, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
            buckets[place] += 1
            buckets[-1] += seconds
            key = (route, method, str(status))
            self._requests[key] = self._requests.get(key, 0) + 1

    def watching(self, change: int) -> None:
        """Somebody began or ended to watch."""
        with self._lock:
            self._watchers += change

    def read(self) -> Iterator[tuple[Metric, Iterable[Reading]]]:
        """Give what was counted."""
        requests, seconds, watchers = WEB
        with self._lock:
            counted = [Reading(labels=key, value=n) for key, n in self._requests.items()]
            timed = [
                Reading(labels=(route,), value=found[-1], buckets=tuple(found[:-1]))
                for route, found in self._buckets.items()
            ]
            watched = self._watchers
        yield requests, counted
        yield seconds, timed
        yield watchers, [Reading(labels=(), value=watched)]
