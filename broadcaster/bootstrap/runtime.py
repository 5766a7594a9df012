"""Everything that a command, a task or a page needs, joined from concrete adapters."""

import random
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from broadcaster.bootstrap.accounts import Providers, signing_key
from broadcaster.bootstrap.clock import SystemClock
from broadcaster.bootstrap.texts import renderer
from broadcaster.domain.approval import content_hash
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Clock
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    import redis
    from psycopg_pool import ConnectionPool

    from broadcaster.audience.areas.asking import AreaQuestions
    from broadcaster.audience.areas.places import SavedPlaces
    from broadcaster.audience.areas.store import Areas
    from broadcaster.audience.audience import SegmentAudience
    from broadcaster.audience.definitions import Definitions
    from broadcaster.audience.mappings import Mappings
    from broadcaster.audience.segments import Segments
    from broadcaster.audience.store import Customers
    from broadcaster.dispatch.dispatcher import Dispatcher
    from broadcaster.dispatch.doubt import Doubt
    from broadcaster.dispatch.drafting import Drafting
    from broadcaster.dispatch.links import Links
    from broadcaster.dispatch.sweeper import Sweeper
    from broadcaster.domain.advisory import Advisory
    from broadcaster.domain.campaign import Campaign
    from broadcaster.ledger.backlog import Backlog
    from broadcaster.ledger.campaigns import Campaigns
    from broadcaster.ledger.consents import Consents
    from broadcaster.ledger.doubts import PostgresDoubts
    from broadcaster.ledger.fairness import Fairness
    from broadcaster.ledger.holds import Holds
    from broadcaster.ledger.ledger import PostgresLedger
    from broadcaster.ledger.limits import RateLimits
    from broadcaster.ledger.optouts import OptOuts
    from broadcaster.ledger.suppressions import Suppressions
    from broadcaster.ledger.tariffs import TariffBook
    from broadcaster.planning.escalation import Escalator
    from broadcaster.planning.forecast import Forecaster
    from broadcaster.planning.left_out import LeftOutList
    from broadcaster.planning.planner import Planner
    from broadcaster.planning.waits import Waits
    from broadcaster.privacy.accesses import Accesses
    from broadcaster.privacy.disclosure import Disclosure
    from broadcaster.privacy.erasure import Erasure
    from broadcaster.privacy.retention import Retention
    from broadcaster.privacy.rotation import Rotation
    from broadcaster.privacy.vault import KeyVault
    from broadcaster.render.renderer import TemplateRenderer
    from broadcaster.reports.reports import Reports
    from broadcaster.throttle.store import RedisThrottle


