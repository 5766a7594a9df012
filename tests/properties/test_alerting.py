"""Alerts: told once, again after a long while, over when all is well for a while; no flapping."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.alerting import (
    MOST,
    RULES,
    Alert,
    Condition,
    LimitState,
    News,
    Notice,
    Watched,
    judged,
)
from tests.builders import NOON

_WELL = Condition(at=NOON, idle=(), failing={}, limits={}, dead={})
_MINUTE = timedelta(minutes=1)
_LIMIT = LimitState(rate=10, allowed=10, used=10, paused=0, urgent=0, routine=9)


def _run(moments: Sequence[Condition]) -> list[Notice]:
    """Judge one after the other, and give all that was told."""
    known: Sequence[Alert] = ()
    told: list[Notice] = []
    for condition in moments:
        known, notices = judged(known, condition)
        told += notices
    return told


def _bad(**what: object) -> Condition:
    return replace(_WELL, **what)  # type: ignore[arg-type]  # (each case names a field)


_HOUR_AGO = NOON - timedelta(hours=1)
_CASES = {
    Watched.STALLED: _bad(idle=[7]),
    Watched.PROVIDER: _bad(failing={"smtp": _HOUR_AGO}),
    Watched.LIMIT: _bad(limits={"smtp": replace(_LIMIT, allowed=1)}),
    Watched.RECEIPTS: _bad(sending=_HOUR_AGO, receipt=_HOUR_AGO),
    Watched.RECEIPTS_WAIT: _bad(unapplied=_HOUR_AGO),
    Watched.DISK: _bad(disk=0.95),
    Watched.CONNECTIONS: _bad(connections=0.95),
    Watched.DOUBT: _bad(doubt=_HOUR_AGO - timedelta(hours=1)),
    Watched.ANNOUNCEMENT: _bad(dead={"town": 1}),
    Watched.WEBHOOK: _bad(webhooks=[3]),
    Watched.DATABASE: _bad(away=["database"]),
    Watched.REDIS: _bad(away=["redis"]),
}


def _for(condition: Condition, minutes: int, start: datetime = NOON) -> list[Condition]:
    return [replace(condition, at=start + n * _MINUTE / 6) for n in range(6 * minutes)]


@pytest.mark.parametrize("watched", Watched)
def test_each_is_raised_once_and_told_to_be_over(watched: Watched) -> None:
    """Half an hour of it, ten looks a minute, is two messages."""
    bad = _for(_CASES[watched], 30)
    well = _for(_WELL, 30, bad[-1].at)
    told = _run([*bad, *well])
    assert [(one.watched, one.news) for one in told] == [
        (watched, News.RAISED),
        (watched, News.OVER),
    ]
    assert told[0].at - NOON <= max(RULES[watched].after, _MINUTE)


@pytest.mark.parametrize(
    "condition",
    [
        _bad(idle=[7]),
        _bad(failing={"smtp": NOON - _MINUTE}),
        _bad(limits={"smtp": _LIMIT}),
        _bad(limits={"smtp": replace(_LIMIT, allowed=1, routine=0)}),
        _bad(sending=NOON - _MINUTE, receipt=_HOUR_AGO),
        _bad(sending=_HOUR_AGO, receipt=None),
        _bad(sending=_HOUR_AGO, receipt=NOON - timedelta(days=30)),
        _bad(disk=0.89, connections=0.89),
        _bad(dead={"town": 0}),
    ],
)
def test_what_is_usual_alerts_nobody(condition: Condition) -> None:
    """A busy limit, a provider that never reports, a campaign that was just launched."""
    assert _run([condition]) == []


def test_what_lasts_is_told_again_after_hours() -> None:
    """Every four hours, not every ten seconds."""
    moments = [replace(_CASES[Watched.PROVIDER], at=NOON + n * _MINUTE) for n in range(9 * 60)]
    assert [one.news for one in _run(moments)] == [News.RAISED, News.LASTING, News.LASTING]


def test_a_full_disk_is_over_when_there_is_room_and_not_at_the_mark() -> None:
    """Between both marks nothing is told, in either direction."""
    bad = _for(_CASES[Watched.DISK], 5)
    between = _for(_bad(disk=0.87), 60, bad[-1].at)
    assert [one.news for one in _run([*bad, *between])] == [News.RAISED]
    assert _run(between) == []


def test_while_the_database_is_away_nothing_else_is_said_to_be_over() -> None:
    """Nobody can look; what stood stands."""
    bad = _for(_CASES[Watched.STALLED], 5)
    away = _for(_CASES[Watched.DATABASE], 60, bad[-1].at)
    told = [(one.watched, one.news) for one in _run([*bad, *away])]
    assert told == [(Watched.STALLED, News.RAISED), (Watched.DATABASE, News.RAISED)]


def test_a_thousand_campaigns_with_one_cause_are_some_alerts() -> None:
    """Bounded; the cause is the same."""
    many = _bad(idle=range(1000))
    assert len(_run(_for(many, 5))) == MOST


@given(st.lists(st.booleans(), min_size=1, max_size=400))
def test_nothing_flaps_however_it_comes_and_goes(bad: list[bool]) -> None:
    """Raised and over come in turn, and never closer together than the rules' times."""
    moments = [
        replace(_CASES[Watched.PROVIDER] if one else _WELL, at=NOON + n * timedelta(seconds=10))
        for n, one in enumerate(bad)
    ]
    told = [one for one in _run(moments) if one.news is not News.LASTING]
    rule = RULES[Watched.PROVIDER]
    for first, second in pairwise(told):
        assert first.news is not second.news
        least = rule.rest if first.news is News.RAISED else rule.after
        assert second.at - first.at >= least
    assert not told or told[0].news is News.RAISED
