"""`broadcaster limits` on real servers, and the ledger of changed limits."""

import io
import json
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
import redis
from rich.console import Console

from broadcaster.cli.limits import table
from broadcaster.domain.message import Lane
from broadcaster.errors import UnavailableError
from broadcaster.ledger.limits import RateLimits
from broadcaster.ledger.pool import LedgerPool
from broadcaster.ports import Change, Standing, Want
from broadcaster.throttle.store import RedisThrottle
from tests.commands import Run, run

__all__ = ["run"]


@pytest.fixture
def limits(run: Run, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands with a real server of the Redis protocol, and three limits."""
    monkeypatch.setenv("BROADCASTER_REDIS_URL", redis_url)
    monkeypatch.setenv("BROADCASTER_LIMITS", "twilio=10;twilio/+212=5;smtp=unlimited")
    return run


def test_limits_are_shown_as_they_stand(limits: Run, redis_url: str, pool: LedgerPool) -> None:
    """What is set, allowed and used, as JSON and as a table; what is unlimited is not listed."""
    with closing(redis.Redis.from_url(redis_url)) as client:
        rates = {"twilio": 10.0, "twilio/+212": 5.0}
        throttle = RedisThrottle(client, rates, RateLimits(pool).changes)
        throttle.take([Want(("twilio",), 1)] * 7, Lane.URGENT)
        throttle.slow("twilio/+212", 60)
        figures = json.loads(limits("limits", "show", "--json").out)
    assert [one["name"] for one in figures] == ["twilio", "twilio/+212"]
    assert (figures[0]["rate"], figures[0]["allowed"]) == (10, 10)
    assert figures[1]["rate"] == 5
    assert 2.5 <= figures[1]["allowed"] <= 5
    assert 0 < figures[1]["paused"] <= 60
    shown = limits("limits", "show").out
    assert "nothing for" in shown
    assert "smtp" not in shown


def test_the_table_says_who_waits_and_why() -> None:
    """Who changed a limit, how far it is slowed, how much of it is used, and which lanes wait."""
    quiet = Standing(name="smtp", rate=50, allowed=50, used=49, urgent=0, routine=1200, paused=0.0)
    slow = replace(quiet, name="twilio", allowed=12.5, urgent=3, routine=0, paused=7.2)
    change = Change(rate=50, changed_by="amina", changed_at=datetime.now(UTC))
    out = io.StringIO()
    Console(file=out, width=160).print(table([quiet, slow], {"twilio": change}))
    heading, first, second = out.getvalue().splitlines()
    assert heading.split() == ["limit", "set", "by", "allowed", "used", "share", "who", "waits"]
    assert first.split() == ["smtp", "50/s", "settings", "50/s", "49", "98%", "1,200", "routine"]
    assert "slowed to 25%, nothing for 7 s" in second
    assert "amina" in second
    assert "3 urgent" in second


def test_a_limit_is_set_and_reset_with_a_line_in_the_audit(limits: Run, pool: LedgerPool) -> None:
    """The change holds at once and says by whom; taking it back brings the settings' rate."""
    said = limits("limits", "set", "twilio", "3.5", "--by", "amina")
    assert said.out == "twilio is limited to 3.5 units a second; for all workers, now.\n"
    (one, _) = json.loads(limits("limits", "show", "--json").out)
    assert (one["rate"], one["changed_by"]) == (3.5, "amina")
    assert "amina" in limits("limits", "show").out
    said = limits("limits", "reset", "twilio", "--by", "youssef", "--json")
    assert json.loads(said.out)["rate"] is None
    (one, _) = json.loads(limits("limits", "show", "--json").out)
    assert (one["rate"], one["changed_by"]) == (10, None)
    with pool.connection() as connection:
        audit = connection.execute(
            "SELECT actor, action, subject, details FROM audit ORDER BY id"
        ).fetchall()
    assert audit == [
        ("amina", "set_limit", "limit twilio", {"before": None, "rate": 3.5}),
        ("youssef", "reset_limit", "limit twilio", {"before": 3.5, "rate": None}),
    ]


def test_a_limit_that_no_setting_names_is_added(limits: Run) -> None:
    """A destination or a sender can be held while all runs."""
    for name in ("smtp/slow.example", "sender:LYDEC"):
        assert limits("limits", "set", name, "2").code == 0
    names = [one["name"] for one in json.loads(limits("limits", "show", "--json").out)]
    assert names == ["sender:LYDEC", "smtp/slow.example", "twilio", "twilio/+212"]
    limits("limits", "reset", "smtp/slow.example")
    names = [one["name"] for one in json.loads(limits("limits", "show", "--json").out)]
    assert names == ["sender:LYDEC", "twilio", "twilio/+212"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("set", "twilio", "0"), "RATE: '0' is no rate"),
        (("set", "twilio", "fast"), "RATE: 'fast' is no rate"),
        (("set", "Twilio!", "1"), "NAME: 'Twilio!' names no limit"),
        (("set", "twilo", "1"), "NAME: no provider 'twilo' has a limit"),
        (("reset", "sender:X"), "NAME: there is no limit 'sender:X'"),
    ],
)
def test_faults_are_one_line(limits: Run, words: tuple[str, ...], problem: str) -> None:
    """What is wrong, and the remedy."""
    code, out, err = limits("limits", *words)
    assert (code, out) == (2, "")
    assert problem in err
    assert err.count("\n") == 1


def test_a_change_is_kept_although_redis_is_down(run: Run, pool: LedgerPool) -> None:
    """It holds as soon as the server answers; showing says what is the matter."""
    said = run("limits", "set", "twilio", "4")
    assert "as soon as the server of the Redis protocol answers" in said.out
    assert RateLimits(pool).changes()["twilio"].rate == 4
    shown = run("limits", "show")
    assert shown.code == 2
    assert "Start it" in shown.err


def test_changes_are_ever_newer(pool: LedgerPool) -> None:
    """Which of two changes is newer is never in doubt; a closed pool may work later."""
    limits = RateLimits(pool)
    moments = []
    for rate in (1.0, 2.0, None, 3.0):
        limits.change("twilio", rate, "amina")
        moments.append(limits.changes()["twilio"].changed_at)
    assert all(before < after for before, after in pairwise(moments))
    pool.close()
    with pytest.raises(UnavailableError):
        limits.changes()


def test_workers_take_a_change_within_two_seconds(redis_url: str, pool: LedgerPool) -> None:
    """A worker that nobody told looks for changes by itself."""
    limits = RateLimits(pool)
    with closing(redis.Redis.from_url(redis_url)) as client:
        throttle = RedisThrottle(client, {"twilio": 10.0}, limits.changes)
        throttle.take([Want(("twilio",), 1)], Lane.ROUTINE)
        limits.change("twilio", 20, "amina")
        began = time.monotonic()
        rate = None
        while rate != b"20" and time.monotonic() < began + 30:
            throttle.take([Want(("twilio",), 1)], Lane.ROUTINE)
            rate = client.hget("{throttle}:limit:twilio", "rate")
        assert rate == b"20"
        # It looks once a second; a busy machine may take its time.
        assert time.monotonic() - began < 20
