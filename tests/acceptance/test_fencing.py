"""A process that sleeps longer than its lease must not send what others took over meanwhile."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcaster.dispatch.pace import Ending
from tests.chaos.small import Small, small
from tests.sandboxes import until

_COUNT = 40


@pytest.fixture
def scene(home: Path, database_url: str, redis_url: str) -> Iterator[Small]:
    """A carrier, and what sends to it."""
    with small(home, database_url, redis_url) as made:
        yield made


def _dispatch(scene: Small, batch: int) -> Ending:
    return asyncio.run(_work(scene, batch))


async def _work(scene: Small, batch: int) -> Ending:
    runtime = scene.runtime
    try:
        return await runtime.dispatcher.dispatch(batch)
    finally:
        # Connections belong to the loop, which ends here.
        await runtime.aclose()


def _overtaken(scene: Small, batch: int, point: str) -> set[str]:
    """Let a worker stop itself at a point, finish its batch in its place, and wake it.

    Gives whom the carrier had heard of when the sleeper woke.
    """
    sleeper = scene.start(str(batch), point)
    try:
        _, status = os.waitpid(sleeper.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "it ended and never stopped"
        until(lambda: _dispatch(scene, batch) is Ending.EMPTY, 20)
        before = {one.address for one in scene.taken()}
        os.kill(sleeper.pid, signal.SIGCONT)
        assert sleeper.wait(30) == 0
    finally:
        sleeper.kill()
    return before


def test_who_sleeps_before_its_claim_claims_nothing_any_more(scene: Small) -> None:
    """A worker that was granted messages and slept through its lease leaves all to the other."""
    (batch,) = scene.plan(_COUNT)
    before = _overtaken(scene, batch, "granted")
    assert len(before) == _COUNT
    assert len(scene.taken()) == _COUNT
    assert scene.statuses() == {"accepted": _COUNT}


def test_who_sleeps_after_its_claim_sends_nothing_any_more(scene: Small) -> None:
    """What a sleeper had claimed and not sent stays unsent, and then goes to everybody once."""
    (batch,) = scene.plan(_COUNT)
    before = _overtaken(scene, batch, "claimed")
    assert len(before) < _COUNT, "the sleeper had claimed nothing"
    assert {one.address for one in scene.taken()} == before
    # It said that nothing of it had left, so nobody need be in doubt about it.
    until(lambda: _dispatch(scene, batch) is Ending.NOT_RUNNABLE, 20)
    assert scene.told_twice() == []
    assert scene.statuses() == {"accepted": _COUNT}
