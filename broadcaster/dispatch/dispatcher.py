"""The work on one batch: lease, draft, throttle, claim, submit, record.

The claim comes last before the request, after rendering and after the throttle has granted: so a
worker that dies while it waits leaves nothing in doubt, and a pause, a cancellation or an expiry
takes effect on everything whose request has not begun.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from broadcaster.dispatch.drafting import Desk, Drafting
from broadcaster.dispatch.holding import Holding
from broadcaster.dispatch.lines import Lines
from broadcaster.dispatch.pace import Ending, Pace
from broadcaster.dispatch.retry import Random, RetryRule
from broadcaster.dispatch.share import Share
from broadcaster.dispatch.telling import Telling
from broadcaster.domain import held
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.course import Befallen, Happening
from broadcaster.errors import ConfigurationError, UnavailableError
from broadcaster.ports import QUIET, Clock, Lease, Ledger, Pending, Probe, Step, Throttle

_log = logging.getLogger(__name__)

#: How long a batch is left alone at most because one process can't reach its networks.
_LEFT_ALONE = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatcher:
    """Works on batches; all it needs comes from outside.

    `lines` knows the networks and the routes to them. `simulated` tells whether a provider's
    network only pretends, as a drill needs it. `unchanged` tells whether what would be sent is what
    was approved. `hold` pauses a campaign and says why. `stopping` tells whether this process is
    to end. `telling` has for people who watch how it went. `probe` is told how it goes.
    """

    ledger: Ledger
    drafting: Drafting
    throttle: Throttle
    clock: Clock
    random: Random
    lines: Lines
    simulated: Callable[[str], bool]
    unchanged: Callable[[Campaign, Advisory], bool]
    hold: Callable[[int, str], None]
    stopping: Callable[[], bool]
    retry: RetryRule
    pace: Pace
    telling: Telling = field(default_factory=Telling)
    probe: Probe = QUIET

    async def dispatch(self, batch: int) -> Ending:
        """Work on a batch until it is empty, its time is over, or something stops it."""
        lease = self.ledger.lease(batch, self.clock.now(), self.pace.lease)
        if lease is None:
            return Ending.NOT_RUNNABLE
        after: datetime | None = None
        try:
            ids = {"campaign": lease.campaign, "batch": batch, "channel": lease.channel.value}
            with self.probe.step(Step.BATCH, **ids):
                ending, after = await self._work(lease)
        except ConfigurationError as error:
            self.hold(lease.campaign, str(error))
            ending = Ending.HELD
        finally:
            # When the ledger is away, the lease ends by itself.
            with suppress(UnavailableError):
                self.ledger.release(lease, self.clock.now(), after)
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

    async def _work(self, lease: Lease) -> tuple[Ending, datetime | None]:
        """Work; gives also before when it makes no sense to go on."""
        campaign = self.ledger.campaign(lease.campaign)
        advisory = self.ledger.advisory(campaign.advisory_id)
        if not self.unchanged(campaign, advisory):
            self.hold(lease.campaign, held.unlike())
            return Ending.HELD, None
        turn = _Turn(
            holding=Holding(self.ledger, self.clock, lease, self.pace.lease),
            campaign=campaign,
            desk=self.drafting.desk(campaign, advisory),
            deadline=self.clock.now() + self.pace.work_time,
        )
        while True:
            pending = self.ledger.pending(lease, self.clock.now(), self.pace.batch)
            if not pending:
                return Ending.EMPTY, None
            closed: list[datetime] = []
            routes = self._by_route(pending)
            for names, rows in routes.items():
                ending, until = await self._send(turn, names, rows)
                if until is not None:
                    closed.append(until)
                elif ending not in {Ending.EMPTY, Ending.UNREACHABLE}:
                    return ending, None
            if len(closed) == len(routes):
                # What one process finds must not keep those that are well from it for long.
                return Ending.UNREACHABLE, min(*closed, self.clock.now() + _LEFT_ALONE)

    async def _send(
        self, turn: "_Turn", names: Sequence[str], rows: Sequence[Pending]
    ) -> tuple[Ending, datetime | None]:
        """Send by the first network of a route that is well; else say when one may be."""
        drill = turn.campaign.drill
        line = self.lines.choose(
            names, self.clock.now(), allowed=lambda name: not drill or self.simulated(name)
        )
        if isinstance(line, datetime):
            return Ending.UNREACHABLE, line
        self._tell_failover(turn.campaign.id, names, line.name)
        share = Share(self, turn.holding, turn.campaign, turn.desk, line, turn.deadline)
        return await share.work(rows), None

    def _tell_failover(self, campaign: int, names: Sequence[str], taken: str) -> None:
        now = self.clock.now()
        left = self.lines.left_alone(names, taken, now)
        if left is not None:
            self.telling.happened(
                Happening(
                    campaign=campaign,
                    provider=taken,
                    what=Befallen.FAILED_OVER,
                    at=now,
                    instead_of=left,
                )
            )

    def _by_route(self, pending: Sequence[Pending]) -> dict[tuple[str, ...], list[Pending]]:
        groups: dict[tuple[str, ...], list[Pending]] = {}
        for row in pending:
            groups.setdefault(tuple(self.lines.route(row.address)), []).append(row)
        return groups


@dataclass(frozen=True, kw_only=True, slots=True)
class _Turn:
    """The work on one batch, for a while."""

    holding: Holding
    campaign: Campaign
    desk: Desk
    deadline: datetime
