"""Runtimes whose servers run."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from broadcaster.bootstrap.runtime import Runtime
from broadcaster.errors import ConfigurationError
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415


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


def ensure_schema(runtime: Runtime) -> None:
    """Bring an embedded database to the present schema; ask for it on a server of others."""
    from broadcaster.ledger import schema

    if schema.current(runtime.database_url) == schema.head():
        return
    if not runtime.settings.embedded_database:
        message = "The database has not the present schema. Run 'broadcaster db upgrade'."
        raise ConfigurationError(message)
    upgrade(runtime)


def upgrade(runtime: Runtime) -> None:
    """Bring the database to the present schema, and have one without people sealed from now on."""
    from broadcaster.bootstrap.sealing import begin
    from broadcaster.ledger import schema

    schema.upgrade(runtime.database_url)
    begin(runtime)


def preload() -> None:
    """Load the code that workers run, so that the processes they fork share it."""
    for name in (
        "dispatch.dispatcher",
        "ledger.ledger",
        "ledger.pool",
        "privacy.vault",
        "throttle.store",
        "webhooks.outbox",
    ):
        import_module(f"broadcaster.{name}")
