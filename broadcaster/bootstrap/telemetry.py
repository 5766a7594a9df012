"""Joined for whoever watches us: what a process counts, traces and tells."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from broadcaster import __version__
from broadcaster.bootstrap.accounts import signing_key
from broadcaster.bootstrap.runtime import Runtime
from broadcaster.domain.state import Overview
from broadcaster.errors import UnavailableError
from broadcaster.ports import Probe, Several
from broadcaster.ports.probing import Quiet
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.telemetry.exposition import HasStats, Listener, Read
    from broadcaster.telemetry.shared import SharedFigures
    from broadcaster.telemetry.tracing import Tracing
    from broadcaster.telemetry.web import WebMeters

_log = logging.getLogger(__name__)

#: How many networks are counted apart.
_MOST = 50


def work_figures(settings: Settings) -> "SharedFigures | None":
    """Make room for what a worker's processes count, before they are forked; None when unset."""
    if not settings.watching.metrics_port:
        return None
    from broadcaster.telemetry.work import work_figures

    routed = {name for names in settings.routes.values() for name in names}
    limited = {name for name in settings.limits if "/" not in name and ":" not in name}
    return work_figures(sorted(routed | limited)[:_MOST])


def web_meters(settings: Settings) -> "WebMeters | None":
    """Make what counts requests; None when nobody asks."""
    if not settings.watching.metrics_port:
        return None
    from broadcaster.telemetry.web import WebMeters

    return WebMeters()


def tracing(settings: Settings, role: str) -> "Tracing | None":
    """Make what traces, in the process that uses it; None where no collector is set up."""
    given = settings.watching
    if not given.otlp_endpoint:
        return None
    from broadcaster.telemetry.tracing import Tracing

    return Tracing(
        given.otlp_endpoint,
        version=__version__,
        role=role,
        key=signing_key(settings),
        share=given.trace_share,
    )


def work_probe(
    runtime: Runtime, figures: "SharedFigures | None", traces: "Tracing | None"
) -> Probe:
    """Join whom a worker tells how its work goes."""
    probes: list[Probe] = []
    if figures is not None:
        from broadcaster.telemetry.work import Meters

        probes.append(Meters(figures))
    if traces is not None:
        probes.append(traces)
    probes.append(_Troubles(runtime))
    return Several(probes) if len(probes) > 1 else probes[0]


def listen(
    settings: Settings,
    role: str,
    reads: Sequence["Read"],
    pool: Callable[[], "HasStats | None"] = lambda: None,
) -> "Listener | None":
    """Tell these to whoever asks at the port that is set; ConfigurationError."""
    given = settings.watching
    if not given.metrics_port:
        return None
    from broadcaster.telemetry.exposition import Listener, exposed, process_readings

    registry = exposed([process_readings(__version__, role, pool), *reads])
    listener = Listener(given.metrics_host, given.metrics_port, registry)
    _log.info("metrics are told", extra={"action": "metrics_started", "port": listener.port})
    return listener


def overview_reads(settings: Settings, last: Callable[[], Overview | None]) -> "Sequence[Read]":
    """Give what tells of the work as a whole as it was seen last; nothing when nobody asks."""
    if not settings.watching.metrics_port:
        return []
    from broadcaster.telemetry.overview import overview_readings

    return [overview_readings(last)]


class _Troubles(Quiet):
    """Notes for all to see that a network fails as this process finds, and that it is well."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def turned(self, provider: str, *, well: bool) -> None:
        """Note it; when the ledger is away, there is worse to be told."""
        with suppress(UnavailableError):
            self._runtime.troubles.turned(provider, self._runtime.clock.now(), well=well)