class Runtime:
    """Everything that a command, a task or a page needs, made when it is first used."""

    def __init__(self, settings: Settings, database_url: str, redis_url: str) -> None:
        """Keep the settings and where the two servers are."""
        self.settings = settings
        self.database_url = database_url
        self.redis_url = redis_url
        self.clock: Clock = SystemClock()
        #: Whether this process is to end; who can know says so.
        self.stopping: Callable[[], bool] = lambda: False
        self._closing = ExitStack()

    def __repr__(self) -> str:
        """Hide the URLs: they may hold passwords."""
        return "Runtime()"

    def use(self, texts: "TemplateRenderer") -> None:
        """Render from what was read already, with the settings of this runtime."""
        self.__dict__["renderer"] = texts

    def close(self) -> None:
        """Give back the connections."""
        self._closing.close()

    async def aclose(self) -> None:
        """Close the connections to providers, on the loop that they belong to."""
        if "providers" in self.__dict__:
            await self.providers.aclose()

    @cached_property
    def pool(self) -> "ConnectionPool":
        """Connections to PostgreSQL."""
        from broadcaster.ledger.pool import open_pool

        pool = open_pool(self.database_url, size=self.settings.concurrency + 2, name="broadcaster")
        self._closing.callback(pool.close)
        return pool

    @cached_property
    def vault(self) -> "KeyVault":
        """The keys of personal data; ConfigurationError when the database was sealed with others.

        Keys that are added to the file later are found when something needs them.
        """
        from broadcaster.bootstrap.sealing import vault

        return vault(self.settings, self.pool)

    @cached_property
    def rotation(self) -> "Rotation":
        """Seals the database, and seals it anew."""
        from broadcaster.privacy.rotation import Rotation

        return Rotation(self.pool, self.vault)

    @cached_property
    def accesses(self) -> "Accesses":
        """Who looked at whose data."""
        from broadcaster.privacy.accesses import Accesses

        return Accesses(self.pool, self.vault)

    @cached_property
    def disclosure(self) -> "Disclosure":
        """Collects what is held about a person."""
        from broadcaster.privacy.disclosure import Disclosure

        return Disclosure(self.pool, self.vault)

    @cached_property
    def erasure(self) -> "Erasure":
        """Erases people."""
        from broadcaster.bootstrap.approving import carried
        from broadcaster.privacy.erasure import Erasure

        return Erasure(self.pool, self.vault, partial(carried, self))

    @cached_property
    def retention(self) -> "Retention":
        """Lets go of what has been kept for long enough."""
        from broadcaster.privacy.retention import Retention

        return Retention(self.pool, self.settings.retention, self.vault)

    @cached_property
    def redis(self) -> "redis.Redis":
        """A connection to the server of the Redis protocol."""
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # Who asks decides when to ask again: retries in here would hold up a whole worker.
        try:
            return redis.Redis.from_url(
                self.redis_url,
                socket_timeout=1,
                socket_connect_timeout=1,
                health_check_interval=10,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            message = "BROADCASTER_REDIS_URL: cannot be read. Write redis://host:6379/0."
            raise ConfigurationError(message) from error

    @cached_property
    def ledger(self) -> "PostgresLedger":
        """The ledger."""
        from broadcaster.ledger.ledger import PostgresLedger

        reconcile = timedelta(seconds=self.settings.reconcile_after)
        return PostgresLedger(self.pool, reconcile, self.vault)

    @cached_property
    def campaigns(self) -> "Campaigns":
        """Campaigns and their steps."""
        from broadcaster.ledger.campaigns import Campaigns

        return Campaigns(self.pool)

    @cached_property
    def fairness(self) -> "Fairness":
        """The rules of fair use."""
        from broadcaster.ledger.fairness import Fairness

        return Fairness(self.pool, self.settings.time_zone)

    @cached_property
    def holds(self) -> "Holds":
        """What operators hold and release."""
        from broadcaster.ledger.holds import Holds

        return Holds(self.pool, self.settings.time_zone)

    @cached_property
    def waits(self) -> "Waits":
        """Says who will have to wait for the end of quiet hours."""
        from broadcaster.planning.waits import Waits

        return Waits(self.pool, self.audience, self.renderer, self.settings.time_zone)

    @cached_property
    def optouts(self) -> "OptOuts":
        """What customers decide by the links in messages."""
        from broadcaster.ledger.optouts import OptOuts

        return OptOuts(self.pool)

    @cached_property
    def consents(self) -> "Consents":
        """Records of consent."""
        from broadcaster.ledger.consents import Consents

        return Consents(self.pool, self.vault)

    @cached_property
    def suppressions(self) -> "Suppressions":
        """Addresses that must not be used."""
        from broadcaster.ledger.suppressions import Suppressions

        return Suppressions(self.pool, self.vault)

    @cached_property
    def customers(self) -> "Customers":
        """Customers and their addresses."""
        from broadcaster.audience.store import Customers

        return Customers(self.pool, self.vault, self.audience)

    @cached_property
    def definitions(self) -> "Definitions":
        """The attributes that customers can have."""
        from broadcaster.audience.definitions import Definitions
        from broadcaster.ledger.audit import note

        return Definitions(self.pool, note)

    @cached_property
    def audience(self) -> "SegmentAudience":
        """Translates segments."""
        from broadcaster.audience.audience import SegmentAudience

        return SegmentAudience(self.pool, self.vault, today=self.today, places=self.places)

    @cached_property
    def mappings(self) -> "Mappings":
        """Saved column mappings of imports."""
        from broadcaster.audience.mappings import Mappings

        return Mappings(self.pool)

    @cached_property
    def segments(self) -> "Segments":
        """Saved segments."""
        from broadcaster.audience.segments import Segments

        return Segments(self.pool, self.audience)

    @cached_property
    def areas(self) -> "Areas":
        """Saved areas."""
        from broadcaster.audience.areas.store import Areas

        return Areas(self.pool)

    @cached_property
    def places(self) -> "SavedPlaces":
        """Saved areas and distances, for segments."""
        from broadcaster.audience.areas.places import SavedPlaces

        return SavedPlaces(self.areas)

    @cached_property
    def area_questions(self) -> "AreaQuestions":
        """What can be asked about areas."""
        from broadcaster.audience.areas.asking import AreaQuestions

        return AreaQuestions(self.pool, self.places)

    @cached_property
    def planner(self) -> "Planner":
        """Turns campaigns into deliveries."""
        from broadcaster.planning.planner import Planner

        return Planner(
            self.pool,
            self.audience,
            self.renderer,
            batch_size=self.settings.batch_size,
            time_zone=self.settings.time_zone,
        )

    @cached_property
    def escalator(self) -> "Escalator":
        """Turns campaigns to their next channel."""
        from broadcaster.planning.escalation import Escalator

        return Escalator(
            self.pool,
            self.renderer,
            batch_size=self.settings.batch_size,
            time_zone=self.settings.time_zone,
        )

    @cached_property
    def forecaster(self) -> "Forecaster":
        """Says what a campaign would be."""
        from broadcaster.channels.sms import measure
        from broadcaster.planning.forecast import Forecaster
        from broadcaster.planning.measuring import Sizing

        sizing = Sizing(measure=measure, links=self.links)
        return Forecaster(self.pool, self.audience, self.renderer, sizing, self.vault)

    @cached_property
    def left_out(self) -> "LeftOutList":
        """Lists who is left out."""
        from broadcaster.planning.left_out import LeftOutList

        return LeftOutList(self.pool, self.audience, self.renderer)

    @cached_property
    def tariffs(self) -> "TariffBook":
        """What networks ask for messages."""
        from broadcaster.ledger.tariffs import TariffBook

        return TariffBook(self.pool)

    @cached_property
    def backlog(self) -> "Backlog":
        """What other campaigns have still to send."""
        from broadcaster.ledger.backlog import Backlog

        return Backlog(self.pool)

    @cached_property
    def reports(self) -> "Reports":
        """Counts and lists for people."""
        from broadcaster.reports.reports import Reports

        return Reports(self.pool, self.vault)

    @cached_property
    def renderer(self) -> "TemplateRenderer":
        """Makes the content of messages."""
        return renderer(self.settings)

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
    def providers(self) -> Providers:
        """The network accounts."""
        return Providers(self.settings, self.clock)

    @cached_property
    def links(self) -> "Links":
        """The links that messages carry."""
        from broadcaster.dispatch.links import Links

        return Links(public_url=self.settings.public_url, key=signing_key(self.settings))

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
            retry=RetryRule(attempts=settings.attempts),
            pace=Pace(
                lease=timedelta(seconds=settings.lease),
                work_time=timedelta(seconds=settings.work_time),
                batch=settings.batch_size,
                slice=settings.slice_size,
            ),
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

    def today(self) -> date:
        """Give the day in the utility's time zone."""
        return self.clock.now().astimezone(ZoneInfo(self.settings.time_zone)).date()

    def hash(self, campaign: "Campaign", advisory: "Advisory") -> str:
        """Hash what a campaign would send now."""
        return content_hash(campaign, advisory, self.renderer.fingerprint(advisory.kind))

    def unchanged(self, campaign: "Campaign", advisory: "Advisory") -> bool:
        """Tell whether what would be sent is what was approved."""
        return campaign.approved_hash == self.hash(campaign, advisory)
