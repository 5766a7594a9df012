"""What happens to messages between their claim and their answer."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from broadcaster.dispatch.pace import Ending
from broadcaster.domain.delivery import DeliveryEvent, DeliveryStatus, Reason
from broadcaster.errors import UnavailableError
from broadcaster.ports import Lease, Message, Recorded, Submission, Watch
from tests.dispatch_scene import Scene
from tests.fakes import FakeProvider, FakeThrottle, accepted

STATUS = DeliveryStatus


class StreamingProvider(FakeProvider):
    """Takes messages one after the other, each when `turn` lets it."""

    room = 100

    def __init__(self, answer: Callable[[Message], Submission | None] | None = None) -> None:
        super().__init__(answer)
        self.slices: list[int] = []
        self.refused: list[int] = []
        self.turn: Callable[[Message], None] = lambda _: None

    async def stream(self, messages: Sequence[Message], watch: Watch) -> None:
        """Ask before each message whether it may leave."""
        self.slices.append(len(messages))
        for message in messages:
            await asyncio.sleep(0.005)
            self.turn(message)
            if not watch.leaving(message):
                self.refused.append(message.delivery.number)
                continue
            self.seen.append(message.delivery)
            answer = (self.answer)(message)
            if answer is not None:
                watch.answered(answer)
                watch.answered(answer)


def test_a_streaming_provider_gets_slices_and_every_message_ends_once() -> None:
    """No task for each message; a second answer for one is not heard."""
    provider = StreamingProvider()
    scene = Scene(count=60, provider=provider)
    assert scene.run() is Ending.EMPTY
    assert scene.counts() == {STATUS.ACCEPTED: 60}
    assert max(provider.slices) > 1
    assert len(scene.ledger.records) == 60


def test_what_a_stream_forgets_after_it_left_is_in_doubt() -> None:
    """It may have arrived."""
    provider = StreamingProvider(
        lambda message: None if message.delivery.number == 3 else accepted(message)
    )
    scene = Scene(count=5, provider=provider)
    scene.run()
    assert scene.ledger.status[3] is STATUS.UNKNOWN
    assert scene.counts()[STATUS.ACCEPTED] == 4


def test_what_a_broken_stream_never_let_leave_is_tried_again() -> None:
    """A provider that breaks before a message left can't have sent it."""
    provider = StreamingProvider()

    def break_at_three(message: Message) -> None:
        if message.delivery.number == 3:
            raise RuntimeError

    provider.turn = break_at_three
    scene = Scene(count=5, provider=provider)
    scene.run()
    states = [scene.ledger.status[number] for number in range(1, 6)]
    assert states[:2] == [STATUS.ACCEPTED] * 2
    assert states[2:] == [STATUS.DEFERRED] * 3


def test_a_pause_takes_back_what_is_claimed_and_has_not_left() -> None:
    """The next look at the campaign is at most a second later; then nothing leaves any more."""
    provider = StreamingProvider()
    scene = Scene(count=10, provider=provider)

    def pause_at_four(message: Message) -> None:
        if message.delivery.number == 4:
            scene.ledger.running = False
            scene.clock.moment += timedelta(seconds=1)

    provider.turn = pause_at_four
    scene.run()
    assert len(provider.seen) < 8
    assert scene.counts() == {
        STATUS.ACCEPTED: len(provider.seen),
        STATUS.DEFERRED: 10 - len(provider.seen),
    }


def test_a_process_that_slept_past_its_lease_lets_nothing_leave() -> None:
    """Stopped between claim and request, it finds out by its own clock before it writes."""
    provider = StreamingProvider()
    scene = Scene(count=10, provider=provider)

    def sleep_at_four(message: Message) -> None:
        if message.delivery.number == 4:
            scene.clock.moment += timedelta(seconds=31)

    provider.turn = sleep_at_four
    scene.run()
    assert [delivery.number for delivery in provider.seen] == [1, 2, 3]
    assert provider.refused[0] == 4
    assert scene.counts() == {STATUS.ACCEPTED: 3, STATUS.DEFERRED: 7}


def test_a_process_that_stood_still_lets_nothing_leave_on_an_old_grant() -> None:
    """Others may have been granted the same units meanwhile; it asks again."""
    provider = StreamingProvider()
    scene = Scene(count=10, provider=provider)
    stood: list[int] = []

    def stand_still_at_four(message: Message) -> None:
        if message.delivery.number == 4 and not stood:
            stood.append(4)
            scene.clock.moment += timedelta(seconds=1.6)

    provider.turn = stand_still_at_four
    assert scene.run() is Ending.EMPTY
    assert provider.refused[0] == 4
    assert scene.counts() == {STATUS.ACCEPTED: 10}
    assert len(scene.throttle.asked) >= 2
    assert scene.ledger.attempts[4] == 2


