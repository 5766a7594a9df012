"""What everything that is joined stands on: settings, servers, keys, clock and texts."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from broadcaster.bootstrap.accounts import signing_key
from broadcaster.bootstrap.clock import SystemClock
from broadcaster.bootstrap.texts import damaged_texts, renderer
from broadcaster.ports import QUIET, Clock, Probe
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    import redis
    from psycopg_pool import ConnectionPool

    from broadcaster.dispatch.links import Links
    from broadcaster.privacy.vault import KeyVault
    from broadcaster.render.renderer import TemplateRenderer


_log = logging.getLogger(__name__)


def _tell(problems: Iterable[str]) -> None:
    """Tell whoever looks after us that a language is left out."""
    for problem in problems:
        message = "a catalogue cannot be read, so its language is left out"
        _log.error(message, extra={"action": "catalogue_damaged", "problem": problem})


class Foundation:
    """What everything else of a runtime is made of."""

    def __init__(self, settings: Settings, database_url: str, redis_url: str) -> None:
        """Keep the settings and where the two servers are."""
        self.settings = settings
        self.database_url = database_url
        self.redis_url = redis_url
        self.clock: Clock = SystemClock()
        #: Whether this process is to end; who can know says so.
        self.stopping: Callable[[], bool] = lambda: False
        #: Who is told how the work goes; set before what works is made.
        self.probe: Probe = QUIET
        #: Has waiting codes of customers' pages sent soon; the tick finds what it did not.
        self.wake_codes: Callable[[], None] = lambda: None
        self._connections = settings.concurrency + 2
        self._closing = ExitStack()

    def __repr__(self) -> str:
        """Hide the URLs: they may hold passwords."""
        return "Runtime()"

    def use(self, texts: "TemplateRenderer") -> None:
        """Render from what was read already, with the settings of this runtime."""
        self.__dict__["renderer"] = texts

    def widen(self, connections: int) -> None:
        """Let so many connections to PostgreSQL be open at once, where that is more than usual."""
        self._connections = max(self._connections, connections)
        if "pool" in self.__dict__:
            self.pool.resize(1, self._connections)

    @contextmanager
    def at_one_moment(self) -> Iterator[Self]:
        """Lend the same inside whose every reading sees the database as it is now; none writes."""
        from broadcaster.ledger.moment import one_moment

        with one_moment(self.pool) as pool:
            seen = type(self)(self.settings, self.database_url, self.redis_url)
            seen.clock = self.clock
            seen.__dict__ |= {"pool": pool, "vault": self.vault, "renderer": self.renderer}
            yield seen

    def close(self) -> None:
        """Give back the connections."""
        self._closing.close()

    @cached_property
    def pool(self) -> "ConnectionPool":
        """Connections to PostgreSQL."""
        from broadcaster.ledger.pool import open_pool

        pool = open_pool(self.database_url, size=self._connections, name="broadcaster")
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
    def redis(self) -> "redis.Redis":
        """A connection to the server of the Redis protocol."""
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        from broadcaster.bootstrap.redis_places import client

        # Who asks decides when to ask again: retries in here would hold up a whole worker.
        return client(
            self.redis_url,
            socket_timeout=1,
            socket_connect_timeout=1,
            health_check_interval=10,
            retry=Retry(NoBackoff(), 0),
        )

    @cached_property
    def renderer(self) -> "TemplateRenderer":
        """Makes the content of messages; a language that is left out is told once."""
        made = renderer(self.settings)
        _tell(made.library.damaged.values())
        return made

    @cached_property
    def damage(self) -> Sequence[str]:
        """What is wrong with catalogues that cannot be read, each with its file and the remedy."""
        found = damaged_texts(self.settings, self.renderer)
        _tell(found[len(self.renderer.library.damaged) :])
        return found

    @cached_property
    def links(self) -> "Links":
        """The links that messages carry."""
        from broadcaster.dispatch.links import Links

        return Links(public_url=self.settings.public_url, key=signing_key(self.settings))

    def today(self) -> date:
        """Give the day in the utility's time zone."""
        return self.clock.now().astimezone(ZoneInfo(self.settings.time_zone)).date()
