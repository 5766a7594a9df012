"""What is told to Prometheus and to a collector of traces, as both would read it."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.domain.message import Channel
from broadcaster.errors import ConfigurationError
from broadcaster.ports import QUIET, Probe, Several, Step
from broadcaster.telemetry.exposition import Listener, Read, exposed, process_readings
from broadcaster.telemetry.tracing import Tracing
from broadcaster.telemetry.web import WebMeters
from broadcaster.telemetry.work import Meters, work_figures
from tests.builders import NOON
from tests.dispatch_scene import Scene


def _scrape(*reads: Read) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Ask a listener as Prometheus does, and read the answer by its own parser."""
    listener = Listener("127.0.0.1", 0, exposed(reads))
    try:
        with urlopen(f"http://127.0.0.1:{listener.port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        with pytest.raises(HTTPError):
            urlopen(f"http://127.0.0.1:{listener.port}/", timeout=5)
    finally:
        listener.close()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _scene(probe: Probe, count: int = 25) -> Scene:
    scene = Scene(count)
    object.__setattr__(scene.dispatcher, "probe", probe)
    return scene


def test_what_a_worker_sent_is_counted_and_timed() -> None:
    """By channel and status, by network, and by step; labels of bounded sets alone."""
    figures = work_figures(["fake"])
    scene = _scene(Meters(figures))
    scene.run()
    found = _scrape(figures.read)
    key = (("channel", "sms"), ("status", "accepted"))
    assert found["broadcaster_deliveries_total", key] == 25
    assert found["broadcaster_submit_seconds_count", (("provider", "fake"),)] == 25
    for step in ("batch", "render", "slice", "throttle", "claim", "record"):
        assert found["broadcaster_step_seconds_count", (("step", step),)] > 0
    assert {name for _, labels in found for name, _ in labels} <= {
        *("channel", "status", "provider", "effect", "step", "le"),
    }


def test_a_failing_network_is_seen_and_its_recovery_too() -> None:
    """While a process leaves it alone, one more is counted that does."""
    figures = work_figures(["fake"])
    meters = Meters(figures)
    meters.turned("fake", well=False)
    meters.slowed("fake")
    meters.slowed("a network that nobody routed to")
    meters.counted("receipt:orphan", 2)
    meters.counted("recovered", 3)
    key = (("provider", "fake"),)
    found = _scrape(figures.read)
    assert found["broadcaster_breakers_open", key] == 1
    assert found["broadcaster_slowdowns_total", key] == 1
    assert found["broadcaster_receipts_total", (("effect", "orphan"),)] == 2
    assert found["broadcaster_batches_recovered_total", ()] == 3
    meters.turned("fake", well=True)
    assert _scrape(figures.read)["broadcaster_breakers_open", key] == 0


def test_counts_of_forked_processes_are_summed_and_survive_their_end() -> None:
    """A child that takes the place of a dead one goes on with its counts, not with its gauges."""
    figures = work_figures(["fake"])

    def child(place: int) -> None:
        pid = os.fork()
        if pid == 0:
            figures.sit(place)
            Meters(figures).counted("recovered", 5)
            Meters(figures).turned("fake", well=False)
            os._exit(0)
        os.waitpid(pid, 0)

    for place in (0, 1, 1):
        child(place)
    found = _scrape(figures.read)
    assert found["broadcaster_batches_recovered_total", ()] == 15
    assert found["broadcaster_breaker_openings_total", (("provider", "fake"),)] == 3
    assert found["broadcaster_breakers_open", (("provider", "fake"),)] == 2


def test_requests_are_counted_by_route_and_not_by_path() -> None:
    """Whatever somebody invents; watchers come and go."""
    meters = WebMeters()
    meters.answered("/campaigns/{campaign}", "GET", 200, 0.02)
    meters.answered("none", "BREW", 404, 0.001)
    meters.watching(2)
    meters.watching(-1)
    found = _scrape(meters.read, process_readings("1.2", "web", lambda: None))
    route = ("route", "/campaigns/{campaign}")
    counted = (("method", "GET"), route, ("status", "200"))
    assert found["broadcaster_http_requests_total", counted] == 1
    invented = (("method", "other"), ("route", "none"), ("status", "404"))
    assert found["broadcaster_http_requests_total", invented] == 1
    assert found["broadcaster_http_request_seconds_bucket", (("le", "0.01"), route)] == 0
    assert found["broadcaster_http_request_seconds_bucket", (("le", "0.025"), route)] == 1
    assert found["broadcaster_watchers", ()] == 1
    assert found["broadcaster_build_info", (("role", "web"), ("version", "1.2"))] == 1


def test_an_occupied_port_is_named() -> None:
    """Each process needs one of its own."""
    first = Listener("127.0.0.1", 0, exposed([]))
    with pytest.raises(ConfigurationError, match="BROADCASTER_METRICS_PORT"):
        Listener("127.0.0.1", first.port, exposed([]))
    first.close()


@contextmanager
def _collector() -> Iterator[tuple[str, list[Span]]]:
    """A collector of OTLP over HTTP, written by hand: it keeps what it is sent."""
    spans: list[Span] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", spans
    finally:
        server.shutdown()
        server.server_close()


def _tracing(endpoint: str, share: float = 1.0) -> Tracing:
    return Tracing(endpoint, version="1", role="worker", key=b"k" * 32, share=share)


def test_a_campaign_is_one_trace_down_to_the_network() -> None:
    """What another process planned and this one sends belongs together, and comes from a tick."""
    with _collector() as (endpoint, spans):
        planner, sender = _tracing(endpoint), _tracing(endpoint)
        with planner.tick():
            headers = planner.headers()
        with planner.carried({}), planner.step(Step.PLAN, campaign=1):
            pass
        with sender.carried(headers):
            _scene(sender).run()
        planner.close()
        sender.close()
    named = {span.name: span for span in spans}
    steps = ("campaign", "plan", "batch", "render", "slice", "throttle", "claim", "submit")
    assert {named[name].trace_id for name in (*steps, "record")} == {named["plan"].trace_id}
    parents = {"plan": "campaign", "batch": "campaign", "render": "batch", "slice": "batch"}
    for child, parent in {**parents, "throttle": "slice", "claim": "slice"}.items():
        assert named[child].parent_span_id == named[parent].span_id, child
    assert [link.span_id for link in named["batch"].links] == [named["tick"].span_id]
    handed = [span for span in spans if span.name == "submit"]
    counted = [a.value.int_value for s in handed for a in s.attributes if a.key == "messages"]
    assert sum(counted) == 25
    said = " ".join(str(span) for span in spans)
    assert "+2126" not in said
    assert "text in" not in said


def test_what_is_not_chosen_is_not_traced_and_no_fault_is_quoted() -> None:
    """A share of batches, the same ones everywhere; of an error its kind alone."""
    with _collector() as (endpoint, spans):
        unchosen, chosen = _tracing(endpoint, 0.0), _tracing(endpoint)
        _scene(unchosen).run()
        unchosen.close()
        assert spans == []
        with pytest.raises(ValueError, match="secret"), chosen.step(Step.BATCH, campaign=1):
            raise ValueError("secret +212600000001")
        chosen.close()
    assert "ValueError" in str(spans)
    assert "+2126" not in str(spans)


def test_a_collector_that_is_away_costs_nobody_anything_but_spans() -> None:
    """Sending goes on, and the end of a process is not held up for long."""
    traces = _tracing("http://127.0.0.1:9")
    scene = _scene(Several([traces, QUIET]))
    scene.run()
    began = time.monotonic()
    traces.close()
    assert time.monotonic() - began < 8
    assert len(scene.provider.seen) == 25


def test_headers_carry_ids_alone() -> None:
    """W3C Trace Context; nothing when nothing is traced."""
    with _collector() as (endpoint, _):
        traces = _tracing(endpoint)
        assert traces.headers() == {}
        with traces.tick():
            assert set(traces.headers()) == {"traceparent"}
            assert str(traces.current()) in traces.headers()["traceparent"]
        assert traces.current() is None
        traces.close()


def test_steps_that_nobody_watches_cost_next_to_nothing() -> None:
    """Each slice has a handful; a slice takes milliseconds."""
    count = 20_000
    began = time.process_time()
    for _ in range(count):
        with QUIET.step(Step.SLICE):
            pass
    assert (time.process_time() - began) / count < 20e-6


def test_what_was_never_sent_is_not_counted_as_sent() -> None:
    """A message that was taken back left nothing behind."""
    figures = work_figures(["fake"])

    class Back:
        event, attempt, left, at = DeliveryEvent.DEFER, 2, None, NOON

    class Sent:
        event, attempt, left, at = DeliveryEvent.DEFER, 2, NOON, NOON + timedelta(seconds=1)

    Meters(figures).landed("fake", Channel.SMS, [Back(), Sent()])
    found = _scrape(figures.read)
    assert found["broadcaster_deliveries_total", (("channel", "sms"), ("status", "deferred"))] == 1
    assert found["broadcaster_retries_total", (("channel", "sms"),)] == 1
