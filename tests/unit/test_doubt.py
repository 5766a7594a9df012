"""Settling what is in doubt."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from broadcaster.dispatch.doubt import Doubt
from broadcaster.dispatch.drafting import Drafting, body_sha256
from broadcaster.dispatch.links import Links
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus, Reason, Receipt
from broadcaster.domain.message import MessageClass, SmsContent, SmsSize
from broadcaster.errors import UnavailableError
from broadcaster.ports import Open, Question
from tests.builders import NOON
from tests.fakes import FakeClock, FakeLedger, FakeProvider, FakeRenderer


class FindableProvider(FakeProvider):
    """A provider that can be asked; `found` is its answer, or what it raises."""

    def __init__(self, found: Sequence[Receipt] | Exception = ()) -> None:
        super().__init__()
        self.found = found
        self.questions: list[Question] = []
        self.hangs = False
        self.asked: Callable[[], None] = lambda: None

    async def find(self, message: Question) -> Sequence[Receipt]:
        """Answer."""
        self.questions.append(message)
        self.asked()
        if self.hangs:
            await asyncio.Event().wait()
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class KeepingLedger(FakeLedger):
    """A ledger that keeps the receipts it is given."""

    def __init__(self) -> None:
        super().__init__(1)
        self.receipts: list[Receipt] = []

    def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        """Keep."""
        self.receipts += receipts
        return super().receive(receipts, now)


class FakeDoubts:
    """Open deliveries, which are listed once."""

    def __init__(self, row: Open) -> None:
        self.rows = [row]
        self.again: list[DeliveryId] = []
        self.others: frozenset[str] = frozenset()
        self.taken = False

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Give the turn, unless somebody has it."""
        mine = not self.taken
        self.taken = True
        yield mine
        self.taken = not mine

    def contested(self, found: Sequence[Receipt], now: datetime) -> Sequence[int]:
        """Know the messages of other deliveries."""
        del now
        return [index for index, receipt in enumerate(found) if receipt.reference in self.others]

    def open(
        self, now: datetime, settle: timedelta, reconcile: timedelta, limit: int
    ) -> Sequence[Open]:
        """List some."""
        del now, settle, reconcile
        found, self.rows = self.rows[:limit], self.rows[limit:]
        return found

    def resend(self, deliveries: Sequence[DeliveryId], now: datetime) -> int:
        """Note it."""
        del now
        self.again += deliveries
        return len(deliveries)


def _scene(
    provider: FakeProvider,
    class_: MessageClass = MessageClass.SERVICE,
    asked: int = 0,
    reference: str | None = None,
) -> tuple[Doubt, KeepingLedger, FakeDoubts]:
    ledger = KeepingLedger()
    row = Open(
        pending=ledger._pending(1),
        status=DeliveryStatus.UNKNOWN,
        message_class=class_,
        provider=None,
        reference=reference,
        since=NOON,
        asked=asked,
    )
    doubts = FakeDoubts(row)
    doubt = Doubt(
        ledger=ledger,
        doubts=doubts,
        drafting=Drafting(
            renderer=FakeRenderer(),
            links=Links(public_url="https://b.test", key=b"k" * 32),
            measure=lambda _: SmsSize(encoding="GSM-7", units=1, segments=1),
        ),
        providers=lambda _: provider,
        routes={"tel": ("fake",)},
        clock=FakeClock(),
        settle_after=timedelta(minutes=1),
        reconcile_after=timedelta(minutes=1),
    )
    return doubt, ledger, doubts


RECEIPT = Receipt(
    provider="fake",
    dedupe="1",
    delivery=DeliveryId(1, 1),
    reference="ref",
    event=DeliveryEvent.DELIVER,
)


def test_what_the_provider_knows_is_stored_as_a_receipt() -> None:
    """Its answer settles the doubt in the way of every receipt; nothing is sent again."""
    doubt, ledger, doubts = _scene(FindableProvider([RECEIPT]))
    assert asyncio.run(doubt.settle()) == 1
    assert ledger.receipts == [RECEIPT]
    assert doubts.again == []


@pytest.mark.parametrize("reference", [None, "ref"])
def test_a_message_that_failed_is_named_before_its_failure_is_told(reference: str | None) -> None:
    """Which one was sent last is else not known; where it is, nothing has to be said."""
    failed = replace(RECEIPT, event=DeliveryEvent.FAIL, reason=Reason.UNREACHABLE, code="30003")
    doubt, ledger, _ = _scene(FindableProvider([failed]), reference=reference)
    assert asyncio.run(doubt.settle()) == 1
    taken = replace(failed, event=DeliveryEvent.ACCEPT, reason=None, code=None, dedupe="1 taken")
    assert ledger.receipts == ([failed] if reference else [taken, failed])


def test_without_a_reference_the_text_itself_is_asked_for_by_its_hash() -> None:
    """The question has what the provider's list can be searched by."""
    provider = FindableProvider()
    doubt, _, _ = _scene(provider)
    asyncio.run(doubt.settle())
    assert provider.questions[0].body_sha256 == body_sha256(SmsContent(body="text in fr"))
    assert provider.questions[0].since == NOON


