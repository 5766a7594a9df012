"""The work on one batch."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from broadcaster.dispatch.pace import Ending
from broadcaster.dispatch.retry import RetryRule
from broadcaster.domain.delivery import DeliveryEvent, DeliveryStatus, Reason
from broadcaster.domain.message import Address, Lane
from broadcaster.errors import UnavailableError
from broadcaster.ports import Grant, Message, Recorded, Submission, Want
from tests.builders import NOON
from tests.dispatch_scene import Scene
from tests.fakes import FakeClock, FakeLedger, FakeProvider, FakeThrottle

STATUS = DeliveryStatus


def test_a_batch_is_sent_whole_and_recorded() -> None:
    """Every delivery leaves once and is recorded as accepted, with its units."""
    scene = Scene()
    assert scene.run() is Ending.EMPTY
    assert scene.counts() == {STATUS.ACCEPTED: 25}
    assert sorted(scene.provider.seen) == sorted({*scene.provider.seen})
    assert {row.units for row in scene.ledger.records} == {2}
    assert scene.ledger.released == 1


def test_the_throttle_is_asked_in_units_and_obeyed() -> None:
    """The costs are SMS segments, and no more leaves than was granted."""
    scene = Scene(throttle=FakeThrottle(most=1))
    assert scene.run() is Ending.EMPTY
    assert all(want.units == 2 for wants in scene.throttle.asked for want in wants)
    assert len(scene.throttle.asked) >= 25


def test_a_limit_that_is_set_meanwhile_holds_for_what_was_drafted_before() -> None:
    """What waits asks by the limits of now, not by those of when it was drafted."""

    class Changed(FakeThrottle):
        def limits(self, provider: str, sender: str, address: Address) -> tuple[str, ...]:
            common = super().limits(provider, sender, address)
            return (*common, "fake/+212") if self.edition else common

        def take(self, wants: Sequence[Want], lane: Lane) -> Grant:
            grant = super().take(wants, lane)
            self.edition = 1
            return grant

    scene = Scene(throttle=Changed(most=1))
    assert scene.run() is Ending.EMPTY
    first, *others = [{want.limits for want in wants} for wants in scene.throttle.asked]
    assert first == {("fake",)}
    assert others == [{("fake", "fake/+212")}] * 24
    assert scene.counts() == {STATUS.ACCEPTED: 25}


def test_every_message_that_came_down_is_charged_to_the_limit_again() -> None:
    """It may have arrived as late as now, so it counts from now on, in its units."""
    scene = Scene(throttle=FakeThrottle(most=3))
    scene.run()
    assert sum(want.units for _, want in scene.throttle.down) == 25 * 2


def test_a_message_that_stays_in_the_air_keeps_its_units() -> None:
    """A charge runs out after a second; until the answer comes it is renewed."""
    scene = Scene(count=1)

    async def slow(messages: Sequence[Message]) -> list[Submission]:
        await asyncio.sleep(0.3)
        scene.clock.moment += timedelta(seconds=1.1)
        await asyncio.sleep(0.3)
        return [_ok(message) for message in messages]

    scene.provider.submit = slow  # type: ignore[method-assign]  # the slowness is the test
    scene.run()
    assert len(scene.throttle.down) >= 2
    assert len({mark for mark, _ in scene.throttle.down}) >= 2
    assert scene.counts() == {STATUS.ACCEPTED: 1}


def test_a_closed_throttle_means_waiting_and_nothing_in_doubt() -> None:
    """Nothing is claimed before it is granted, so the time over leaves all as planned."""
    scene = Scene(throttle=FakeThrottle(closed=10_000))
    assert scene.run() is Ending.TIME_OVER
    assert scene.counts() == {STATUS.PLANNED: 25}
    assert scene.provider.seen == []


def test_a_held_batch_is_left_alone() -> None:
    """A doubled task does nothing."""
    scene = Scene()
    scene.ledger.leased = True
    assert scene.run() is Ending.NOT_RUNNABLE
    assert scene.provider.seen == []


def test_a_pause_stops_before_the_next_claim() -> None:
    """Once the campaign no longer runs, nothing more leaves."""
    scene = Scene(throttle=FakeThrottle(most=5))
    claims: list[int] = []

    def pause_at_the_third() -> None:
        claims.append(1)
        scene.ledger.running = len(claims) < 3

    scene.ledger.on_claim = pause_at_the_third
    assert scene.run() is Ending.STOPPED
    assert scene.counts() == {STATUS.ACCEPTED: 10, STATUS.PLANNED: 15}


def test_changed_content_is_not_sent_but_held() -> None:
    """What was approved is what is sent."""
    scene = Scene(state="changed")
    assert scene.run() is Ending.HELD
    assert scene.provider.seen == []
    assert "not what was approved" in scene.held[0]


def test_a_drill_never_reaches_a_real_network() -> None:
    """A campaign marked as an exercise is held when its provider is not a simulated one."""
    scene = Scene(state="real")
    assert scene.run() is Ending.HELD
    assert scene.provider.seen == []
    assert scene.held == ["it is a drill, and fake is a real network"]


def test_a_network_that_answers_nothing_is_left_alone_and_then_holds_the_campaign() -> None:
    """Some dozens in doubt say enough; the rest stays planned, whatever probes find."""
    scene = Scene(count=200, provider=FakeProvider(lambda _: None))
    endings = [scene.run()]
    while scene.ledger.after is not None and len(endings) < 500:
        scene.clock.moment = scene.ledger.after
        endings.append(scene.run())
    assert endings[0] is Ending.UNREACHABLE
    assert endings[-1] is Ending.HELD
    assert scene.counts()[STATUS.UNKNOWN] < 50
    assert scene.counts()[STATUS.PLANNED] > 150
    assert "in a row messages came to nothing" in scene.held[0]


def test_no_answer_leaves_a_message_in_doubt() -> None:
    """A provider that forgets a message, or breaks, makes it unknown, never planned again."""
    scene = Scene(
        provider=FakeProvider(
            lambda message: None if message.delivery.number == 7 else _ok(message)
        )
    )
    scene.run()
    assert scene.ledger.status[7] is STATUS.UNKNOWN
    assert scene.counts()[STATUS.ACCEPTED] == 24


def test_a_provider_that_raises_leaves_its_slice_in_doubt() -> None:
    """Whatever breaks after the claim can't be told from a sent message."""

    def broken(message: Message) -> Submission:
        raise ConnectionResetError(str(message.delivery))

    scene = Scene(count=3, provider=FakeProvider(broken))
    scene.run()
    assert scene.counts() == {STATUS.UNKNOWN: 3}


