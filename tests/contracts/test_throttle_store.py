"""The limits in a real server of the Redis protocol."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.retry import Retry

from broadcaster.dispatch.lines import Line
from broadcaster.domain.message import Address, Lane, Scheme
from broadcaster.errors import ConfigurationError, UnavailableError
from broadcaster.ports import Change, Want
from broadcaster.providers import twilio
from broadcaster.throttle import several, slowing, window
from broadcaster.throttle.scripts import Scripts
from broadcaster.throttle.several import Run
from broadcaster.throttle.store import RedisThrottle
from broadcaster.throttle.window import SECOND, Mark
from tests.networks import context, options

#: Any moment; the script is told it where a test needs one.
NOW = 1_700_000_000 * SECOND
SINCE = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of the test's own server, which it may flush."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client
        client.flushdb()


#: Which limits a message wants, in the tests that hold script and arithmetic together.
_SETS = [("a",), ("a", "b"), ("b", "c"), ("a", "b", "c"), ("c",)]
_STEPS = st.lists(
    st.tuples(
        st.integers(0, 400_000),  # microseconds since the one before
        st.lists(
            st.tuples(st.sampled_from(_SETS), st.integers(1, 12), st.integers(1, 30)), max_size=8
        ),
        st.booleans(),  # whether it is urgent
        st.sampled_from(["", "lands", "is in the air"]),  # what was granted before
        st.integers(0, 300_000),  # how long ago it arrived
        st.sampled_from([0, 0, 0, 0, 1, 700_000]),  # a complaint, and the pause that it wants
    ),
    min_size=1,
    max_size=25,
)
_RATES = st.sampled_from([0.5, 1.0, 2.5, 7.0, 10.0, 100.0, 1234.0])


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rates=st.tuples(_RATES, _RATES, _RATES), steps=_STEPS)
def test_scripts_agree_with_the_arithmetic(
    client: redis.Redis,
    rates: tuple[float, float, float],
    steps: list[tuple[int, list[tuple[tuple[str, ...], int, int]], bool, str, int, int]],
) -> None:
    """The scripts grant, wait, charge and slow down exactly as the pure arithmetic says."""
    client.flushdb()
    scripts = Scripts(client)
    now = NOW
    kept = {name: (rate, 0) for name, rate in zip("abc", rates, strict=True)}
    rules = {name: window.rule(rate) for name, (rate, _) in kept.items()}
    states = {name: window.closed(rule, now) for name, rule in rules.items()}
    assert scripts.take(kept, [], urgent=False, now=now)[2] == []
    down: list[tuple[tuple[str, ...], int, int, int]] = []
    for delay, wanted, urgent, fate, ago, complaint in steps:
        now += delay
        if complaint:
            pause = complaint if complaint > 1 else 0
            part = 1 / (1 + complaint % 9)
            states["b"] = slowing.slowed(states["b"], pause, now, part)
            assert scripts.slow("b", kept["b"], pause, now, part) == states["b"].share
        if fate and down:
            back = ago if fate == "lands" else -window.AIR
            for name, rule in rules.items():
                mine = [
                    (Mark(mark // 2, landed=mark % 2 == 1), units, count)
                    for limits, mark, units, count in down
                    if name in limits
                ]
                states[name] = window.landed(states[name], rule, mine, urgent=urgent, at=now - back)
            flat = [
                (name, mark, units, count, back)
                for limits, mark, units, count in down
                for name in limits
            ]
            assert scripts.landed(kept, flat, urgent=urgent, now=now) == now
            again = [(limits, 2 * now + 1, units, count) for limits, _, units, count in down]
            down = again if fate == "is in the air" else []
        asked = [Run(*want) for want in wanted]
        states, counts, wait = several.take(states, rules, asked, urgent=urgent, now=now)
        at, pause, given = scripts.take(kept, asked, urgent=urgent, now=now)
        assert (at, given, pause) == (now, counts, wait)
        down += [
            (run.limits, 2 * now, run.units, count)
            for run, count in zip(asked, counts, strict=True)
            if count
        ]
    _, rows = scripts.standing(kept, now)
    used = [sum(entry.units for entry in states[name].log) for name in rules]
    assert [row[2] for row in rows] == used


def _ask(
    scripts: Scripts, rate: float, now: int, count: int = 1, version: int = 0
) -> tuple[int, int]:
    """Ask the one limit of a test for messages of one unit: how many, and the wait."""
    _, wait, (granted,) = scripts.take(
        {"one": (rate, version)}, [Run(("one",), 1, count)], urgent=False, now=now
    )
    return granted, wait


def test_unknown_limit_starts_closed(client: redis.Redis) -> None:
    """The first question about a limit gets nothing and is told to wait for a window."""
    grant = RedisThrottle(client, {"new": 1000.0}).take([Want(("new",), 1)] * 5, Lane.URGENT)
    assert not grant.granted
    assert 1 <= grant.wait <= 1.1


def test_restarted_store_starts_closed(client: redis.Redis) -> None:
    """A store that was started again may have forgotten grants: every limit closes for a window."""
    scripts = Scripts(client)
    _ask(scripts, 10.0, NOW - 2 * SECOND)
    granted, _ = _ask(scripts, 10.0, NOW)
    client.hset("{throttle}", "run", "another")
    after, wait = _ask(scripts, 10.0, NOW + SECOND // 2)
    assert (granted, after) == (1, 0)
    assert wait > SECOND


@pytest.mark.parametrize("lost", ["slots", "units", "limit"])
def test_lost_memory_closes(client: redis.Redis, lost: str) -> None:
    """When the store dropped a part for want of memory, the limit closes and recovers."""
    scripts = Scripts(client)
    _ask(scripts, 10.0, NOW - 2 * SECOND)
    assert _ask(scripts, 10.0, NOW, 5)[0] > 0
    client.delete(f"{{throttle}}:{lost}:one")
    late = NOW + (window.AIR + SECOND + 100_000 if lost == "units" else 500)
    assert _ask(scripts, 10.0, late)[0] == 0
    assert _ask(scripts, 10.0, late + 2 * SECOND)[0] == 1


def test_a_server_without_memory_grants_nothing_and_changes_nothing(client: redis.Redis) -> None:
    """Out of memory the answer is no, and what is remembered stays true."""
    throttle = RedisThrottle(client, {"one": 10.0})
    scripts = Scripts(client)
    _ask(scripts, 10.0, NOW - 2 * SECOND)
    _ask(scripts, 10.0, NOW, 5)
    before = {key: client.dump(key) for key in client.scan_iter()}
    most = client.config_get("maxmemory")["maxmemory"] or "0"
    client.config_set("maxmemory", "1mb")
    try:
        grant = throttle.take([Want(("one",), 1)], Lane.URGENT)
    finally:
        client.config_set("maxmemory", most)
    assert not grant.granted
    assert grant.wait > 0
    assert {key: client.dump(key) for key in client.scan_iter()} == before


def test_forgotten_scripts_are_brought_again(client: redis.Redis) -> None:
    """A server that lost its scripts gets them again with the same question."""
    scripts = Scripts(client)
    _ask(scripts, 10.0, NOW - 2 * SECOND)
    client.script_flush()
    assert _ask(scripts, 10.0, NOW)[0] == 1


def test_store_that_is_down_never_opens_and_is_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No server: nothing is granted, it is logged once, and nobody asks again for a while."""
    # Port 1 of loopback: nobody listens there.
    client = redis.Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    moment = [100.0]
    throttle = RedisThrottle(client, {"down": 10.0}, monotonic=lambda: moment[0])
    want = Want(("down",), 1)
    for _ in range(3):
        throttle.slow("down")
        grant = throttle.take([want, Want((), 1)], Lane.URGENT)
        assert grant.granted == (1,)
        assert grant.wait > 0
        assert throttle.landed([(1, want)], Lane.URGENT) == 0
    assert [record.__dict__["action"] for record in caplog.records] == ["throttle_unavailable"]
    for count in (2, 3):
        moment[0] += 1
        throttle.slow("down")
        throttle.take([want], Lane.URGENT)
        assert len(caplog.records) == count
    for call in (throttle.check, throttle.apply, throttle.standing):
        with pytest.raises(UnavailableError):
            call()


