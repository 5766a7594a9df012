"""Counting and timing what workers do; implements `ports.Probe`."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from broadcaster.domain.message import Channel
from broadcaster.ports import STATUS_AFTER, Landed, Step
from broadcaster.telemetry.catalogue import WORK, Metric
from broadcaster.telemetry.shared import SharedFigures

#: What comes of receipts, as the ledger calls it.
EFFECTS = ("applied", "ignored", "conflict", "noted", "orphan")


def work_figures(providers: Sequence[str]) -> SharedFigures:
    """Make room for what is counted of these providers, before anything is forked."""
    sets: Mapping[str, Sequence[str]] = {
        "channel": [channel.value for channel in Channel],
        "status": [*STATUS_AFTER.values()],
        "provider": list(providers),
        "effect": EFFECTS,
        "step": [step.value for step in Step if step is not Step.SUBMIT],
    }
    return SharedFigures({metric: _combined(metric, sets) for metric in WORK})


def _combined(metric: Metric, sets: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    combined: list[tuple[str, ...]] = [()]
    for label in metric.labels:
        combined = [(*before, value) for before in combined for value in sets[label]]
    return combined


class Meters:
    """Counts into shared figures."""

    def __init__(self, figures: SharedFigures) -> None:
        """Count into `figures`."""
        self._figures = figures

    @contextmanager
    def step(self, step: Step, **ids: int | str) -> Iterator[None]:
        """Time a step, also one that fails."""
        del ids
        began = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - began
            self._figures.observe("broadcaster_step_seconds", (step.value,), took)

    def landed(self, provider: str, channel: Channel, landings: Sequence[Landed]) -> None:
        """Count what came of messages, and how long networks took."""
        add, observe = self._figures.add, self._figures.observe
        for one in landings:
            status = STATUS_AFTER.get(one.event)
            if one.left is None or status is None:
                continue
            add("broadcaster_deliveries_total", (channel.value, status))
            if one.attempt > 1:
                add("broadcaster_retries_total", (channel.value,))
            took = (one.at - one.left).total_seconds()
            observe("broadcaster_submit_seconds", (provider,), took)

    def slowed(self, provider: str) -> None:
        """Count it."""
        self._figures.add("broadcaster_slowdowns_total", (provider,))

    def turned(self, provider: str, *, well: bool) -> None:
        """Note it of this process."""
        self._figures.put("broadcaster_breakers_open", (provider,), 0.0 if well else 1.0)
        if not well:
            self._figures.add("broadcaster_breaker_openings_total", (provider,))

    def counted(self, what: str, count: int) -> None:
        """Count receipts and batches."""
        sort, _, effect = what.partition(":")
        if sort == "receipt":
            self._figures.add("broadcaster_receipts_total", (effect,), count)
        elif sort == "recovered":
            self._figures.add("broadcaster_batches_recovered_total", (), count)
