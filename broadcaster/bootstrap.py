"""The only place that names concrete adapters and joins them."""

import asyncio
import hashlib
import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from broadcaster import __version__
from broadcaster.domain.approval import content_hash
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Clock, Context, Provider
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    import redis
    from psycopg_pool import ConnectionPool

    from broadcaster.audience.importer import Importer
    from broadcaster.audience.segments import Segments
    from broadcaster.audience.store import Customers
    from broadcaster.dispatch.dispatcher import Dispatcher
    from broadcaster.dispatch.doubt import Doubt
    from broadcaster.dispatch.drafting import Drafting
    from broadcaster.dispatch.links import Links
    from broadcaster.domain.advisory import Advisory
    from broadcaster.domain.campaign import Campaign
    from broadcaster.ledger.campaigns import Campaigns
    from broadcaster.ledger.ledger import PostgresLedger
    from broadcaster.ledger.optouts import OptOuts
    from broadcaster.planning.forecast import Forecaster
    from broadcaster.planning.planner import Planner
    from broadcaster.render.renderer import TemplateRenderer
    from broadcaster.reports.reports import Reports
    from broadcaster.throttle.store import RedisThrottle


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Give the present moment in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def shipped(name: str) -> Path:
    """Find the folder of templates or locales that came with the product.

    In an installed wheel they are inside the package, in a checkout beside it.
    """
    inside = Path(str(resources.files("broadcaster"))) / "_shipped" / name
    if inside.is_dir():
        return inside
    beside = Path(__file__).resolve().parent.parent / name
    if beside.is_dir():
        return beside
    message = f"The folder of {name} is missing from the installation. Install it again."
    raise ConfigurationError(message)


def renderer(settings: Settings) -> "TemplateRenderer":
    """Make the renderer, with the organisation's own folders before those shipped."""
    from broadcaster.render.renderer import TemplateRenderer

    return TemplateRenderer(
        [*settings.templates, shipped("templates")],
        [*settings.locales, shipped("locales")],
        default_locale=settings.default_locale,
        time_zone=settings.time_zone,
    )


class Providers(Mapping[str, Provider]):
    """The providers by name, each built when it is first asked for.

    Asking for one whose settings are incomplete raises ConfigurationError naming the setting.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Nothing is built yet."""
        self._settings = settings
        self._clock = clock
        self._built: dict[str, Provider] = {}

    @cached_property
    def _modules(self) -> Mapping[str, "object"]:
        from broadcaster.providers.base import discover

        return discover()

    def __getitem__(self, name: str) -> Provider:
        """Build or give a provider; KeyError when there is no such file."""
        if name not in self._built:
            from broadcaster.errors import InvalidInputError
            from broadcaster.providers.base import build

            try:
                self._built[name] = build(name, self._settings.options(name), self._context)
            except InvalidInputError as error:
                raise ConfigurationError(str(error)) from error
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        """Name all providers there are."""
        return iter(self._modules)

    def __len__(self) -> int:
        """Count them."""
        return len(self._modules)

    @cached_property
    def _context(self) -> Context:
        return Context(
            clock=self._clock,
            public_url=self._settings.public_url,
            signing_key=signing_key(self._settings),
            user_agent=f"Broadcaster/{__version__}",
        )

    async def aclose(self) -> None:
        """Close the connections of all that were built."""
        for provider in self._built.values():
            await provider.aclose()


def signing_key(settings: Settings) -> bytes:
    """Derive the key of signed links and bounce addresses from the secret key."""
    return hashlib.sha256(b"links:" + settings.secret_key.reveal().encode()).digest()


