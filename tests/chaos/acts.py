"""Doing an event to a run, and saying what came of it."""

import random
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import redis
from kombu.exceptions import OperationalError

from broadcaster.embedded import process
from broadcaster.errors import ConflictError, UnavailableError
from broadcaster.tasks import app
from tests.chaos.cast import AbsentError, send, send_group
from tests.chaos.plan import Event, Kind
from tests.chaos.referee import Pause
from tests.chaos.scene import finish

if TYPE_CHECKING:
    from tests.chaos.run import Run

Fact = dict[str, object]
#: How long a soft stop may take (issue of the engine), and how long it is watched, seconds.
SOFT, _WATCHED = 10.0, 30.0
#: What is published again, and how it is called: with a campaign, with a batch, with nothing.
_TASKS = ("dispatch", "dispatch", "dispatch", "plan", "tick", "settle", "apply_receipts")


def do(run: "Run", event: Event) -> Fact:
    """Do it, wait until it is over, and say what followed; `missed` when nobody was there."""
    try:
        return _ACTS[event.kind](run, event)
    except AbsentError as error:
        return {"missed": str(error)}
    except (UnavailableError, redis.RedisError, OperationalError) as error:
        return {"missed": type(error).__name__}


def _kill(run: "Run", event: Event) -> Fact:
    if event.target in ("supervisor", "networks"):
        return {"pid": run.cast.kill(event.target, event.seconds)}
    if event.target == "postgres":
        # An immediate shutdown: what it is told when the machine must go down now.
        return _signal(run, event.target, event, signal.SIGQUIT)
    name = event.target.removesuffix(" at once")
    return _signal(run, name, event, signal.SIGKILL)


def _signal(run: "Run", name: str, event: Event, number: signal.Signals) -> Fact:
    pid = run.cast.find(name, event.luck)
    return {"pid": pid, "hit": send(pid, number)}


def _stop(run: "Run", event: Event) -> Fact:
    pid = run.cast.find(event.target, event.luck)
    alone = event.target.startswith("child of ")
    tell = send if alone else send_group
    hit = tell(pid, signal.SIGSTOP)
    time.sleep(event.seconds)
    return {"pid": pid, "hit": hit, "woke": tell(pid, signal.SIGCONT)}


def _term(run: "Run", event: Event) -> Fact:
    pid = run.cast.find(event.target, event.luck)
    before = time.monotonic()
    hit = send(pid, signal.SIGTERM)
    gone = process.wait_until(lambda: not process.members(pid), _WATCHED)
    took = round(time.monotonic() - before, 2)
    return {"pid": pid, "hit": hit, "gone": gone, "took": took, "soft": took < SOFT}


def _cut(run: "Run", event: Event) -> Fact:
    link = run.scene.links[event.target]
    with link.turn:
        count = run.scene.links.do(link.cut(refusing=event.seconds > 0))
        time.sleep(event.seconds)
        run.scene.links.do(link.cut(refusing=False)) if event.seconds else None
    return {"connections": count}


def _stall(run: "Run", event: Event) -> Fact:
    link = run.scene.links[event.target]
    with link.turn:
        run.scene.links.do(link.stall(stalled=True))
        time.sleep(event.seconds)
        run.scene.links.do(link.stall(stalled=False))
    return {}


def _slow(run: "Run", event: Event) -> Fact:
    link = run.scene.links[event.target]
    with link.turn:
        run.scene.links.do(link.slow(event.amount / 1000))
        time.sleep(event.seconds)
        run.scene.links.do(link.slow(0))
    return {}


def _half(run: "Run", event: Event) -> Fact:
    link = run.scene.links[event.target]
    with link.turn:
        run.scene.links.do(link.halve(event.amount))
        time.sleep(1)
        left = run.scene.links.do(link.left_to_halve())
    return {"broken": event.amount - left}


def _flush(run: "Run", event: Event) -> Fact:
    del event
    with redis.Redis.from_url(run.scene.urls.redis, socket_timeout=2) as client:
        keys = client.dbsize()
        client.flushall()
    return {"keys": keys}


def _messages(run: "Run", event: Event) -> Fact:
    dice = random.Random(event.luck)  # noqa: S311  (repeatable, no secret)
    batches, campaigns = run.numbers()
    celery = app.make(run.scene.urls.broker, 1)
    sent = 0
    try:
        for _ in range(event.amount):
            name = dice.choice(_TASKS)
            queue = dice.choice((app.CONTROL, app.ROUTINE, app.URGENT))
            known = {"dispatch": batches, "plan": campaigns}.get(name)
            stranger = dice.randrange(1, 1_000_000)
            ids = [] if known is None else [dice.choice([*known, *known, stranger])]
            if name != "dispatch":
                queue = app.CONTROL
            celery.send_task(f"broadcaster.{name}", ids, queue=queue, retry=False, expires=60)
            sent += 1
    finally:
        celery.close()
    return {"sent": sent}


def _beats(run: "Run", event: Event) -> Fact:
    child = run.scene.start("beats", ["broadcaster", "beat"])
    try:
        time.sleep(event.seconds)
        return {"pid": child.pid, "alive": child.poll() is None}
    finally:
        finish(child)


def _pause(run: "Run", event: Event) -> Fact:
    campaigns, who = run.scene.runtime.campaigns, "operator"
    number = run.campaign
    try:
        campaigns.pause(number, who, run.scene.runtime.clock.now())
    except ConflictError as error:
        return {"missed": str(error)}
    start = time.time()
    time.sleep(event.seconds)
    end = time.time()
    run.pauses.append(Pause(campaign=number, start=start, end=end))
    while not run.over.is_set():
        with suppress(UnavailableError):
            campaigns.resume(number, who, run.scene.runtime.clock.now())
            break
        time.sleep(0.2)
    return {}


def _overtake(run: "Run", event: Event) -> Fact:
    del event
    return {"campaign": run.overtake()}


_ACTS: Mapping[Kind, Callable[["Run", Event], Fact]] = {
    Kind.KILL: _kill,
    Kind.STOP: _stop,
    Kind.TERM: _term,
    Kind.CUT: _cut,
    Kind.STALL: _stall,
    Kind.SLOW: _slow,
    Kind.HALF: _half,
    Kind.FLUSH: _flush,
    Kind.MESSAGES: _messages,
    Kind.BEATS: _beats,
    Kind.PAUSE: _pause,
    Kind.OVERTAKE: _overtake,
}
