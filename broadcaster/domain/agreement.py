"""Whether two forecasts of one campaign agree, or what has changed between them; pure."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

#: So many people, messages or segments more or less are no difference, however small a campaign is.
FEW = 10


class Drift(NamedTuple):
    """A figure that has changed: what it counts, what was approved and what it is now."""

    what: str
    approved: str
    now: str

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.what} {self.approved} -> {self.now}"


def drifts(
    approved: Mapping[str, Any], now: Mapping[str, Any], tolerance: float
) -> Sequence[Drift]:
    """List what differs by more than the tolerance, a part of what was approved.

    People, messages by channel and segments differ by more than ten too; money by any amount.
    """
    found = []
    for what, old, new in _counts(approved, now):
        if abs(new - old) > max(FEW, tolerance * old):
            found.append(Drift(what, f"{old:,}", f"{new:,}"))
    before, after = approved["cost"]["total"], now["cost"]["total"]
    for currency in sorted({*before, *after}):
        first, last = Decimal(before.get(currency, 0)), Decimal(after.get(currency, 0))
        if abs(last - first) > first * Decimal(str(tolerance)):
            found.append(Drift(currency, f"{first:,}", f"{last:,}"))
    return found


def _counts(approved: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    yield "customers told", approved["reached"], now["reached"]
    for channel in sorted({*approved["channels"], *now["channels"]}):
        counts = [one["channels"].get(channel, 0) for one in (approved, now)]
        yield f"messages by {channel}", counts[0], counts[1]
    yield "SMS segments", approved["segments"], now["segments"]
