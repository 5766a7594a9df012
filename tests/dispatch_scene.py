"""A dispatcher with everything around it faked."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from broadcaster.dispatch.dispatcher import Dispatcher
from broadcaster.dispatch.drafting import Drafting
from broadcaster.dispatch.lines import Lines
from broadcaster.dispatch.links import Links
from broadcaster.dispatch.pace import Ending, Pace
from broadcaster.dispatch.retry import RetryRule
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import SmsSize
from tests.fakes import FakeClock, FakeLedger, FakeProvider, FakeRenderer, FakeThrottle


class Scene:
    """A dispatcher with everything around it faked."""

    def __init__(
        self,
        count: int = 25,
        provider: FakeProvider | None = None,
        throttle: FakeThrottle | None = None,
        broken: frozenset[str] = frozenset(),
        *,
        state: str = "",
        attempts: int = 3,
        others: Mapping[str, FakeProvider] | None = None,
        routes: Sequence[str] = ("fake",),
    ) -> None:
        """Build it; `state` may be `changed` since approval, or with a `real` network."""
        self.ledger = FakeLedger(count)
        self.provider = provider or FakeProvider()
        self.providers = {"fake": self.provider, **(others or {})}
        self.throttle = throttle or FakeThrottle()
        self.clock = FakeClock()
        self.held: list[str] = []
        self.stopping = False
        self.dispatcher = Dispatcher(
            ledger=self.ledger,
            drafting=Drafting(
                renderer=FakeRenderer(broken),
                links=Links(public_url="https://b.test", key=b"k" * 32),
                measure=lambda _: SmsSize(encoding="GSM-7", units=10, segments=2),
            ),
            throttle=self.throttle,
            clock=self.clock,
            random=lambda: 0.5,
            lines=Lines(self.providers.__getitem__, {"tel": tuple(routes)}),
            simulated=lambda _: state != "real",
            unchanged=lambda _campaign, _advisory: state != "changed",
            hold=lambda _campaign, why: self.held.append(why),
            stopping=lambda: self.stopping,
            retry=RetryRule(attempts=attempts),
            pace=Pace(
                lease=timedelta(seconds=30), work_time=timedelta(seconds=10), batch=100, slice=10
            ),
        )

    def run(self) -> Ending:
        return asyncio.run(self.dispatcher.dispatch(1))

    def counts(self) -> Counter[DeliveryStatus]:
        return Counter(self.ledger.status.values())
