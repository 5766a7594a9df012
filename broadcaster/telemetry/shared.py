"""Figures in memory that forked processes share: each adds to a row of its own, one process reads.

A worker's children are forked, die and are forked again. What they count lies in memory that was
shared before the first fork, in a row for each place among the children: who takes a dead one's
place goes on with its row, so counters never fall, nothing has to be cleaned up, and no lock is
needed, because a row has one writer.
"""

import mmap
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from broadcaster.telemetry.catalogue import Metric, Sort

#: The upper bounds of what histograms count, seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

#: How many processes at most: the parent, and as many children as can be set.
_ROWS = 257


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One series: its labels, and a value, or the counts of a histogram's buckets and their sum."""

    labels: tuple[str, ...]
    value: float
    buckets: tuple[float, ...] = ()


class SharedFigures:
    """Series that are known beforehand, and what was counted of each."""

    def __init__(self, series: Mapping[Metric, Sequence[tuple[str, ...]]]) -> None:
        """Make room for all; to be made before the processes are forked."""
        self._series = series
        self._places: dict[tuple[str, tuple[str, ...]], int] = {}
        size = 0
        for metric, listed in series.items():
            for labels in listed:
                self._places[metric.name, labels] = size
                size += len(BOUNDS) + 2 if metric.sort is Sort.HISTOGRAM else 1
        self._width = max(size, 1)
        self._values = memoryview(mmap.mmap(-1, 8 * self._width * _ROWS)).cast("d")
        self._row = 0

    def sit(self, place: int) -> None:
        """Take a row, from 1 for the first child; what is no counter begins anew."""
        self._row = self._width * (1 + place % (_ROWS - 1))
        for metric, listed in self._series.items():
            if metric.sort is Sort.GAUGE:
                for labels in listed:
                    self._values[self._row + self._places[metric.name, labels]] = 0.0

    def add(self, name: str, labels: tuple[str, ...] = (), amount: float = 1.0) -> None:
        """Add to a counter; a series that is not known is not counted."""
        place = self._places.get((name, labels))
        if place is not None:
            self._values[self._row + place] += amount

    def put(self, name: str, labels: tuple[str, ...], value: float) -> None:
        """Set a gauge of this process."""
        place = self._places.get((name, labels))
        if place is not None:
            self._values[self._row + place] = value

    def observe(self, name: str, labels: tuple[str, ...], value: float) -> None:
        """Count a value in its bucket."""
        place = self._places.get((name, labels))
        if place is not None:
            self._values[self._row + place + bisect_left(BOUNDS, value)] += 1
            self._values[self._row + place + len(BOUNDS) + 1] += value

    def read(self) -> Iterator[tuple[Metric, list[Reading]]]:
        """Give the sums over all processes."""
        for metric, listed in self._series.items():
            yield metric, [self._reading(metric, labels) for labels in listed]

    def _reading(self, metric: Metric, labels: tuple[str, ...]) -> Reading:
        place = self._places[metric.name, labels]
        if metric.sort is not Sort.HISTOGRAM:
            return Reading(labels=labels, value=self._sum(place))
        buckets = tuple(self._sum(place + index) for index in range(len(BOUNDS) + 1))
        return Reading(labels=labels, value=self._sum(place + len(BOUNDS) + 1), buckets=buckets)

    def _sum(self, place: int) -> float:
        return sum(self._values[place :: self._width])