def test_nothing_leaves_after_its_end_even_when_it_is_claimed() -> None:
    """A slow network does not make a message late."""
    provider = StreamingProvider()
    scene = Scene(count=6, provider=provider)

    def end_at_two(message: Message) -> None:
        if message.delivery.number == 2:
            scene.clock.moment = message.expires

    provider.turn = end_at_two
    scene.run()
    assert [delivery.number for delivery in provider.seen] == [1]


def test_a_worker_that_is_to_end_gives_back_what_has_not_left() -> None:
    """It starts nothing more, and what waits is not in doubt."""
    provider = StreamingProvider()
    scene = Scene(count=80, provider=provider)

    def stop_at_five(message: Message) -> None:
        if message.delivery.number == 5:
            scene.stopping = True

    provider.turn = stop_at_five
    assert scene.run() is Ending.STOPPING
    assert STATUS.UNKNOWN not in scene.counts()
    assert STATUS.SUBMITTING not in scene.counts()
    assert scene.counts()[STATUS.ACCEPTED] < 80
    assert scene.ledger.released == 1


def test_a_worker_that_is_to_end_does_not_wait_for_a_network_for_ever() -> None:
    """What left and is not answered in time is in doubt, and recorded as that."""
    scene = Scene(count=2)

    async def silent(messages: Sequence[Message]) -> list[Submission]:
        scene.stopping = True
        while True:
            await asyncio.sleep(0.01)
            scene.clock.moment += timedelta(seconds=1)
        return [accepted(message) for message in messages]

    scene.provider.submit = silent  # type: ignore[method-assign]  # the silence is the test
    scene.run()
    assert scene.counts() == {STATUS.UNKNOWN: 2}


def test_when_the_first_network_is_down_the_second_takes_over() -> None:
    """Refusals before anything was written open the breaker; the rest goes by the other route."""
    down = FakeProvider(_unreachable)
    other = FakeProvider()
    other.name = "other"
    scene = Scene(count=60, provider=down, others={"other": other}, routes=("fake", "other"))
    assert scene.run() is Ending.EMPTY
    assert scene.counts()[STATUS.ACCEPTED] >= 30
    assert scene.counts()[STATUS.ACCEPTED] + scene.counts()[STATUS.DEFERRED] == 60
    assert {row.provider for row in scene.ledger.records} == {"fake", "other"}


def test_a_message_in_doubt_never_goes_by_the_second_network() -> None:
    """It may have arrived by the first."""
    silent = FakeProvider(lambda _: None)
    other = FakeProvider()
    other.name = "other"
    scene = Scene(count=60, provider=silent, others={"other": other}, routes=("fake", "other"))
    for _ in range(3):
        scene.run()
        scene.clock.moment += timedelta(seconds=1)
    assert not set(silent.seen) & set(other.seen)
    assert scene.counts()[STATUS.UNKNOWN] == len(silent.seen)
    assert scene.counts()[STATUS.UNKNOWN] + scene.counts()[STATUS.ACCEPTED] == 60


def test_a_network_that_says_too_fast_is_slowed_down_for_everybody() -> None:
    """The limit hears of it, with the network's own wish."""
    scene = Scene(count=3, provider=FakeProvider(_too_fast), attempts=5)
    scene.run()
    assert "fake" in scene.throttle.slowed


def _unreachable(message: Message) -> Submission:
    return Submission(
        delivery=message.delivery,
        attempt=message.attempt,
        event=DeliveryEvent.DEFER,
        reason=Reason.NO_CONNECTION,
    )


def test_a_network_that_says_too_fast_now_and_then_is_slowed_down_a_little() -> None:
    """By the part of its answers that said so, not by each of them as by all."""
    scene = Scene(
        count=40,
        provider=StreamingProvider(
            lambda message: (
                _too_fast(message) if message.delivery.number == 30 else accepted(message)
            )
        ),
    )
    scene.run()
    assert scene.throttle.slowed == ["fake"]
    assert 0 < scene.throttle.parts[0] < 0.2


def _too_fast(message: Message) -> Submission:
    return Submission(
        delivery=message.delivery,
        attempt=message.attempt,
        event=DeliveryEvent.DEFER,
        reason=Reason.RATE_LIMITED,
        retry_after=timedelta(seconds=3),
    )


