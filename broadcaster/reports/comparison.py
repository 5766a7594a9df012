"""Forecast against actual: each figure beside what it became, and why they differ; pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from broadcaster.domain.delivery import DeliveryStatus, Reason
from broadcaster.domain.message import Channel
from broadcaster.domain.tariff import Charge, Tariffs, total, unknown, written
from broadcaster.reports.outcome import Became, Outcome

#: Statuses of what the plan told, and never left: nothing was spent on it.
_OPEN = frozenset({DeliveryStatus.PLANNED, DeliveryStatus.SUBMITTING, DeliveryStatus.DEFERRED})

Figures = Mapping[str, Any]


def compare(
    forecast: Figures, found: Outcome, tariffs: Tariffs, seconds: float
) -> dict[str, object]:
    """Set a forecast beside what became of it, as JSON values.

    `agrees` says that everybody was told who should be, and nothing else, and that the segments are
    those that were forecast. `differences` says why where they are not: customers who changed
    between the approval and the plan, and messages that the plan had and that never left.
    """
    told = [row for row in found.rows if row.told]
    left_out = [row for row in found.rows if not row.told]
    channels = _by(told, lambda row: row.channel.value)
    segments = sum(row.units for row in told if row.channel is Channel.SMS)
    charges = _charges(told, tariffs)
    rows = {
        "customers": _pair(forecast["customers"], found.customers),
        "reached": _pair(forecast["reached"], found.reached),
        "channels": _pairs(forecast["channels"], channels),
        "locales": _pairs(forecast["locales"], _by(told, lambda row: row.locale or "")),
        "left_out": _pairs(
            forecast["suppressed"],
            _by(left_out, lambda row: row.reason.value if row.reason else ""),
        ),
        "segments": _pair(forecast["segments"], segments),
    }
    unsent = Counter[str]()
    for row in told:
        if not row.units:
            unsent[_why(row)] += row.messages
    differences = _explained(rows, unsent)
    return {
        **rows,
        "cost": _costs(forecast["cost"], charges),
        "unsent": dict(unsent),
        "seconds": {"forecast": forecast["time"]["seconds"], "actual": round(seconds, 1)},
        "agrees": not differences,
        "differences": differences,
    }


def _by(rows: Sequence[Became], key: Any) -> Mapping[str, int]:  # noqa: ANN401  (from a row to its name)
    counts: Counter[str] = Counter()
    for row in rows:
        counts[key(row)] += row.messages
    return counts


def _pair(forecast: int, actual: int) -> dict[str, int]:
    return {"forecast": forecast, "actual": actual, "difference": actual - forecast}


def _pairs(forecast: Mapping[str, int], actual: Mapping[str, int]) -> dict[str, dict[str, int]]:
    names = sorted({*forecast, *actual})
    return {name: _pair(forecast.get(name, 0), actual.get(name, 0)) for name in names}


def _charges(told: Sequence[Became], tariffs: Tariffs) -> list[Charge]:
    return [
        Charge(
            channel=row.channel.value,
            provider=row.provider or "",
            place=row.place,
            messages=row.messages,
            units=row.units,
            tariff=tariffs.find(row.provider or "", row.place),
        )
        for row in told
        if row.units
    ]


def _costs(forecast: Figures, charges: Sequence[Charge]) -> dict[str, object]:
    actual = total(charges)
    names = sorted({*forecast["total"], *actual})
    return {
        "total": {
            name: {
                "forecast": forecast["total"].get(name, "0.00"),
                "actual": written(actual.get(name, Decimal(0))),
            }
            for name in names
        },
        "unknown": _pair(forecast["unknown"], sum(one.units for one in unknown(charges))),
    }


#: Why a message that the plan had never left, in words.
_WORDS = {
    DeliveryStatus.SUPPRESSED: "opted out or barred after the plan",
    DeliveryStatus.REJECTED: "refused by the network, and not charged",
    DeliveryStatus.EXPIRED: "expired before it left",
    DeliveryStatus.CANCELLED: "cancelled before it left",
    DeliveryStatus.DEAD: "given up before it left",
    DeliveryStatus.UNKNOWN: "in doubt: it may have left",
}


def _why(row: Became) -> str:
    if row.status in _OPEN:
        return "not sent yet"
    if row.reason is Reason.RENDERING:
        return "could not be rendered"
    return _WORDS.get(row.status, f"{row.status.value} without a count of units")


def _explained(rows: Figures, unsent: Mapping[str, int]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for name in ("channels", "left_out"):
        for key, pair in rows[name].items():
            if pair["difference"]:
                what = "told by" if name == "channels" else "left out:"
                text = (
                    f"{pair['difference']:+,} {what} {key.replace('_', ' ')}: customers, consents "
                    "or addresses changed between the approval and the plan"
                )
                found.append({"what": f"{name}.{key}", "count": pair["difference"], "why": text})
    for why, count in sorted(unsent.items()):
        found.append({"what": "unsent", "count": count, "why": f"{count:,} messages: {why}"})
    difference = rows["segments"]["difference"]
    if difference and not found:
        text = f"{difference:+,} segments: names or texts changed since the approval"
        found.append({"what": "segments", "count": difference, "why": text})
    return found
