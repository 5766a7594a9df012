"""A thread while it is being sent, with a real ledger: counted at a network that takes all."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from benchmarks import _customers
from broadcaster.dispatch.dispatcher import Dispatcher
from broadcaster.dispatch.drafting import Drafting
from broadcaster.dispatch.lines import Lines
from broadcaster.dispatch.links import Links
from broadcaster.dispatch.pace import Pace
from broadcaster.dispatch.retry import RetryRule
from broadcaster.domain.advisory import MessageType
from broadcaster.domain.message import SmsSize
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.ports import Message, Submission
from tests.builders import NOON
from tests.fakes import FakeClock, FakeProvider, FakeRenderer, FakeThrottle, accepted
from tests.rows import TTL, Pool, Rows

_COUNT, _HALF, _LOST = 2000, 1000, 10


class _Network:
    """Takes every message; at a number of them something happens."""

    def __init__(self) -> None:
        self.got: dict[str, list[int]] = {}
        self.count = 0
        self.at: tuple[int, Callable[[], None]] | None = None

    def take(self, message: Message) -> Submission:
        """Take one."""
        self.got.setdefault(message.address.value, []).append(message.delivery.campaign)
        self.count += 1
        if self.at is not None and self.count == self.at[0]:
            self.at[1]()
        return accepted(message)


def test_everybody_gets_what_they_are_owed_though_a_worker_is_lost(pool: Pool) -> None:
    """Corrected when half sent, withdrawn when half corrected; the lost one had some in the air."""
    rows, network = Rows(pool), _Network()
    _customers.add(pool, 1, _COUNT)
    alert = rows.launched()
    rows.planner(100).plan(alert, NOON)
    # A worker claimed some, half of them left, and nobody knows.
    lease = rows.claimed(alert, range(1, _LOST + 1))
    pending = dict(
        rows.ask(
            "SELECT number, value FROM delivery JOIN address ON address.id = address_id "
            "WHERE campaign_id = %s AND number <= %s",
            alert,
            _LOST,
        )
    )
    doubted = set(pending.values())
    for number, to in pending.items():
        if number % 2:
            network.got[to] = [alert]
    correction = _follow(rows, alert, MessageType.CORRECTION)
    network.at = (_HALF, lambda: rows.campaigns.launch(correction, "amina", NOON))
    _send(rows, network, alert, NOON, without=lease.batch)
    assert network.count < _HALF + 20
    after = NOON + 2 * TTL
    PostgresCalendar(pool).expire(after)
    rows.planner(100).plan(correction, after)
    cancel = _follow(rows, correction, MessageType.CANCEL)
    begun = network.count
    network.at = (begun + _HALF, lambda: rows.campaigns.launch(cancel, "amina", after))
    _send(rows, network, correction, after)
    rows.planner(100).plan(cancel, after)
    _send(rows, network, cancel, after)
    right = {(alert, correction, cancel), (alert, cancel), (correction, cancel)}
    odd = {to: row for to, row in network.got.items() if tuple(row) not in right}
    # Of the lost ones that had not left some hear of the end alone, as nobody could know.
    assert set(odd) <= doubted
    assert {tuple(row) for row in odd.values()} <= {(cancel,)}
    assert {tuple(row) for row in network.got.values()} >= {(alert, correction, cancel)}
    assert _HALF < len(network.got) < _COUNT


def _follow(rows: Rows, campaign: int, type_: MessageType) -> int:
    followed = rows.campaigns.get(str(campaign)).advisory_id
    made = rows.draft(name=type_.value, message_type=type_, follows=followed)
    rows.campaigns.approve(made, "hash", "youssef", NOON)
    return made


def _send(
    rows: Rows, network: _Network, campaign: int, now: datetime, without: int | None = None
) -> None:
    """Work on the batches of a campaign, one after the other, as long as they may be."""
    dispatcher = Dispatcher(
        ledger=rows.ledger,
        drafting=Drafting(
            renderer=FakeRenderer(),
            links=Links(public_url="https://b.test", key=b"k" * 32),
            measure=lambda _: SmsSize(encoding="GSM-7", units=10, segments=1),
        ),
        throttle=FakeThrottle(most=50),
        clock=FakeClock(now),
        random=lambda: 0.5,
        lines=Lines({"fake": FakeProvider(network.take)}.__getitem__, {"tel": ("fake",)}),
        simulated=lambda _: True,
        unchanged=lambda _campaign, _advisory: True,
        hold=rows.campaigns.hold,
        stopping=lambda: False,
        retry=RetryRule(attempts=3),
        pace=Pace(lease=TTL, work_time=timedelta(minutes=10), batch=100, slice=10),
    )
    for batch in rows.batches(campaign):
        if batch != without:
            asyncio.run(dispatcher.dispatch(batch))
