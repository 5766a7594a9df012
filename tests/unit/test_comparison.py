"""Forecast against actual: what counts as agreeing."""

from datetime import date
from typing import Any

import pytest

from broadcaster.domain.delivery import DeliveryStatus, Reason
from broadcaster.domain.message import Channel
from broadcaster.domain.tariff import Tariffs
from broadcaster.reports.comparison import compare
from broadcaster.reports.outcome import Became, Outcome

_FORECAST: dict[str, Any] = {
    "customers": 3,
    "reached": 2,
    "channels": {"sms": 2},
    "locales": {"fr": 1, "ar": 1},
    "suppressed": {"no_address": 1},
    "segments": 4,
    "cost": {"total": {}, "unknown": 4},
    "time": {"seconds": [1, 2]},
}


def _sent(locale: str, units: int = 2) -> Became:
    status = DeliveryStatus.DELIVERED
    return Became(
        Channel.SMS,
        locale,
        status,
        None,
        "twilio",
        told=True,
        place="+212",
        messages=1,
        units=units,
    )


_LEFT = Became(
    *(Channel.SMS, "fr", DeliveryStatus.SUPPRESSED, Reason.NO_ADDRESS, None),
    told=False,
    place="",
    messages=1,
    units=0,
)
_ROWS = (_sent("fr"), _sent("ar"), _LEFT)


def _compared(outcome: Outcome) -> dict[str, Any]:
    return compare(_FORECAST, outcome, Tariffs([], date(2026, 11, 28)), 1.0)


def test_what_is_as_forecast_agrees() -> None:
    """In each count."""
    found = _compared(Outcome(3, 2, _ROWS))
    assert (found["agrees"], found["differences"]) == (True, [])


@pytest.mark.parametrize(
    ("outcome", "what"),
    [
        (Outcome(4, 2, _ROWS), {"customers": 1}),
        (Outcome(3, 1, _ROWS), {"reached": -1}),
        (Outcome(3, 2, (_sent("fr"), _sent("fr"), _LEFT)), {"locales.ar": -1, "locales.fr": 1}),
        (Outcome(3, 2, (_sent("fr"), _sent("ar", 3), _LEFT)), {"segments": 1}),
        (Outcome(3, 2, _ROWS[:2]), {"left_out.no_address": -1}),
    ],
)
def test_any_count_that_differs_does_not_agree(outcome: Outcome, what: dict[str, int]) -> None:
    """And is named with by how many, also where the messages are as many as forecast."""
    found = _compared(outcome)
    assert found["agrees"] is False
    assert {one["what"]: one["count"] for one in found["differences"]} == what
    assert all(one["why"] for one in found["differences"])
