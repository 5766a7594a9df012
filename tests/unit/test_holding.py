"""A lease that ends with the day: nothing leaves from the first quiet moment on."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from broadcaster.dispatch.holding import Holding
from broadcaster.dispatch.pace import Ending
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.ports import Lease
from tests.builders import NOON, message
from tests.dispatch_scene import Scene
from tests.fakes import FakeClock, FakeLedger, FakeThrottle

TTL = timedelta(seconds=30)
REST = NOON + timedelta(seconds=1)


class Evening(FakeLedger):
    """A ledger whose batch rests soon, and which does not know it when it is asked."""

    def lease(self, batch: int, now: datetime, ttl: timedelta) -> Lease | None:
        lease = super().lease(batch, now, ttl)
        return lease and replace(lease, rests=REST)


def test_what_is_claimed_leaves_before_quiet_hours_and_not_in_them() -> None:
    """Whatever the lease says, which is renewed meanwhile."""
    ledger, clock = Evening(3), FakeClock()
    lease = ledger.lease(1, clock.now(), TTL)
    assert lease is not None
    holding = Holding(ledger, clock, lease, TTL)
    clock.moment = REST - timedelta(microseconds=1)
    assert asyncio.run(holding.claim({1: 1}, "fake"))
    assert holding.lets(message(1), clock.now())
    assert asyncio.run(holding.look())
    clock.moment = REST
    assert not holding.lets(message(1), clock.now())
    assert not asyncio.run(holding.look())


@pytest.mark.parametrize(("closed", "sent"), [(0, 25), (8, 0)])
def test_a_worker_stops_when_quiet_hours_begin(closed: int, sent: int) -> None:
    """What waits for the throttle until then stays in the ledger."""
    scene = Scene(25, throttle=FakeThrottle(closed=closed))
    scene.ledger = Evening(25)
    scene.dispatcher = replace(scene.dispatcher, ledger=scene.ledger)
    assert scene.run() is (Ending.EMPTY if sent else Ending.STOPPED)
    assert len(scene.provider.seen) == sent
    assert scene.counts()[DeliveryStatus.PLANNED] == 25 - sent
    assert scene.ledger.released == 1
