"""Whether what we need answers: the servers, with the schema that this version wants."""

from collections.abc import Callable, Mapping

from broadcaster.bootstrap.runtime import Runtime
from broadcaster.errors import ConfigurationError

#: How long a free connection is waited for, seconds.
_PATIENCE = 2.0


def readiness(runtime: Runtime) -> Mapping[str, Callable[[], None]]:
    """Give a check of each; it raises when it does not answer, or not as it must.

    `texts` raises when a catalogue is damaged, so that its language is left out.
    """
    from broadcaster.ledger import schema  # noqa: PLC0415  (loaded where it is used)

    def database() -> None:
        with runtime.pool.connection(timeout=_PATIENCE) as connection:
            connection.execute("SELECT 1")

    def present() -> None:
        with runtime.pool.connection(timeout=_PATIENCE) as connection:
            found = schema.read(connection)
        # A newer one is well: a step only adds, and is applied while the version before still runs.
        if found is None or found < schema.head():
            message = "The database has not the present schema. Run 'broadcaster db upgrade'."
            raise ConfigurationError(message)

    def redis() -> None:
        runtime.redis.ping()

    def texts() -> None:
        if runtime.damage:
            raise ConfigurationError(runtime.damage[0])

    return {"database": database, "schema": present, "redis": redis, "texts": texts}