class SlowScripts(Scripts):
    """Answers yes, after `seconds` of a clock that stands still otherwise."""

    def __init__(self, client: redis.Redis, moment: list[float], seconds: float) -> None:
        super().__init__(client)
        self.moment, self.seconds = moment, seconds

    def take(
        self,
        rates: dict[str, tuple[float, int]],
        runs: Sequence[Run],
        *,
        urgent: bool,
        now: int | None = None,
    ) -> tuple[int, int, list[int]]:
        del rates, urgent, now
        self.moment[0] += self.seconds
        return NOW, 0, [run.count for run in runs]


@pytest.mark.parametrize(("seconds", "granted"), [(0.3, (0,)), (5.0, ())])
def test_an_answer_that_took_too_long_is_no_grant(
    client: redis.Redis, seconds: float, granted: tuple[int, ...]
) -> None:
    """A process that was stopped while it asked does not send by an old grant."""
    moment = [0.0]
    throttle = RedisThrottle(client, {"one": 10.0}, monotonic=lambda: moment[0])
    throttle._scripts = SlowScripts(client, moment, seconds)
    assert throttle.take([Want(("one",), 1)], Lane.ROUTINE).granted == granted


class Ledger:
    """Keeps what was changed, or can't be read."""

    def __init__(self) -> None:
        self.rows: dict[str, Change] = {}
        self.steps = 0
        self.down = False

    def set(self, name: str, rate: float | None) -> None:
        self.steps += 1
        at = SINCE + timedelta(seconds=self.steps)
        self.rows[name] = Change(rate=rate, changed_by="A", changed_at=at)

    def __call__(self) -> dict[str, Change]:
        if self.down:
            raise UnavailableError("down")
        return dict(self.rows)


