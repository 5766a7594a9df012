"""How networks are: what their limits leave, and what lately befell them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from broadcaster.bootstrap import Runtime
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.course import Befallen
from broadcaster.domain.limits import provider_of
from broadcaster.domain.message import Channel, Scheme
from broadcaster.errors import UnavailableError
from broadcaster.ports import Standing
from broadcaster.reports.course import Trouble

#: How long what was asked is shown again, seconds.
_FRESH = 1.0

#: What addresses of a channel look like, as routes name them.
_SCHEMES = {
    Channel.SMS: (Scheme.TEL,),
    Channel.EMAIL: (Scheme.MAILTO,),
    Channel.PUSH: (Scheme.WEBPUSH, Scheme.FCM),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauge:
    """A limit as it stands; `share` is how much of what is allowed is used, in thousandths."""

    standing: Standing

    @property
    def share(self) -> int:
        """How much of it is used."""
        return min(1000, round(1000 * self.standing.used / max(1.0, self.standing.allowed)))

    @property
    def slowed(self) -> bool:
        """Whether less is allowed than is set, because the network wished so."""
        return self.standing.allowed < self.standing.rate

    @property
    def waits(self) -> int:
        """How many messages asked in vain lately."""
        return self.standing.urgent + self.standing.routine


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """All networks at a moment; `known` is false while nobody can tell what limits leave."""

    known: bool
    gauges: Sequence[Gauge]
    troubles: Sequence[Trouble]
    broken: Sequence[Trouble]

    def of(self, providers: Sequence[str]) -> Sequence[Gauge]:
        """Give the limits of some networks."""
        return [one for one in self.gauges if provider_of(one.standing.name) in providers]


def holding_up(gauges: Sequence[Gauge]) -> Gauge | None:
    """Say which limit holds a campaign up; None where none does."""
    waited = [one for one in gauges if one.waits or one.standing.paused > 0]
    return max(waited, key=lambda one: (one.standing.paused > 0, one.share), default=None)


class Networks:
    """Asks how networks are, once for all who want to know."""

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        self._runtime = runtime
        self._clock = clock
        self._lock = asyncio.Lock()
        self._known: tuple[float, Health] | None = None

    async def health(self) -> Health:
        """Say how they are."""
        async with self._lock:
            if self._known is None or self._clock() - self._known[0] >= _FRESH:
                self._known = (self._clock(), await run_in_threadpool(self._ask))
            return self._known[1]

    def providers(self, campaign: Campaign) -> Sequence[str]:
        """Name the networks that a campaign may leave by."""
        schemes = {scheme for one in campaign.channels for scheme in _SCHEMES.get(one, ())}
        found: dict[str, None] = {}
        for key, names in self._runtime.settings.routes.items():
            if key.partition("/")[0] in schemes:
                found |= dict.fromkeys(names)
        return list(found)

    def _ask(self) -> Health:
        now = self._runtime.clock.now()
        try:
            gauges = [Gauge(standing=one) for one in self._runtime.throttle.standing()]
            known = True
        except UnavailableError:
            gauges, known = [], False
        troubles = self._runtime.courses.trouble(now)
        well = {one.provider: one.at for one in troubles if one.what is Befallen.CLOSED}
        broken = [
            one
            for one in troubles
            if one.what is Befallen.OPENED
            and (one.provider not in well or well[one.provider] < one.at)
        ]
        return Health(known=known, gauges=gauges, troubles=troubles, broken=broken)
