"""Each thing that the fault suite does, by itself and at an exact place of the work."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from broadcaster.bootstrap import Runtime
from broadcaster.dispatch.pace import Ending
from broadcaster.embedded.postgres import EmbeddedPostgres
from broadcaster.errors import UnavailableError
from broadcaster.ledger import schema
from tests.chaos.small import Small, small
from tests.sandboxes import until

_COUNT = 200


@pytest.fixture
def scene(home: Path, database_url: str, redis_url: str) -> Iterator[Small]:
    """A carrier, and what sends to it."""
    with small(home, database_url, redis_url) as made:
        yield made


def _tick(scene: Small) -> None:
    """Do what one tick would have done, here and now."""
    runtime = scene.runtime
    due = runtime.sweeper.sweep()
    for campaign, _ in due.campaigns:
        runtime.planner.plan(campaign, runtime.clock.now())
    _dispatch(runtime, [batch for batch, _ in due.batches])


def _dispatch(runtime: Runtime, batches: list[int]) -> list[Ending]:
    async def work() -> list[Ending]:
        try:
            return [await runtime.dispatcher.dispatch(batch) for batch in batches]
        finally:
            # Connections belong to the loop, which ends here.
            await runtime.aclose()

    return asyncio.run(work())


def _again(scene: Small) -> Runtime:
    """Make another runtime of the same settings, as another worker process has one."""
    first = scene.runtime
    return Runtime(first.settings, first.database_url, first.redis_url)


def test_messages_that_come_again_do_nothing(scene: Small) -> None:
    """Batches dispatched five times, by four workers at once, with old and unknown ids: once each.

    Plans that come again change nothing either.
    """
    batches = scene.plan(_COUNT)
    orders = [[*batches, 999_999], batches[::-1] * 2, batches, [*batches, *batches]]
    with ExitStack() as stack, ThreadPoolExecutor(len(orders)) as workers:
        runtimes = [_again(scene) for _ in orders]
        for runtime in runtimes:
            stack.callback(runtime.close)
        endings = [one for some in workers.map(_dispatch, runtimes, orders) for one in some]
    scene.runtime.planner.plan(scene.campaign, scene.runtime.clock.now())
    assert endings.count(Ending.NOT_RUNNABLE) > len(batches)
    assert scene.batches() == batches
    until(lambda: _done_after_tick(scene), 30)
    assert scene.told_twice() == []
    assert scene.statuses() == {"accepted": _COUNT}


def _done_after_tick(scene: Small) -> bool:
    _tick(scene)
    return scene.statuses() == {"accepted": _COUNT}


def test_a_flushed_store_opens_no_limit(home: Path, database_url: str, redis_url: str) -> None:
    """Limits that are forgotten over and over while a campaign leaves are still kept."""
    limit = 60
    with small(home, database_url, redis_url, limit=limit) as scene:
        scene.plan(_COUNT)
        over = threading.Event()

        def flush() -> None:
            with redis.Redis.from_url(redis_url) as client:
                while not over.wait(1.7):
                    client.flushdb()

        flusher = threading.Thread(target=flush)
        flusher.start()
        try:
            until(lambda: _done_after_tick(scene), 60)
        finally:
            over.set()
            flusher.join()
        assert scene.told_twice() == []
        assert scene.fullest_second() <= limit


def test_a_database_that_dies_loses_and_doubles_nothing(home: Path, redis_url: str) -> None:
    """PostgreSQL is killed in the middle of a batch and comes back: who is in doubt is listed."""
    server = EmbeddedPostgres(home)
    with server.used() as url:
        schema.upgrade(url)
        with small(home, url, redis_url, limit=100) as scene:
            scene.plan(_COUNT)
            killer = threading.Thread(target=_kill_after, args=[scene, server, _COUNT // 4])
            killer.start()
            try:
                until(lambda: _done_or_doubtful(scene), 90)
            finally:
                killer.join()
            statuses = scene.statuses()
            taken = {one.address for one in scene.taken()}
            assert scene.told_twice() == []
            assert statuses["accepted"] <= len(taken) <= _COUNT
            assert statuses["accepted"] + statuses["unknown"] == _COUNT


def _kill_after(scene: Small, server: EmbeddedPostgres, count: int) -> None:
    """Kill the server once so many were taken, and start it again."""
    until(lambda: len(scene.taken()) >= count, 60)
    pid = server.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(server.revive, 30)


def _done_or_doubtful(scene: Small) -> bool:
    try:
        _tick(scene)
        return not scene.statuses().keys() & {"planned", "submitting", "deferred"}
    except UnavailableError:
        return False
