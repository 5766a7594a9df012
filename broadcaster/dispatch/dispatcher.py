"""The work on one batch: lease, draft, throttle, claim, submit, record.

The claim comes last before the request, after rendering and after the throttle has granted: so a
worker that dies while it waits leaves nothing in doubt, and a pause, a cancellation or an expiry
takes effect on everything whose request has not begun.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from broadcaster.dispatch.drafting import Drafting
from broadcaster.dispatch.pace import Ending, Pace
from broadcaster.dispatch.retry import Random, RetryRule
from broadcaster.dispatch.share import Share
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.message import Scheme
from broadcaster.errors import ConfigurationError, UnavailableError
from broadcaster.ports import Clock, Lease, Ledger, Pending, Provider, Throttle

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatcher:
    """Works on batches; all it needs comes from outside.

    `providers` gives a provider by name; ConfigurationError when it can't be built. `simulated`
    tells whether a provider's network only pretends, as a drill needs it. `unchanged` tells
    whether what would be sent is what was approved. `hold` pauses a campaign and says why.
    """

    ledger: Ledger
    drafting: Drafting
    throttle: Throttle
    clock: Clock
    random: Random
    providers: Callable[[str], Provider]
    routes: Mapping[str, Sequence[str]]
    simulated: Callable[[str], bool]
    unchanged: Callable[[Campaign, Advisory], bool]
    hold: Callable[[int, str], None]
    retry: RetryRule
    pace: Pace

    async def dispatch(self, batch: int) -> Ending:
        """Work on a batch until it is empty, its time is over, or something stops it."""
        lease = self.ledger.lease(batch, self.clock.now(), self.pace.lease)
        if lease is None:
            return Ending.NOT_RUNNABLE
        try:
            ending = await self._work(lease)
        except ConfigurationError as error:
            self.hold(lease.campaign, str(error))
            ending = Ending.HELD
        finally:
            # When the ledger is away, the lease ends by itself.
            with suppress(UnavailableError):
                self.ledger.release(lease, self.clock.now())
        _log.info(
            "batch worked on",
            extra={
                "action": "dispatched",
                "campaign": lease.campaign,
                "channel": lease.channel.value,
                "batch": batch,
                "ending": ending.value,
            },
        )
        return ending

    async def _work(self, lease: Lease) -> Ending:
        campaign = self.ledger.campaign(lease.campaign)
        advisory = self.ledger.advisory(campaign.advisory_id)
        if not self.unchanged(campaign, advisory):
            self.hold(lease.campaign, "what would be sent is not what was approved")
            return Ending.HELD
        deadline = self.clock.now() + self.pace.work_time
        while True:
            pending = self.ledger.pending(lease, self.clock.now(), self.pace.batch)
            if not pending:
                return Ending.EMPTY
            for provider, rows in self._by_provider(pending).items():
                if campaign.drill and not self.simulated(provider):
                    message = f"it is a drill, and {provider} is a real network"
                    raise ConfigurationError(message)
                run = Share(self, lease, campaign, advisory, provider, deadline)
                ending = await run.work(rows)
                if ending is not Ending.EMPTY:
                    return ending

    def _by_provider(self, pending: Sequence[Pending]) -> dict[str, list[Pending]]:
        groups: dict[str, list[Pending]] = {}
        for row in pending:
            groups.setdefault(self._route(row.address.scheme), []).append(row)
        return groups

    def _route(self, scheme: Scheme) -> str:
        names = self.routes.get(scheme.value)
        if not names:
            message = f"BROADCASTER_ROUTES: has no provider for {scheme.value}. Add one."
            raise ConfigurationError(message)
        return names[0]
