"""Forecast against actual: what was approved beside what became of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from broadcaster.domain.tariff import Tariffs
from broadcaster.errors import ConflictError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.campaign import Campaign

# ruff: noqa: PLC0415  (adapters are imported where they are used)

#: Country calling codes have this many signs at most.
_COUNTRY = 4


def comparison(runtime: "Runtime", campaign: "Campaign") -> dict[str, Any]:
    """Compare, as JSON values; an archived campaign's is that of its end.

    ConflictError when it has no forecast, or was not planned yet.
    """
    figures = runtime.reports.summary(campaign.id)
    kept = figures.get("comparison")
    if isinstance(kept, dict):
        return kept
    forecast = runtime.campaigns.forecast(campaign.id)
    if forecast is None:
        message = f"Campaign {campaign.name!r} was approved without a forecast: there is none."
        raise ConflictError(message)
    if figures.get("archive"):
        message = f"Campaign {campaign.name!r} was archived before forecasts were compared."
        raise ConflictError(message)
    if not figures["targeted"]:
        message = f"Campaign {campaign.name!r} was not planned yet. Launch it first."
        raise ConflictError(message)
    return {"campaign": campaign.name, **compared(runtime, campaign.id, forecast, figures)}


def compared(
    runtime: "Runtime", campaign: int, forecast: Mapping[str, Any], figures: Mapping[str, Any]
) -> dict[str, object]:
    """Compare a campaign that has deliveries with its forecast."""
    from broadcaster.reports.comparison import compare

    day = datetime.fromisoformat(forecast["time"]["starts"]).date()
    tariffs = Tariffs(runtime.tariffs.list(), day)
    length = max([_COUNTRY, *map(len, tariffs.prefixes)])
    found = runtime.reports.outcome(campaign, length)
    return compare(forecast, found, tariffs, figures["seconds"])
