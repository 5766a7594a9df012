"""Sending codes: claimed before it leaves, within the limits, and never twice."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from broadcaster.channels.sms import measure
from broadcaster.dispatch.codes import CodeSender
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason
from broadcaster.domain.message import Channel, EmailContent, Lane, Scheme, SmsContent
from broadcaster.errors import ConfigurationError
from broadcaster.ledger.page_codes import Claimed
from broadcaster.ports import Message, Submission, Want, Watch
from broadcaster.providers.base import result
from broadcaster.render.codes import SUBJECT, TEXT, WARNING, code_message
from broadcaster.settings import load
from tests.builders import NOON, address
from tests.fakes import FakeClock, FakeThrottle


@dataclass
class FakeCodes:
    """Gives what it holds, and keeps what came of it."""

    waiting: list[Claimed | bool]
    outcomes: list[tuple[int, str, str]] = field(default_factory=list)
    tidied: int = 0
    taken: bool = False

    @contextmanager
    def turn(self) -> Iterator[bool]:
        yield not self.taken

    def claim(self, now: datetime) -> Claimed | bool:
        del now
        return self.waiting.pop(0) if self.waiting else False

    def sent(self, code: int, provider: str, outcome: str, now: datetime) -> None:
        del now
        self.outcomes.append((code, provider, outcome))

    def tidy(self, now: datetime) -> int:
        del now
        self.tidied += 1
        return 0


@dataclass
class FakeNetwork:
    """Answers every message alike."""

    name: str = "twilio"
    room: int = 1
    event: DeliveryEvent = DeliveryEvent.ACCEPT
    reason: Reason | None = None
    taken: list[Message] = field(default_factory=list)

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        self.taken += messages
        return [result(one, self.event, self.reason) for one in messages]

    async def aclose(self) -> None:
        """Nothing is open."""


@dataclass
class StallingNetwork(FakeNetwork):
    """Stands still for `stall` before a message may leave, once, and answers `after` something."""

    clock: FakeClock = field(default_factory=FakeClock)
    stall: timedelta = timedelta(0)
    slow: timedelta = timedelta(0)
    after: asyncio.Event = field(default_factory=asyncio.Event)
    refused: int = 0

    async def stream(self, messages: Sequence[Message], watch: Watch) -> None:
        for one in messages:
            self.clock.moment, self.stall = self.clock.moment + self.stall, timedelta(0)
            if not watch.leaving(one):
                self.refused += 1
                continue
            self.taken.append(one)
            self.clock.moment += self.slow
            if self.slow:
                await self.after.wait()
            watch.answered(result(one, self.event, self.reason))


class HeardThrottle(FakeThrottle):
    """Tells when it was told of something."""

    def __init__(self, heard: asyncio.Event) -> None:
        super().__init__()
        self.heard = heard

    def landed(
        self, down: Sequence[tuple[int, Want]], lane: Lane, ago: float | Sequence[float] = 0.0
    ) -> int:
        self.heard.set()
        return super().landed(down, lane, ago)


def _claimed(number: int = 1, **changes: object) -> Claimed:
    plain: dict[str, object] = {
        "id": number,
        "address": address(Scheme.TEL, number),
        "code": "012345",
        "locale": "fr",
        "ends": NOON + timedelta(minutes=10),
    }
    return Claimed(**{**plain, **changes})  # type: ignore[arg-type]  # (fields of the value)


def _send(
    codes: FakeCodes,
    networks: Sequence[FakeNetwork],
    throttle: FakeThrottle,
    routes: str = "twilio",
    clock: FakeClock | None = None,
) -> int:
    known = {one.name: one for one in networks}

    def get(name: str) -> FakeNetwork:
        if name == "broken":
            raise ConfigurationError("BROADCASTER_BROKEN: is not set up.")
        return known[name]

    sender = CodeSender(
        codes=codes,
        get=get,
        routes={"tel": tuple(routes.split(","))},
        throttle=throttle,
        clock=clock or FakeClock(),
        write=lambda _address, code, _locale: SmsContent(body=f"{code} is your code"),
        measure=measure,
    )
    return asyncio.run(sender.send())


def test_a_code_goes_by_its_route_in_the_urgent_lane() -> None:
    """By the first network that is set up; what was nobody's is only counted."""
    codes, network, throttle = FakeCodes([True, _claimed(7), True]), FakeNetwork(), FakeThrottle()
    assert _send(codes, [network], throttle, "broken,twilio") == 3
    (message,) = network.taken
    assert message.delivery == DeliveryId(0, 7)
    assert (message.lane, message.units, message.unsubscribe_url) == (Lane.URGENT, 1, "")
    assert "012345" not in repr(message) + repr(_claimed())
    assert codes.outcomes == [(7, "twilio", "accepted")]
    assert len(throttle.down) == len(throttle.asked) == 1
    assert codes.tidied == 1