def test_a_claim_whose_answer_was_lost_puts_nobody_in_doubt() -> None:
    """It may have been committed, and nothing of it left: that is written down."""
    scene = Scene(count=5)
    claim = scene.ledger.claim
    lost: list[int] = []

    def claimed_and_cut(
        lease: Lease, attempts: Mapping[int, int], provider: str, now: datetime, ttl: timedelta
    ) -> Sequence[int] | None:
        given = claim(lease, attempts, provider, now, ttl)
        if not lost:
            lost.extend(attempts)
            raise UnavailableError("the connection broke")
        return given

    scene.ledger.claim = claimed_and_cut  # type: ignore[method-assign]  # the cut is the test
    with pytest.raises(UnavailableError):
        scene.run()
    assert lost
    assert all(scene.ledger.status[number] is STATUS.DEFERRED for number in lost)
    assert STATUS.SUBMITTING not in scene.counts()


def test_what_is_given_up_is_not_in_doubt_when_the_answer_to_its_claim_is_lost() -> None:
    """It is taken up again, and ends with its reason."""
    scene = Scene(count=5, broken=frozenset({"fr"}))
    claim = scene.ledger.claim

    def claimed_and_cut(
        lease: Lease, attempts: Mapping[int, int], provider: str, now: datetime, ttl: timedelta
    ) -> Sequence[int] | None:
        claim(lease, attempts, provider, now, ttl)
        raise UnavailableError("the connection broke")

    scene.ledger.claim = claimed_and_cut  # type: ignore[method-assign]  # the cut is the test
    with pytest.raises(UnavailableError):
        scene.run()
    assert scene.counts() == {STATUS.DEFERRED: 5}
    scene.ledger.claim = claim  # type: ignore[method-assign]  # it is over
    assert scene.run() is Ending.EMPTY
    assert scene.counts() == {STATUS.DEAD: 5}
    assert set(scene.ledger.attempts.values()) == {2}


def test_what_waits_for_a_new_grant_is_given_back_when_the_ledger_fails() -> None:
    """It is claimed and did not leave: another attempt, and nobody in doubt."""
    scene = Scene(count=6, throttle=FakeThrottle(most=3))
    outages = [UnavailableError("away")] * 7
    record, claims = scene.ledger.record, 0

    def away(submissions: Sequence[Recorded], now: datetime) -> None:
        if outages:
            raise outages.pop()
        record(submissions, now)

    def late_the_second_time() -> None:
        nonlocal claims
        claims += 1
        if claims == 2:
            scene.clock.moment += timedelta(seconds=1.1)
            scene.throttle.closed = 100

    scene.ledger.record = away  # type: ignore[method-assign]  # the outage is the test
    scene.ledger.on_claim = late_the_second_time
    with pytest.raises(UnavailableError):
        scene.run()
    assert scene.counts() == {STATUS.ACCEPTED: 3, STATUS.DEFERRED: 3}


def test_without_a_store_of_limits_what_waits_does_not_leave() -> None:
    """A charge that nobody knows of renews nothing."""
    provider = StreamingProvider()
    scene = Scene(count=4, provider=provider)
    scene.throttle.landed = lambda *_, **__: 0  # type: ignore[method-assign]  # it is down

    started: list[int] = []
    leaving = provider.seen

    async def slowly(messages: Sequence[Message], watch: Watch) -> None:
        for message in messages:
            await asyncio.sleep(0.15)
            scene.clock.moment += timedelta(seconds=0.7)
            started.append(message.delivery.number)
            if watch.leaving(message):
                leaving.append(message.delivery)
                watch.answered(accepted(message))

    provider.stream = slowly  # type: ignore[method-assign]  # the slowness is the test
    scene.run()
    assert [delivery.number for delivery in leaving][:2] == [1, 2]
    assert started[2] == 3
    assert scene.ledger.attempts[3] >= 2


def test_a_network_that_never_answers_does_not_keep_a_worker_for_ever() -> None:
    """After a quarter of an hour what left is in doubt, whatever its provider waits for."""
    scene = Scene(count=2)

    async def never(messages: Sequence[Message]) -> list[Submission]:
        while True:
            await asyncio.sleep(0.01)
            scene.ledger.until = scene.clock.moment + timedelta(seconds=600)
            scene.clock.moment += timedelta(seconds=60)
        return [accepted(message) for message in messages]

    scene.provider.submit = never  # type: ignore[method-assign]  # the silence is the test
    scene.run()
    assert scene.counts() == {STATUS.UNKNOWN: 2}
