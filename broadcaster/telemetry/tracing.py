"""Traces from a campaign to the call of a provider, sent to a collector of OpenTelemetry by OTLP.

A campaign is one trace, whose id every process works out for itself, so that what one worker plans
and another sends belongs together whoever was told by whom. Spans have ids and counts as attributes
and nothing else: no address, name or text, and no words of an error.
"""

import hashlib
import hmac
import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from broadcaster.domain.message import Channel
from broadcaster.ports import Landed, Step
from broadcaster.ports.probing import Quiet

#: How many spans wait to be sent at most; more are dropped, and sending goes on.
_QUEUE, _TOGETHER = 4096, 512
#: How often they are sent, milliseconds; how long the collector may take, seconds.
_EVERY, _PATIENCE = 1000, 3
#: How long a process that ends waits for the last of them, milliseconds.
_FAREWELL = 2000
#: Shares of batches are counted in so many parts.
_PARTS = 10_000

_SPREAD = TraceContextTextMapPropagator()

#: Who says that the collector is away; and for how long it is not said again, seconds.
_EXPORTER, _SELDOM = "opentelemetry.exporter.otlp.proto.http.trace_exporter", 60.0


class Tracing(Quiet):
    """Makes spans; implements `ports.Probe`. To be made in the process that uses it."""

    def __init__(self, endpoint: str, *, version: str, role: str, key: bytes, share: float) -> None:
        """Send to `endpoint`; `key` makes the ids, `share` of batches is traced (0 to 1)."""
        self._key = key
        self._share = share
        self._ids = _Ids()
        names = {
            "service.name": "broadcaster",
            "service.version": version,
            "broadcaster.role": role,
        }
        self._provider = TracerProvider(
            sampler=ParentBased(ALWAYS_ON),
            resource=Resource(names),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=_PATIENCE)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=_QUEUE,
                max_export_batch_size=_TOGETHER,
                schedule_delay_millis=_EVERY,
            )
        )
        self._tracer = self._provider.get_tracer("broadcaster")
        exports = logging.getLogger(_EXPORTER)
        if not any(isinstance(one, _Seldom) for one in exports.filters):
            exports.addFilter(_Seldom())

    @contextmanager
    def step(self, step: Step, **ids: int | str) -> Iterator[None]:
        """Make a span; what belongs to a campaign is in that one's trace."""
        links, parent = [], None
        if "campaign" in ids:
            here = trace.get_current_span().get_span_context()
            links = [Link(here)] if here.is_valid else []
            campaign = int(ids["campaign"])
            parent = self._campaign(campaign, sampled=self._chosen(int(ids.get("batch", 0))))
            if step is Step.PLAN:
                self._begin(campaign)
        with self._span(step.value, ids, parent, links):
            yield

    def landed(self, provider: str, channel: Channel, landings: Sequence[Landed]) -> None:
        """Make one span for messages that came down together: from the first's leaving on."""
        left = [one.left for one in landings if one.left is not None]
        if not left or not trace.get_current_span().is_recording():
            return
        counts = Counter(one.event.value for one in landings)
        ids = {"provider": provider, "channel": channel.value, "messages": len(landings), **counts}
        span = self._tracer.start_span(
            Step.SUBMIT.value, attributes=ids, start_time=_nanoseconds(min(left))
        )
        span.end(_nanoseconds(max(one.at for one in landings)))

    @contextmanager
    def tick(self) -> Iterator[None]:
        """Make a span that what is put into queues comes from."""
        with self._span("tick", {}, None, []):
            yield

    @contextmanager
    def carried(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Go on from where a message of a queue comes from."""
        token = context.attach(_SPREAD.extract({"traceparent": headers.get("traceparent", "")}))
        try:
            yield
        finally:
            context.detach(token)

    def headers(self) -> dict[str, str]:
        """Say where a message comes from, in the words of W3C Trace Context; ids alone."""
        carrier: dict[str, str] = {}
        _SPREAD.inject(carrier)
        return carrier

    def current(self) -> str | None:
        """Give the trace that this belongs to, in hexadecimal digits."""
        found = trace.get_current_span().get_span_context()
        return trace.format_trace_id(found.trace_id) if found.is_valid else None

    def close(self) -> None:
        """Send what waits, for a moment."""
        self._provider.force_flush(_FAREWELL)
        self._provider.shutdown()

    @contextmanager
    def _span(
        self,
        name: str,
        ids: Mapping[str, int | str],
        parent: "context.Context | None",
        links: Sequence[Link],
    ) -> Iterator[None]:
        with self._tracer.start_as_current_span(
            name,
            parent,
            attributes=dict(ids),
            links=links,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                # Its words may quote values.
                span.set_attribute("error.type", type(error).__name__)
                raise

    def _chosen(self, batch: int) -> bool:
        """Tell whether a batch is traced: always the same ones, wherever they are worked on."""
        return int.from_bytes(self._made(f"batch {batch}")[:4]) % _PARTS < self._share * _PARTS

    def _campaign(self, campaign: int, *, sampled: bool) -> "context.Context":
        trace_id, span_id = self._names(campaign)
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        parent = SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)
        return trace.set_span_in_context(NonRecordingSpan(parent), context.Context())

    def _begin(self, campaign: int) -> None:
        """Make the span that the others are below."""
        self._ids.next = self._names(campaign)
        attributes = {"campaign": campaign}
        self._tracer.start_span("campaign", context.Context(), attributes=attributes).end()

    def _names(self, campaign: int) -> tuple[int, int]:
        made = self._made(f"campaign {campaign}")
        return int.from_bytes(made[:16]) or 1, int.from_bytes(made[16:24]) or 1

    def _made(self, text: str) -> bytes:
        return hmac.digest(self._key, f"trace of {text}".encode(), hashlib.sha256)


class _Seldom(logging.Filter):
    """Lets a line through once a minute: a collector that is away would fill the log."""

    _said = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        del record
        now = time.monotonic()
        if now - self._said < _SELDOM:
            return False
        self._said = now
        return True


class _Ids(RandomIdGenerator):
    """Random ids, but for the next span where they are given."""

    def __init__(self) -> None:
        self.next: tuple[int, int] | None = None

    def generate_trace_id(self) -> int:
        return self.next[0] if self.next else super().generate_trace_id()

    def generate_span_id(self) -> int:
        given, self.next = self.next, None
        return given[1] if given else super().generate_span_id()


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000