def test_what_comes_of_a_code_is_noted_and_nothing_is_tried_again() -> None:
    """A refusal, a fault of ours, and a limit that gives nothing before its time is over."""
    refused = FakeNetwork(event=DeliveryEvent.REFUSE, reason=Reason.UNKNOWN_ADDRESS)
    codes = FakeCodes([_claimed(1), _claimed(2, ends=NOON)])
    assert _send(codes, [refused], FakeThrottle()) == 2
    outcomes = [(1, "twilio", "unknown_address"), (2, "twilio", "late")]
    assert sorted(codes.outcomes) == outcomes
    assert len(refused.taken) == 1
    codes = FakeCodes([_claimed(3)])
    assert _send(codes, [], FakeThrottle(), "broken") == 1
    assert codes.outcomes == [(3, "", "no way")]


def test_a_code_that_waits_holds_up_neither_the_next_nor_another_worker() -> None:
    """Several are on their way at once, and all by one process."""
    codes, network = FakeCodes([_claimed(1), _claimed(2)]), FakeNetwork()
    throttle = FakeThrottle(closed=1)
    assert _send(codes, [network], throttle) == 2
    assert [one.delivery.number for one in network.taken] == [2, 1]
    codes = FakeCodes([_claimed()], taken=True)
    assert _send(codes, [network], throttle) == 0
    assert len(codes.waiting) == 1


def test_a_code_waits_for_its_limit() -> None:
    """It is asked again until it is granted."""
    codes, network = FakeCodes([_claimed()]), FakeNetwork()
    throttle = FakeThrottle(closed=1)
    assert _send(codes, [network], throttle) == 1
    assert (len(throttle.asked), len(network.taken)) == (2, 1)


def test_a_code_that_stood_still_does_not_leave_on_an_old_grant() -> None:
    """Others may have been granted its units meanwhile; it asks again, and leaves once."""
    codes, network = FakeCodes([_claimed()]), StallingNetwork(stall=timedelta(seconds=1.6))
    throttle = FakeThrottle()
    assert _send(codes, [network], throttle, clock=network.clock) == 1
    assert (network.refused, len(network.taken), len(throttle.asked)) == (1, 1, 2)
    assert codes.outcomes == [(1, "twilio", "accepted")]


def test_a_code_whose_time_is_over_when_it_would_leave_is_late() -> None:
    """A slow network does not make a code that is worth nothing arrive."""
    codes, network = FakeCodes([_claimed()]), StallingNetwork(stall=timedelta(minutes=10))
    assert _send(codes, [network], FakeThrottle(), clock=network.clock) == 1
    assert (network.taken, codes.outcomes) == ([], [(1, "twilio", "late")])


def test_a_code_in_the_air_keeps_its_units() -> None:
    """For as long as it may arrive: they are charged anew until its answer comes."""
    network = StallingNetwork(slow=timedelta(seconds=1.1))
    throttle = HeardThrottle(network.after)
    assert _send(FakeCodes([_claimed()]), [network], throttle, clock=network.clock) == 1
    assert [mark for mark, _ in throttle.down] == [1, 1001]


def test_a_code_without_an_answer_keeps_what_its_grant_holds() -> None:
    """It may arrive even now, so nothing tells the limits that it has."""
    codes, throttle = FakeCodes([_claimed()]), FakeThrottle()
    silent = FakeNetwork(event=DeliveryEvent.LOSE, reason=Reason.NO_ANSWER)
    assert _send(codes, [silent], throttle) == 1
    assert (throttle.down, codes.outcomes) == ([], [(1, "twilio", "no_answer")])


@pytest.mark.parametrize("tag", ["ar", "fr", "en"])
def test_the_message_is_short_and_whole_in_its_language(tag: str, tmp_path: Path) -> None:
    """One SMS, without a link; the mail has both parts and escapes what it is given."""
    from broadcaster.bootstrap import speech  # noqa: PLC0415  (catalogues are read here alone)

    spoken = speech(load({"BROADCASTER_HOME": str(tmp_path)}), tag)
    text = code_message(spoken, Channel.SMS, "012345")
    assert isinstance(text, SmsContent)
    assert measure(text.body).segments == 1
    assert "012345" in text.body
    assert "http" not in text.body
    mail = code_message(spoken, Channel.EMAIL, "012345")
    assert isinstance(mail, EmailContent)
    assert f'lang="{tag}"' in mail.html
    assert all("012345" in part for part in (mail.subject, mail.text, mail.html))
    if tag != "en":
        assert not any(
            source.split("%")[0] and source in mail.text for source in (WARNING, SUBJECT)
        )
    assert TEXT.count("%(code)s") == 1
