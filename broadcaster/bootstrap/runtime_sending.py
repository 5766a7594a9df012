"""Joined from concrete adapters: networks, their limits, and what sends and looks after it."""

import hashlib
import random
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from broadcaster.bootstrap.accounts import Providers
from broadcaster.bootstrap.runtime_publishing import Publishing
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.dispatch.codes import CodeSender
    from broadcaster.dispatch.dispatcher import Dispatcher
    from broadcaster.dispatch.doubt import Doubt
    from broadcaster.dispatch.drafting import Drafting
    from broadcaster.dispatch.sweeper import Sweeper
    from broadcaster.ledger.alerts import Alerts
    from broadcaster.ledger.doubts import PostgresDoubts
    from broadcaster.ledger.limits import RateLimits
    from broadcaster.ledger.state import LedgerState
    from broadcaster.ledger.troubles import Troubles
    from broadcaster.throttle.store import RedisThrottle
    from broadcaster.webhooks.delivering import Deliverer
    from broadcaster.webhooks.endpoints import Endpoints
    from broadcaster.webhooks.looking import Looking
    from broadcaster.webhooks.outbox import Outbox


class Sending(Publishing):
    """What sends, and settles what became of it."""

    async def aclose(self) -> None:
        """Close the connections to providers, on the loop that they belong to."""
        if "providers" in self.__dict__:
            await self.providers.aclose()

    @cached_property
    def throttle(self) -> "RedisThrottle":
        """The limits kept for all workers together."""
        from broadcaster.throttle.store import RedisThrottle

        return RedisThrottle(self.redis, self.settings.limits, self.rate_limits.changes)

    @cached_property
    def rate_limits(self) -> "RateLimits":
        """Limits that were changed while running."""
        from broadcaster.ledger.limits import RateLimits

        return RateLimits(self.pool)

    @cached_property
    def state(self) -> "LedgerState":
        """How the work stands as a whole."""
        from broadcaster.ledger.state import LedgerState

        return LedgerState(self.pool)

    @cached_property
    def alerts(self) -> "Alerts":
        """What the team is alerted to."""
        from broadcaster.ledger.alerts import Alerts

        return Alerts(self.pool)

    @cached_property
    def troubles(self) -> "Troubles":
        """Networks that fail, as workers find."""
        from broadcaster.ledger.troubles import Troubles

        return Troubles(self.pool)

    @cached_property
    def providers(self) -> Providers:
        """The network accounts."""
        return Providers(self.settings, self.clock)

    @cached_property
    def drafting(self) -> "Drafting":
        """Makes messages."""
        from broadcaster.channels.sms import measure
        from broadcaster.dispatch.drafting import Drafting

        return Drafting(renderer=self.renderer, links=self.links, measure=measure)

    @cached_property
    def dispatcher(self) -> "Dispatcher":
        """Works on batches."""
        from broadcaster.dispatch.dispatcher import Dispatcher
        from broadcaster.dispatch.lines import Lines
        from broadcaster.dispatch.pace import Pace
        from broadcaster.dispatch.retry import RetryRule
        from broadcaster.dispatch.telling import Telling

        settings = self.settings
        return Dispatcher(
            ledger=self.ledger,
            drafting=self.drafting,
            throttle=self.throttle,
            clock=self.clock,
            random=random.random,
            lines=Lines(self.providers.__getitem__, settings.routes),
            simulated=self.providers.simulated,
            unchanged=self.unchanged,
            hold=self.campaigns.hold,
            stopping=self.stopping,
            probe=self.probe,
            retry=RetryRule(attempts=settings.attempts),
            pace=Pace(
                lease=timedelta(seconds=settings.lease),
                work_time=timedelta(seconds=settings.work_time),
                batch=settings.batch_size,
                slice=settings.slice_size,
            ),
            telling=Telling(self.chronicle),
        )

    @cached_property
    def code_sender(self) -> "CodeSender":
        """Sends the codes of customers' pages."""
        from broadcaster.bootstrap.texts import code_writer
        from broadcaster.channels.sms import measure
        from broadcaster.dispatch.codes import CodeSender

        return CodeSender(
            codes=self.page_codes,
            get=self.providers.__getitem__,
            routes=self.settings.routes,
            throttle=self.throttle,
            clock=self.clock,
            write=code_writer(self.settings, self.renderer.locales),
            measure=measure,
        )

    @cached_property
    def sweeper(self) -> "Sweeper":
        """Finds what is due."""
        from broadcaster.dispatch.sweeper import Sweeper
        from broadcaster.ledger.sweep import PostgresCalendar

        return Sweeper(
            calendar=PostgresCalendar(self.pool, self.settings.time_zone),
            clock=self.clock,
            settle_after=timedelta(seconds=self.settings.settle_after),
            reconcile_after=timedelta(seconds=self.settings.reconcile_after),
        )

    @cached_property
    def doubts(self) -> "PostgresDoubts":
        """The list of open deliveries."""
        from broadcaster.ledger.doubts import PostgresDoubts

        routed = sorted({name for names in self.settings.routes.values() for name in names})
        return PostgresDoubts(self.pool, self.providers.findable(routed), self.vault)

    @cached_property
    def doubt(self) -> "Doubt":
        """Settles what is in doubt."""
        from broadcaster.dispatch.doubt import Doubt

        return Doubt(
            ledger=self.ledger,
            doubts=self.doubts,
            drafting=self.drafting,
            providers=self.providers.__getitem__,
            routes=self.settings.routes,
            clock=self.clock,
            settle_after=timedelta(seconds=self.settings.settle_after),
            reconcile_after=timedelta(seconds=self.settings.reconcile_after),
            stopping=self.stopping,
        )

    @cached_property
    def webhooks(self) -> "Endpoints":
        """The endpoints that are told."""
        from broadcaster.webhooks.endpoints import Endpoints

        key = webhook_key(self.settings)
        return Endpoints(self.pool, key, loopback=webhook_loopback(self.settings))

    @cached_property
    def outbox(self) -> "Outbox":
        """What they are to be told."""
        from broadcaster.webhooks.outbox import Outbox

        return Outbox(self.pool)

    @cached_property
    def deliverer(self) -> "Deliverer":
        """Tells them."""
        from broadcaster import __version__
        from broadcaster.webhooks.delivering import Deliverer
        from broadcaster.webhooks.sending import Sender

        agent = f"Broadcaster/{__version__}"
        return Deliverer(
            self.outbox,
            Sender(agent, loopback=webhook_loopback(self.settings)),
            key=webhook_key(self.settings),
            clock=self.clock,
            random=random.random,
            stopping=self.stopping,
        )

    @cached_property
    def looking(self) -> "Looking":
        """Looks at what no single change tells."""
        from broadcaster.webhooks.looking import Looking

        seconds = self.settings.options("webhooks").number("EVERY", 30, 1, 86_400)
        return Looking(
            self.outbox,
            campaigns=self.campaigns.page,
            counts=self.reports.funnel,
            standing=self.throttle.standing,
            clock=self.clock,
            every=timedelta(seconds=seconds),
        )


def webhook_key(settings: Settings) -> bytes:
    """Derive what makes the secrets of endpoints from the secret key."""
    return hashlib.sha256(b"webhooks:" + settings.secret_key.reveal().encode()).digest()


def webhook_loopback(settings: Settings) -> bool:
    """Tell whether endpoints on this machine may be told by http, as for tests."""
    return settings.options("webhooks").choice("LOOPBACK", "no", ("no", "yes")) == "yes"