def test_refused_for_now_is_tried_again_later_and_given_up_at_last() -> None:
    """Deferred with a due time; after the last attempt dead, with the reason."""
    scene = Scene(count=1, provider=FakeProvider(_busy), attempts=2)
    scene.run()
    assert scene.counts() == {STATUS.DEFERRED: 1}
    scene.clock.moment = scene.ledger.due[1]
    scene.run()
    assert scene.counts() == {STATUS.DEAD: 1}
    assert scene.ledger.records[-1].submission.reason is Reason.RATE_LIMITED


def test_a_provider_that_refuses_us_holds_the_campaign() -> None:
    """A wrong credential pauses, rather than burning through the list."""

    def refused(message: Message) -> Submission:
        return Submission(
            delivery=message.delivery,
            attempt=message.attempt,
            event=DeliveryEvent.DEFER,
            reason=Reason.CONFIGURATION,
            code="20003",
            halt=True,
        )

    scene = Scene(provider=FakeProvider(refused))
    assert scene.run() is Ending.HELD
    assert scene.counts()[STATUS.PLANNED] >= 5
    assert scene.held == ["fake refuses us (20003)"]


def test_a_short_outage_of_the_ledger_loses_no_answer() -> None:
    """What came of a slice is written down once the ledger is back."""
    scene = Scene(count=3)
    outages = [UnavailableError("away"), UnavailableError("away")]
    record = scene.ledger.record

    def away(submissions: Sequence[Recorded], now: datetime) -> None:
        if outages:
            raise outages.pop()
        record(submissions, now)

    scene.ledger.record = away  # type: ignore[method-assign]  # the outage is the test
    assert scene.run() is Ending.EMPTY
    assert scene.counts() == {STATUS.ACCEPTED: 3}
    assert scene.clock.now() > NOON


def test_a_message_that_can_not_be_rendered_is_given_up_alone() -> None:
    """One poison message stops nothing."""
    scene = Scene(count=2, broken=frozenset({"fr"}))
    assert scene.run() is Ending.EMPTY
    assert scene.counts() == {STATUS.DEAD: 2}
    assert scene.provider.seen == []
    assert {row.submission.reason for row in scene.ledger.records} == {Reason.RENDERING}


@pytest.mark.parametrize("attempt", [1, 2, 5, 29])
def test_the_wait_before_a_retry_grows_and_is_bounded(attempt: int) -> None:
    """Exponential, with full jitter, never longer than the longest."""
    rule = RetryRule(attempts=30)
    clock = FakeClock()
    submission = _deferred(attempt)
    latest = rule.due(submission, clock.now(), lambda: 1.0)
    assert latest is not None
    assert latest - clock.now() == min(timedelta(seconds=2**attempt), rule.longest)
    assert rule.due(submission, clock.now(), lambda: 0.0) == clock.now()


def _deferred(attempt: int) -> Submission:
    scene = FakeLedger(1)
    pending = scene._pending(1)
    return Submission(delivery=pending.delivery, attempt=attempt, event=DeliveryEvent.DEFER)


def _ok(message: Message) -> Submission:
    return Submission(
        delivery=message.delivery, attempt=message.attempt, event=DeliveryEvent.ACCEPT
    )


def _busy(message: Message) -> Submission:
    return Submission(
        delivery=message.delivery,
        attempt=message.attempt,
        event=DeliveryEvent.DEFER,
        reason=Reason.RATE_LIMITED,
    )
