"""What a process tells the chronicle: counted together, and never in the way of what is sent."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from broadcaster.dispatch.telling import Telling
from broadcaster.domain.course import Befallen, HandedOver, Happening
from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.domain.message import Channel
from broadcaster.errors import UnavailableError
from broadcaster.ports import Message, Submission
from tests.builders import NOON
from tests.dispatch_scene import Scene
from tests.fakes import FakeProvider


@dataclass
class FakeChronicle:
    """Keeps what it is told, unless it is down."""

    handed: list[HandedOver] = field(default_factory=list)
    happened: list[Happening] = field(default_factory=list)
    down: bool = False
    asked: int = 0

    def write(self, handed: Sequence[HandedOver], happened: Sequence[Happening]) -> None:
        self.asked += 1
        if self.down:
            raise UnavailableError("The database does not answer.")
        self.handed += handed
        self.happened += happened


def _slowed() -> Happening:
    return Happening(campaign=1, provider="fake", what=Befallen.SLOWED, at=NOON)


def test_what_leaves_in_five_seconds_is_told_as_one_count_once_a_second() -> None:
    """By campaign and channel; more of it within the second waits."""
    chronicle = FakeChronicle()
    telling = Telling(chronicle)
    for milliseconds in (0, 300, 600, 5200):
        now = NOON + timedelta(milliseconds=milliseconds)
        telling.handed_over(1, Channel.SMS, 10, 20, now)
        if milliseconds < 1000:
            asyncio.run(telling.keep_due(now))
    assert chronicle.asked == 0
    asyncio.run(telling.keep_due(NOON + timedelta(seconds=6)))
    counts = [(one.at - NOON, one.messages, one.units) for one in chronicle.handed]
    assert counts == [(timedelta(0), 30, 60), (timedelta(seconds=5), 10, 20)]
    asyncio.run(telling.keep())
    assert chronicle.asked == 1


def test_a_chronicle_that_is_down_costs_what_it_was_told_and_nothing_else() -> None:
    """No error, and no growing heap."""
    chronicle = FakeChronicle(down=True)
    telling = Telling(chronicle)
    for _ in range(1000):
        telling.happened(_slowed())
    asyncio.run(telling.keep())
    chronicle.down = False
    for _ in range(1000):
        telling.happened(_slowed())
    asyncio.run(telling.keep())
    assert 0 < len(chronicle.happened) < 100


def test_a_dispatcher_tells_how_many_were_answered_and_who_it_went_over_to() -> None:
    """A network that fails is left alone, and the next of the route is named with it."""
    other = FakeProvider()
    other.name = "other"
    scene = Scene(60, FakeProvider(_fails), others={"other": other}, routes=("fake", "other"))
    chronicle = FakeChronicle()
    dispatcher = replace(scene.dispatcher, telling=Telling(chronicle))
    asyncio.run(dispatcher.dispatch(1))
    assert sum(one.messages for one in chronicle.handed) >= 60
    told = [(one.what, one.provider, one.instead_of) for one in chronicle.happened]
    assert (Befallen.OPENED, "fake", None) in told
    assert (Befallen.FAILED_OVER, "other", "fake") in told


def _fails(message: Message) -> Submission:
    return Submission(
        delivery=message.delivery,
        attempt=message.attempt,
        event=DeliveryEvent.DEFER,
        reason=Reason.NO_CONNECTION,
    )
