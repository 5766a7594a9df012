"""What is told to Prometheus, and the listener that tells it."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from broadcaster.errors import ConfigurationError
from broadcaster.telemetry.catalogue import PROCESS, Metric, Sort
from broadcaster.telemetry.shared import BOUNDS, Reading

_log = logging.getLogger(__name__)

#: What is given at a moment: metrics and their series.
Read = Callable[[], Iterable[tuple[Metric, Iterable[Reading]]]]

#: How long somebody who asks may take for it, seconds, and how many may ask at once.
_PATIENCE, _AT_ONCE = 5.0, 4


class HasStats(Protocol):
    """A pool of connections that says how it is."""

    def get_stats(self) -> Mapping[str, int]:
        """Give counts by name."""
        ...


class _Readings(Collector):
    def __init__(self, read: Read) -> None:
        self._read = read

    def collect(self) -> Iterator[Family]:
        for metric, readings in self._read():
            yield _family(metric, readings)


def _family(metric: Metric, readings: Iterable[Reading]) -> Family:
    if metric.sort is Sort.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.says, labels=metric.labels)
        for one in readings:
            histogram.add_metric(list(one.labels), _running(one.buckets), sum_value=one.value)
        return histogram
    if metric.sort is Sort.COUNTER:
        counter = CounterMetricFamily(metric.name, metric.says, labels=metric.labels)
        for one in readings:
            counter.add_metric(list(one.labels), one.value)
        return counter
    gauge = GaugeMetricFamily(metric.name, metric.says, labels=metric.labels)
    for one in readings:
        gauge.add_metric(list(one.labels), one.value)
    return gauge


def _running(buckets: tuple[float, ...]) -> list[tuple[str, float]]:
    """Sum up: Prometheus counts in each bucket what is in those below it, too."""
    sums, total = [], 0.0
    for bound, count in zip([*map(str, BOUNDS), "+Inf"], buckets, strict=True):
        total += count
        sums.append((bound, total))
    return sums


def process_readings(version: str, role: str, pool: Callable[[], HasStats | None]) -> Read:
    """Say what a process says of itself; `pool` gives its pool, where it has one by now."""
    info, connections, waiting = PROCESS

    def read() -> Iterator[tuple[Metric, Iterable[Reading]]]:
        yield info, [Reading(labels=(version, role), value=1.0)]
        opened = pool()
        if opened is None:
            return
        stats = opened.get_stats()
        size, free = stats.get("pool_size", 0), stats.get("pool_available", 0)
        states = {"free": free, "used": size - free, "most": stats.get("pool_max", 0)}
        yield connections, [Reading(labels=(name,), value=count) for name, count in states.items()]
        yield waiting, [Reading(labels=(), value=stats.get("requests_waiting", 0))]

    return read


def exposed(reads: Iterable[Read]) -> CollectorRegistry:
    """Make a registry of these, and of the process itself (memory, processor, open files)."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    for read in reads:
        registry.register(_Readings(read))
    return registry


class Listener:
    """Answers `GET /metrics` on a listener of its own, in threads that end with the process."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        """Bind; ConfigurationError naming the setting when the port cannot be used."""
        room = threading.Semaphore(_AT_ONCE)

        class Handler(BaseHTTPRequestHandler):
            timeout = _PATIENCE
            server_version, sys_version = "broadcaster", ""

            def do_GET(self) -> None:
                if self.path.partition("?")[0] != "/metrics":
                    self._say(404, "text/plain", b"not here\n")
                elif not room.acquire(blocking=False):
                    self._say(503, "text/plain", b"too many ask\n")
                else:
                    try:
                        self._say(200, CONTENT_TYPE_LATEST, generate_latest(registry))
                    finally:
                        room.release()

            def _say(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: whoever asks does so every few seconds."""

        try:
            self._server = _Server((host, port), Handler)
        except OSError as error:
            reason = os.strerror(error.errno or 0) if (error.errno or 0) > 0 else "no such address"
            message = (
                f"BROADCASTER_METRICS_PORT: {host}:{port} cannot be used ({reason}). "
                "Set a free port; each process needs one of its own."
            )
            raise ConfigurationError(message) from error
        self.port = int(self._server.server_address[1])
        threading.Thread(
            target=self._server.serve_forever, args=(0.5,), name="metrics", daemon=True
        ).start()

    def forget(self) -> None:
        """Let go of the socket in a process that was forked: its parent answers."""
        self._server.socket.close()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 16

    def handle_error(self, request: object, client_address: object) -> None:
        """Note the fault's kind: whoever asked has gone, or something can't be read."""
        del request, client_address
        kind = sys.exc_info()[0]
        extra = {"action": "metrics_failed", "fault": kind.__name__ if kind else ""}
        _log.warning("could not tell metrics", extra=extra)
