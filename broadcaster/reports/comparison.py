"""Forecast against actual: each figure beside what it became, and why they differ; pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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

    `agrees` says that every count of customers, messages and segments is the one that was
    forecast, and that all that was planned left. `differences` says why where they are not:
    customers who changed between the approval and the plan, and messages that the plan had and that
    never left.
    """
    told = [row for row in found.rows if row.told]
    left_out = [row for row in found.rows if not row.told]
    channels = _by(told, lambda row: row.channel.value)
    segments = sum(row.units for row in told if row.channel is Channel.SMS)
    charges = _charges(told, forecast.get("forgotten", ()), tariffs)
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


def _charges(
    told: Sequence[Became], forgotten: Sequence[Sequence[Any]], tariffs: Tariffs
) -> list[Charge]:
    """Price what was sent; of forgotten people it was counted before where their numbers led."""
    left = Counter[str]()
    charges = []
    for provider, place, messages, units in forgotten:
        left[provider or ""] += units
        charges.append(_charge(Channel.SMS, provider, place, (messages, units), tariffs))
    for row in told:
        units = row.units
        if row.channel is Channel.SMS and not row.place:
            known = min(units, left[row.provider or ""])
            left[row.provider or ""] -= known
            units -= known
        if units:
            counts = (row.messages, units)
            charges.append(_charge(row.channel, row.provider, row.place, counts, tariffs))
    return charges


def _charge(
    channel: Channel, provider: str | None, place: str, counts: tuple[int, int], tariffs: Tariffs
) -> Charge:
    name, (messages, units) = provider or "", counts
    return Charge(
        channel=channel.value,
        provider=name,
        place=place,
        messages=messages,
        units=units,
        tariff=tariffs.find(name, place),
    )


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


#: What each pair, or each pair of a table, counts.
_COUNTED = {
    "customers": "customers",
    "reached": "customers told",
    "channels": "told by {}",
    "locales": "in {}",
    "left_out": "left out: {}",
}
_TABLES = frozenset({"channels", "locales", "left_out"})


def _explained(rows: Figures, unsent: Mapping[str, int]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for name, key, difference in _differing(rows):
        words = _COUNTED[name].format(key.replace("_", " ") or "no language")
        text = (
            f"{difference:+,} {words}: customers, consents or addresses changed between the "
            "approval and the plan"
        )
        what = f"{name}.{key}" if name in _TABLES else name
        found.append({"what": what, "count": difference, "why": text})
    for why, count in sorted(unsent.items()):
        found.append({"what": "unsent", "count": count, "why": f"{count:,} messages: {why}"})
    difference = rows["segments"]["difference"]
    if difference and not found:
        text = f"{difference:+,} segments: names or texts changed since the approval"
        found.append({"what": "segments", "count": difference, "why": text})
    return found


def _differing(rows: Figures) -> Iterator[tuple[str, str, int]]:
    """Give each count of people that differs: its name, its row in a table, and by how many."""
    for name in _COUNTED:
        table = rows[name] if name in _TABLES else {"": rows[name]}
        for key, pair in table.items():
            if pair["difference"]:
                yield name, key, pair["difference"]
