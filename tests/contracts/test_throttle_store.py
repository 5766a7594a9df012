"""The limits in a real server of the Redis protocol."""

import math
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import accumulate, pairwise

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.retry import Retry

from broadcaster.domain.message import Address, Lane, Scheme
from broadcaster.errors import ConfigurationError, InvalidInputError, UnavailableError
from broadcaster.ports import Want
from broadcaster.throttle import window
from broadcaster.throttle.store import RedisThrottle
from broadcaster.throttle.window import SECOND

ADDRESS = Address(scheme=Scheme.TEL, value="+15005550006", keys={})

#: A process that always has work; prints when it got how much, by the store's clock.
_WORKER = """
import sys, time
import redis
from broadcaster.domain.message import Lane
from broadcaster.throttle.store import RedisThrottle

url, limit, rate, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
throttle = RedisThrottle(redis.Redis.from_url(url), {limit: rate})
end = time.monotonic() + seconds
while time.monotonic() < end:
    grant, at = throttle._ask(limit, throttle._rule(limit), [1] * 20, Lane.ROUTINE)
    if grant.count:
        print(at, grant.count)
    else:
        time.sleep(min(grant.wait, 0.2))
"""


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of the test's own server, which it may flush."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client
        client.flushdb()


def _fullest(grants: list[tuple[int, int]]) -> int:
    most = used = first = 0
    for at, units in grants:
        used += units
        while grants[first][0] <= at - SECOND:
            used -= grants[first][1]
            first += 1
        most = max(most, used)
    return most


def _open(throttle: RedisThrottle, limit: str, now: float) -> None:
    """Let the first, closed window pass."""
    throttle._ask(limit, throttle._rule(limit), [1], Lane.ROUTINE, now - 2 * SECOND)


_STEPS = st.lists(
    st.tuples(
        st.integers(0, 400_000),
        st.lists(st.integers(1, 12), max_size=8),
        st.booleans(),
        st.booleans(),  # whether what was granted before lands first
    ),
    min_size=1,
    max_size=25,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rate=st.sampled_from([0.5, 1.0, 2.5, 7.0, 10.0, 100.0, 1234.0]), steps=_STEPS)
def test_script_agrees_with_the_arithmetic(
    client: redis.Redis, rate: float, steps: list[tuple[int, list[int], bool, bool]]
) -> None:
    """The scripts grant, wait and charge exactly as the pure arithmetic says."""
    client.flushdb()
    throttle = RedisThrottle(client, {"agree": rate})
    rule = window.rule(rate)
    now = 1.7e15
    state = window.closed(rule, now)
    down: list[tuple[int, int]] = []
    packed = throttle._rule("agree")
    for delay, costs, urgent, lands in [(0, [1], False, False), *steps]:
        now += delay
        if lands and down:
            state = window.landed(state, rule, down, urgent=False, now=now)
            throttle._charge("agree", packed, down, Lane.ROUTINE, now)
            down = []
        state, count, wait = window.take(state, rule, costs, urgent=urgent, now=now)
        lane = Lane.URGENT if urgent else Lane.ROUTINE
        grant, _ = throttle._ask("agree", packed, costs, lane, now)
        assert grant.count == count
        down += [(grant.mark, sum(costs[:count]))] if count else []
        # The script keeps nanoseconds and answers in whole microseconds.
        assert math.isclose(grant.wait * SECOND, wait, abs_tol=2)