def _rate(throttle: RedisThrottle, name: str) -> float:
    return next(one.rate for one in throttle.standing() if one.name == name)


def test_a_change_holds_for_all_at_once_and_after_a_flush(client: redis.Redis) -> None:
    """Put into effect by one, a rate holds for those who have not looked yet, until taken back."""
    ledger = Ledger()
    moment = [0.0]
    one, other = (RedisThrottle(client, {"turn": 5.0}, ledger, lambda: moment[0]) for _ in range(2))
    want = Want(("turn",), 1)
    other.take([want], Lane.ROUTINE)
    ledger.set("turn", 50)
    one.apply()
    other.take([want], Lane.ROUTINE)
    assert client.hget("{throttle}:limit:turn", "rate") == b"50"
    client.flushdb()
    moment[0] += 1
    other.take([want], Lane.ROUTINE)
    assert client.hget("{throttle}:limit:turn", "rate") == b"50"
    ledger.set("turn", None)
    one.apply()
    assert _rate(one, "turn") == 5


def test_nothing_leaves_while_changes_are_unknown(client: redis.Redis) -> None:
    """Until limits could be read, and when they could not be for two seconds, all are closed."""
    ledger = Ledger()
    ledger.down = True
    moment = [0.0]
    throttle = RedisThrottle(client, {"one": 1000.0}, ledger, lambda: moment[0])
    want = Want(("one",), 1)
    Scripts(client).take({"one": (1000.0, 0)}, [], urgent=False, now=NOW)
    client.hset("{throttle}:limit:one", "last", 0)
    assert not throttle.take([want], Lane.ROUTINE).granted
    assert not client.exists("{throttle}:limit:other")
    ledger.down = False
    moment[0] = 1.0
    throttle.take([want], Lane.ROUTINE)
    asked = client.hget("{throttle}", "last")
    ledger.down = True
    moment[0] = 2.5
    throttle.take([want], Lane.ROUTINE)
    assert client.hget("{throttle}", "last") != asked
    asked = client.hget("{throttle}", "last")
    moment[0] = 3.5
    assert not throttle.take([want], Lane.ROUTINE).granted
    assert client.hget("{throttle}", "last") == asked


def test_a_newer_rate_that_nobody_knows_of_any_more_is_given_up(client: redis.Redis) -> None:
    """After the ledger was set back to an earlier moment, its rates hold again soon."""
    scripts = Scripts(client)
    _ask(scripts, 100.0, NOW, version=2)
    _ask(scripts, 5.0, NOW + SECOND, version=1)
    kept = client.hget("{throttle}:limit:one", "rate")
    _ask(scripts, 5.0, NOW + 7 * SECOND, version=1)
    assert (kept, client.hget("{throttle}:limit:one", "rate")) == (b"100", b"5")