class Runtime:
    """Everything that a command, a task or a page needs, made when it is first used."""

    def __init__(self, settings: Settings, database_url: str, redis_url: str) -> None:
        """Keep the settings and where the two servers are."""
        self.settings = settings
        self.database_url = database_url
        self.redis_url = redis_url
        self.clock: Clock = SystemClock()
        self._closing = ExitStack()

    def __repr__(self) -> str:
        """Hide the URLs: they may hold passwords."""
        return "Runtime()"

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
    def redis(self) -> "redis.Redis":
        """A connection to the server of the Redis protocol."""
        import redis

        return redis.Redis.from_url(
            self.redis_url, socket_timeout=5, socket_connect_timeout=2, health_check_interval=10
        )

    @cached_property
    def ledger(self) -> "PostgresLedger":
        """The ledger."""
        from broadcaster.ledger.ledger import PostgresLedger

        return PostgresLedger(self.pool)

    @cached_property
    def campaigns(self) -> "Campaigns":
        """Campaigns and their steps."""
        from broadcaster.ledger.campaigns import Campaigns

        return Campaigns(self.pool)

    @cached_property
    def optouts(self) -> "OptOuts":
        """Opt-outs by one click."""
        from broadcaster.ledger.optouts import OptOuts

        return OptOuts(self.pool)

    @cached_property
    def customers(self) -> "Customers":
        """Customers and their addresses."""
        from broadcaster.audience.store import Customers

        return Customers(self.pool)

    @cached_property
    def segments(self) -> "Segments":
        """Saved segments."""
        from broadcaster.audience.segments import Segments

        return Segments(self.pool)

    @cached_property
    def planner(self) -> "Planner":
        """Turns campaigns into deliveries."""
        from broadcaster.audience.audience import SegmentAudience
        from broadcaster.planning.planner import Planner

        return Planner(
            self.pool, SegmentAudience(), self.renderer, batch_size=self.settings.batch_size
        )

    @cached_property
    def reports(self) -> "Reports":
        """Counts and lists for people."""
        from broadcaster.reports.reports import Reports

        return Reports(self.pool)

    @cached_property
    def renderer(self) -> "TemplateRenderer":
        """Makes the content of messages."""
        return renderer(self.settings)

    @cached_property
    def throttle(self) -> "RedisThrottle":
        """The limits kept for all workers together."""
        from broadcaster.throttle.store import RedisThrottle

        return RedisThrottle(self.redis, self.settings.limits)

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
        from broadcaster.dispatch.dispatcher import Dispatcher, Pace
        from broadcaster.dispatch.retry import RetryRule

        settings = self.settings
        return Dispatcher(
            ledger=self.ledger,
            drafting=self.drafting,
            throttle=self.throttle,
            clock=self.clock,
            random=random.random,
            providers=self.providers.__getitem__,
            routes=settings.routes,
            unchanged=self.unchanged,
            hold=self.campaigns.hold,
            retry=RetryRule(attempts=settings.attempts),
            pace=Pace(
                lease=timedelta(seconds=settings.lease),
                work_time=timedelta(seconds=settings.work_time),
                batch=settings.batch_size,
                slice=settings.slice_size,
            ),
        )

    def hash(self, campaign: "Campaign", advisory: "Advisory") -> str:
        """Hash what a campaign would send now."""
        return content_hash(campaign, advisory, self.renderer.fingerprint(advisory.kind))

    def unchanged(self, campaign: "Campaign", advisory: "Advisory") -> bool:
        """Tell whether what would be sent is what was approved."""
        return campaign.approved_hash == self.hash(campaign, advisory)


@contextmanager
def servers(settings: Settings) -> Iterator[Runtime]:
    """Give a runtime whose servers run, starting the embedded ones for as long as needed."""
    from broadcaster.embedded.servers import embedded

    with embedded(
        settings.home, postgres=settings.embedded_database, valkey=settings.embedded_redis
    ) as urls:
        runtime = Runtime(
            settings,
            settings.database_url.reveal() or urls.database,
            settings.redis_url.reveal() or urls.redis,
        )
        try:
            yield runtime
        finally:
            runtime.close()


@contextmanager
def running(settings: Settings) -> Iterator[Runtime]:
    """Give a runtime whose servers run and whose database has the present schema."""
    with servers(settings) as runtime:
        ensure_schema(runtime)
        yield runtime


def attached(settings: Settings) -> Runtime:
    """Give a runtime for servers that run already; UnavailableError when they don't."""
    from broadcaster.embedded.postgres import EmbeddedPostgres
    from broadcaster.embedded.valkey import EmbeddedValkey
    from broadcaster.errors import UnavailableError

    database = settings.database_url.reveal() or EmbeddedPostgres(settings.home).running()
    redis = settings.redis_url.reveal() or EmbeddedValkey(settings.home).running()
    if not (database and redis):
        message = "The embedded servers do not run. Start 'broadcaster up', or set the URLs."
        raise UnavailableError(message)
    return Runtime(settings, database, redis)


def broker_url(redis_url: str) -> str:
    """Turn a URL of redis-py into one of kombu, which names unix sockets differently."""
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    return f"redis+socket://{path}?{query.replace('db=', 'virtual_host=')}"


def ensure_schema(runtime: Runtime) -> None:
    """Bring an embedded database to the present schema; ask for it on a server of others."""
    from broadcaster.ledger import schema

    if schema.current(runtime.database_url) == schema.head():
        return
    if not runtime.settings.embedded_database:
        message = "The database has not the present schema. Run 'broadcaster db upgrade'."
        raise ConfigurationError(message)
    schema.upgrade(runtime.database_url)