@pytest.mark.parametrize(
    ("class_", "asked", "resent"),
    [
        (MessageClass.SERVICE, 2, False),
        (MessageClass.PROMOTIONAL, 2, False),
        (MessageClass.SAFETY, 0, False),
        (MessageClass.SAFETY, 2, True),
    ],
)
def test_only_safety_is_sent_again_and_only_after_asking(
    class_: MessageClass, asked: int, *, resent: bool
) -> None:
    """A second warning is better than none; a second anything else is our fault."""
    doubt, _, doubts = _scene(FindableProvider(), class_, asked)
    asyncio.run(doubt.settle())
    assert bool(doubts.again) == resent


@pytest.mark.parametrize(("asked", "resent"), [(0, False), (2, True)])
def test_a_provider_that_never_answers_does_not_keep_a_warning_back(
    asked: int, *, resent: bool
) -> None:
    """Silence settles nothing; but when it was the last try, safety is sent again all the same."""
    doubt, ledger, doubts = _scene(
        FindableProvider(UnavailableError("no answer")), MessageClass.SAFETY, asked
    )
    assert asyncio.run(doubt.settle()) == 0
    assert ledger.receipts == []
    assert bool(doubts.again) == resent


def test_a_message_of_another_delivery_settles_nothing_and_keeps_no_warning_back() -> None:
    """The same words to the same number, sent by another campaign, are not this one."""
    doubt, ledger, doubts = _scene(FindableProvider([RECEIPT]), MessageClass.SAFETY, 2)
    doubts.others = frozenset({"ref"})
    assert asyncio.run(doubt.settle()) == 0
    assert ledger.receipts == []
    assert doubts.again == [DeliveryId(1, 1)]


def test_a_process_that_is_to_end_does_not_wait_for_a_network_that_hangs() -> None:
    """What was not answered is left as it is: a warning is not sent again without an answer."""
    provider = FindableProvider()
    provider.hangs = True
    doubt, ledger, doubts = _scene(provider, MessageClass.SAFETY, 2)
    ending = replace(doubt, stopping=lambda: bool(provider.questions))
    assert asyncio.run(ending.settle()) == 0
    assert len(provider.questions) == 1
    assert (ledger.receipts, doubts.again) == ([], [])


@pytest.mark.parametrize(("asked", "resent"), [(0, False), (2, True)])
def test_a_network_that_hangs_holds_nobody_up_for_longer_than_its_time(
    asked: int, *, resent: bool
) -> None:
    """What has no answer then has none; the warning that it was the last try for is sent again."""
    provider = FindableProvider()
    provider.hangs = True
    doubt, ledger, doubts = _scene(provider, MessageClass.SAFETY, asked)
    doubts.rows += _more(doubts.rows[0], 25)
    clock = FakeClock()
    provider.asked = lambda: _pass(clock, 1)
    assert asyncio.run(replace(doubt, clock=clock).settle()) == 0
    # Others come at the next time, and are not marked as asked.
    assert (len(provider.questions), len(doubts.rows)) == (20, 6)
    assert ledger.receipts == []
    assert len(doubts.again) == (20 if resent else 0)


def test_what_is_answered_in_time_counts_though_another_answer_does_not_come() -> None:
    """Asked together, each for itself."""
    provider = FindableProvider([RECEIPT])
    doubt, ledger, doubts = _scene(provider)
    doubts.rows += _more(doubts.rows[0], 1)
    clock = FakeClock()

    def hangs_from_now_on() -> None:
        provider.hangs = len(provider.questions) > 1
        _pass(clock, 5)

    provider.asked = hangs_from_now_on
    assert asyncio.run(replace(doubt, clock=clock).settle()) == 1
    assert ledger.receipts == [RECEIPT]


def test_further_ones_are_asked_about_for_a_while_alone() -> None:
    """In goes of twenty; the rest comes with the next tick."""
    provider = FindableProvider()
    doubt, _, doubts = _scene(provider)
    doubts.rows += _more(doubts.rows[0], 99)
    clock = FakeClock()
    provider.asked = lambda: _pass(clock, 0.1)
    asyncio.run(replace(doubt, clock=clock).settle())
    assert (len(provider.questions), len(doubts.rows)) == (60, 40)


def test_nobody_asks_while_another_does() -> None:
    """Who comes then asks nothing, and marks nothing as asked."""
    provider = FindableProvider()
    doubt, _, doubts = _scene(provider)
    with doubts.turn():
        assert asyncio.run(doubt.settle()) == 0
        assert (provider.questions, len(doubts.rows)) == ([], 1)
    asyncio.run(doubt.settle())
    assert len(provider.questions) == 1


def _more(row: Open, count: int) -> list[Open]:
    """Give others that are open like one."""
    return [
        replace(row, pending=replace(row.pending, delivery=DeliveryId(1, number)))
        for number in range(2, count + 2)
    ]


def _pass(clock: FakeClock, seconds: float) -> None:
    clock.moment += timedelta(seconds=seconds)