def test_a_limit_may_be_added_and_taken_away_while_running(client: redis.Redis) -> None:
    """A limit that no setting names holds from its change on, and nobody once it is gone."""
    ledger = Ledger()
    moment = [0.0]
    throttle = RedisThrottle(client, {"smtp": float("inf")}, ledger, lambda: moment[0])
    address = Address(scheme=Scheme.MAILTO, value="a@Slow.example", keys={})
    assert throttle.limits("smtp", "", address) == ()
    before = throttle.edition
    ledger.set("smtp/slow.example", 2)
    moment[0] = 1.0
    assert throttle.edition != before
    limits = throttle.limits("smtp", "", address)
    assert limits == ("smtp/slow.example",)
    assert not throttle.take([Want(limits, 1)], Lane.ROUTINE).granted
    ledger.set("smtp/slow.example", None)
    moment[0] = 2.0
    assert throttle.take([Want(limits, 1)], Lane.ROUTINE).granted == (0,)
    assert throttle.standing() == []


def test_another_rate_is_no_other_edition(client: redis.Redis) -> None:
    """Who wants a limit goes on wanting it; what it allows is looked up at each question."""
    ledger = Ledger()
    moment = [0.0]
    throttle = RedisThrottle(client, {"net": 5}, ledger, lambda: moment[0])
    before = throttle.edition
    ledger.set("net", 7)
    moment[0] = 1.0
    assert throttle.edition == before
    assert throttle.rates() == {"net": 7}


def test_a_sender_is_limited_over_all_that_send_for_it(client: redis.Redis) -> None:
    """By the name that the providers themselves give."""
    throttle = RedisThrottle(client, {"twilio": 9, "sender:LYDEC": 3})
    values = {"ACCOUNT_SID": "AC" + "1" * 32, "AUTH_TOKEN": "1", "SENDER": "LYDEC"}
    line = Line(provider=twilio.build(options("twilio", **values), context()))
    number = Address(scheme=Scheme.TEL, value="+212661000001", keys={})
    assert throttle.limits(line.name, line.sender, number) == ("twilio", "sender:LYDEC")


def test_a_complaint_halves_and_pauses_and_shows(client: redis.Redis) -> None:
    """What a network complained about is slowed for all, and the standing says so."""
    throttle = RedisThrottle(client, {"net": 80.0, "free": float("inf")})
    throttle.take([Want(("net",), 1)] * 3, Lane.URGENT)
    throttle.slow("net", 120.0)
    throttle.slow("net")
    throttle.slow("free")
    (standing,) = throttle.standing()
    assert (standing.name, standing.rate, standing.allowed) == ("net", 80, 40)
    assert (standing.urgent, standing.routine, standing.used) == (3, 0, 80)
    assert 59 < standing.paused <= 60


def test_faults_of_settings_are_named(client: redis.Redis) -> None:
    """A provider that has no limit, and a limit that nobody set, are refused with the remedy."""
    throttle = RedisThrottle(client, {"known": 1.0})
    address = Address(scheme=Scheme.TEL, value="+15005550006", keys={})
    with pytest.raises(ConfigurationError, match="BROADCASTER_LIMITS"):
        throttle.limits("other", "", address)
    with pytest.raises(ConfigurationError, match="BROADCASTER_LIMITS"):
        throttle.take([Want(("other",), 1)], Lane.ROUTINE)


def test_what_nothing_limits_costs_no_question(client: redis.Redis) -> None:
    """An empty question, and one about unlimited messages alone, are answered without the store."""
    throttle = RedisThrottle(client, {"free": float("inf")})
    assert throttle.take([], Lane.ROUTINE).granted == ()
    grant = throttle.take([Want((), 1), Want(("free",), 3)], Lane.ROUTINE)
    assert (grant.granted, grant.wait) == ((0, 1), 0)
    assert throttle.landed([(0, Want(("free",), 3))], Lane.ROUTINE) == 0
    assert not client.keys()
