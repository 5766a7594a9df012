"""How the work stands as a whole, as metrics."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from broadcaster.domain.state import Overview, State
from broadcaster.telemetry.catalogue import LEDGER, Metric
from broadcaster.telemetry.shared import Reading

_BY_NAME = {metric.name.removeprefix("broadcaster_"): metric for metric in LEDGER}
#: How many limits are told of.
_LIMITS = 100


def overview_readings(
    last: Callable[[], Overview | None],
) -> Callable[[], Iterator[tuple[Metric, Iterable[Reading]]]]:
    """Tell what was seen last, which is some seconds old at most; nothing is read for who asks."""

    def read() -> Iterator[tuple[Metric, Iterable[Reading]]]:
        seen = last()
        if seen is None:
            return
        for name, series in _series(seen).items():
            rows = [Reading(labels=labels, value=value) for labels, value in series.items()]
            yield _BY_NAME[name], rows

    return read


_Series = dict[str, Mapping[tuple[str, ...], float]]


def _series(seen: Overview) -> _Series:
    found: _Series = {
        "up": {(name,): float(name not in seen.away) for name in ("database", "redis")},
        "disk_free_bytes": {(): seen.disk[0]},
        "read_seconds": {(): seen.took},
        "alerts": {(name,): count for name, count in seen.alerts.items()},
    }
    limits = dict(sorted(seen.limits.items())[:_LIMITS])
    found["limit_rate_units"] = {(name,): one.rate for name, one in limits.items()}
    found["limit_allowed_units"] = {
        (name,): 0.0 if one.paused else one.allowed for name, one in limits.items()
    }
    found["limit_used_units"] = {(name,): one.used for name, one in limits.items()}
    found["limit_waiting"] = {
        (name, lane): count
        for name, one in limits.items()
        for lane, count in (("urgent", one.urgent), ("routine", one.routine))
    }
    if seen.state is not None:
        found.update(_of_ledger(seen.state))
    return found


def _of_ledger(state: State) -> _Series:
    lanes = state.lanes
    return {
        "ledger_deliveries": {(*key,): count for key, count in state.deliveries.items()},
        "batches_open": {(lane,): one.open for lane, one in lanes.items()},
        "batches_leased": {(lane,): one.leased for lane, one in lanes.items()},
        "batches_lost": {(lane,): one.lost for lane, one in lanes.items()},
        "waiting_deliveries": {(lane,): one.messages for lane, one in lanes.items()},
        "oldest_waiting_seconds": {
            (lane,): _age(state.at, one.oldest) for lane, one in lanes.items()
        },
        "campaigns": {(status,): count for status, count in state.campaigns.items()},
        "doubt_deliveries": {(): state.doubt},
        "oldest_doubt_seconds": {(): _age(state.at, state.doubt_since)},
        "receipts_waiting": {(): state.receipts},
        "receipt_age_seconds": {} if state.receipt is None else {(): _age(state.at, state.receipt)},
        "announcements": {(status,): count for status, count in state.announcements.items()},
        "sign_in_failures": {(): state.trials},
        "webhooks_failing": {(): len(state.webhooks)},
        "database_connections": {(): state.connections},
        "database_connections_most": {(): state.connections_most},
        "database_bytes": {(): state.size},
    }


def _age(at: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (at - since).total_seconds())
