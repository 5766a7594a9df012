"""What the tick puts into which queue, with a real broker and a real ledger."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from kombu.exceptions import OperationalError

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.message import Channel, Lane, Scheme
from broadcaster.tasks import jobs
from broadcaster.tasks.process import application, process, texts
from tests.builders import NOON, address, customer
from tests.fakes import FakeClock
from tests.rows import Pool, Rows


@pytest.fixture
def queues(
    home: Path, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[redis.Redis]:
    """Give the broker of a worker's process that this test plays."""
    monkeypatch.setenv("BROADCASTER_HOME", str(home))
    monkeypatch.setenv("BROADCASTER_DATABASE_URL", database_url)
    monkeypatch.setenv("BROADCASTER_REDIS_URL", redis_url)
    application.cache_clear()
    process.cache_clear()
    application()
    process().runtime.clock = FakeClock(NOON)
    with redis.Redis.from_url(redis_url) as broker:
        yield broker
    process().close()
    application().close()
    application.cache_clear()
    process.cache_clear()


def test_a_due_step_is_done_by_those_who_serve_its_lane(pool: Pool, queues: redis.Redis) -> None:
    """Urgent ones never by those who serve the tick; done once, and not before it is due."""
    rows = Rows(pool)
    people = [address(Scheme.FCM, 1), address(Scheme.TEL, 1)]
    rows.save([customer(1, addresses=people)])
    routine, urgent = (_escalating(rows, lane) for lane in (Lane.ROUTINE, Lane.URGENT))
    jobs.tick()
    assert "broadcaster.escalate" not in {name for name, _ in _taken(queues, "control", "urgent")}
    rows.tell("UPDATE escalation SET due_at = %s WHERE step = 2", NOON)
    jobs.tick()
    assert ("broadcaster.escalate", routine) in _taken(queues, "control")
    assert ("broadcaster.escalate", urgent) in _taken(queues, "urgent")
    for _ in range(2):
        jobs.escalate(routine)
    assert rows.ask(
        "SELECT channel, status FROM delivery WHERE campaign_id = %s ORDER BY number", routine
    ) == [("push", "cancelled"), ("sms", "planned")]


def test_campaigns_are_planned_by_those_who_serve_their_lane(
    pool: Pool, queues: redis.Redis
) -> None:
    """So that a long plan of either never keeps both children from the tick."""
    rows = Rows(pool)
    for lane in Lane:
        rows.launched(name=lane.value, lane=lane)
    jobs.tick()
    urgent, routine = ([one.id for one in rows.campaigns.list() if one.lane is lane] for lane in
                       (Lane.URGENT, Lane.ROUTINE))  # fmt: skip
    assert _taken(queues, "control") == [("broadcaster.plan", routine[0]), _PUBLISH]
    assert _taken(queues, "urgent") == [("broadcaster.plan", urgent[0])]


#: What everybody may read is made beside what is sent.
_PUBLISH = ("broadcaster.publish", 0)


def test_what_a_broker_lost_is_offered_again_at_once(pool: Pool, queues: redis.Redis) -> None:
    """Where its queue is empty after two seconds; what waits there is not doubled by that."""
    rows = Rows(pool)
    batches = rows.batches(rows.running(4, batch_size=2))
    jobs.tick()
    clock = process().runtime.clock
    assert isinstance(clock, FakeClock)
    clock.moment += timedelta(seconds=3)
    jobs.tick()
    offered = [("broadcaster.dispatch", batch) for batch in batches]
    assert _taken(queues, "routine") == offered
    clock.moment += timedelta(seconds=1)
    jobs.tick()
    assert _taken(queues, "routine") == offered
    clock.moment += timedelta(seconds=1)
    jobs.tick()
    assert _taken(queues, "routine") == []


class NobodyTakes:
    """A task whose broker is away."""

    def apply_async(self, *_: object, **__: object) -> None:
        """Fail as Celery does."""
        raise OperationalError


def test_what_a_broker_refuses_is_offered_again_at_the_next_tick(
    pool: Pool, queues: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the batches behind a plan that it refused: the tick has marked them already."""
    rows = Rows(pool)
    batches = rows.batches(rows.running(4, batch_size=2))
    rows.launched(name="next")
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "plan", NobodyTakes())
        with pytest.raises(OperationalError):
            jobs.tick()
    assert _taken(queues, "routine") == []
    jobs.tick()
    assert _taken(queues, "routine") == [("broadcaster.dispatch", batch) for batch in batches]


def _escalating(rows: Rows, lane: Lane) -> int:
    campaign = rows.launched(
        name=lane.value,
        lane=lane,
        channels=(Channel.PUSH, Channel.SMS),
        channel_plan=ChannelPlan.ESCALATE,
        escalate_after=(10,),
    )
    rows.planner().plan(campaign, NOON)
    return campaign


def _taken(broker: redis.Redis, *names: str) -> list[tuple[str, int]]:
    """Take everything out of queues: the names of tasks, and their first words."""
    found = []
    for name in names:
        while message := broker.rpop(name):
            assert isinstance(message, bytes)
            read = json.loads(message)
            found.append((read["headers"]["task"], read["headers"]["argsrepr"]))
    return [(task, int(words.strip("(),") or 0)) for task, words in found]


@pytest.mark.parametrize(("serves", "settles"), [("control", True), ("urgent,routine", False)])
def test_a_process_is_ready_before_its_first_task(
    queues: redis.Redis,
    serves: str,
    settles: bool,  # noqa: FBT001  (a case)
) -> None:
    """With the texts read before the fork; with all networks where it settles doubt, else none."""
    del queues
    application().amqp.queues.select(serves.split(","))
    process().load()
    made = vars(process().runtime)
    assert made["renderer"] is texts()
    assert "dispatcher" in made
    assert ("doubt" in made) is settles


def test_messages_carry_where_they_come_from_and_nothing_else(
    pool: Pool, queues: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids of the trace, and only where a collector is set up."""
    rows = Rows(pool)
    rows.running()
    jobs.tick()
    message = queues.rpop("routine")
    assert isinstance(message, bytes)
    assert "traceparent" not in json.loads(message)["headers"]
    # Nobody listens at that port.
    monkeypatch.setenv("BROADCASTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    process().__dict__.pop("tracing", None)
    rows.tell("UPDATE batch SET published_at = NULL")
    jobs.tick()
    message = queues.rpop("routine")
    assert isinstance(message, bytes)
    assert re.fullmatch(
        r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]", json.loads(message)["headers"]["traceparent"]
    )