def _work(url: str, limit: str, rate: float, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WORKER, url, limit, str(rate), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  (our own)


def _grants(workers: list[subprocess.Popen[str]]) -> list[tuple[int, int]]:
    grants = []
    for worker in workers:
        output, _ = worker.communicate(timeout=60)
        assert worker.returncode == 0
        grants += [tuple(map(int, line.split())) for line in output.splitlines()]
    return sorted((at, units) for at, units in grants)


@pytest.mark.parametrize("rate", [10, 200])
def test_processes_share_one_limit(client: redis.Redis, redis_url: str, rate: int) -> None:
    """Several processes never exceed the limit in any second, and use most of it."""
    grants = _grants([_work(redis_url, "shared", rate, 4.7) for _ in range(3)])
    assert _fullest(grants) <= rate
    first = grants[0][0]
    # The arithmetic alone uses 98 % (see its own test); a busy machine asks later than that.
    used = sum(units for at, units in grants if at < first + 3 * SECOND)
    assert used >= 0.9 * 3 * rate - 1
    assert client.exists("{throttle}:shared")


def test_flushed_store_never_opens(client: redis.Redis, redis_url: str) -> None:
    """A flush in the middle closes the limit for a second; no window is overfilled."""
    rate = 100
    workers = [_work(redis_url, "flushed", rate, 3.5) for _ in range(2)]
    deadline = time.monotonic() + 30
    # The first entry is the closed window; more of them mean that work leaves.
    while client.llen("{throttle}:flushed:log") < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    client.flushdb()
    grant = RedisThrottle(client, {"flushed": rate}).take([Want(("flushed",), 1)], Lane.URGENT)
    grants = _grants(workers)
    assert not grant.granted
    assert _fullest(grants) <= rate
    gaps = [after[0] - before[0] for before, after in pairwise(grants)]
    assert max(gaps) >= SECOND


def test_unknown_limit_starts_closed(client: redis.Redis) -> None:
    """The first question about a limit gets nothing and is told to wait for a window."""
    grant = RedisThrottle(client, {"new": 1000.0}).take([Want(("new",), 1)] * 5, Lane.URGENT)
    assert not grant.granted
    assert 1 <= grant.wait <= 1.1


def test_restarted_store_starts_closed(client: redis.Redis) -> None:
    """A store that was started again may have forgotten grants: it closes for a window."""
    throttle = RedisThrottle(client, {"again": 10.0})
    now = 1.7e15
    _open(throttle, "again", now)
    ask = throttle._rule("again")
    granted, _ = throttle._ask("again", ask, [1], Lane.ROUTINE, now)
    client.hset("{throttle}:again", "run", "another")
    after, _ = throttle._ask("again", ask, [1], Lane.ROUTINE, now + SECOND / 2)
    assert (granted.count, after.count) == (1, 0)
    assert after.wait > 1


def test_lost_log_closes(client: redis.Redis) -> None:
    """When the store dropped the log alone for want of memory, the limit closes and recovers."""
    throttle = RedisThrottle(client, {"lost": 10.0})
    now = 1.7e15
    _open(throttle, "lost", now)
    ask = throttle._rule("lost")
    throttle._ask("lost", ask, [1], Lane.ROUTINE, now)
    client.delete("{throttle}:lost:log")
    closed, _ = throttle._ask("lost", ask, [1], Lane.ROUTINE, now + 500)
    opened, _ = throttle._ask("lost", ask, [1], Lane.ROUTINE, now + 2 * SECOND)
    assert (closed.count, opened.count) == (0, 1)


def test_store_that_is_down_grants_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Without a store nothing leaves, and the log says so."""
    # Port 1 of loopback: nobody listens there.
    client = redis.Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    throttle = RedisThrottle(client, {"down": 10.0})
    grant = throttle.take([Want(("down",), 1)], Lane.URGENT)
    assert not grant.granted
    assert grant.wait > 0
    assert "throttle_unavailable" in [record.__dict__["action"] for record in caplog.records]
    with pytest.raises(UnavailableError):
        throttle.set_rate("down", 5)
    with pytest.raises(UnavailableError):
        throttle.check()


def test_rate_changes_while_running(client: redis.Redis) -> None:
    """A new rate holds for all who share the limit, until it is taken back."""
    one = RedisThrottle(client, {"turn": 5.0})
    other = RedisThrottle(client, {"turn": 5.0})
    now = 1.7e15
    _open(one, "turn", now)
    one.set_rate("turn", 50)
    ask = other._rule("turn")
    costs = [1] * 60
    times = [now + step * 10_000 for step in range(101)]
    more = [other._ask("turn", ask, costs, Lane.ROUTINE, at)[0].count for at in times]
    one.set_rate("turn", None)
    fewer = [
        other._ask("turn", ask, costs, Lane.ROUTINE, at + 2.2 * SECOND)[0].count for at in times
    ]
    assert 48 <= list(accumulate(more))[-1] <= 50
    assert list(accumulate(fewer))[-1] <= 5


def test_faults_of_settings_are_named(client: redis.Redis) -> None:
    """A limit that is not set, and a rate that makes no sense, are refused with the remedy."""
    throttle = RedisThrottle(client, {"known": 1.0})
    with pytest.raises(ConfigurationError, match="BROADCASTER_LIMITS"):
        throttle.limits("other", "", ADDRESS)
    with pytest.raises(InvalidInputError, match="units a second"):
        throttle.set_rate("known", 0)
    with pytest.raises(ConfigurationError):
        throttle.set_rate("other", 1)


def test_nothing_asked_is_nothing_granted(client: redis.Redis) -> None:
    """An empty question is answered with nothing, at once."""
    throttle = RedisThrottle(client, {"none": 10.0})
    _open(throttle, "none", 1.7e15)
    grant, _ = throttle._ask("none", throttle._rule("none"), [], Lane.ROUTINE, 1.7e15)
    assert (grant.count, grant.wait) == (0, 0)
