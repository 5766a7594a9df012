"""Every metric by its name: what it says, in base units, and by which labels of bounded sets.

Names follow the conventions of Prometheus. No label ever holds a campaign, an address or an id.
"""

from dataclasses import dataclass
from enum import StrEnum


class Sort(StrEnum):
    """What one can do with a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One metric; counters are named with their `_total`."""

    name: str
    sort: Sort
    says: str
    labels: tuple[str, ...] = ()


def _named(sort: Sort, *listed: tuple[str, tuple[str, ...], str]) -> tuple[Metric, ...]:
    return tuple(
        Metric(name=f"broadcaster_{name}", sort=sort, says=says, labels=labels)
        for name, labels, says in listed
    )


#: What workers count, each process for itself; summed up by the queries.
WORK: tuple[Metric, ...] = (
    *_named(
        Sort.COUNTER,
        ("deliveries_total", ("channel", "status"), "what became of messages handed over"),
        ("retries_total", ("channel",), "messages handed over that were so before"),
        ("slowdowns_total", ("provider",), "times a network said that we are too fast"),
        ("breaker_openings_total", ("provider",), "times a process began to leave it alone"),
        ("receipts_total", ("effect",), "receipts by what came of them; orphan: unmatched"),
        ("batches_recovered_total", (), "batches taken back from workers that were lost"),
    ),
    *_named(
        Sort.GAUGE,
        ("breakers_open", ("provider",), "processes that leave a network alone because it fails"),
    ),
    *_named(
        Sort.HISTOGRAM,
        ("submit_seconds", ("provider",), "from leaving to the network's answer"),
        ("step_seconds", ("step",), "the steps of sending, each a slice or a batch at once"),
    ),
)

#: What beat reads out of the ledger and of the store of limits, for all together.
LEDGER: tuple[Metric, ...] = _named(
    Sort.GAUGE,
    ("ledger_deliveries", ("channel", "status"), "deliveries that are kept, by how they stand"),
    ("batches_open", ("lane",), "batches with something left to send"),
    ("batches_leased", ("lane",), "batches that a worker holds"),
    ("batches_lost", ("lane",), "batches whose worker fell silent, not taken back yet"),
    ("waiting_deliveries", ("lane",), "deliveries of open batches, whole batches counted"),
    ("oldest_waiting_seconds", ("lane",), "for how long the oldest batch that could leave waits"),
    ("campaigns", ("status",), "campaigns by how they stand"),
    ("doubt_deliveries", (), "deliveries in doubt"),
    ("oldest_doubt_seconds", (), "for how long the oldest delivery in doubt is so"),
    ("receipts_waiting", (), "receipts stored and not applied"),
    ("receipt_age_seconds", (), "how old the newest receipt is"),
    ("limit_rate_units", ("limit",), "units a second that a limit is set to"),
    ("limit_allowed_units", ("limit",), "units a second that it allows now"),
    ("limit_used_units", ("limit",), "units used in the last second and in the air"),
    ("limit_waiting", ("limit", "lane"), "messages that asked in vain lately"),
    ("announcements", ("status",), "announcements of the last week by how they stand"),
    ("sign_in_failures", (), "failed attempts to sign in within the last quarter of an hour"),
    ("webhooks_failing", (), "webhooks that fail for long or were given up"),
    ("database_connections", (), "connections that PostgreSQL serves"),
    ("database_connections_most", (), "connections that it serves at most"),
    ("database_bytes", (), "size of the database"),
    ("disk_free_bytes", (), "free in the home folder"),
    ("alerts", ("alert",), "alerts that stand"),
    ("up", ("server",), "1 when database or redis answers"),
    ("read_seconds", (), "how long reading these took"),
)

#: What the web counts.
WEB: tuple[Metric, ...] = (
    *_named(
        Sort.COUNTER,
        ("http_requests_total", ("route", "method", "status"), "requests, by template of route"),
    ),
    *_named(
        Sort.HISTOGRAM,
        ("http_request_seconds", ("route",), "from the request to the first octet of its answer"),
    ),
    *_named(Sort.GAUGE, ("watchers", (), "who watch a page live")),
)

#: What every process says of itself.
PROCESS: tuple[Metric, ...] = _named(
    Sort.GAUGE,
    ("build_info", ("version", "role"), "always 1"),
    ("pool_connections", ("state",), "connections of this process's pool"),
    ("pool_waiting", (), "requests that wait for one of them"),
)

ALL = (*WORK, *LEDGER, *WEB, *PROCESS)
